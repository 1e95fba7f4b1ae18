"""State names: the only place in the model that compares one.

Everything else asks these questions, or takes a state to the tables.
"""

from kmspec.names import (
    BackupState,
    ClusterState,
    ConnectionState,
    Fault,
    HsmState,
    KeyState,
    Origin,
)
from kmspec_model.world import NONE, Backup, Cluster, Contents, Hsm, Key, Store, World

AVAILABLE_BACKUPS = (BackupState.CREATE_IN_PROGRESS, BackupState.READY)


def active_hsms(cluster: Cluster) -> tuple[Hsm, ...]:
    """The HSMs of a cluster that work."""
    return tuple(hsm for hsm in cluster.hsms if hsm.state == HsmState.ACTIVE)


def is_degraded(hsm: Hsm) -> bool:
    """Whether an HSM failed and is still there."""
    return hsm.state == HsmState.DEGRADED


def has_hsm(cluster: Cluster) -> bool:
    """Whether some HSM of the cluster works or is about to."""
    return any(hsm.state in (HsmState.ACTIVE, HsmState.CREATE_IN_PROGRESS) for hsm in cluster.hsms)


def is_activated(cluster: Cluster) -> bool:
    """Whether the cluster has an administrator."""
    return cluster.state == ClusterState.ACTIVE or is_changing(cluster)


def is_changing(cluster: Cluster) -> bool:
    """Whether another HSM type is on its way."""
    return cluster.state in (ClusterState.MODIFY_IN_PROGRESS, ClusterState.ROLLBACK_IN_PROGRESS)


def is_uninitialized(cluster: Cluster) -> bool:
    """Whether the cluster has no certificate yet, or is a restored one without its first HSM."""
    return cluster.state == ClusterState.UNINITIALIZED


def has_certificate(cluster: Cluster) -> bool:
    """Whether the signed certificate of the cluster is installed."""
    return cluster.state == ClusterState.INITIALIZED or is_activated(cluster)


def is_being_deleted(cluster: Cluster) -> bool:
    """Whether the cluster is going."""
    return cluster.state == ClusterState.DELETE_IN_PROGRESS


def is_connected(store: Store) -> bool:
    """Whether the keys of the store are available, as far as the store is concerned."""
    return store.state == ConnectionState.CONNECTED


def is_disconnected(store: Store) -> bool:
    """Whether the store rests without a connection."""
    return store.state == ConnectionState.DISCONNECTED


def is_failed(store: Store) -> bool:
    """Whether the last connect failed."""
    return store.state == ConnectionState.FAILED


def is_unavailable(key: Key) -> bool:
    """Whether the key waits for its store."""
    return key.state == KeyState.UNAVAILABLE


def key_state_under(connection_state: str | None) -> str | None:
    """The state that the keys of a store show because of its connection state, if it says so."""
    if connection_state in (None, ConnectionState.CONNECTED):
        return None
    return KeyState.UNAVAILABLE.value


def key_states_under(connection_state: str) -> tuple[str, ...]:
    """The states that keys of a store can show in its connection state.

    Disabled is accepted of a key whose deletion is cancelled while the store is not connected.
    """
    connected = connection_state == ConnectionState.CONNECTED
    usual = KeyState.ENABLED if connected else KeyState.UNAVAILABLE
    return (usual.value, KeyState.DISABLED.value, KeyState.PENDING_DELETION.value)


def is_enabled(key: Key) -> bool:
    """KeyMetadata.Enabled."""
    return key.state == KeyState.ENABLED


def is_pending_import(key: Key) -> bool:
    """Whether the key waits for imported key material."""
    return key.state == KeyState.PENDING_IMPORT


def is_external(key: Key) -> bool:
    """Whether its owner makes the key material of the key."""
    return key.origin == Origin.EXTERNAL


def first_state(origin: str) -> str:
    """The state of a new key."""
    external = origin == Origin.EXTERNAL
    return KeyState.PENDING_IMPORT.value if external else KeyState.ENABLED.value


def completeness(key: Key) -> str:
    """The condition of its imported key material that a transition of a key may depend on."""
    missing = not key.materials or not all(one.present for one in key.materials)
    return "material-missing" if is_external(key) and missing else ""


def is_creating(key: Key) -> bool:
    """Whether the replica key is still being made."""
    return key.state == KeyState.CREATING


def is_updating(key: Key) -> bool:
    """Whether the primary Region is being changed from or to that of the key."""
    return key.state == KeyState.UPDATING


def is_pending_replica_deletion(key: Key) -> bool:
    """Whether the primary key waits for the deletion of its replica keys."""
    return key.state == KeyState.PENDING_REPLICA_DELETION


def is_pending_deletion(key: Key) -> bool:
    """Whether KeyMetadata.DeletionDate is shown."""
    return key.state == KeyState.PENDING_DELETION


def newest_contents(world: World, cluster: Cluster) -> Contents:
    """What an HSM is filled with that joins a cluster without active HSMs.

    The newest backup of the cluster that is not deleted, AWS's own among them; the one it came
    from where it has none; where that is gone too, what a degraded HSM still holds, or nothing.
    """
    own = [
        backup
        for backup in world.backups
        if backup.cluster == cluster.index and backup.state in AVAILABLE_BACKUPS
    ]
    newest = max(own, key=lambda backup: backup.index, default=None)
    automatic = cluster.automatic
    if automatic is not None and (newest is None or newest.index < automatic.after):
        return automatic.contents
    source = newest if newest is not None else world.backup(cluster.source)
    if source is None:
        return cluster.contents if any(map(is_degraded, cluster.hsms)) else Contents()
    return source.contents


def is_kept(world: World, backup: Backup) -> bool:
    """Whether no retention policy may take a backup: it never expires, is not READY, or the last.

    A cluster that works has newer ones, which AWS makes by itself; a copy has no policy.
    """
    if backup.never_expires or backup.state != BackupState.READY or backup.cluster == NONE:
        return True
    cluster = world.cluster(backup.cluster)
    if cluster is not None and is_activated(cluster) and active_hsms(cluster):
        return False
    automatic = cluster.automatic if cluster is not None else None
    if automatic is not None and automatic.after > backup.index:
        return False
    return not any(
        other.cluster == backup.cluster
        and other.index > backup.index
        and other.state == BackupState.READY
        for other in world.backups
    )


def is_usable(cluster: Cluster) -> bool:
    """Whether AWS KMS can work in the cluster: an active HSM, the network, kmsuser, sessions."""
    stopping = (Fault.NETWORK, Fault.NO_SESSIONS, Fault.INTERNAL_ERROR)
    user = cluster.contents.user("kmsuser")
    return (
        bool(active_hsms(cluster))
        and not any(fault in cluster.faults for fault in stopping)
        and user is not None
        and not user.locked
    )
