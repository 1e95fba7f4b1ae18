"""Sign and Verify, held against the public key outside AWS KMS."""

import hashlib
from typing import Any, Final

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from nacl import bindings as sodium

from kmspec.names import ErrorCode
from tests.unit.impl.support import Customer

MESSAGE: Final = b"a message that is signed"
HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "SHA_256": hashes.SHA256(),
    "SHA_384": hashes.SHA384(),
    "SHA_512": hashes.SHA512(),
}
RSA: Final = [
    ("RSA_2048", f"RSASSA_{scheme}_{name}") for scheme in ("PKCS1_V1_5", "PSS") for name in HASHES
]
CURVES: Final = [
    ("ECC_NIST_P256", "ECDSA_SHA_256"),
    ("ECC_NIST_P384", "ECDSA_SHA_384"),
    ("ECC_NIST_P521", "ECDSA_SHA_512"),
    ("ECC_SECG_P256K1", "ECDSA_SHA_256"),
]


def signer(spec: str) -> tuple[Customer, str, Any]:
    """A customer, the ARN of a key, and its public key."""
    customer = Customer()
    arn = customer.create(spec, "SIGN_VERIFY")
    shown = customer.kms("GetPublicKey", KeyId=arn)
    return customer, arn, load_der_public_key(shown["PublicKey"])


def check(public: object, algorithm: str, signature: bytes) -> None:
    """Verify a signature of the message outside AWS KMS."""
    used = HASHES[algorithm[-7:]]
    if isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(signature, MESSAGE, ec.ECDSA(used))
        return
    assert isinstance(public, rsa.RSAPublicKey)
    pss = padding.PSS(padding.MGF1(used), used.digest_size)
    public.verify(signature, MESSAGE, pss if "PSS" in algorithm else padding.PKCS1v15(), used)


@pytest.mark.parametrize(("spec", "algorithm"), RSA + CURVES)
def test_signatures_of_messages_and_digests_are_the_same(spec: str, algorithm: str) -> None:
    customer, arn, public = signer(spec)
    digest = hashlib.new(algorithm[-7:].replace("_", ""), MESSAGE).digest()
    forms: list[dict[str, Any]] = [
        {"Message": MESSAGE},
        {"Message": MESSAGE, "MessageType": "RAW"},
        {"Message": digest, "MessageType": "DIGEST"},
    ]
    named = {"KeyId": arn, "SigningAlgorithm": algorithm}
    for form in forms:
        signed = customer.kms("Sign", **named, **form)
        signature = signed.pop("Signature")
        assert signed == named
        check(public, algorithm, signature)
        for other in forms:
            assert customer.kms("Verify", **named, **other, Signature=signature) == {
                **named,
                "SignatureValid": True,
            }
        broken = signature[:-1] + bytes([signature[-1] ^ 1])
        for wrong in (broken, signature[:-1], b"\0"):
            message = customer.refused(
                ErrorCode.KMS_INVALID_SIGNATURE, "kms", "Verify", **named, **form, Signature=wrong
            )
            assert not message
    for length in (1, len(digest) - 1, len(digest) + 1):
        for operation, more in (("Sign", {}), ("Verify", {"Signature": b"x"})):
            short = {"Message": b"d" * length, "MessageType": "DIGEST", **more}
            message = customer.refused(ErrorCode.VALIDATION, "kms", operation, **named, **short)
            assert message == f"Digest is invalid length for algorithm {algorithm}."


def test_what_others_signed_is_verified_only_with_the_right_salt() -> None:
    customer, arn, public = signer("RSA_2048")
    algorithm = "RSASSA_PSS_SHA_256"
    named = {"KeyId": arn, "SigningAlgorithm": algorithm, "Message": MESSAGE}
    signature = customer.kms("Sign", **named)["Signature"]
    used = hashes.SHA256()
    with pytest.raises(InvalidSignature):
        public.verify(signature, MESSAGE, padding.PSS(padding.MGF1(used), 20), used)
    other = {**named, "SigningAlgorithm": "RSASSA_PSS_SHA_384"}
    customer.refused(ErrorCode.KMS_INVALID_SIGNATURE, "kms", "Verify", **other, Signature=signature)


def test_ed25519_signs_messages() -> None:
    customer, arn, public = signer("ECC_NIST_EDWARDS25519")
    named = {"KeyId": arn, "SigningAlgorithm": "ED25519_SHA_512", "Message": MESSAGE}
    signature = customer.kms("Sign", **named)["Signature"]
    assert isinstance(public, ed25519.Ed25519PublicKey)
    public.verify(signature, MESSAGE)
    assert customer.kms("Verify", **named, Signature=signature)["SignatureValid"] is True
    digest = {**named, "Message": bytes(64), "MessageType": "DIGEST"}
    customer.refused(ErrorCode.VALIDATION, "kms", "Sign", **digest)


def test_ed25519ph_hashes_the_digest_again() -> None:
    customer, arn, public = signer("ECC_NIST_EDWARDS25519")
    digest = hashlib.sha512(MESSAGE).digest()
    named = {"KeyId": arn, "SigningAlgorithm": "ED25519_PH_SHA_512"}
    form = {"Message": digest, "MessageType": "DIGEST"}
    signature = customer.kms("Sign", **named, **form)["Signature"]
    state = sodium.crypto_sign_ed25519ph_state()
    sodium.crypto_sign_ed25519ph_update(state, digest)
    point = public.public_bytes_raw()
    assert sodium.crypto_sign_ed25519ph_final_verify(state, signature, point)
    assert customer.kms("Verify", **named, **form, Signature=signature)["SignatureValid"] is True
    customer.refused(ErrorCode.VALIDATION, "kms", "Sign", **named, Message=digest)
    with pytest.raises(InvalidSignature):
        public.verify(signature, digest)


@pytest.mark.parametrize("spec", ["ML_DSA_44", "ML_DSA_65", "ML_DSA_87"])
def test_ml_dsa_signs_messages_and_mu(spec: str) -> None:
    customer, arn, public = signer(spec)
    named = {"KeyId": arn, "SigningAlgorithm": "ML_DSA_SHAKE_256"}
    tr = hashlib.shake_256(public.public_bytes_raw()).digest(64)
    mu = hashlib.shake_256(tr + b"\0\0" + MESSAGE).digest(64)  # FIPS 204, section 6.2
    forms: list[dict[str, Any]] = [
        {"Message": MESSAGE},
        {"Message": mu, "MessageType": "EXTERNAL_MU"},
    ]
    for form in forms:
        signature = customer.kms("Sign", **named, **form)["Signature"]
        public.verify(signature, MESSAGE)
        for other in forms:
            customer.kms("Verify", **named, **other, Signature=signature)
    short = {"Message": mu[:-1], "MessageType": "EXTERNAL_MU"}
    assert customer.refused(ErrorCode.VALIDATION, "kms", "Sign", **named, **short) == (
        "Digest is invalid length for algorithm ML_DSA_SHAKE_256."
    )
    digest = {"Message": mu, "MessageType": "DIGEST"}
    customer.refused(ErrorCode.VALIDATION, "kms", "Sign", **named, **digest)


def test_a_mu_is_of_ml_dsa_only() -> None:
    customer, arn, _ = signer("RSA_2048")
    mu = {"Message": bytes(64), "MessageType": "EXTERNAL_MU"}
    customer.refused(
        ErrorCode.VALIDATION, "kms", "Sign", KeyId=arn, SigningAlgorithm="ECDSA_SHA_512", **mu
    )


def test_the_algorithm_must_fit_the_key() -> None:
    customer, arn, _ = signer("ECC_NIST_P256")
    for algorithm in ("ECDSA_SHA_384", "RSASSA_PSS_SHA_256", "SM2DSA", "ED25519_SHA_512"):
        for operation, more in (("Sign", {}), ("Verify", {"Signature": b"x"})):
            wanted = {"KeyId": arn, "Message": MESSAGE, "SigningAlgorithm": algorithm, **more}
            message = customer.refused(ErrorCode.INVALID_KEY_USAGE, "kms", operation, **wanted)
            assert message == f"Algorithm {algorithm} is incompatible with key spec ECC_NIST_P256."


def test_dry_runs_do_not_sign() -> None:
    customer, arn, _ = signer("ECC_NIST_P256")
    named = {"KeyId": arn, "Message": MESSAGE, "SigningAlgorithm": "ECDSA_SHA_256"}
    signature = customer.kms("Sign", **named)["Signature"]
    customer.refused(ErrorCode.DRY_RUN, "kms", "Sign", **named, DryRun=True)
    customer.refused(ErrorCode.DRY_RUN, "kms", "Verify", **named, Signature=signature, DryRun=True)
    customer.refused(
        ErrorCode.KMS_INVALID_SIGNATURE, "kms", "Verify", **named, Signature=b"x", DryRun=True
    )
