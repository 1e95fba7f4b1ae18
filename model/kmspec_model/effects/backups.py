"""Effects on backups."""

from collections.abc import Callable, Mapping

from kmspec import limits
from kmspec_model.case import Case
from kmspec_model.command import Ref
from kmspec_model.effects.cloudhsm_lists import filters, passes, tag_list, tags_of
from kmspec_model.moves import Change, Moves
from kmspec_model.outcome import Bind, Items, Mark, Members, Pattern, members
from kmspec_model.states import active_hsms, is_activated
from kmspec_model.world import NONE, Backup, Cluster, World


def backed_up(moves: Moves, world: World, cluster: Cluster) -> World:
    """The world with a new backup of what the cluster holds now."""
    index = world.made.backups
    backup = Backup(
        index,
        cluster.index,
        moves.initial["backup"],
        world.now,
        cluster.lineage,
        cluster.anchor,
        cluster.contents,
        hsm_type=cluster.hsm_type,
        mode=cluster.mode,
        created=world.now,
        retention=cluster.retention,
    )
    world = world.with_backup(backup)
    return world._replace(made=world.made._replace(backups=index + 1))


def entry(backup: Backup) -> Members:
    """A backup in DescribeBackups; its id is learnt from there."""
    return members(
        BackupId=Bind(Ref("backup", backup.index)),
        BackupState=backup.state,
        NeverExpires=backup.never_expires,
        TagList=tag_list(backup.tags),
        HsmType=backup.hsm_type,
        Mode=backup.mode,
        DeleteTimestamp=Mark.PRESENT if backup.deadline is not None else Mark.ABSENT,
        **_origin(backup),
    )


def _origin(backup: Backup) -> dict[str, Pattern]:
    """The cluster, or of a copy what it was copied from; whether it has a cluster is not said."""
    if backup.source == NONE:
        return {"ClusterId": Ref("cluster", backup.cluster)}
    return {
        "SourceRegion": Ref("region", backup.source_region),
        "SourceBackup": Ref("backup", backup.source),
        "SourceCluster": Ref("cluster", backup.source_cluster),
        "CopyTimestamp": Mark.PRESENT,
    }


_FILTERS: Mapping[str, Callable[[Backup], object]] = {
    "backupIds": lambda backup: Ref("backup", backup.index),
    "clusterIds": lambda backup: Ref("cluster", backup.cluster),
    "states": lambda backup: backup.state,
    "neverExpires": lambda backup: str(backup.never_expires).lower(),
    "sourceBackupIds": lambda backup: Ref("backup", backup.source),
}


def _is_due(cluster: Cluster) -> bool:
    """Whether AWS must have made a backup of a cluster by itself, and keeps it."""
    automatic = cluster.automatic
    working = is_activated(cluster) and bool(active_hsms(cluster))
    return working and automatic is not None and automatic.due


def describe(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """Every backup that passes, and on top of them those that AWS made by itself."""
    wanted = filters(case)
    entries = tuple(
        entry(backup) for backup in case.world.backups if passes(backup, wanted, _FILTERS)
    )
    free = any(cluster.automatic is not None for cluster in case.world.clusters)
    free = free or case.world.made.clusters > len(case.world.clusters)
    if case.arguments.get("Shared"):
        entries, free = (), False
    free = free and "backupIds" not in wanted
    rising = "CreateTimestamp" if case.arguments.get("SortAscending") else ""
    least = 0 if wanted or not free else len(entries) + sum(map(_is_due, case.world.clusters))
    listed = Items("BackupId", entries, free, rising=rising, least=least)
    return (Change(case.world, members(Backups=listed)),)


def _moved(trigger: str, wait: int | None) -> Callable[[Moves, Case], tuple[Change, ...]]:
    """An operation that moves the state of the backup, and begins or ends a wait (seconds)."""

    def effect(moves: Moves, case: Case) -> tuple[Change, ...]:
        backup = case.backup
        if backup is None:
            return ()
        move = moves.of("backup", trigger, backup.state)
        deadline = None if wait is None else case.world.now + wait * 1000
        answer = members(
            BackupId=Ref("backup", backup.index),
            BackupState=move.states[0],
            DeleteTimestamp=Mark.ABSENT if deadline is None else Mark.PRESENT,
        )
        moved = backup._replace(state=move.states[0], deadline=deadline)
        if deadline is None:
            moved = spared(moved, case.world)
        return (Change(case.world.with_backup(moved), members(Backup=answer), move.rule),)

    return effect


def spared(backup: Backup, world: World) -> Backup:
    """A backup that may be beyond its retention by now: it is kept for a day."""
    until = world.now + limits.DAY * 1000
    kept = backup._replace(spared=None)
    return kept if kept.retained >= until else backup._replace(spared=until)


def modify_attributes(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """Exempt from the retention policy, or no longer."""
    backup = case.backup
    if backup is None:
        return ()
    modified = backup._replace(never_expires=bool(case.arguments["NeverExpires"]))
    if modified != backup:
        modified = spared(modified, case.world)
    return (Change(case.world.with_backup(modified), members(Backup=entry(modified))),)


def copy(moves: Moves, case: Case) -> tuple[Change, ...]:
    """A backup in the other Region; the answer tells by what it is found there."""
    backup, world = case.backup, case.world
    if backup is None:
        return ()
    index, source = world.made.backups, max(backup.cluster, backup.source_cluster)
    made = backup._replace(
        index=index,
        cluster=NONE,
        state=moves.initial["backup"],
        since=world.now,
        deadline=None,
        spared=None,
        never_expires=False,
        policy="",
        tags=tuple(sorted(tags_of(case))) if "TagList" in case.arguments else backup.tags,
        source=backup.index,
        source_region=world.region,
        source_cluster=source,
    )
    answer = members(
        CreateTimestamp=Mark.PRESENT,
        SourceRegion=Ref("region", world.region),
        SourceBackup=Ref("backup", backup.index),
        SourceCluster=Ref("cluster", source),
    )
    there = world.seen_from(case.arguments["DestinationRegion"].index).with_backup(made)
    there = there._replace(made=there.made._replace(backups=index + 1))
    return (Change(there.seen_from(world.region), members(DestinationBackup=answer)),)


def put_policy(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The policy is that of the backup from now on."""
    if case.backup is None:
        return ()
    policy = str(case.arguments["Policy"])
    answer = members(ResourceArn=Ref("backup", case.backup.index, "arn"), Policy=policy)
    return (Change(case.world.with_backup(case.backup._replace(policy=policy)), answer),)


def get_policy(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The policy, if there is one."""
    if case.backup is None:
        return ()
    return (Change(case.world, members(Policy=case.backup.policy or Mark.ABSENT)),)


def delete_policy(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The policy is no more, and is answered once again."""
    if case.backup is None:
        return ()
    answer = members(
        ResourceArn=Ref("backup", case.backup.index, "arn"),
        Policy=case.backup.policy or Mark.ABSENT,
    )
    return (Change(case.world.with_backup(case.backup._replace(policy="")), answer),)


EFFECTS: Mapping[str, Callable[[Moves, Case], tuple[Change, ...]]] = {
    "DescribeBackups": describe,
    "DeleteBackup": _moved("DeleteBackup", limits.BACKUP_DELETION_WINDOW),
    "RestoreBackup": _moved("RestoreBackup", None),
    "ModifyBackupAttributes": modify_attributes,
    "CopyBackupToRegion": copy,
    "PutResourcePolicy": put_policy,
    "GetResourcePolicy": get_policy,
    "DeleteResourcePolicy": delete_policy,
}
