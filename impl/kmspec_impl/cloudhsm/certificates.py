"""Certificates: the only place that makes those of an HSM and verifies those of a customer.

Before initialisation the first HSM proves what it is by certificates of its maker and of AWS,
and asks with a CSR to be certified; the customer's CA signs, and thereby claims the cluster
[CHSM:verify-hsm-identity] [CHSM:initialize-cluster].
"""

import datetime as dt
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from kmspec_impl.clock import START
from kmspec_impl.cloudhsm.requests import invalid
from kmspec_impl.cloudhsm.state import Certificates

_LONGEST: Final = 5000
"""Characters of a certificate in a request [API:InitializeCluster]."""
_LEAST_RSA_BITS: Final = 2048
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_YEARS_VALID: Final = 20
_DAYS_PER_YEAR: Final = 365

_MANUFACTURER: Final = (
    (NameOID.COUNTRY_NAME, "US"),
    (NameOID.STATE_OR_PROVINCE_NAME, "CA"),
    (NameOID.ORGANIZATION_NAME, "Cavium"),
    (NameOID.ORGANIZATIONAL_UNIT_NAME, "N3FIPS"),
    (NameOID.LOCALITY_NAME, "SanJose"),
)
"""As the CSR of a real HSM names it [CHSM:initialize-cluster]."""


@dataclass(frozen=True, slots=True)
class _Appliance:
    """The machine all emulated HSMs are partitions of."""

    key: ec.EllipticCurvePrivateKey
    name: x509.Name
    by_aws: str
    by_manufacturer: str


def of_new_hsm(hsm_id: str) -> Certificates:
    """The CSR of the first HSM of a cluster, and what proves that an HSM made it.

    The key is on P-256, which is made in no time; a real HSM's is RSA. Its private half is not
    kept: nobody ever uses it.
    """
    appliance = _appliance()
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"HSM:{hsm_id}:PARTN:1, for FIPS mode")
    csr = x509.CertificateSigningRequestBuilder(name).sign(key, hashes.SHA256())
    certificate = _certify(name, key.public_key(), appliance.name, appliance.key, ca=False)
    return Certificates(
        csr=_pem(csr),
        hsm=_pem(certificate),
        aws_hardware=appliance.by_aws,
        manufacturer_hardware=appliance.by_manufacturer,
    )


def initialised(certificates: Certificates, signed: str, anchor: str) -> Certificates:
    """What is left after InitializeCluster: the cluster's certificate, and who signed it.

    :raises ServiceError: CloudHsmInvalidRequestException, when ``signed`` does not certify the
        key of the CSR, ``anchor`` did not sign it, or ``anchor`` is no acceptable trust anchor.
    """
    root = _read(anchor, "TrustAnchor")
    _check_anchor(root)
    certificate = _read(signed, "SignedCert")
    if certificates.csr is None:
        raise invalid("The cluster has no CSR: create its first HSM and wait until it is ACTIVE.")
    request = x509.load_pem_x509_csr(certificates.csr.encode())
    if _public_bytes(certificate) != _public_bytes(request):
        raise invalid("SignedCert does not certify the public key of the cluster's CSR.")
    try:
        certificate.verify_directly_issued_by(root)
    except (InvalidSignature, ValueError, TypeError) as cause:
        raise invalid("SignedCert is not signed by TrustAnchor.") from cause
    return Certificates(cluster=signed, trust_anchor=anchor)


def of_restored(certificates: Certificates) -> Certificates:
    """What a cluster made from a backup has: the same as the one that was backed up."""
    return replace(
        Certificates(), cluster=certificates.cluster, trust_anchor=certificates.trust_anchor
    )


def same(one: str, other: str) -> bool:
    """Whether two PEM texts are one certificate; a text that is none is like no other."""
    if one == other:
        return True
    try:
        first, second = (x509.load_pem_x509_certificate(text.encode()) for text in (one, other))
    except (ValueError, UnsupportedAlgorithm):
        return False
    return first == second


def _check_anchor(root: x509.Certificate) -> None:
    key = root.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < _LEAST_RSA_BITS:
            raise invalid(f"TrustAnchor has an RSA key of {key.key_size} bits; use 2048 or more.")
    elif not (isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES)):
        raise invalid("TrustAnchor's key must be RSA of 2048 bits or more, or P-256, P-384, P-521.")
    try:
        root.verify_directly_issued_by(root)
    except (InvalidSignature, ValueError, TypeError) as cause:
        raise invalid("TrustAnchor is not self-signed; give the root certificate.") from cause
    try:
        extensions = root.extensions
        is_ca = extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        may_sign = _may_sign(extensions)
    except x509.ExtensionNotFound as cause:
        if len(root.extensions):
            message = "TrustAnchor has X.509v3 extensions, but no Basic Constraints among them."
            raise invalid(message) from cause
        return
    except (ValueError, x509.DuplicateExtension) as cause:
        raise invalid("The extensions of TrustAnchor cannot be read.") from cause
    if not (is_ca and may_sign):
        raise invalid("The extensions of TrustAnchor do not allow it to sign certificates.")


def _may_sign(extensions: x509.Extensions) -> bool:
    try:
        return extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return True


def _read(text: str, member: str) -> x509.Certificate:
    if len(text) > _LONGEST:
        raise invalid(f"{member} must have at most {_LONGEST} characters.")
    try:
        found = x509.load_pem_x509_certificates(text.encode())
    except (ValueError, UnsupportedAlgorithm) as cause:
        raise invalid(f"{member} is not a certificate in PEM format.") from cause
    if len(found) != 1:
        raise invalid(f"{member} must hold exactly one certificate; it holds {len(found)}.")
    return found[0]


def _public_bytes(holder: x509.Certificate | x509.CertificateSigningRequest) -> bytes:
    try:
        key = holder.public_key()
    except (ValueError, UnsupportedAlgorithm) as cause:
        raise invalid("The public key of SignedCert cannot be read.") from cause
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@cache
def _appliance() -> _Appliance:
    """One for the process: making its keys is the slow part, and nothing depends on them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("LIQUIDSECURITY CN:1.0:emulated, for FIPS mode")

    def certified_by(root: str) -> str:
        root_key = ec.generate_private_key(ec.SECP256R1())
        return _pem(_certify(name, key.public_key(), _name(root), root_key, ca=True))

    return _Appliance(key, name, certified_by("AWS emulated root"), certified_by("Cavium emulated"))


def _certify(
    subject: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    ca: bool,
) -> x509.Certificate:
    begin = dt.datetime.fromtimestamp(START, dt.UTC)
    end = begin + dt.timedelta(days=_YEARS_VALID * _DAYS_PER_YEAR)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    return builder.sign(issuer_key, hashes.SHA256())


def _name(common: str) -> x509.Name:
    attributes = (*_MANUFACTURER, (NameOID.COMMON_NAME, common))
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in attributes])


def _pem(made: x509.Certificate | x509.CertificateSigningRequest) -> str:
    return made.public_bytes(Encoding.PEM).decode()
