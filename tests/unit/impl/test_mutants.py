"""Mutants: each is wrong by itself and spoils no other emulator."""

import pytest

from kmspec.names import ErrorCode
from kmspec_impl.embedded import Embedded
from kmspec_impl.mutants.catalogue import CATALOGUE
from tests.unit.impl.support import Customer


def test_the_catalogue_is_large_and_its_names_are_unique() -> None:
    assert len(CATALOGUE) >= 20
    assert len({mutant.name for mutant in CATALOGUE}) == len(CATALOGUE)
    assert all(mutant.sentence.endswith(".") for mutant in CATALOGUE)
    for one in CATALOGUE:
        ways = (one.patches, one.handlers, one.unseen, one.mute, one.idle, one.hasty)
        assert any(ways), one.name


def test_a_mutant_spoils_no_other_emulator() -> None:
    wrong = Customer(Embedded(mutant="encrypts-with-disabled-key"))
    right = Customer()
    for customer in (wrong, right):
        key_id = customer.kms("CreateKey")["KeyMetadata"]["KeyId"]
        customer.kms("DisableKey", KeyId=key_id)
    assert wrong.encrypt(key_id)
    right.refused(ErrorCode.DISABLED, "kms", "Encrypt", KeyId=key_id, Plaintext=b"x")


def test_there_is_no_mutant_of_another_name() -> None:
    with pytest.raises(ValueError, match="there is no mutant 'nonsense'"):
        Embedded(mutant="nonsense")
