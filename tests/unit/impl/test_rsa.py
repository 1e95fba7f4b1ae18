"""Encryption with RSA keys, and data key pairs, held against other libraries."""

from typing import Any, Final

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

from kmspec.names import ErrorCode
from tests.unit.impl.support import Customer

ENCRYPT: Final = "ENCRYPT_DECRYPT"
SHA_1: Final = "RSAES_OAEP_SHA_1"
SHA_256: Final = "RSAES_OAEP_SHA_256"
ROOM: Final = [
    ("RSA_2048", SHA_1, 214),
    ("RSA_2048", SHA_256, 190),
    ("RSA_3072", SHA_1, 342),
    ("RSA_3072", SHA_256, 318),
    ("RSA_4096", SHA_1, 470),
    ("RSA_4096", SHA_256, 446),
]


def outside(customer: Customer, arn: str, plaintext: bytes) -> bytes:
    """A ciphertext made with nothing but the public key."""
    public = load_der_public_key(customer.kms("GetPublicKey", KeyId=arn)["PublicKey"])
    assert isinstance(public, rsa.RSAPublicKey)
    used = hashes.SHA256()
    return public.encrypt(plaintext, padding.OAEP(padding.MGF1(used), used, None))


@pytest.mark.parametrize(("spec", "algorithm", "most"), ROOM)
def test_rsa_encrypts_as_much_as_it_has_room_for(spec: str, algorithm: str, most: int) -> None:
    customer = Customer()
    arn = customer.create(spec, ENCRYPT)
    named = {"KeyId": arn, "EncryptionAlgorithm": algorithm}
    sealed = customer.kms("Encrypt", **named, Plaintext=b"x" * most)
    blob = sealed.pop("CiphertextBlob")
    assert sealed == named
    assert len(blob) == int(spec[-4:]) // 8
    opened = customer.kms("Decrypt", **named, CiphertextBlob=blob)
    assert opened == {**named, "Plaintext": b"x" * most}
    large = {**named, "Plaintext": b"x" * (most + 1)}
    for more in ({}, {"DryRun": True}):
        message = customer.refused(ErrorCode.VALIDATION, "kms", "Encrypt", **large, **more)
        assert message == (
            f"Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than "
            f"{most} bytes."
        )


def test_what_is_encrypted_outside_is_decrypted() -> None:
    customer = Customer()
    arn = customer.create("RSA_2048", ENCRYPT)
    blob = outside(customer, arn, b"from afar")
    named = {"KeyId": arn, "EncryptionAlgorithm": SHA_256, "CiphertextBlob": blob}
    assert customer.kms("Decrypt", **named)["Plaintext"] == b"from afar"
    customer.refused(ErrorCode.DRY_RUN, "kms", "Decrypt", **named, DryRun=True)
    modified = {**named, "CiphertextBlob": blob[:-1] + bytes([blob[-1] ^ 1])}
    for wrong in (
        modified,
        {**named, "EncryptionAlgorithm": SHA_1},
        {**named, "CiphertextBlob": blob[:-1]},
        {**named, "KeyId": customer.create("RSA_2048", ENCRYPT)},
        {"CiphertextBlob": blob},
    ):
        assert not customer.refused(ErrorCode.INVALID_CIPHERTEXT, "kms", "Decrypt", **wrong)
    without = {"KeyId": arn, "CiphertextBlob": blob}
    assert customer.refused(ErrorCode.INVALID_KEY_USAGE, "kms", "Decrypt", **without) == (
        "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048."
    )
    symmetric = customer.create("SYMMETRIC_DEFAULT", ENCRYPT)
    customer.refused(
        ErrorCode.INVALID_CIPHERTEXT, "kms", "Decrypt", KeyId=symmetric, CiphertextBlob=blob
    )
    signing = customer.create("RSA_2048", "SIGN_VERIFY")
    message = customer.refused(
        ErrorCode.INVALID_KEY_USAGE, "kms", "Decrypt", **{**named, "KeyId": signing}
    )
    assert message == f"{signing} key usage is SIGN_VERIFY which is not valid for Decrypt."
    ignoring = {"KeyId": arn, "DryRun": True, "DryRunModifiers": ["IGNORE_CIPHERTEXT"]}
    customer.refused(ErrorCode.DRY_RUN, "kms", "Decrypt", **ignoring, EncryptionAlgorithm=SHA_256)
    customer.refused(ErrorCode.INVALID_KEY_USAGE, "kms", "Decrypt", **ignoring)


def test_a_ciphertext_that_names_its_key_goes_with_no_other() -> None:
    customer = Customer()
    arn = customer.create("SYMMETRIC_DEFAULT", ENCRYPT)
    blob = customer.encrypt(arn)
    for spec, usage in (("RSA_2048", ENCRYPT), ("RSA_2048", "SIGN_VERIFY"), ("HMAC_224", None)):
        other = customer.create(spec, usage or "GENERATE_VERIFY_MAC")
        customer.refused(
            ErrorCode.INCORRECT_KEY, "kms", "Decrypt", KeyId=other, CiphertextBlob=blob
        )
    target = {"DestinationKeyId": arn, "CiphertextBlob": blob, "SourceKeyId": other}
    customer.refused(ErrorCode.INCORRECT_KEY, "kms", "ReEncrypt", **target)


def test_algorithms_and_contexts_must_fit_the_key() -> None:
    customer = Customer()
    arn = customer.create("RSA_2048", ENCRYPT)
    named: dict[str, Any] = {"KeyId": arn, "Plaintext": b"x"}
    for algorithm in (None, "SYMMETRIC_DEFAULT", "SM2PKE"):
        message = customer.refused(
            ErrorCode.INVALID_KEY_USAGE, "kms", "Encrypt", **named, EncryptionAlgorithm=algorithm
        )
        name = algorithm or "SYMMETRIC_DEFAULT"
        assert message == f"Algorithm {name} is incompatible with key spec RSA_2048."
    fine = {**named, "EncryptionAlgorithm": SHA_1}
    customer.refused(ErrorCode.VALIDATION, "kms", "Encrypt", **fine, EncryptionContext={"a": "b"})
    customer.kms("Encrypt", **fine, EncryptionContext={})
    for operation in ("GenerateDataKey", "GenerateDataKeyWithoutPlaintext"):
        customer.refused(
            ErrorCode.INVALID_KEY_USAGE, "kms", operation, KeyId=arn, KeySpec="AES_256"
        )
    symmetric = {"KeyId": customer.create("SYMMETRIC_DEFAULT", ENCRYPT), "Plaintext": b"x"}
    message = customer.refused(
        ErrorCode.INVALID_KEY_USAGE, "kms", "Encrypt", **symmetric, EncryptionAlgorithm=SHA_1
    )
    assert message == f"Algorithm {SHA_1} is incompatible with key spec SYMMETRIC_DEFAULT."


def test_re_encrypt_between_kinds() -> None:
    customer = Customer()
    symmetric = customer.create("SYMMETRIC_DEFAULT", ENCRYPT)
    arn = customer.create("RSA_2048", ENCRYPT)
    context = {"a": "b"}
    into = customer.kms(
        "ReEncrypt",
        CiphertextBlob=outside(customer, arn, b"text"),
        SourceKeyId=arn,
        SourceEncryptionAlgorithm=SHA_256,
        DestinationKeyId=symmetric,
        DestinationEncryptionContext=context,
    )
    blob = into.pop("CiphertextBlob")
    material = into.pop("DestinationKeyMaterialId")
    assert into == {
        "SourceKeyId": arn,
        "KeyId": symmetric,
        "SourceEncryptionAlgorithm": SHA_256,
        "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }
    back: dict[str, Any] = {
        "CiphertextBlob": blob,
        "SourceEncryptionContext": context,
        "DestinationKeyId": arn,
        "DestinationEncryptionAlgorithm": SHA_1,
    }
    out = customer.kms("ReEncrypt", **back)
    assert out["SourceKeyMaterialId"] == material
    assert "DestinationKeyMaterialId" not in out
    opened = customer.kms(
        "Decrypt",
        KeyId=arn,
        EncryptionAlgorithm=SHA_1,
        CiphertextBlob=out["CiphertextBlob"],
    )
    assert opened["Plaintext"] == b"text"
    customer.refused(ErrorCode.DRY_RUN, "kms", "ReEncrypt", **back, DryRun=True)
    back["CiphertextBlob"] = customer.encrypt(symmetric, b"x" * 215)
    del back["SourceEncryptionContext"]
    message = customer.refused(ErrorCode.VALIDATION, "kms", "ReEncrypt", **back)
    assert message.endswith("cannot encrypt data larger than 214 bytes.")
    wrong = {**back, "DestinationKeyId": customer.create("HMAC_256", "GENERATE_VERIFY_MAC")}
    customer.refused(ErrorCode.INVALID_KEY_USAGE, "kms", "ReEncrypt", **wrong)


@pytest.mark.parametrize(
    "spec",
    [
        "RSA_2048",
        "ECC_NIST_P256",
        "ECC_NIST_P384",
        "ECC_NIST_P521",
        "ECC_SECG_P256K1",
        "ECC_NIST_EDWARDS25519",
        "ML_KEM_512",
        "ML_KEM_768",
        "ML_KEM_1024",
    ],
)
def test_data_key_pairs(spec: str) -> None:
    customer = Customer()
    arn = customer.create("SYMMETRIC_DEFAULT", ENCRYPT)
    material = customer.kms("DescribeKey", KeyId=arn)["KeyMetadata"]["CurrentKeyMaterialId"]
    named: dict[str, Any] = {"KeyId": arn, "KeyPairSpec": spec}
    context = {"EncryptionContext": {"a": "b"}}
    made = customer.kms("GenerateDataKeyPair", **named, **context)
    private, blob = made.pop("PrivateKeyPlaintext"), made.pop("PrivateKeyCiphertextBlob")
    public = made.pop("PublicKey")
    assert made == {**named, "KeyMaterialId": material}
    opened = customer.kms("Decrypt", CiphertextBlob=blob, **context)
    assert opened["Plaintext"] == private
    if spec.startswith("ML_KEM"):
        assert len(private) == 86  # as a seed, whatever the parameter set
    if spec != "ML_KEM_512":
        key = load_der_private_key(private, None)
        form = PublicFormat.SubjectPublicKeyInfo
        assert key.public_key().public_bytes(Encoding.DER, form) == public
    quiet = customer.kms("GenerateDataKeyPairWithoutPlaintext", **named)
    assert "PrivateKeyPlaintext" not in quiet
    assert quiet["PublicKey"] != public
    assert customer.decrypt(quiet["PrivateKeyCiphertextBlob"])
    customer.refused(ErrorCode.INVALID_CIPHERTEXT, "kms", "Decrypt", CiphertextBlob=blob)
    customer.refused(ErrorCode.DRY_RUN, "kms", "GenerateDataKeyPair", **named, DryRun=True)


def test_data_key_pairs_that_are_not_made() -> None:
    customer = Customer()
    arn = customer.create("SYMMETRIC_DEFAULT", ENCRYPT)
    message = customer.refused(
        ErrorCode.UNSUPPORTED_OPERATION,
        "kms",
        "GenerateDataKeyPair",
        KeyId=arn,
        KeyPairSpec="SM2",
    )
    assert "China" in message
    public = customer.create("RSA_2048", ENCRYPT)
    for operation in ("GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"):
        customer.refused(
            ErrorCode.INVALID_KEY_USAGE, "kms", operation, KeyId=public, KeyPairSpec="RSA_2048"
        )
