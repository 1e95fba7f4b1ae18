"""Kinds of keys: what can be created, what it shows, and what it is refused for."""

from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from kmspec.names import ErrorCode, KeySpec
from tests.unit.impl.support import Customer

SIGN, AGREE, MAC, KEM, ENCRYPT = (
    "SIGN_VERIFY",
    "KEY_AGREEMENT",
    "GENERATE_VERIFY_MAC",
    "ENCAPSULATE_DECAPSULATE",
    "ENCRYPT_DECRYPT",
)
OAEP: Final = ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]
RSA_SIGNING: Final = [
    f"RSASSA_{scheme}_SHA_{bits}" for scheme in ("PKCS1_V1_5", "PSS") for bits in (256, 384, 512)
]
EDWARDS: Final = ["ED25519_SHA_512", "ED25519_PH_SHA_512"]
KINDS: Final[list[tuple[str, str, list[str]]]] = [
    *((f"RSA_{bits}", ENCRYPT, OAEP) for bits in (2048, 3072, 4096)),
    *((f"RSA_{bits}", SIGN, RSA_SIGNING) for bits in (2048, 3072, 4096)),
    ("ECC_NIST_P256", SIGN, ["ECDSA_SHA_256"]),
    ("ECC_NIST_P384", SIGN, ["ECDSA_SHA_384"]),
    ("ECC_NIST_P521", SIGN, ["ECDSA_SHA_512"]),
    ("ECC_SECG_P256K1", SIGN, ["ECDSA_SHA_256"]),
    ("ECC_NIST_EDWARDS25519", SIGN, EDWARDS),
    *((f"ECC_NIST_P{bits}", AGREE, ["ECDH"]) for bits in (256, 384, 521)),
    *((f"HMAC_{bits}", MAC, [f"HMAC_SHA_{bits}"]) for bits in (224, 256, 384, 512)),
    *((f"ML_DSA_{level}", SIGN, ["ML_DSA_SHAKE_256"]) for level in (44, 65, 87)),
    *((f"ML_KEM_{level}", KEM, ["ML_KEM"]) for level in (512, 768, 1024)),
    ("SYMMETRIC_DEFAULT", ENCRYPT, ["SYMMETRIC_DEFAULT"]),
]
LISTS: Final = {
    ENCRYPT: "EncryptionAlgorithms",
    SIGN: "SigningAlgorithms",
    MAC: "MacAlgorithms",
    AGREE: "KeyAgreementAlgorithms",
    KEM: "EncapsulationAlgorithms",
}
USES: Final[list[tuple[str, str, dict[str, object]]]] = [
    ("Encrypt", ENCRYPT, {"Plaintext": b"x"}),
    ("GenerateDataKey", ENCRYPT, {"KeySpec": "AES_256"}),
    ("GenerateDataKeyWithoutPlaintext", ENCRYPT, {"KeySpec": "AES_256"}),
    ("GenerateDataKeyPair", ENCRYPT, {"KeyPairSpec": "ECC_NIST_P256"}),
    ("GenerateDataKeyPairWithoutPlaintext", ENCRYPT, {"KeyPairSpec": "ECC_NIST_P256"}),
    ("Sign", SIGN, {"Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"}),
    ("Verify", SIGN, {"Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256", "Signature": b"x"}),
    ("GenerateMac", MAC, {"Message": b"x", "MacAlgorithm": "HMAC_SHA_256"}),
    ("VerifyMac", MAC, {"Message": b"x", "MacAlgorithm": "HMAC_SHA_256", "Mac": b"x"}),
    ("DeriveSharedSecret", AGREE, {"KeyAgreementAlgorithm": "ECDH", "PublicKey": b"x"}),
    ("Encapsulate", KEM, {"EncapsulationAlgorithm": "ML_KEM"}),
    (
        "Decapsulate",
        KEM,
        {"EncapsulationAlgorithm": "ML_KEM", "SharedSecretCiphertextBlob": b"x"},
    ),
]
ONE_OF_EACH: Final = {
    ENCRYPT: "SYMMETRIC_DEFAULT",
    SIGN: "ECC_NIST_P256",
    MAC: "HMAC_256",
    AGREE: "ECC_NIST_P256",
    KEM: "ML_KEM_768",
}


@pytest.mark.parametrize(("spec", "usage", "algorithms"), KINDS)
def test_every_kind_is_made_and_described(spec: str, usage: str, algorithms: list[str]) -> None:
    customer = Customer()
    older = "CustomerMasterKeySpec"
    made = customer.kms("CreateKey", KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
    assert made == customer.kms("DescribeKey", KeyId=made["KeyId"])["KeyMetadata"]
    assert (made["KeySpec"], made[older], made["KeyUsage"]) == (spec, spec, usage)
    assert {name: made[name] for name in LISTS.values() if name in made} == {
        LISTS[usage]: algorithms
    }
    assert ("CurrentKeyMaterialId" in made) is (spec == "SYMMETRIC_DEFAULT")


def test_every_other_usage_of_a_spec_is_refused() -> None:
    customer = Customer()
    possible = {(spec, usage) for spec, usage, _ in KINDS} | {
        ("SM2", SIGN),
        ("SM2", AGREE),
        ("SM2", ENCRYPT),
    }
    for spec in KeySpec:
        for usage in LISTS:
            wanted = {"KeySpec": spec.value, "KeyUsage": usage}
            if (spec, usage) not in possible:
                message = customer.refused(ErrorCode.VALIDATION, "kms", "CreateKey", **wanted)
                assert message == f"KeyUsage {usage} is not compatible with KeySpec {spec}"
        if spec != "SYMMETRIC_DEFAULT":
            message = customer.refused(ErrorCode.VALIDATION, "kms", "CreateKey", KeySpec=spec.value)
            assert message == (
                "You must specify a KeyUsage value for all KMS keys except for symmetric "
                "encryption keys."
            )
    older = {"CustomerMasterKeySpec": "RSA_2048", "KeyUsage": SIGN}
    assert customer.kms("CreateKey", **older)["KeyMetadata"]["KeySpec"] == "RSA_2048"
    for usage in (SIGN, AGREE, ENCRYPT):
        refusal = customer.refused(
            ErrorCode.UNSUPPORTED_OPERATION, "kms", "CreateKey", KeySpec="SM2", KeyUsage=usage
        )
        assert "China" in refusal


@pytest.mark.parametrize(("operation", "usage", "more"), USES)
def test_a_key_does_only_what_it_is_for(
    operation: str, usage: str, more: dict[str, object]
) -> None:
    customer = Customer()
    for other, spec in ONE_OF_EACH.items():
        if other == usage:
            continue
        arn = customer.create(spec, other)
        message = customer.refused(ErrorCode.INVALID_KEY_USAGE, "kms", operation, KeyId=arn, **more)
        assert message == f"{arn} key usage is {other} which is not valid for {operation}."
        customer.kms("DisableKey", KeyId=arn)
        message = customer.refused(ErrorCode.DISABLED, "kms", operation, KeyId=arn, **more)
        assert message == f"{arn} is disabled."


@pytest.mark.parametrize(("operation", "usage", "more"), USES)
def test_a_key_must_be_usable(operation: str, usage: str, more: dict[str, object]) -> None:
    customer = Customer()
    arn = customer.create(ONE_OF_EACH[usage], usage)
    customer.kms("DisableKey", KeyId=arn)
    customer.refused(ErrorCode.DISABLED, "kms", operation, KeyId=arn, **more)
    customer.kms("ScheduleKeyDeletion", KeyId=arn)
    customer.refused(ErrorCode.KMS_INVALID_STATE, "kms", operation, KeyId=arn, **more)
    unknown = "12345678-1234-1234-1234-123456789012"
    customer.refused(ErrorCode.NOT_FOUND, "kms", operation, KeyId=unknown, **more)
    token = {"GrantTokens": ["unknown"]}
    arn = customer.create(ONE_OF_EACH[usage], usage)
    customer.refused(ErrorCode.INVALID_GRANT_TOKEN, "kms", operation, KeyId=arn, **token, **more)


def test_keys_of_a_store_stay_symmetric() -> None:
    customer = Customer().build_store()
    key_id = customer.create_key()
    arn = customer.kms("DescribeKey", KeyId=key_id)["KeyMetadata"]["Arn"]
    others = [(operation, more) for operation, usage, more in USES if usage != ENCRYPT]
    pairs = [(operation, more) for operation, _, more in USES if "KeyPair" in operation]
    for operation, more in others:
        message = customer.refused(
            ErrorCode.INVALID_KEY_USAGE, "kms", operation, KeyId=key_id, **more
        )
        assert message == f"{arn} key usage is ENCRYPT_DECRYPT which is not valid for {operation}."
    for operation, more in pairs:
        message = customer.refused(
            ErrorCode.UNSUPPORTED_OPERATION, "kms", operation, KeyId=key_id, **more
        )
        assert message == f"{arn} origin is AWS_CLOUDHSM which is not valid for this operation."
    customer.refused(ErrorCode.UNSUPPORTED_OPERATION, "kms", "GetPublicKey", KeyId=key_id)
    customer.kms("DisableKey", KeyId=key_id)
    for operation, more in others + pairs:
        customer.refused(ErrorCode.DISABLED, "kms", operation, KeyId=key_id, **more)
    customer.disconnect()
    for operation, more in others:
        customer.refused(ErrorCode.KMS_INVALID_STATE, "kms", operation, KeyId=key_id, **more)
    for operation, more in pairs:
        customer.refused(ErrorCode.UNSUPPORTED_OPERATION, "kms", operation, KeyId=key_id, **more)


def public_key(customer: Customer, arn: str) -> Any:  # noqa: ANN401 - one of many classes
    """The public key of a KMS key, loaded."""
    return load_der_public_key(customer.kms("GetPublicKey", KeyId=arn)["PublicKey"])


def test_public_keys_are_of_the_kind() -> None:
    customer = Customer()
    arn = customer.create("RSA_3072", SIGN)
    shown = customer.kms("GetPublicKey", KeyId=arn)
    public = load_der_public_key(shown.pop("PublicKey"))
    assert isinstance(public, rsa.RSAPublicKey)
    assert public.key_size == 3072
    assert shown == {
        "KeyId": arn,
        "KeySpec": "RSA_3072",
        "CustomerMasterKeySpec": "RSA_3072",
        "KeyUsage": SIGN,
        "SigningAlgorithms": RSA_SIGNING,
    }
    curve = customer.create("ECC_SECG_P256K1", SIGN)
    assert isinstance(public_key(customer, curve).curve, ec.SECP256K1)
    customer.kms("DisableKey", KeyId=arn)
    assert public_key(customer, arn) == public
    customer.kms("ScheduleKeyDeletion", KeyId=arn)
    customer.refused(ErrorCode.KMS_INVALID_STATE, "kms", "GetPublicKey", KeyId=arn)
    for spec, usage in (("SYMMETRIC_DEFAULT", ENCRYPT), ("HMAC_256", MAC)):
        key = customer.create(spec, usage)
        message = customer.refused(
            ErrorCode.UNSUPPORTED_OPERATION, "kms", "GetPublicKey", KeyId=key
        )
        assert not message
    customer.refused(ErrorCode.INVALID_ARN, "kms", "GetPublicKey", KeyId="arn:nonsense")
    customer.refused(
        ErrorCode.INVALID_GRANT_TOKEN, "kms", "GetPublicKey", KeyId=curve, GrantTokens=["x"]
    )


def test_an_alias_stays_with_its_type() -> None:
    customer = Customer()
    keys = {
        kind: customer.create(*kind) for kind in ((ONE_OF_EACH[usage], usage) for usage in LISTS)
    }
    keys["RSA_2048", ENCRYPT] = customer.create("RSA_2048", ENCRYPT)
    alias = {"AliasName": "alias/a"}
    for kind, arn in keys.items():
        customer.kms("CreateAlias", **alias, TargetKeyId=arn)
        for other, target in keys.items():
            if other != kind:
                customer.refused(
                    ErrorCode.VALIDATION, "kms", "UpdateAlias", **alias, TargetKeyId=target
                )
        customer.kms("UpdateAlias", **alias, TargetKeyId=customer.create(*kind))
        customer.kms("DeleteAlias", **alias)
    signing = {"TargetKeyId": keys["ECC_NIST_P256", SIGN]}
    customer.kms("CreateAlias", **alias, **signing)
    customer.kms("UpdateAlias", **alias, TargetKeyId=customer.create("ML_DSA_44", SIGN))
