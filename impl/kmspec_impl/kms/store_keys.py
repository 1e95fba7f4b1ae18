"""Keys in a store: the only place that makes and deletes key material in a cluster."""

from kmspec.limits import MINIMUM_ACTIVE_HSMS
from kmspec.names import (
    KMSUSER,
    ClusterState,
    ConnectionState,
    ErrorCode,
    Fault,
)
from kmspec_impl.cloudhsm import contents, users
from kmspec_impl.cloudhsm.state import Cluster
from kmspec_impl.errors import ServiceError
from kmspec_impl.kms.key_material import reach_cluster, require_configuration, require_connected
from kmspec_impl.kms.state import Key
from kmspec_impl.kms.stores import find_store
from kmspec_impl.realm import Realm


def store_for_new_key(realm: Realm, store_id: str) -> Cluster:
    """The cluster a new key of that store goes to, with all in order for it.

    At least two active HSMs must be able to hold it (custom-key-stores.md, section 9).

    :raises ServiceError: CustomKeyStoreNotFoundException, CustomKeyStoreInvalidStateException,
        CloudHsmClusterInvalidConfigurationException or KMSInternalException.
    """
    store = find_store(realm, store_id)
    require_connected(store)
    cluster = realm.clusters.get(store.cluster)
    if cluster is None or cluster.state is not ClusterState.ACTIVE:
        state = "gone" if cluster is None else cluster.state
        message = (
            f"The CloudHSM cluster {store.cluster} is {state}; a new key needs an ACTIVE one with "
            f"{MINIMUM_ACTIVE_HSMS} active HSMs in different Availability Zones."
        )
        raise ServiceError(ErrorCode.CLUSTER_INVALID_CONFIGURATION, message)
    require_configuration(cluster)
    reach_cluster(realm, store, ErrorCode.KMS_INTERNAL)
    if users.find_user(realm, cluster, KMSUSER) is None:
        message = f"There is no {KMSUSER} in {cluster.id} to own the key."
        raise ServiceError(ErrorCode.KMS_INTERNAL, message)
    return cluster


def generate_material(realm: Realm, cluster: Cluster, key: Key) -> None:
    """Make the material of a key in the cluster: found by the key's ARN, owned by kmsuser."""
    contents.generate_key(realm, cluster, KMSUSER, key.arn)


def delete_material(realm: Realm, key: Key) -> None:
    """Delete the material of a key that is deleted, if AWS KMS gets at it.

    It is a best effort: otherwise the material is left behind in the cluster, orphaned
    [FixKeystoreNow]. Backups keep it in any case.
    """
    store = None if key.store is None else realm.stores.get(key.store)
    if store is None or store.state is not ConnectionState.CONNECTED:
        return
    cluster = realm.clusters.get(store.cluster)
    if cluster is None or Fault.NETWORK in cluster.faults:
        return
    user = users.find_user(realm, cluster, KMSUSER)
    device = contents.active_device(realm, cluster)
    if user is None or user.locked or device is None:
        return
    handle = device.find(key.arn)
    if handle is not None:
        contents.delete_key(realm, cluster, handle)
