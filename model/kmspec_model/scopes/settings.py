"""Scopes of what is set on clusters and backups: HSM type, retention, tags, policies."""

from collections.abc import Iterator

from kmspec import limits
from kmspec_model.command import Command, Ref, advance, command
from kmspec_model.explore import Scope
from kmspec_model.scopes.steps import when_settled
from kmspec_model.setup import (
    ADDRESS,
    NEWER,
    OLDER,
    OLDER_STORE_KEY,
    SETTLE,
    WAIT,
    activate,
    cloudhsm_tags,
    create_cluster,
    create_hsm,
    decrypt,
    delete_hsm,
    initialize,
    of_backup,
    of_cluster,
    of_store,
    one_hsm,
    retention,
)
from kmspec_model.states import is_activated, is_connected
from kmspec_model.world import Cluster, World

_A_DAY = advance(limits.DAY + 3600)
_SHORT, _LONG = limits.BACKUP_RETENTION_DAYS.start, limits.DEFAULT_BACKUP_RETENTION_DAYS


def _types(world: World) -> Iterator[Command]:
    for cluster in world.clusters:
        yield from when_settled(_on_the_way(world, cluster), world)


def _on_the_way(world: World, cluster: Cluster) -> Iterator[Command]:
    """Another HSM type, which takes an active cluster, and back within a day."""
    yield from _changes()
    if not is_activated(cluster):
        yield create_hsm(0, 0)
        yield initialize(0)
        yield activate(0)
        if not world.made.hsms:
            yield of_cluster("DeleteCluster")
    elif cluster.rollback is not None:
        yield _A_DAY
    elif world.made.hsms < 2:
        yield create_hsm(0, 1)


def _changes() -> Iterator[Command]:
    yield of_cluster("ModifyCluster", HsmType=NEWER)
    yield of_cluster("ModifyCluster", HsmType=OLDER)


def _migration(world: World) -> Iterator[Command]:
    """The same under a key store with a key."""
    yield decrypt()
    yield from when_settled(_changes(), world)
    if is_connected(world.stores[0]):
        yield of_store("DisconnectCustomKeyStore")


def _retention(world: World) -> Iterator[Command]:
    yield from when_settled(_retained(world), world)


def _retained(world: World) -> Iterator[Command]:
    """A backup that is older than the policy, and the last one, which is kept all the same."""
    cluster, backup = world.clusters[0], world.backup(0)
    if cluster.retention == _LONG:
        yield of_cluster("ModifyCluster", BackupRetentionPolicy=retention(_SHORT))
        yield from _changes()
    elif all(one.created == world.now for one in world.backups):
        yield of_cluster("ModifyCluster", BackupRetentionPolicy=retention(_LONG))
    if backup is not None:
        yield of_backup("ModifyBackupAttributes", NeverExpires=not backup.never_expires)
        yield of_backup("RestoreBackup")
    if cluster.retention == _SHORT:
        yield WAIT


def _last(world: World) -> Iterator[Command]:
    """The last backup of each cluster is kept, however old it is."""
    if any(cluster.retention == _LONG for cluster in world.clusters):
        for cluster in world.clusters:
            days = retention(_SHORT)
            yield of_cluster("ModifyCluster", cluster.index, BackupRetentionPolicy=days)
    elif len(world.backups) > len(world.clusters):
        yield WAIT


_TAGGED = (Ref("cluster", 0), Ref("backup", 0))
_ARN = Ref("backup", 0, "arn")


def policy(account: int) -> str:
    """A resource policy that shares a backup with an account."""
    statement = (
        f'{{"Effect": "Allow", "Principal": {{"AWS": "{account:012}"}}, '
        '"Action": "cloudhsm:CreateCluster"}'
    )
    return f'{{"Version": "2012-10-17", "Statement": [{statement}]}}'


def _settings(world: World) -> Iterator[Command]:
    """Tags on a cluster and a backup, and the policy of the backup, which outlives its deletion."""
    cluster, backup = world.clusters[0], world.backups[0]
    if backup.deadline is not None:
        return
    for named in _TAGGED:
        for tags in ((("Stage", "1"),), (("Stage", "2"), ("Owner", ""))):
            pairs = cloudhsm_tags(*tags)
            yield command("cloudhsm", "TagResource", ResourceId=named, TagList=pairs)
        yield command("cloudhsm", "UntagResource", ResourceId=named, TagKeyList=("Stage", "Owner"))
    for account in (1, 2):
        text = policy(account)
        yield command("cloudhsm", "PutResourcePolicy", ResourceArn=_ARN, Policy=text)
    yield command("cloudhsm", "DeleteResourcePolicy", ResourceArn=_ARN)
    if not cluster.tags and not backup.tags:
        yield of_backup("DeleteBackup")


def _copies(world: World) -> Iterator[Command]:
    yield from when_settled(_copied(world), world)


def _copied(world: World) -> Iterator[Command]:
    """A backup copied to another Region, and restored there."""
    there = world.seen_from(1)
    if not there.backups:
        yield of_backup("CopyBackupToRegion", DestinationRegion=Ref("region", 1))
        other = cloudhsm_tags(("Owner", ""))
        yield of_backup("CopyBackupToRegion", DestinationRegion=Ref("region", 1), TagList=other)
    for backup in there.backups:
        if not there.clusters:
            yield create_cluster(OLDER, SourceBackupId=Ref("backup", backup.index)).in_region(1)
    for cluster in there.clusters:
        if not cluster.hsms:
            yield create_hsm(cluster.index, 0).in_region(1)


_TAG = command(
    "cloudhsm", "TagResource", ResourceId=Ref("backup", 0), TagList=cloudhsm_tags(("Stage", "1"))
)
_NO_HSM = (*one_hsm(hsm_type=OLDER), SETTLE, delete_hsm(0, 0), SETTLE)
"""An active cluster without HSMs, of which AWS makes no backup by itself, and two backups."""
_TWO_CLUSTERS = (
    *_NO_HSM,
    create_cluster(),
    SETTLE,
    create_hsm(1, 0),
    SETTLE,
    initialize(1, 1),
    SETTLE,
    activate(1),
    SETTLE,
    delete_hsm(1, 1),
    SETTLE,
)
"""Two of them."""

SCOPES = (
    Scope("types", "a cluster changed to another HSM type", (create_cluster(OLDER),), _types),
    Scope("migration", "the same under a connected store", OLDER_STORE_KEY, _migration),
    Scope("retention", "backups that outlive the retention policy", _NO_HSM, _retention),
    Scope("last-backups", "the last backups of two clusters", _TWO_CLUSTERS, _last),
    Scope(
        "copies",
        "a backup copied to another Region and restored there",
        (*one_hsm(hsm_type=OLDER), SETTLE, _TAG),
        _copies,
    ),
    Scope(
        "settings",
        "tags and resource policies",
        (*one_hsm(IpAddress=ADDRESS), SETTLE),
        _settings,
    ),
)
