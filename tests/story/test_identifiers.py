"""A key of a store is named like any other key; nobody names the store or the cluster."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.story.customer import Customer, new_customer

KINDS: Final = ("id", "arn", "alias", "alias arn")
CONTEXT: Final = {"department": "billing"}


@pytest.fixture(scope="module")
def customer(url: str) -> Iterator[Customer]:
    """A customer with a connected store."""
    with new_customer(url) as made:
        made.everything()
        yield made


@pytest.fixture(scope="module")
def names(customer: Customer) -> dict[str, str]:
    """The four identifiers of one key."""
    key = customer.create_key()
    alias = "alias/story"
    customer.kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    arn = key["Arn"]
    return {
        "id": key["KeyId"],
        "arn": arn,
        "alias": alias,
        "alias arn": arn.partition("key/")[0] + alias,
    }


@pytest.mark.parametrize("kind", KINDS)
class TestFiveOperations:
    """Each cryptographic operation of a symmetric key, by each kind of identifier."""

    def test_encrypt_and_decrypt(
        self, customer: Customer, names: dict[str, str], kind: str
    ) -> None:
        kms = customer.kms
        made = kms.encrypt(KeyId=names[kind], Plaintext=b"secret", EncryptionContext=CONTEXT)
        assert made["KeyId"] == names["arn"]
        opened = kms.decrypt(
            KeyId=names[kind], CiphertextBlob=made["CiphertextBlob"], EncryptionContext=CONTEXT
        )
        assert (opened["Plaintext"], opened["KeyId"]) == (b"secret", names["arn"])

    def test_generate_data_key(self, customer: Customer, names: dict[str, str], kind: str) -> None:
        made = customer.kms.generate_data_key(KeyId=names[kind], KeySpec="AES_256")
        opened = self.decrypted(customer, made)
        assert opened == made["Plaintext"]
        assert len(opened) == 32

    def test_generate_data_key_without_plaintext(
        self, customer: Customer, names: dict[str, str], kind: str
    ) -> None:
        made = customer.kms.generate_data_key_without_plaintext(KeyId=names[kind], NumberOfBytes=24)
        assert "Plaintext" not in made
        assert len(self.decrypted(customer, made)) == 24

    def test_re_encrypt(self, customer: Customer, names: dict[str, str], kind: str) -> None:
        kms = customer.kms
        outside = kms.create_key()["KeyMetadata"]["KeyId"]
        first = kms.encrypt(KeyId=names[kind], Plaintext=b"secret")["CiphertextBlob"]
        there = kms.re_encrypt(
            CiphertextBlob=first, SourceKeyId=names[kind], DestinationKeyId=outside
        )
        back = kms.re_encrypt(CiphertextBlob=there["CiphertextBlob"], DestinationKeyId=names[kind])
        assert back["KeyId"] == names["arn"]
        assert self.decrypted(customer, back) == b"secret"

    @staticmethod
    def decrypted(customer: Customer, answer: dict[str, Any]) -> bytes:
        """The plaintext of an answer's ciphertext, without naming the key."""
        opened = customer.kms.decrypt(CiphertextBlob=answer["CiphertextBlob"])
        return bytes(opened["Plaintext"])
