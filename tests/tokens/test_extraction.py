"""What is in a token: who may have it, by PKCS #11 itself."""

import os
from pathlib import Path
from typing import Any, Final

import pkcs11
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pkcs11 import Attribute, KeyType, ObjectClass

from kmspec.names import KeySpec
from kmspec_impl.hsm import library as of_library
from kmspec_impl.hsm import tokens
from kmspec_impl.hsm.backend import MaskingKey
from kmspec_impl.hsm.library import library
from kmspec_impl.hsm.token_device import TokenDevice

AES: Final = KeySpec.SYMMETRIC_DEFAULT


@pytest.fixture
def opened() -> tuple[tokens.Token, pkcs11.Session]:
    """A token of ours, and a session of somebody who knows its PIN."""
    opening = library().unused()
    token = tokens.Token(opening, tokens.Masking(tokens.new_masking()), 8)
    return token, opening.token.open(rw=True)  # who is logged in is so in every session


def held(session: pkcs11.Session, kind: ObjectClass) -> Any:  # noqa: ANN401 - of no type of ours
    (found,) = session.get_objects({Attribute.CLASS: kind})
    return found


def test_no_session_reads_or_wraps_what_is_in_a_token(
    opened: tuple[tokens.Token, pkcs11.Session],
) -> None:
    token, session = opened
    token.generate(1, "label")
    key, masking = (
        held(session, kind) for kind in (ObjectClass.SECRET_KEY, ObjectClass.PRIVATE_KEY)
    )
    assert key[Attribute.LABEL] == "label"
    for secret, attribute in ((key, Attribute.VALUE), (masking, Attribute.PRIVATE_EXPONENT)):
        with pytest.raises(pkcs11.AttributeSensitive):
            secret[attribute]
    mine: Any = session.generate_key(KeyType.AES, 256, template={Attribute.WRAP: True})
    with pytest.raises(pkcs11.KeyNotWrappable):
        mine.wrap_key(key, mechanism=pkcs11.Mechanism.AES_KEY_WRAP)
    with pytest.raises(pkcs11.KeyUnextractable):
        mine.wrap_key(masking, mechanism=pkcs11.Mechanism.AES_KEY_WRAP_PAD)
    with pytest.raises(pkcs11.PKCS11Error):
        mine[Attribute.TRUSTED] = True
    for secret in (key, masking):
        with pytest.raises(pkcs11.PKCS11Error):
            secret[Attribute.SENSITIVE] = False
    with pytest.raises(pkcs11.PKCS11Error):
        key[Attribute.WRAP_WITH_TRUSTED] = False


def test_tokens_do_the_aes_gcm_that_others_do() -> None:
    material, associated = os.urandom(32), b"associated"
    device, other = (TokenDevice(tokens.tokens(tokens.new_masking())) for _ in range(2))
    handle = device.import_key("kms", "label", AES, material)
    other.unwrap(device.wrap(handle))
    for plaintext in (b"", b"x", b"p" * 4096):
        sealed = device.encrypt(handle, plaintext, associated)
        assert AESGCM(material).decrypt(sealed[:12], sealed[12:], associated) == plaintext
        theirs = sealed[:12] + AESGCM(material).encrypt(sealed[:12], plaintext, associated)
        assert theirs == sealed
        assert other.decrypt(handle, theirs, associated) == plaintext


def test_pins_and_keys_are_not_shown() -> None:
    opening, kept = library().unused(), MaskingKey("pkcs11", tokens.new_masking())
    shown = repr(opening) + repr(kept)
    for secret in (opening.pin, opening.so_pin, kept.pkcs8):
        assert str(secret) not in shown


def test_no_row_has_material_in_the_clear() -> None:
    material = os.urandom(32)
    device = TokenDevice(tokens.tokens(tokens.new_masking()))
    handle = device.import_key("kms", "label", AES, material)
    assert material not in device.wrap(handle) + device.backup()


def test_an_hsm_that_is_erased_gives_an_empty_token_back() -> None:
    source = tokens.Tokens(tokens.new_masking())
    first, second = TokenDevice(source), TokenDevice(source)
    old = first.generate("kms", "label")
    sealed = first.encrypt(old, b"text", b"")
    kept = first.wrap(old)
    first.erase()
    assert second.generate("kms", "other") == old, "the same number in the same token"
    again = second.adopt(kept, "label")
    assert second.decrypt(again, sealed, b"") == b"text"
    with pytest.raises(KeyError):
        first.decrypt(old, sealed, b"")


def test_the_directories_of_the_dead_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_library, "_MEMORY", str(tmp_path))
    dead = tmp_path / "kmspec-hsm-dead"
    dead.mkdir()
    living = [of_library._own_directory() for _ in range(2)]  # noqa: SLF001 - once in a process
    assert sorted(tmp_path.iterdir()) == sorted(living)
