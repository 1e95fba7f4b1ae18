"""`keystore up`: the only place that knows the whole way from nothing to a connected key store.

It uses AWS's own operations, and the operator's where AWS has none (activation, crypto user),
in the documented order: cluster, first HSM, CSR signed, initialisation, activation, second HSM,
`kmsuser`, key store, connection.
"""

import secrets
import string
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, Protocol

from kmspec.limits import CLUSTERS, HSMS
from kmspec.names import KMSUSER, ClusterState, ConnectionState, HsmState, Service
from kmspec_impl.client import authority
from kmspec_impl.client.endpoint import OK, accepted
from kmspec_impl.client.errors import UseError
from kmspec_impl.client.polling import until

HSM_TYPE: Final = "hsm2m.medium"
HSMS_MADE: Final = 2
PASSWORD_LENGTH: Final = 24
NAME_LENGTHS: Final = range(1, 257)
"""Of a CustomKeyStoreName, in AWS's service model."""


class Answering(Protocol):
    """What answers operations: an endpoint, or the embedded emulator."""

    def call(
        self, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        """HTTP status and body."""
        ...


class KeyStore(NamedTuple):
    """A connected key store and what is behind it."""

    store_id: str
    name: str
    cluster_id: str
    hsm_ids: tuple[str, ...]
    zones: tuple[str, ...]
    trust_anchor: str
    """PEM; CreateCustomKeyStore and clusters restored from backups need the same one."""

    def lines(self, options: str) -> Iterator[str]:
        """The same for people; ``options`` are those with which the AWS CLI gets there."""
        yield f"key store  {self.store_id}  {self.name}  CONNECTED"
        yield f"cluster    {self.cluster_id}  ACTIVE"
        for hsm_id, zone in zip(self.hsm_ids, self.zones, strict=True):
            yield f"HSM        {hsm_id}  {zone}"
        command = f"aws {options} kms create-key --origin AWS_CLOUDHSM"
        yield f"next       {command} --custom-key-store-id {self.store_id}"

    def json(self) -> dict[str, Any]:
        """The same, named as AWS names it."""
        return {
            "CustomKeyStoreId": self.store_id,
            "CustomKeyStoreName": self.name,
            "CloudHsmClusterId": self.cluster_id,
            "HsmIds": list(self.hsm_ids),
            "AvailabilityZones": list(self.zones),
            "TrustAnchorCertificate": self.trust_anchor,
        }


def named(name: str) -> str:
    """The name, if a key store may be called so.

    :raises UseError: it may not.
    """
    if len(name) not in NAME_LENGTHS:
        message = f"--name has {len(name)} characters"
        raise UseError(message, f"give {NAME_LENGTHS[0]} to {NAME_LENGTHS[-1]}")
    return name


def up(target: Answering, name: str, pause: Callable[[], None]) -> KeyStore:
    """Make a key store and connect it.

    :param pause: lets time pass at the target, between two looks at what takes time.
    :raises UseError: the name is taken, the account is full, or a step took too long.
    :raises RefusedError: the target refused a step; what was made before stays.
    """
    return _Builder(target, pause).up(name)


def password() -> str:
    """A new random password, letters and digits as `kmsuser` needs."""
    letters = string.ascii_letters + string.digits
    return "".join(secrets.choice(letters) for _ in range(PASSWORD_LENGTH))


def password_of(given: str | None, whose: str, where: str) -> tuple[str, str]:
    """The password, and what to say of it: one that was not given is made and shown."""
    made = given or password()
    return made, "" if given else f"password of {whose}: {made} ({where})\n"


class _Builder:
    """One way up, step by step."""

    def __init__(self, target: Answering, pause: Callable[[], None]) -> None:
        self._target = target
        self._pause = pause

    def up(self, name: str) -> KeyStore:
        self._require_free(name)
        self._require_room()
        cluster_id, zones = self._cluster()
        hsms = [self._hsm(cluster_id, zones[0])]
        anchor = self._initialize(cluster_id)
        self._operator("ActivateCluster", ClusterId=cluster_id, Password=password())
        hsms.append(self._hsm(cluster_id, zones[1]))
        secret = password()
        self._operator("CreateUser", ClusterId=cluster_id, UserName=KMSUSER, Password=secret)
        store_id = self._ask(
            Service.KMS,
            "CreateCustomKeyStore",
            CustomKeyStoreName=name,
            CloudHsmClusterId=cluster_id,
            KeyStorePassword=secret,
            TrustAnchorCertificate=anchor,
        )["CustomKeyStoreId"]
        self._connect(store_id)
        return KeyStore(store_id, name, cluster_id, tuple(hsms), zones, anchor)

    def _require_free(self, name: str) -> None:
        wanted = {"CustomKeyStoreName": name}
        status, _ = self._target.call(Service.KMS, "DescribeCustomKeyStores", wanted)
        if status == OK:
            message = f"there is a key store named {name} already"
            raise UseError(message, "choose another --name")

    def _require_room(self) -> None:
        """Make sure that the account may have one cluster and its HSMs more."""
        found = self._ask(Service.CLOUDHSM, "DescribeClusters")["Clusters"]
        clusters = [one for one in found if one["State"] != ClusterState.DELETED]
        hsms = sum(len(one["Hsms"]) for one in clusters)
        if len(clusters) >= CLUSTERS or hsms + HSMS_MADE > HSMS:
            has = f"this account has {len(clusters)} of {CLUSTERS} clusters, {hsms} of {HSMS} HSMs"
            message = f"{has} in the Region: no room for a cluster with {HSMS_MADE} HSMs"
            another = "use another account (AWS_ACCESS_KEY_ID of 12 digits, any secret)"
            raise UseError(message, f"{another}, or delete HSMs and clusters")

    def _cluster(self) -> tuple[str, tuple[str, ...]]:
        subnets = [f"subnet-0{secrets.token_hex(8)}" for _ in range(2)]
        made = self._ask(Service.CLOUDHSM, "CreateCluster", HsmType=HSM_TYPE, SubnetIds=subnets)
        cluster_id = made["Cluster"]["ClusterId"]
        self._until_cluster(cluster_id, ClusterState.UNINITIALIZED)
        zones = {subnet: zone for zone, subnet in self._look(cluster_id)["SubnetMapping"].items()}
        return cluster_id, tuple(zones[subnet] for subnet in subnets)

    def _hsm(self, cluster_id: str, zone: str) -> str:
        made = self._ask(Service.CLOUDHSM, "CreateHsm", ClusterId=cluster_id, AvailabilityZone=zone)
        hsm_id = str(made["Hsm"]["HsmId"])

        def active() -> bool:
            hsms = self._look(cluster_id)["Hsms"]
            return any(h["HsmId"] == hsm_id and h["State"] == HsmState.ACTIVE for h in hsms)

        until(active, f"{hsm_id} to be ACTIVE", self._pause)
        return hsm_id

    def _initialize(self, cluster_id: str) -> str:
        csr = self._look(cluster_id)["Certificates"]["ClusterCsr"]
        now = self._ask(Service.CLOCK, "Now")["Now"]
        signed = authority.sign(csr, now)
        self._ask(
            Service.CLOUDHSM,
            "InitializeCluster",
            ClusterId=cluster_id,
            SignedCert=signed.certificate,
            TrustAnchor=signed.trust_anchor,
        )
        self._until_cluster(cluster_id, ClusterState.INITIALIZED)
        return signed.trust_anchor

    def _connect(self, store_id: str) -> None:
        wanted = {"CustomKeyStoreId": store_id}
        self._ask(Service.KMS, "ConnectCustomKeyStore", **wanted)

        def connected() -> bool:
            found = self._ask(Service.KMS, "DescribeCustomKeyStores", **wanted)["CustomKeyStores"]
            state = found[0]["ConnectionState"]
            if state == ConnectionState.FAILED:
                message = f"{store_id} failed to connect: {found[0]['ConnectionErrorCode']}"
                raise UseError(message, "disconnect it, mend the cause, connect again")
            return bool(state == ConnectionState.CONNECTED)

        until(connected, f"{store_id} to be CONNECTED", self._pause)

    def _until_cluster(self, cluster_id: str, state: ClusterState) -> None:
        until(
            lambda: bool(self._look(cluster_id)["State"] == state),
            f"{cluster_id} to be {state}",
            self._pause,
        )

    def _look(self, cluster_id: str) -> dict[str, Any]:
        filters = {"clusterIds": [cluster_id]}
        found: dict[str, Any] = self._ask(Service.CLOUDHSM, "DescribeClusters", Filters=filters)
        if not found["Clusters"]:
            message = f"{cluster_id} is gone"
            raise UseError(message, "somebody deleted it meanwhile; run the command again")
        cluster: dict[str, Any] = found["Clusters"][0]
        return cluster

    def _operator(self, operation: str, **parameters: object) -> None:
        self._ask(Service.OPERATOR, operation, **parameters)

    def _ask(self, service: Service, operation: str, **parameters: object) -> dict[str, Any]:
        return accepted(operation, self._target.call(service, operation, parameters))
