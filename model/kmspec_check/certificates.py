"""Certificates: the only place that signs those of clusters, as their owner does.

A certificate authority is named by its number; its key follows from the number, so that the
same run makes the same trust anchors. Nothing here protects anything.
"""

from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

FROM = datetime(2020, 1, 1, tzinfo=UTC)
UNTIL = datetime(2049, 12, 31, tzinfo=UTC)
"""How long certificates are valid that the checker makes."""
_SCALAR = 0x6B6D73706563


class Authority(NamedTuple):
    """A certificate authority made for a run."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        """The trust anchor, as services take it."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


@cache
def authority(number: int) -> Authority:
    """The certificate authority ``ca#number``."""
    key = ec.derive_private_key(_SCALAR + number, ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"kmspec CA {number}")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1 + number)
        .not_valid_before(FROM)
        .not_valid_after(UNTIL)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    )
    return Authority(key, certificate)


@lru_cache(maxsize=256)
def signed(csr: str, number: int) -> str:
    """The certificate that ``ca#number`` makes of a signing request, both PEM.

    :raises ValueError: ``csr`` is no certificate signing request.
    """
    request = x509.load_pem_x509_csr(csr.encode())
    issuer = authority(number)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(issuer.certificate.subject)
        .public_key(request.public_key())
        .serial_number(1000 + number)
        .not_valid_before(FROM)
        .not_valid_after(UNTIL)
        .sign(issuer.key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
