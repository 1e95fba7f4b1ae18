"""Attestation documents: the only place that reads and verifies what a Nitro enclave presents.

A document is a COSE_Sign1 (RFC 9052) over a CBOR map, signed by ES384 with the key of a leaf
certificate whose chain it carries [NSM]. Its root may be any, since there is no Nitro hypervisor
here, and its age as well, as long as its certificates are valid. AWS's errors are not documented;
a document that is not valid is a ValidationException. Loaded only when it is needed.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from io import BytesIO
from types import MappingProxyType
from typing import Any, Final, NoReturn

import cbor2
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.verification import (
    ClientVerifier,
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from kmspec_impl.errors import ServiceError
from kmspec_impl.kms import requests

_COSE_SIGN1: Final = b"\xd2"
"""The CBOR tag 18, which may be left out."""
_PARTS: Final = [bytes, dict, bytes, bytes]
"""Protected and unprotected header, payload, signature."""
_ALGORITHM: Final = 1
_ES384: Final = -35
_COORDINATE_BYTES: Final = 48
_SHARED: Final = (28, 29)
"""CBOR tags by which a value could contain itself."""
_DEPTH: Final = 8
_LEAST_RSA_BITS: Final = 2048
_NO_CHAIN: Final = (
    VerificationError,
    InvalidSignature,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    ValueError,
    TypeError,
)
"""What comes of certificates that cannot be read, or do not belong together."""


def _bytes(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is bytes and low <= len(value) <= high


_is_certificate: Final = _bytes(1, 1024)


def _are_pcrs(value: object) -> bool:
    return (
        type(value) is dict
        and 1 <= len(value) <= 32  # noqa: PLR2004 - [NSM], section 3.2.2.2, as all in this table
        and all(type(index) is int and index in range(32) for index in value)
        and all(type(pcr) is bytes and len(pcr) in (32, 48, 64) for pcr in value.values())
    )


_MANDATORY: Final[Mapping[str, Callable[[Any], bool]]] = MappingProxyType(
    {
        "module_id": lambda value: type(value) is str and value != "",
        "digest": lambda value: value == "SHA384",
        "timestamp": lambda value: type(value) is int and value > 0,
        "certificate": _is_certificate,
        "cabundle": lambda value: (
            type(value) is list and value != [] and all(map(_is_certificate, value))
        ),
    }
)
_OPTIONAL: Final[Mapping[str, Callable[[Any], bool]]] = MappingProxyType(
    {
        "public_key": _bytes(1, 1024),
        "user_data": _bytes(0, 1024),
        "nonce": _bytes(0, 1024),
    }
)
"""Null where an enclave gave none."""
_REGISTERS: Final = ("pcrs", "nitrotpm_pcrs")
"""Of an enclave, or of a NitroTPM."""


def public_key(signed: bytes, now: float) -> rsa.RSAPublicKey:
    """The public key of a signed document, under which answers are encrypted.

    ``now``, in seconds since the epoch, is when its certificates must be valid.

    :raises ServiceError: ValidationException: it is no attestation document, it is not signed by
        its certificate, its certificates are no chain, or it has no RSA key.
    """
    protected, payload, signature = _cose(signed)
    document = _document(payload)
    _verify(_signer(document, now), protected, payload, signature)
    return _rsa_key(document.get("public_key"))


def _refused(what: str) -> ServiceError:
    return requests.invalid(f"The attestation document {what}.")


def _cose(signed: bytes) -> tuple[bytes, bytes, bytes]:
    """The protected header, the payload and the signature of a COSE_Sign1."""
    message = _decoded(signed.removeprefix(_COSE_SIGN1))
    if type(message) is not list or [type(part) for part in message] != _PARTS:
        raise _refused("is not a COSE_Sign1 structure")
    protected, _, payload, signature = message
    header = _decoded(protected)
    if type(header) is not dict or header.get(_ALGORITHM) != _ES384:
        raise _refused("is not signed by the algorithm ES384")
    return protected, payload, signature


def _document(payload: bytes) -> Mapping[str, Any]:
    document = _decoded(payload)
    if type(document) is not dict:
        raise _refused("is not a CBOR map")
    wrong = [name for name, holds in _MANDATORY.items() if not holds(document.get(name))]
    wrong += [
        name
        for name, holds in _OPTIONAL.items()
        if document.get(name) is not None and not holds(document[name])
    ]
    if wrong or not any(_are_pcrs(document.get(name)) for name in _REGISTERS):
        raise _refused(f"has a member that is missing or not valid: {(wrong or _REGISTERS)[0]}")
    return document


def _decoded(encoded: bytes) -> Any:  # noqa: ANN401 - CBOR is of any type
    stream = BytesIO(encoded)
    try:
        value = cbor2.load(
            stream,
            semantic_decoders=dict.fromkeys(_SHARED, _no_references),
            max_depth=_DEPTH,
            allow_duplicate_keys=False,
        )
    except (cbor2.CBORDecodeError, ValueError, TypeError) as error:
        raise _refused("is not CBOR") from error
    if stream.tell() != len(encoded):
        raise _refused("is more than one CBOR value")
    return value


def _no_references(*_: object) -> NoReturn:
    raise cbor2.CBORDecodeError("shared references are not taken")


def _signer(document: Mapping[str, Any], now: float) -> CertificatePublicKeyTypes:
    """The key of the document's certificate; its issuers stand in the bundle, the root first."""
    try:
        leaf = x509.load_der_x509_certificate(document["certificate"])
        root, *others = map(x509.load_der_x509_certificate, document["cabundle"])
        root.verify_directly_issued_by(root)
        _verifier(root, now).verify(leaf, others)
        return leaf.public_key()
    except _NO_CHAIN as error:
        raise _refused("has no valid chain of certificates") from error


def _verifier(root: x509.Certificate, now: float) -> ClientVerifier:
    issuers = ExtensionPolicy.permit_all().require_present(
        x509.BasicConstraints, Criticality.CRITICAL, _require_authority
    )
    builder = PolicyBuilder().store(Store([root])).time(datetime.fromtimestamp(now, UTC))
    policies = builder.extension_policies(ca_policy=issuers, ee_policy=ExtensionPolicy.permit_all())
    return policies.build_client_verifier()


def _require_authority(
    _policy: Policy, _certificate: x509.Certificate, constraints: x509.BasicConstraints
) -> None:
    if not constraints.ca:
        raise ValueError("an issuer is no certificate authority")


def _verify(
    key: CertificatePublicKeyTypes, protected: bytes, payload: bytes, signature: bytes
) -> None:
    """Hold the signature against what it is over (RFC 9052, section 4.4)."""
    over = cbor2.dumps(["Signature1", protected, b"", payload])
    r, s = signature[:_COORDINATE_BYTES], signature[_COORDINATE_BYTES:]
    if not isinstance(key, ec.EllipticCurvePublicKey) or len(s) != _COORDINATE_BYTES:
        raise _refused("is not signed by its certificate")
    try:
        der = encode_dss_signature(int.from_bytes(r), int.from_bytes(s))
        key.verify(der, over, ec.ECDSA(hashes.SHA384()))
    except InvalidSignature as error:
        raise _refused("is not signed by its certificate") from error


def _rsa_key(encoded: bytes | None) -> rsa.RSAPublicKey:
    if encoded is None:
        raise _refused("has no public key")
    try:
        key = serialization.load_der_public_key(encoded)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _refused("has a public key that cannot be read") from error
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _LEAST_RSA_BITS:
        raise _refused("has a public key that is no RSA key of 2048 bits or more")
    return key
