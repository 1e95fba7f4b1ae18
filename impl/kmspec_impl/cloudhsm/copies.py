"""Copies of backups: the only place that makes a backup in another Region.

The new backup has the contents and the certificates of its source, so that a cluster made from it
is another cluster but related to the first; it has no cluster and no retention policy of its own
[CHSM:copy-backup-to-region] [CHSM:manage-backup-retention].
"""

from dataclasses import replace

from kmspec.names import BackupState
from kmspec_impl.clock import after
from kmspec_impl.cloudhsm import backups, requests
from kmspec_impl.cloudhsm.requests import invalid
from kmspec_impl.cloudhsm.state import Source
from kmspec_impl.identity import partition
from kmspec_impl.realm import Parameters, Realm, Response


def copy_backup_to_region(realm: Realm, parameters: Parameters, now: float) -> Response:
    """CopyBackupToRegion: the id of the new backup is not told, it is found by its source."""
    tags = requests.read_tags(parameters.get("TagList"))
    backup, region = backups.find(realm, parameters), parameters["DestinationRegion"]
    if backup.state is BackupState.CREATE_IN_PROGRESS:
        raise invalid(f"Backup {backup.id} is not READY yet.")
    if region == realm.caller.region:
        raise invalid(f"Backup {backup.id} is in {region} already; name another Region.")
    if partition(region) != partition(realm.caller.region):
        raise invalid(f"A backup cannot be copied from {realm.caller.region} to {region}.")
    destination = realm.shared.realm(realm.caller._replace(region=region), now)
    cluster = backup.cluster or (backup.source.cluster if backup.source else "")
    source = Source(realm.caller.region, backup.id, cluster, now)
    copy = replace(
        backup,
        id=destination.ids.cloudhsm("backup"),
        number=backups.next_number(destination),
        cluster=None,
        retention_days=None,
        state=BackupState.CREATE_IN_PROGRESS,
        due=after(now, realm.shared.delay),
        never_expires=False,
        tags=backup.tags if parameters.get("TagList") is None else tags,
        source=source,
        policy=None,
    )
    backups.add(destination, copy)
    return {
        "DestinationBackup": {
            "CreateTimestamp": round(copy.created, 3),
            "SourceRegion": source.region,
            "SourceBackup": source.backup,
            "SourceCluster": source.cluster,
        }
    }
