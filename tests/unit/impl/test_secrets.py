"""MACs, key agreement and key encapsulation, held against other libraries."""

import hmac
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from kyber_py import ml_kem

from kmspec.names import ErrorCode
from tests.unit.impl.support import Customer

CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "ECC_NIST_P256": ec.SECP256R1(),
    "ECC_NIST_P384": ec.SECP384R1(),
    "ECC_NIST_P521": ec.SECP521R1(),
}
KEMS: Final = {
    "ML_KEM_512": (ml_kem.ML_KEM_512, 768),
    "ML_KEM_768": (ml_kem.ML_KEM_768, 1088),
    "ML_KEM_1024": (ml_kem.ML_KEM_1024, 1568),
}


def spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public key in DER."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("bits", [224, 256, 384, 512])
def test_macs_are_verified(bits: int) -> None:
    customer = Customer()
    arn = customer.create(f"HMAC_{bits}", "GENERATE_VERIFY_MAC")
    named = {"KeyId": arn, "MacAlgorithm": f"HMAC_SHA_{bits}"}
    made = customer.kms("GenerateMac", **named, Message=b"x")
    mac = made.pop("Mac")
    assert made == named
    assert len(mac) == bits // 8
    verified = customer.kms("VerifyMac", **named, Message=b"x", Mac=mac)
    assert verified == {**named, "MacValid": True}
    customer.refused(ErrorCode.DRY_RUN, "kms", "GenerateMac", **named, Message=b"x", DryRun=True)
    dry = {"Message": b"x", "Mac": mac, "DryRun": True}
    customer.refused(ErrorCode.DRY_RUN, "kms", "VerifyMac", **named, **dry)
    for message, wrong in ((b"y", mac), (b"x", mac[:-1]), (b"x", hmac.digest(b"", b"", "sha256"))):
        attempt = {**named, "Message": message, "Mac": wrong}
        refusal = customer.refused(ErrorCode.KMS_INVALID_MAC, "kms", "VerifyMac", **attempt)
        assert not refusal
    other = "HMAC_SHA_256" if bits != 256 else "HMAC_SHA_512"
    attempt = {"KeyId": arn, "MacAlgorithm": other, "Message": b"x"}
    refusal = customer.refused(ErrorCode.INVALID_KEY_USAGE, "kms", "GenerateMac", **attempt)
    assert refusal == f"Algorithm {other} is incompatible with key spec HMAC_{bits}."
    customer.refused(ErrorCode.INVALID_KEY_USAGE, "kms", "VerifyMac", **attempt, Mac=mac)


@pytest.mark.parametrize("spec", CURVES)
def test_both_sides_derive_the_same_secret(spec: str) -> None:
    customer = Customer()
    arn = customer.create(spec, "KEY_AGREEMENT")
    own = ec.generate_private_key(CURVES[spec])
    named = {"KeyId": arn, "KeyAgreementAlgorithm": "ECDH"}
    derived = customer.kms("DeriveSharedSecret", **named, PublicKey=spki(own))
    theirs = load_der_public_key(customer.kms("GetPublicKey", KeyId=arn)["PublicKey"])
    assert isinstance(theirs, ec.EllipticCurvePublicKey)
    secret = own.exchange(ec.ECDH(), theirs)
    assert derived == {**named, "SharedSecret": secret, "KeyOrigin": "AWS_KMS"}
    dry = {"PublicKey": spki(own), "DryRun": True}
    customer.refused(ErrorCode.DRY_RUN, "kms", "DeriveSharedSecret", **named, **dry)
    strange = spki(ec.generate_private_key(ec.SECP256K1()))
    for wrong in (b"x", spki(own)[:-1], strange):
        attempt = {**named, "PublicKey": wrong}
        assert not customer.refused(ErrorCode.VALIDATION, "kms", "DeriveSharedSecret", **attempt)


@pytest.mark.parametrize("spec", KEMS)
def test_encapsulated_secrets_are_recovered(spec: str) -> None:
    library, length = KEMS[spec]
    customer = Customer()
    arn = customer.create(spec, "ENCAPSULATE_DECAPSULATE")
    named = {"KeyId": arn, "EncapsulationAlgorithm": "ML_KEM"}
    made = customer.kms("Encapsulate", **named)
    blob, secret = made.pop("SharedSecretCiphertextBlob"), made.pop("SharedSecret")
    assert made == named
    assert (len(blob), len(secret)) == (length, 32)

    def recovered(ciphertext: bytes) -> bytes:
        answer = customer.kms("Decapsulate", **named, SharedSecretCiphertextBlob=ciphertext)
        found = answer.pop("SharedSecret")
        assert answer == named
        assert isinstance(found, bytes)
        return found

    assert recovered(blob) == secret
    public = customer.kms("GetPublicKey", KeyId=arn)["PublicKey"][22:]
    agreed, sent = library.encaps(public)
    assert recovered(sent) == agreed
    altered = bytes([blob[0] ^ 1]) + blob[1:]
    assert recovered(altered) == recovered(altered) != secret
    for wrong in (blob[:-1], blob + b"x", b"x"):
        attempt = {**named, "SharedSecretCiphertextBlob": wrong}
        customer.refused(ErrorCode.INVALID_CIPHERTEXT, "kms", "Decapsulate", **attempt)
    customer.refused(ErrorCode.DRY_RUN, "kms", "Encapsulate", **named, DryRun=True)
    dry = {"SharedSecretCiphertextBlob": blob, "DryRun": True}
    customer.refused(ErrorCode.DRY_RUN, "kms", "Decapsulate", **named, **dry)
