"""A customer: the only place where the story builds a key store, by AWS's calls and `kmspec hsm`.

Nothing of ours is imported here: boto3, a certificate authority, and the command line.
"""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from typing import Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.helpers.authority import Authority
from tests.helpers.server import done, pass_time

PASSWORD: Final = "kmsuserPassword1"
SUBNETS: Final = ("subnet-0123456789abcdef0", "subnet-0fedcba9876543210")

_accounts = itertools.count(100_000_000_001)


class Customer:
    """An account with a cluster of two HSMs, and a key store that is connected to it."""

    def __init__(self, url: str, kms: Any, hsm: Any) -> None:  # noqa: ANN401 - boto3 clients
        self.url: Final = url
        self.kms: Final = kms
        self.hsm: Final = hsm
        self.authority: Final = Authority()
        self.cluster_id = ""
        self.store_id = ""
        self.hsm_ids: list[str] = []

    def operator(self, *words: str) -> str:
        """Run `kmspec hsm` against the endpoint."""
        return done("hsm", *words, "--endpoint-url", self.url)

    def wait(self, seconds: float = 1.0) -> None:
        """Let time pass at the endpoint."""
        pass_time(self.url, seconds)

    def cluster(self) -> dict[str, Any]:
        """The cluster as CloudHSM describes it."""
        found = self.hsm.describe_clusters(Filters={"clusterIds": [self.cluster_id]})["Clusters"]
        cluster: dict[str, Any] = found[0]
        return cluster

    def connection(self) -> str:
        """ConnectionState of the key store."""
        found = self.kms.describe_custom_key_stores(CustomKeyStoreId=self.store_id)
        return str(found["CustomKeyStores"][0]["ConnectionState"])

    def key_state(self, key_id: str) -> str:
        """KeyState of a key."""
        return str(self.kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"])

    def create_cluster(self) -> None:
        """A cluster over two zones."""
        made = self.hsm.create_cluster(HsmType="hsm2m.medium", SubnetIds=list(SUBNETS))
        self.cluster_id = made["Cluster"]["ClusterId"]
        self.wait()

    def add_hsm(self, zone: int = 0) -> str:
        """An HSM in one of the cluster's zones, waited for."""
        zones = sorted(self.cluster()["SubnetMapping"])
        made = self.hsm.create_hsm(ClusterId=self.cluster_id, AvailabilityZone=zones[zone])
        self.hsm_ids.append(made["Hsm"]["HsmId"])
        self.wait()
        return self.hsm_ids[-1]

    def initialize(self) -> None:
        """Sign the CSR of the first HSM, initialise, activate."""
        csr = self.cluster()["Certificates"]["ClusterCsr"]
        self.hsm.initialize_cluster(
            ClusterId=self.cluster_id,
            SignedCert=self.authority.sign(csr),
            TrustAnchor=self.authority.trust_anchor,
        )
        self.wait()
        self.operator("activate", self.cluster_id, "--password", "adminPassword1")

    def create_store(self) -> None:
        """`kmsuser`, and a key store that knows the password."""
        self.operator("user", "add", self.cluster_id, "kmsuser", "--password", PASSWORD)
        self.store_id = self.kms.create_custom_key_store(
            CustomKeyStoreName="story",
            CloudHsmClusterId=self.cluster_id,
            TrustAnchorCertificate=self.authority.trust_anchor,
            KeyStorePassword=PASSWORD,
        )["CustomKeyStoreId"]

    def connect(self) -> None:
        """Connect the key store, waited for."""
        self.kms.connect_custom_key_store(CustomKeyStoreId=self.store_id)
        assert self.connection() == "CONNECTING"
        self.wait()
        assert self.connection() == "CONNECTED"

    def disconnect(self) -> None:
        """Disconnect the key store, waited for."""
        self.kms.disconnect_custom_key_store(CustomKeyStoreId=self.store_id)
        self.wait()
        assert self.connection() == "DISCONNECTED"

    def create_key(self) -> dict[str, Any]:
        """A key in the store: its metadata."""
        made = self.kms.create_key(Origin="AWS_CLOUDHSM", CustomKeyStoreId=self.store_id)
        metadata: dict[str, Any] = made["KeyMetadata"]
        return metadata

    def everything(self) -> None:
        """From nothing to a connected key store."""
        self.create_cluster()
        self.add_hsm(0)
        self.initialize()
        self.add_hsm(1)
        self.create_store()
        self.connect()


@contextlib.contextmanager
def new_customer(url: str, *, by_argument: bool = True) -> Iterator[Customer]:
    """A customer in an account of their own; the endpoint comes as argument or by environment."""
    account: dict[str, Any] = {
        "aws_access_key_id": str(next(_accounts)),
        "aws_secret_access_key": "secret",
    }
    where: dict[str, Any] = {"endpoint_url": url} if by_argument else {}
    session = boto3.Session(region_name="us-east-1", **account)
    with (
        contextlib.closing(session.client("kms", **where)) as kms,
        contextlib.closing(session.client("cloudhsmv2", **where)) as hsm,
    ):
        yield Customer(url, kms, hsm)


def refused(code: str, call: Callable[..., Any], **parameters: Any) -> str:  # noqa: ANN401
    """The message of a call that must be refused with exactly this exception."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    assert error["Code"] == code, f"{caught.value}"
    return str(error.get("Message", ""))
