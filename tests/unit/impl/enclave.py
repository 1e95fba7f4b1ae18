"""A Nitro enclave as tests need one: its attestation documents, right and wrong, and its key."""

import datetime as dt
import subprocess
from pathlib import Path
from typing import Any, Final

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

FROM: Final = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
UNTIL: Final = dt.datetime(2099, 1, 1, tzinfo=dt.UTC)
ES384: Final = {1: -35}


class Certified:
    """A key and its certificate: a root, or issued by another."""

    def __init__(
        self,
        name: str,
        issuer: "Certified | None" = None,
        *,
        ca: bool = True,
        until: dt.datetime = UNTIL,
    ) -> None:
        self.key: Final = ec.generate_private_key(ec.SECP384R1())
        self.name: Final = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signer = issuer or self
        builder = x509.CertificateBuilder().subject_name(self.name).issuer_name(signer.name)
        builder = builder.public_key(self.key.public_key()).serial_number(len(name))
        builder = builder.not_valid_before(FROM).not_valid_after(until)
        constraint = x509.BasicConstraints(ca=ca, path_length=None)
        builder = builder.add_extension(constraint, critical=True)
        self.der: Final = builder.sign(signer.key, hashes.SHA384()).public_bytes(Encoding.DER)


class Enclave:
    """An enclave: its key, and the chain that its hypervisor signs with."""

    def __init__(self, leaf: Certified | None = None) -> None:
        self.key: Final = rsa.generate_private_key(65537, 2048)
        self.root: Final = Certified("root")
        self.issuer: Final = Certified("issuer", self.root)
        self.leaf: Final = leaf or Certified("leaf", self.issuer, ca=False)

    @property
    def public_key(self) -> bytes:
        """The public key, DER."""
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def content(self, **other: object) -> dict[str, Any]:
        """What a document says, but for some members; ``None`` leaves one out."""
        content = {
            "module_id": "i-0-enc0",
            "digest": "SHA384",
            "timestamp": 1_767_225_600_000,
            "pcrs": {0: bytes(48)},
            "certificate": self.leaf.der,
            "cabundle": [self.root.der, self.issuer.der],
            "public_key": self.public_key,
            **other,
        }
        return {name: value for name, value in content.items() if value is not None}

    def signed(self, content: object, header: object = ES384) -> list[Any]:
        """The four parts of a COSE_Sign1 structure."""
        protected, payload = cbor2.dumps(header), cbor2.dumps(content)
        over = cbor2.dumps(["Signature1", protected, b"", payload])
        pair = decode_dss_signature(self.leaf.key.sign(over, ec.ECDSA(hashes.SHA384())))
        return [protected, {}, payload, b"".join(part.to_bytes(48) for part in pair)]

    def document(self, **other: object) -> bytes:
        """A signed document, with some members otherwise."""
        return cbor2.dumps(self.signed(self.content(**other)))

    def opened(self, message: bytes, folder: Path) -> bytes:
        """What is in a message for the enclave, as OpenSSL reads it."""
        pem = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file = folder / "enclave.pem"
        file.write_bytes(pem)
        words = ["openssl", "cms", "-decrypt", "-inform", "DER", "-inkey", str(file)]
        return subprocess.run(words, input=message, capture_output=True, check=True).stdout


def recipient(document: bytes) -> dict[str, object]:
    """The value of Recipient."""
    return {"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": document}
