"""Kinds of key: what each may do, and what is verified against what was made."""

import pytest

from kmspec.names import KeyUsage
from kmspec_model import kinds
from kmspec_model.command import Command, Ref, Value, command
from kmspec_model.model import Model
from kmspec_model.outcome import Refusal, Success
from kmspec_model.world import EMPTY, World

MODEL = Model()
KEY = Ref("key", 0)
SIGNATURE = Ref("signature", 0)
ML_DSA = "ML_DSA_SHAKE_256"
ALGORITHMS = {
    KeyUsage.SIGN_VERIFY: "ECDSA_SHA_256",
    KeyUsage.GENERATE_VERIFY_MAC: "HMAC_SHA_256",
    KeyUsage.ENCAPSULATE_DECAPSULATE: "ML_KEM",
    KeyUsage.ENCRYPT_DECRYPT: "RSAES_OAEP_SHA_256",
    KeyUsage.KEY_AGREEMENT: "ECDH",
}
"""One of each usage."""


def call(operation: str, **arguments: Value) -> Command:
    return command("kms", operation, KeyId=KEY, **arguments)


def after(*commands: Command) -> World:
    world = EMPTY
    for one in commands:
        permitted = MODEL.permitted(world, one)[0]
        assert isinstance(permitted.outcome, Success), f"{one}: {permitted.outcome}"
        world = permitted.world
    return world


def created(spec: str, usage: str) -> Command:
    return command("kms", "CreateKey", KeySpec=spec, KeyUsage=usage)


def codes(world: World, asked: Command) -> set[str]:
    """The error codes that are permitted; ``ok`` for a success."""
    outcomes = (one.outcome for one in MODEL.permitted(world, asked))
    return {one.code if isinstance(one, Refusal) else "ok" for one in outcomes}


@pytest.mark.parametrize(("spec", "usage"), kinds.kinds())
def test_each_kind_can_be_created_and_only_its_operations_fit(spec: str, usage: str) -> None:
    world = after(created(spec, usage))
    key = world.keys[0]
    assert (key.spec, key.usage) == (spec, usage)
    used = {**ALGORITHMS, KeyUsage(usage): kinds.algorithms(key)[0]}
    message = Ref("message", 0, "sha512")
    tried = {
        one: call(operation, **{member: used[one]}, **more)
        for one, operation, member, more in (
            (KeyUsage.SIGN_VERIFY, "Sign", "SigningAlgorithm", {"Message": message}),
            (KeyUsage.GENERATE_VERIFY_MAC, "GenerateMac", "MacAlgorithm", {"Message": message}),
            (KeyUsage.ENCAPSULATE_DECAPSULATE, "Encapsulate", "EncapsulationAlgorithm", {}),
            (KeyUsage.ENCRYPT_DECRYPT, "Encrypt", "EncryptionAlgorithm", {"Plaintext": b"x"}),
            (
                KeyUsage.KEY_AGREEMENT,
                "DeriveSharedSecret",
                "KeyAgreementAlgorithm",
                {"PublicKey": Ref("public", 0, spec.replace("ECC_NIST_P", "p"))},
            ),
        )
    }
    for wanted, asked in tried.items():
        assert codes(world, asked) == ({"ok"} if wanted == usage else {"InvalidKeyUsageException"})


@pytest.mark.parametrize(
    ("message", "kind", "expected"),
    [
        (Ref("message", 0), "RAW", "ok"),
        (Ref("message", 0, "sha256"), "DIGEST", "ok"),
        (Ref("message", 1), "RAW", "KMSInvalidSignatureException"),
        (Ref("message", 1, "sha256"), "DIGEST", "KMSInvalidSignatureException"),
        (Ref("message", 0, "sha256"), "RAW", "KMSInvalidSignatureException"),
        (Ref("message", 0, "sha384"), "DIGEST", "ValidationException"),
        (Ref("message", 0), "DIGEST", "ValidationException"),
    ],
)
def test_a_message_and_its_digest_are_the_same(message: Ref, kind: str, expected: str) -> None:
    used = {"SigningAlgorithm": "ECDSA_SHA_256"}
    signing = call("Sign", Message=Ref("message", 0), **used)._replace(keep=True)
    world = after(created("ECC_NIST_P256", "SIGN_VERIFY"), signing)
    asked = call("Verify", Message=message, MessageType=kind, Signature=SIGNATURE, **used)
    assert codes(world, asked) == {expected}


def test_what_is_signed_as_mu_is_no_message() -> None:
    mu: dict[str, Value] = {"Message": Ref("message", 0, "sha512"), "SigningAlgorithm": ML_DSA}
    signing = call("Sign", MessageType="EXTERNAL_MU", **mu)._replace(keep=True)
    world = after(created("ML_DSA_44", "SIGN_VERIFY"), signing)
    verified = call("Verify", Signature=SIGNATURE, MessageType="EXTERNAL_MU", **mu)
    assert codes(world, verified) == {"ok"}
    as_message = call("Verify", Signature=SIGNATURE, **mu)
    assert codes(world, as_message) == {"KMSInvalidSignatureException"}


def test_the_ciphertext_of_an_asymmetric_key_does_not_say_whose_it_is() -> None:
    used: dict[str, Value] = {"EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    encrypting = call("Encrypt", Plaintext=Ref("plaintext", 0), **used)._replace(keep=True)
    kind = created("RSA_2048", "ENCRYPT_DECRYPT")
    world = after(kind, encrypting, kind)
    blob: dict[str, Value] = {"CiphertextBlob": Ref("ciphertext", 0), **used}
    assert codes(world, command("kms", "Decrypt", KeyId=KEY, **blob)) == {"ok"}
    other = command("kms", "Decrypt", KeyId=Ref("key", 1), **blob)
    assert "InvalidCiphertextException" in codes(world, other)
    assert "ok" not in codes(world, other)
    assert "ok" not in codes(world, command("kms", "Decrypt", **blob))


def test_an_encapsulated_secret_of_another_key_gives_other_bytes() -> None:
    used: dict[str, Value] = {"EncapsulationAlgorithm": "ML_KEM"}
    kind = created("ML_KEM_768", "ENCAPSULATE_DECAPSULATE")
    making = call("Encapsulate", **used)._replace(keep=True)
    larger = created("ML_KEM_1024", "ENCAPSULATE_DECAPSULATE")
    world = after(kind, making, kind, larger)
    expected = {0: {"ok"}, 1: {"ok"}, 2: {"InvalidCiphertextException"}}
    for index, permitted in expected.items():
        asked = command(
            "kms",
            "Decapsulate",
            KeyId=Ref("key", index),
            SharedSecretCiphertextBlob=Ref("ciphertext", 0),
            **used,
        )
        assert codes(world, asked) == permitted


def test_messages_name_the_key_and_what_was_asked() -> None:
    world = after(created("RSA_2048", "ENCRYPT_DECRYPT"))
    asked = {
        call("Sign", Message=Ref("message", 0), SigningAlgorithm="RSASSA_PSS_SHA_256"): (
            "{key#0.arn} key usage is ENCRYPT_DECRYPT which is not valid for Sign."
        ),
        call("Encrypt", Plaintext=Ref("plaintext", 0)): (
            "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048."
        ),
        call("Encrypt", Plaintext=bytes(191), EncryptionAlgorithm="RSAES_OAEP_SHA_256"): (
            "Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than "
            "190 bytes."
        ),
        created("RSA_2048", "KEY_AGREEMENT"): (
            "KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048"
        ),
    }
    for one, message in asked.items():
        outcome = MODEL.permitted(world, one)[0].outcome
        assert isinstance(outcome, Refusal)
        assert outcome.message == message


def test_an_alias_stays_with_the_type_of_its_key() -> None:
    hmac = created("HMAC_256", "GENERATE_VERIFY_MAC")
    alias = Ref("alias", 0)
    create = command("kms", "CreateAlias", AliasName=alias, TargetKeyId=KEY)
    other = created("HMAC_512", "GENERATE_VERIFY_MAC")
    world = after(hmac, create, other, command("kms", "CreateKey"))
    for index, fits in ((1, True), (2, False)):
        asked = command("kms", "UpdateAlias", AliasName=alias, TargetKeyId=Ref("key", index))
        assert ("ok" in codes(world, asked)) is fits
