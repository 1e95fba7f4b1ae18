"""Attestations: the only place that makes attestation documents, and opens what comes for them.

A document is as a Nitro enclave has it, but of a chain of our own, whose keys are always the same,
as is the key pair of the enclave. Nothing here protects anything.
"""

from functools import cache
from typing import Annotated, Any

import cbor2
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.x509.oid import NameOID

from kmspec_check import rsa_keys
from kmspec_check.certificates import FROM, UNTIL

_ROOT, _LEAF = "kmspec enclaves", "kmspec enclave 0"
_SCALARS = {_ROOT: 0x6B6D73706563, _LEAF: 0x656E636C617665}
_ES384 = {1: -35}
_COORDINATE_BYTES = 48
_NO_LENGTH = b"\x30\x80"
"""How a message begins whose length is not told, which BER allows and DER does not."""


@cache
def document(form: str) -> bytes:
    """The attestation document of our enclave.

    Rightly signed, with an RSA key or, ``keyless``, none, or, ``curve``, one on a curve;
    ``forged``: signed by nobody; ``malformed``: half of one.

    :raises ValueError: there is no such form of a document.
    """
    if form not in ("", "malformed", "forged", "keyless", "curve"):
        raise ValueError(f"an attestation document has no form {form!r}")
    content: dict[str, Any] = {
        "module_id": "i-00000000000000000-enc0000000000000000",
        "digest": "SHA384",
        "timestamp": round(FROM.timestamp() * 1000),
        "pcrs": {index: bytes(48) for index in range(5)},
        "certificate": _certificate(_LEAF),
        "cabundle": [_certificate(_ROOT)],
        "public_key": _public_key(form),
        "user_data": None,
        "nonce": None,
    }
    signed = _signed(cbor2.dumps(content))
    if form == "malformed":
        return signed[: len(signed) // 2]
    return signed[:-1] + bytes([signed[-1] ^ 1]) if form == "forged" else signed


def private_key() -> str:
    """The private key of our enclave, PEM."""
    return (
        _enclave()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def _enclave() -> rsa.RSAPrivateKey:
    return rsa_keys.private_key(0)


def _public_key(form: str) -> bytes | None:
    if form == "keyless":
        return None
    key = _key(_LEAF) if form == "curve" else _enclave()
    shape = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.DER, shape)


@cache
def _key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(_SCALARS[name], ec.SECP384R1())


@cache
def _certificate(name: str) -> bytes:
    subject, issuer = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (name, _ROOT)
    )
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
    builder = builder.public_key(_key(name).public_key()).serial_number(1 + len(name))
    builder = builder.not_valid_before(FROM).not_valid_after(UNTIL)
    constraint = x509.BasicConstraints(ca=name == _ROOT, path_length=None)
    builder = builder.add_extension(constraint, critical=True)
    made = builder.sign(_key(_ROOT), hashes.SHA384(), ecdsa_deterministic=True)
    return made.public_bytes(serialization.Encoding.DER)


def _signed(payload: bytes) -> bytes:
    """A COSE_Sign1 structure by ES384 (RFC 9052)."""
    protected = cbor2.dumps(_ES384)
    over = cbor2.dumps(["Signature1", protected, b"", payload])
    der = _key(_LEAF).sign(over, ec.ECDSA(hashes.SHA384(), deterministic_signing=True))
    signature = b"".join(part.to_bytes(_COORDINATE_BYTES) for part in decode_dss_signature(der))
    return cbor2.dumps([protected, {}, payload, signature])


# ---- CMS enveloped data (RFC 5652) ------------------------------------------------------------


@asn1.sequence
class _Algorithm:
    name: x509.ObjectIdentifier
    parameters: asn1.TLV


@asn1.sequence
class _Recipient:
    version: int
    identifier: Annotated[bytes, asn1.Implicit(0)]
    algorithm: _Algorithm
    key: bytes


@asn1.sequence
class _Content:
    kind: x509.ObjectIdentifier
    algorithm: _Algorithm
    encrypted: Annotated[bytes, asn1.Implicit(0)]


@asn1.sequence
class _Enveloped:
    version: int
    recipients: asn1.SetOf[_Recipient]
    content: _Content


@asn1.sequence
class _Message:
    kind: x509.ObjectIdentifier
    content: Annotated[_Enveloped, asn1.Explicit(0)]


def can_be_read(message: object) -> bool:
    """Whether a message is of a form that is looked into here: one in BER need not be wrong."""
    return not (isinstance(message, bytes) and message.startswith(_NO_LENGTH))


def opened(message: object) -> bytes | None:
    """What a message for our enclave holds; ``None`` if it is none."""
    if not isinstance(message, bytes):
        return None
    try:
        envelope = asn1.decode_der(_Message, message).content
        (recipient,) = envelope.recipients.as_list()
        digest = hashes.SHA256()
        key = _enclave().decrypt(recipient.key, padding.OAEP(padding.MGF1(digest), digest, None))
        vector = envelope.content.algorithm.parameters.parse(bytes)
        cipher = Cipher(algorithms.AES256(key), modes.CBC(vector)).decryptor()
        padded = cipher.update(envelope.content.encrypted) + cipher.finalize()
        unpadder = PKCS7(algorithms.AES256.block_size).unpadder()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        return None
