"""Backups: the only place that makes, purges, deletes and restores them.

AWS makes backups by itself, at least once a day, and purges them by the retention policy; it
never purges a cluster's last one [CHSM:manage-backups] [CHSM:manage-backup-retention]. What comes
to be beyond its retention otherwise than by age is purged a day later.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from kmspec.limits import BACKUP_DELETION_WINDOW, BACKUP_INTERVAL, DAY
from kmspec.names import BackupState, ErrorCode
from kmspec_impl.agenda import Delayed, delayed
from kmspec_impl.clock import after
from kmspec_impl.cloudhsm import requests
from kmspec_impl.cloudhsm.contents import ACTIVATED, active_device, has_active_hsm
from kmspec_impl.cloudhsm.state import Backup, Cluster
from kmspec_impl.errors import ServiceError
from kmspec_impl.identity import backup_arn
from kmspec_impl.realm import Parameters, Realm, Response

_PAGE: Final = 50
_LAST_NUMBER: Final = 9_999_999_999


def describe_backups(realm: Realm, parameters: Parameters, now: float) -> Response:
    """DescribeBackups. Newest first unless SortAscending; nothing is shared with this account."""
    del now
    wanted = requests.filters(parameters, _FILTERS)
    found = [
        backup
        for backup in realm.backups
        if not parameters.get("Shared") and requests.passes(backup, wanted, _FILTERS)
    ]
    place = _by_age if parameters.get("SortAscending") else _by_youth
    chosen, token = requests.page(parameters, found, place, _PAGE, place.__name__)
    response: Response = {"Backups": [shape(realm, backup) for backup in chosen]}
    return response if token is None else {**response, "NextToken": token}


def delete_backup(realm: Realm, parameters: Parameters, now: float) -> Response:
    """DeleteBackup: it can be restored for seven days, then it is gone."""
    backup = find(realm, parameters)
    if backup.state is not BackupState.READY:
        raise _wrong_state(backup, "deleted", BackupState.READY)
    return {"Backup": shape(realm, _condemn(realm, backup, now))}


def restore_backup(realm: Realm, parameters: Parameters, now: float) -> Response:
    """RestoreBackup: take a deletion back.

    A backup beyond its retention is purged again a day later, unless it is the last one.
    """
    backup = find(realm, parameters)
    if backup.state is not BackupState.PENDING_DELETION:
        raise _wrong_state(backup, "restored", BackupState.PENDING_DELETION)
    restored = _spare(realm, replace(backup, state=BackupState.READY, due=None), now)
    return {"Backup": shape(realm, restored)}


def modify_backup_attributes(realm: Realm, parameters: Parameters, now: float) -> Response:
    """ModifyBackupAttributes: exempt a backup from the retention policy, or no longer."""
    backup = find(realm, parameters)
    if backup.state is not BackupState.READY:
        raise _wrong_state(backup, "modified", BackupState.READY)
    modified = replace(backup, never_expires=parameters["NeverExpires"])
    if modified != backup:
        modified = _spare(realm, modified, now)
    return {"Backup": shape(realm, modified)}


def retain(realm: Realm, cluster: Cluster, now: float) -> None:
    """Let the retention policy of a cluster hold for the backups that it has."""
    for backup in list(realm.backups):
        if backup.cluster == cluster.id:
            _spare(realm, replace(backup, retention_days=cluster.retention_days), now)


def take(realm: Realm, cluster: Cluster, now: float) -> Cluster:
    """Back up a cluster that has an active HSM, with what is in it now; its new row."""
    device = active_device(realm, cluster)
    if device is None:
        message = f"{cluster.id} has no active HSM to be backed up"
        raise ValueError(message)
    add(
        realm,
        Backup(
            id=realm.ids.cloudhsm("backup"),
            number=next_number(realm),
            cluster=cluster.id,
            created=now,
            hsm_type=cluster.hsm_type,
            mode=cluster.mode,
            retention_days=cluster.retention_days,
            content=device.backup(),
            certificates=cluster.certificates,
            state=BackupState.CREATE_IN_PROGRESS,
            due=after(now, realm.shared.delay),
        ),
    )
    return note_automatic(realm, cluster, now)


def add(realm: Realm, backup: Backup) -> None:
    """Begin to make a backup, which is READY when it is ``due``."""
    realm.backups.put(backup)
    if backup.due is not None:
        realm.agenda.note(backup.due, Delayed.BACKUP_READY, backup.id)


def next_number(realm: Realm) -> int:
    """The number of the next backup of the account and Region."""
    return 1 + max((other.number for other in realm.backups), default=0)


def note_automatic(realm: Realm, cluster: Cluster, now: float) -> Cluster:
    """Provide for the next daily backup of a cluster, a day from now; its new row."""
    due = after(now, BACKUP_INTERVAL)
    realm.agenda.note(due, Delayed.BACKUP_DAILY, cluster.id)
    return realm.clusters.put(replace(cluster, next_backup=due))


def resume_automatic(realm: Realm, cluster: Cluster, now: float) -> None:
    """Make up for the daily backup that a cluster missed because no HSM was active."""
    if cluster.next_backup is not None and cluster.next_backup <= now:
        take(realm, cluster, now)


def shape(realm: Realm, backup: Backup) -> dict[str, Any]:
    """A backup as responses show it."""
    shown: dict[str, Any] = {
        "BackupId": backup.id,
        "BackupArn": backup_arn(realm.caller, backup.id),
        "BackupState": backup.state.value,
        "CreateTimestamp": round(backup.created, 3),
        "NeverExpires": backup.never_expires,
        "TagList": requests.tag_list(backup.tags),
        "HsmType": backup.hsm_type,
        "Mode": backup.mode,
    }
    if backup.cluster is not None:
        shown["ClusterId"] = backup.cluster
    if backup.source is not None:
        shown["SourceRegion"] = backup.source.region
        shown["SourceBackup"] = backup.source.backup
        shown["SourceCluster"] = backup.source.cluster
        shown["CopyTimestamp"] = round(backup.source.copied, 3)
    if backup.state is BackupState.PENDING_DELETION and backup.due is not None:
        shown["DeleteTimestamp"] = round(backup.due, 3)
    return shown


_FILTERS: Mapping[str, Callable[[Backup], str | None]] = {
    "backupIds": lambda backup: backup.id,
    "clusterIds": lambda backup: backup.cluster,
    "sourceBackupIds": lambda backup: backup.source.backup if backup.source else None,
    "states": lambda backup: backup.state.value,
    "neverExpires": lambda backup: str(backup.never_expires).lower(),
}


def find(realm: Realm, parameters: Parameters) -> Backup:
    """The backup a request names.

    :raises ServiceError: CloudHsmResourceNotFoundException.
    """
    backup_id = parameters["BackupId"]
    backup = realm.backups.get(backup_id)
    if backup is None:
        message = f"CloudHSM couldn't find the backup {backup_id} in this account and Region."
        raise ServiceError(ErrorCode.CLOUDHSM_RESOURCE_NOT_FOUND, message)
    return backup


def _by_age(backup: Backup) -> str:
    return f"{backup.number:010}"


def _by_youth(backup: Backup) -> str:
    return f"{_LAST_NUMBER - backup.number:010}"


def _wrong_state(backup: Backup, done: str, wanted: BackupState) -> ServiceError:
    message = f"Backup {backup.id} is {backup.state}; only a backup that is {wanted} can be {done}."
    return ServiceError(ErrorCode.CLOUDHSM_INVALID_REQUEST, message)


def _condemn(realm: Realm, backup: Backup, now: float) -> Backup:
    due = after(now, BACKUP_DELETION_WINDOW)
    realm.agenda.note(due, Delayed.BACKUP_DELETED, backup.id)
    return realm.backups.put(replace(backup, state=BackupState.PENDING_DELETION, due=due))


@delayed(Delayed.BACKUP_READY)
def _finish(realm: Realm, backup_id: str, when: float) -> None:
    backup = realm.backups.get(backup_id)
    state = BackupState.CREATE_IN_PROGRESS
    if backup is not None and (backup.state, backup.due) == (state, when):
        ready = realm.backups.put(replace(backup, state=BackupState.READY, due=None))
        _note_purge(realm, ready)
        _purge(realm, ready.cluster, when)


@delayed(Delayed.BACKUP_DELETED)
def _expire(realm: Realm, backup_id: str, when: float) -> None:
    backup = realm.backups.get(backup_id)
    state = BackupState.PENDING_DELETION
    if backup is not None and (backup.state, backup.due) == (state, when):
        realm.backups.remove(backup_id)


@delayed(Delayed.BACKUP_DAILY)
def _take_automatically(realm: Realm, cluster_id: str, when: float) -> None:
    cluster = realm.clusters.get(cluster_id)
    if (
        cluster is not None
        and cluster.state in ACTIVATED
        and cluster.next_backup == when
        and has_active_hsm(cluster)
    ):
        take(realm, cluster, when)


def _retained_until(backup: Backup) -> float:
    """When a backup is beyond its retention, if it ever is."""
    if backup.retention_days is None or backup.never_expires:
        return math.inf
    return max(after(backup.created, backup.retention_days * DAY), backup.spared_until)


def _spare(realm: Realm, backup: Backup, now: float) -> Backup:
    """Put the row of a backup that may be beyond its retention by now; it is kept for a day."""
    spared = realm.backups.put(replace(backup, spared_until=after(now, DAY)))
    _note_purge(realm, spared)
    return spared


def _note_purge(realm: Realm, backup: Backup) -> None:
    due = _retained_until(backup)
    if due < math.inf:
        realm.agenda.note(due, Delayed.BACKUPS_PURGED, backup.cluster)


@delayed(Delayed.BACKUPS_PURGED)
def _purge(realm: Realm, cluster_id: str | None, when: float) -> None:
    """Condemn every backup of a cluster that is older than its policy, never the last one."""
    ready = [
        backup
        for backup in realm.backups
        if backup.cluster == cluster_id and backup.state is BackupState.READY
    ]
    newest = max(ready, key=lambda backup: backup.number, default=None)
    for backup in ready:
        if backup is not newest and _retained_until(backup) <= when:
            _condemn(realm, backup, when)
