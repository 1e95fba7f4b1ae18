"""A customer's certificate authority, as the AWS CloudHSM guide has people make one."""

from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

START: Final = datetime(2020, 1, 1, tzinfo=UTC)
END: Final = datetime(2099, 1, 1, tzinfo=UTC)


class Authority:
    """A new authority: a key, and ``trust_anchor``, its self-signed certificate in PEM."""

    def __init__(self, common_name: str = "Example authority") -> None:
        self._name: Final = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        self._key: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.trust_anchor: Final = self._issue(
            self._name, self._key.public_key(), is_authority=True
        )

    def sign(self, csr: str) -> str:
        """The certificate of a CSR, both PEM."""
        request = x509.load_pem_x509_csr(csr.encode())
        return self._issue(request.subject, request.public_key(), is_authority=False)

    def _issue(
        self, subject: x509.Name, public_key: CertificatePublicKeyTypes, *, is_authority: bool
    ) -> str:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name)
        builder = builder.public_key(public_key).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(START).not_valid_after(END)
        constraints = x509.BasicConstraints(ca=is_authority, path_length=None)
        builder = builder.add_extension(constraints, critical=True)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()
