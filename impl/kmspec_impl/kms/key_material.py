"""Reaching key material: the only place that checks what cryptography needs beside the key state.

For a key of a custom key store, three conditions are left of the four [UseKeys]: the store is
CONNECTED, an HSM of its cluster is active, and the cluster holds the material. What else may be
in the way, network, lock-out, sessions, is checked where it would be met on the way there.
"""

from typing import Final, NamedTuple

from kmspec.limits import MINIMUM_ACTIVE_HSMS
from kmspec.names import KMSUSER, ClusterState, ConnectionState, ErrorCode, Fault
from kmspec_impl.cloudhsm.contents import CHANGING, active_device, active_hsms
from kmspec_impl.cloudhsm.state import Cluster
from kmspec_impl.errors import ServiceError
from kmspec_impl.hsm.interface import Device, DeviceError, NoSessionError
from kmspec_impl.kms.key_state import require_usable
from kmspec_impl.kms.state import Key, KeyMaterial, Store
from kmspec_impl.quotas import Charge, store_rate
from kmspec_impl.realm import Realm

_UNREACHABLE: Final = (
    "KMS cannot communicate with your CloudHSM cluster. This might be a transient network issue. "
    "If you see this error repeatedly, verify that the Network ACLs and the security group rules "
    "for the VPC of your AWS CloudHSM cluster are correct."
)
_LOCKED_OUT: Final = (
    "KMS cannot communicate with your AWS CloudHSM cluster because the kmsuser is locked out. If "
    "you see this error repeatedly, disconnect the AWS CloudHSM key store and reset the kmsuser "
    "account password. Update the kmsuser password for the custom key store and try the request "
    "again."
)
"""[FixKeystoreNow]"""
_NO_SESSION: Final = (
    "KMS could not get a PKCS #11 session with the AWS CloudHSM cluster. Retry the request."
)
_WITHOUT_INVALID_STATE: Final = ("CreateKey", "GenerateRandom")
"""What reaches HSMs and does not know KMSInvalidStateException [API]."""
_INTERNAL: Final = "The request was rejected because an internal exception occurred. Retry it."


class Material(NamedTuple):
    """A key material, where it is, and whom its use is charged to."""

    of: KeyMaterial
    device: Device
    handle: int
    charge: Charge | None


def reach(realm: Realm, key: Key, material: KeyMaterial | None) -> Material:
    """One material of a key, with everything on the way to it in order.

    :raises ServiceError: what the first unmet condition is answered with: DisabledException,
        KMSInvalidStateException or KMSInternalException.
    """
    require_usable(realm, key)
    if key.store is None:
        held, its_handle = present(key, material)
        return Material(held, realm.fleet, its_handle, None)
    store = realm.stores[key.store]
    cluster, device = reach_cluster(realm, store, ErrorCode.KMS_INVALID_STATE)
    handle = device.find(key.arn)
    if material is None or handle is None:
        raise _missing(
            f"The key material of {key.arn} is not in the CloudHSM cluster of its custom key store."
        )
    return Material(material, device, handle, charge(store, cluster))


def present(key: Key, material: KeyMaterial | None) -> tuple[KeyMaterial, int]:
    """One material of a key among the service's own HSMs, and its handle there.

    :raises ServiceError: KMSInvalidStateException.
    """
    if material is None or material.handle is None:
        raise _missing(f"The key material of {key.arn} is not there.")
    return material, material.handle


def reach_cluster(realm: Realm, store: Store, unreachable: ErrorCode) -> tuple[Cluster, Device]:
    """The cluster behind a CONNECTED store, and an HSM in it to talk to.

    ``unreachable`` is the exception when AWS KMS has no way to the HSMs: some operations do not
    know KMSInvalidStateException.

    :raises ServiceError: ``unreachable``, or KMSInternalException.
    """
    cluster = realm.clusters.get(store.cluster)
    if cluster is None or (
        cluster.state is not ClusterState.ACTIVE and cluster.state not in CHANGING
    ):
        message = f"The CloudHSM cluster {store.cluster} of the custom key store is gone."
        raise ServiceError(unreachable, message)
    faults = cluster.faults
    if Fault.NETWORK in faults:
        raise ServiceError(unreachable, _UNREACHABLE)
    device = active_device(realm, cluster)
    if device is None:
        raise ServiceError(unreachable, f"{_UNREACHABLE} There is no active HSM in {cluster.id}.")
    user = device.user(KMSUSER)
    if user is not None and user.locked:
        raise ServiceError(unreachable, _LOCKED_OUT)
    if faults:
        if Fault.NO_SESSIONS in faults:
            raise ServiceError(ErrorCode.KMS_INTERNAL, _NO_SESSION)
        if Fault.INTERNAL_ERROR in faults:
            raise ServiceError(ErrorCode.KMS_INTERNAL, _INTERNAL)
    return cluster, device


def unserved(operation: str, error: DeviceError) -> ServiceError:
    """What an operation is answered with when the HSM that it reached fails.

    A lack of sessions is documented [FixKeystore]; any other failure is as if AWS KMS did not
    reach the HSM.
    """
    if isinstance(error, NoSessionError):
        return ServiceError(ErrorCode.KMS_INTERNAL, _NO_SESSION)
    known = operation not in _WITHOUT_INVALID_STATE
    code = ErrorCode.KMS_INVALID_STATE if known else ErrorCode.KMS_INTERNAL
    return ServiceError(code, f"{_UNREACHABLE} {error}")


def charge(store: Store, cluster: Cluster) -> Charge:
    """One request's demand on the quota of a store, which a busy cluster lowers [UseKeys]."""
    return Charge(store.id, store_rate(cluster.load))


def require_connected(store: Store) -> None:
    """Refuse what needs a connected store, for an operation that names the store itself.

    :raises ServiceError: CustomKeyStoreInvalidStateException.
    """
    if store.state is not ConnectionState.CONNECTED:
        message = (
            f"The custom key store {store.id} is {store.state}; this operation needs it CONNECTED."
        )
        raise ServiceError(ErrorCode.STORE_INVALID_STATE, message)


def require_configuration(cluster: Cluster, *, hsms: bool = True) -> None:
    """Refuse a cluster that is not set up as a key store needs it (R3, R4 and, of ``hsms``, R5).

    :raises ServiceError: CloudHsmClusterInvalidConfigurationException.
    """
    zones = {hsm.zone for hsm in active_hsms(cluster)}
    if len({zone for zone, _ in cluster.subnets}) < MINIMUM_ACTIVE_HSMS:
        lacking = "private subnets in at least two Availability Zones"
    elif Fault.SECURITY_GROUP in cluster.faults:
        lacking = "a security group that allows TCP ports 2223-2225 within itself"
    elif hsms and len(zones) < MINIMUM_ACTIVE_HSMS:
        lacking = "at least two active HSMs in different Availability Zones"
    else:
        return
    message = f"The CloudHSM cluster {cluster.id} needs {lacking}."
    raise ServiceError(ErrorCode.CLUSTER_INVALID_CONFIGURATION, message)


def _missing(message: str) -> ServiceError:
    return ServiceError(ErrorCode.KMS_INVALID_STATE, message)
