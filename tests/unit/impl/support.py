"""A customer of the embedded emulator: how tests get to a key store, and ask it things."""

import datetime as dt
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from kmspec.names import ErrorCode
from kmspec_impl.embedded import Embedded

OK: Final = 200
DELAY: Final = 0.2
DAY: Final = 86_400.0
PASSWORD: Final = "kmsuserPassword1"
SUBNETS: Final = ("subnet-11111111", "subnet-22222222")

_BEGIN: Final = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_END: Final = dt.datetime(2099, 1, 1, tzinfo=dt.UTC)


class Authority:
    """A certificate authority; its own certificate is always the same text."""

    def __init__(
        self,
        name: str = "authority",
        key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | None = None,
    ) -> None:
        self.key: Final = ec.generate_private_key(ec.SECP256R1()) if key is None else key
        self.name: Final = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.anchor: Final = self.certify(self.name, self.key.public_key())

    def sign(self, csr: str) -> str:
        """The certificate of a CSR, both PEM."""
        request = x509.load_pem_x509_csr(csr.encode())
        return self.certify(request.subject, request.public_key())

    def certify(
        self,
        subject: x509.Name,
        key: CertificatePublicKeyTypes,
        *extensions: x509.ExtensionType,
    ) -> str:
        """A certificate of any key, PEM."""
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name)
        builder = builder.public_key(key).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(_BEGIN).not_valid_after(_END)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=True)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


class Customer:
    """An account and what it made last; every step waits until it has taken effect."""

    def __init__(self, emulator: Embedded | None = None, account: str = "000000000000") -> None:
        self.emulator: Final = emulator or Embedded()
        self.account: Final = account
        self.authority: Final = Authority()
        self.cluster_id = ""
        self.store_id = ""

    def call(self, service: str, operation: str, **parameters: object) -> tuple[int, Any]:
        """Status and body."""
        return self.emulator.call(service, operation, parameters, account=self.account)

    def ok(self, service: str, operation: str, **parameters: object) -> Any:  # noqa: ANN401
        """The body of a call that must succeed."""
        status, body = self.call(service, operation, **parameters)
        assert status == OK, body
        return body

    def kms(self, operation: str, **parameters: object) -> Any:  # noqa: ANN401
        """An operation of KMS that must succeed."""
        return self.ok("kms", operation, **parameters)

    def hsm(self, operation: str, **parameters: object) -> Any:  # noqa: ANN401
        """An operation of CloudHSM that must succeed."""
        return self.ok("cloudhsm", operation, **parameters)

    def operate(self, operation: str, **parameters: object) -> Any:  # noqa: ANN401
        """An operation of the operator, on the cluster, that must succeed."""
        return self.ok("operator", operation, ClusterId=self.cluster_id, **parameters)

    def refused(self, code: ErrorCode, service: str, operation: str, **parameters: object) -> str:
        """The message of a call that must be refused with exactly this error."""
        status, body = self.call(service, operation, **parameters)
        assert (status, body.get("__type")) == (status, code.value), body
        assert status != OK
        return str(body.get("Message" if service == "cloudhsm" else "message", ""))

    def wait(self, seconds: float = DELAY) -> None:
        """Let time pass."""
        self.emulator.advance(seconds)

    def cluster(self, cluster_id: str = "") -> dict[str, Any]:
        """A cluster as it is described."""
        filters = {"clusterIds": [cluster_id or self.cluster_id]}
        found: list[dict[str, Any]] = self.hsm("DescribeClusters", Filters=filters)["Clusters"]
        return found[0]

    def hsms(self) -> list[str]:
        """The ids of the HSMs of the cluster."""
        return [hsm["HsmId"] for hsm in self.cluster()["Hsms"]]

    def store(self) -> dict[str, Any]:
        """The store as it is described."""
        found = self.kms("DescribeCustomKeyStores", CustomKeyStoreId=self.store_id)
        entry: dict[str, Any] = found["CustomKeyStores"][0]
        return entry

    def key_state(self, key_id: str) -> str:
        """KeyState of a key."""
        return str(self.kms("DescribeKey", KeyId=key_id)["KeyMetadata"]["KeyState"])

    def backups(self) -> list[dict[str, Any]]:
        """All backups, newest first."""
        found: list[dict[str, Any]] = self.hsm("DescribeBackups")["Backups"]
        return found

    def create_cluster(self, **more: object) -> str:
        """A cluster over two zones, from now on the one that is meant."""
        made = self.hsm(
            "CreateCluster", **{"HsmType": "hsm2m.medium", "SubnetIds": list(SUBNETS), **more}
        )
        self.wait()
        self.cluster_id = made["Cluster"]["ClusterId"]
        return self.cluster_id

    def add_hsm(self, zone: int = 0) -> str:
        """An HSM in one of the cluster's zones."""
        name = sorted(self.cluster()["SubnetMapping"])[zone]
        made = self.hsm("CreateHsm", ClusterId=self.cluster_id, AvailabilityZone=name)
        self.wait()
        return str(made["Hsm"]["HsmId"])

    def delete_hsms(self) -> None:
        """Take every HSM out of the cluster."""
        for hsm_id in self.hsms():
            self.hsm("DeleteHsm", ClusterId=self.cluster_id, HsmId=hsm_id)
        self.wait()

    def initialize(self) -> None:
        """Claim the cluster, activate it."""
        csr = self.cluster()["Certificates"]["ClusterCsr"]
        signed = self.authority.sign(csr)
        anchor = self.authority.anchor
        self.hsm(
            "InitializeCluster", ClusterId=self.cluster_id, SignedCert=signed, TrustAnchor=anchor
        )
        self.wait()
        self.operate("ActivateCluster", Password="adminPassword1")

    def build_cluster(self) -> str:
        """An ACTIVE cluster with two HSMs and kmsuser."""
        self.create_cluster()
        self.add_hsm(0)
        self.initialize()
        self.operate("CreateUser", UserName="kmsuser", Password=PASSWORD)
        self.add_hsm(1)
        return self.cluster_id

    def store_parameters(self, **more: object) -> dict[str, object]:
        """What CreateCustomKeyStore needs."""
        return {
            "CustomKeyStoreName": "store",
            "CloudHsmClusterId": self.cluster_id,
            "TrustAnchorCertificate": self.authority.anchor,
            "KeyStorePassword": PASSWORD,
            **more,
        }

    def create_store(self, **more: object) -> str:
        """A store for the cluster."""
        made = self.kms("CreateCustomKeyStore", **self.store_parameters(**more))
        self.store_id = made["CustomKeyStoreId"]
        return self.store_id

    def connect(self) -> dict[str, Any]:
        """Connect the store; what it is like then."""
        self.kms("ConnectCustomKeyStore", CustomKeyStoreId=self.store_id)
        assert self.store()["ConnectionState"] == "CONNECTING"
        self.wait()
        return self.store()

    def disconnect(self) -> None:
        """Disconnect the store."""
        self.kms("DisconnectCustomKeyStore", CustomKeyStoreId=self.store_id)
        assert self.store()["ConnectionState"] == "DISCONNECTING"
        self.wait()
        assert self.store()["ConnectionState"] == "DISCONNECTED"

    def build_store(self) -> "Customer":
        """All the way to a connected store; the customer."""
        self.build_cluster()
        self.create_store()
        assert self.connect()["ConnectionState"] == "CONNECTED"
        return self

    def create_key(self) -> str:
        """The id of a new key in the store."""
        made = self.kms("CreateKey", Origin="AWS_CLOUDHSM", CustomKeyStoreId=self.store_id)
        return str(made["KeyMetadata"]["KeyId"])

    def create(self, spec: str, usage: str) -> str:
        """The ARN of a new key of that kind."""
        made = self.kms("CreateKey", KeySpec=spec, KeyUsage=usage)
        return str(made["KeyMetadata"]["Arn"])

    def encrypt(self, key_id: str, plaintext: bytes = b"secret") -> bytes:
        """A ciphertext."""
        blob = self.kms("Encrypt", KeyId=key_id, Plaintext=plaintext)["CiphertextBlob"]
        assert isinstance(blob, bytes)
        return blob

    def decrypt(self, blob: bytes) -> bytes:
        """What is in a ciphertext."""
        plaintext = self.kms("Decrypt", CiphertextBlob=blob)["Plaintext"]
        assert isinstance(plaintext, bytes)
        return plaintext

    def decrypt_refused(self, code: ErrorCode, blob: bytes) -> str:
        """The message of a Decrypt that must be refused."""
        return self.refused(code, "kms", "Decrypt", CiphertextBlob=blob)
