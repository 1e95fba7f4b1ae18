"""Certificates of a customer: the only place that plays the owner of a cluster.

AWS CloudHSM asks the owner to sign the CSR of the first HSM with a certificate of their own,
the trust anchor; the same trust anchor is later shown to AWS KMS.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

YEARS: Final = timedelta(days=3650)
DAY: Final = timedelta(days=1)


class Signed(NamedTuple):
    """What InitializeCluster takes, both PEM."""

    certificate: str
    trust_anchor: str


def sign(csr: str, now: float) -> Signed:
    """Sign a CSR with a new self-signed authority, valid for ten years from a day before ``now``.

    :param csr: PEM, the ClusterCsr of DescribeClusters.
    :param now: seconds since the epoch, by the clock of the endpoint.
    """
    request = x509.load_pem_x509_csr(csr.encode("ascii"))
    start = datetime.fromtimestamp(now, UTC) - DAY
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "kmspec"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Customer certificate authority"),
        ]
    )

    def certificate(subject: x509.Name, *, of_authority: bool) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(name)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(start).not_valid_after(start + YEARS)
        constraints = x509.BasicConstraints(ca=of_authority, path_length=None)
        return builder.add_extension(constraints, critical=True)

    anchor = certificate(name, of_authority=True).public_key(key.public_key())
    cluster = certificate(request.subject, of_authority=False).public_key(request.public_key())
    return Signed(_pem(cluster.sign(key, hashes.SHA256())), _pem(anchor.sign(key, hashes.SHA256())))


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
