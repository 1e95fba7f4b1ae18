"""Contents: the only place that says which HSMs of a cluster hold what.

All HSMs of a cluster that are up hold the same users and keys [CHSM:clusters]. A DEGRADED one
serves nobody, but is kept in step, so that it is like the others when it is mended.
"""

from collections.abc import Iterator
from contextlib import suppress

from kmspec.names import BackupState, ClusterState, HsmState
from kmspec_impl.cloudhsm.state import Backup, Cluster, Hsm
from kmspec_impl.hsm.interface import Device, DeviceError, User
from kmspec_impl.realm import Realm

CHANGING = frozenset({ClusterState.MODIFY_IN_PROGRESS, ClusterState.ROLLBACK_IN_PROGRESS})
"""Another HSM type is on its way: what is in the cluster can be used, and not be changed."""
ACTIVATED = CHANGING | {ClusterState.ACTIVE}
"""The cluster has an administrator."""
_UP = (HsmState.ACTIVE, HsmState.DEGRADED)
_RESTORABLE = (BackupState.READY, BackupState.CREATE_IN_PROGRESS)


def active_hsms(cluster: Cluster) -> tuple[Hsm, ...]:
    """The HSMs of a cluster that serve."""
    return tuple(hsm for hsm in cluster.hsms if hsm.state is HsmState.ACTIVE)


def has_active_hsm(cluster: Cluster) -> bool:
    """Whether anybody can reach users and keys in the cluster."""
    return any(hsm.state is HsmState.ACTIVE for hsm in cluster.hsms)


def active_device(realm: Realm, cluster: Cluster) -> Device | None:
    """An HSM that serves: the oldest."""
    for hsm in cluster.hsms:
        if hsm.state is HsmState.ACTIVE:
            return realm.devices[hsm.id]
    return None


def devices_up(realm: Realm, cluster: Cluster) -> Iterator[Device]:
    """The HSMs that are kept in step."""
    return (realm.devices[hsm.id] for hsm in cluster.hsms if hsm.state in _UP)


def put_user(realm: Realm, cluster: Cluster, user: User) -> None:
    """Create or replace a user in the whole cluster."""
    for device in devices_up(realm, cluster):
        device.put_user(user)


def remove_user(realm: Realm, cluster: Cluster, name: str) -> None:
    """Delete a user in the whole cluster."""
    for device in devices_up(realm, cluster):
        device.remove_user(name)


def generate_key(realm: Realm, cluster: Cluster, owner: str, label: str) -> int:
    """Make a key in one HSM and replicate it to the others; its handle.

    The cluster must have an active HSM.
    """
    first, *others = devices_up(realm, cluster)
    handle = first.generate(owner, label)
    for device in others:
        device.unwrap(first.wrap(handle))
    return handle


def delete_key(realm: Realm, cluster: Cluster, handle: int) -> None:
    """Delete a key in every HSM of the cluster; its backups keep it."""
    for device in devices_up(realm, cluster):
        device.delete(handle)


def occupy(realm: Realm, cluster: Cluster) -> None:
    """Let everybody whom the operator logged in have a session with each HSM, and nobody else.

    :raises NoSessionError: an HSM has not so many; nobody has more than before.
    """
    devices = list(devices_up(realm, cluster))
    try:
        for device in devices:
            device.occupy(len(cluster.logins))
    except DeviceError:
        before = realm.clusters[cluster.id].logins
        for device in devices:
            with suppress(DeviceError):
                device.occupy(len(before))
        raise


def bring_up(realm: Realm, cluster: Cluster, hsm: Hsm) -> None:
    """Give a new HSM what the cluster holds.

    With another HSM active it becomes like that one [CHSM:add-remove-hsm]; otherwise the newest
    backup is restored, and all of the cluster becomes like the backup [CHSM:manage-backups].
    """
    device = realm.devices[hsm.id]
    if cluster.state is ClusterState.UNINITIALIZED:
        return
    donor = active_device(realm, cluster)
    backup = newest_backup(realm, cluster)
    if donor is not None:
        device.restore(donor.backup())
    elif backup is not None:
        for restored in (device, *devices_up(realm, cluster)):
            restored.restore(backup.content)
    else:
        for degraded in devices_up(realm, cluster):
            device.restore(degraded.backup())


def newest_backup(realm: Realm, cluster: Cluster) -> Backup | None:
    """What an HSM is restored from: the cluster's own newest backup, or what it was made from."""
    own = [
        backup
        for backup in realm.backups
        if backup.cluster == cluster.id and backup.state in _RESTORABLE
    ]
    if own:
        return max(own, key=lambda backup: backup.number)
    if cluster.shared_source is not None:
        return cluster.shared_source
    return realm.backups.get(cluster.source_backup) if cluster.source_backup else None
