"""Effects on backups."""

from collections.abc import Callable, Mapping

from kmspec import limits
from kmspec_model.case import Case
from kmspec_model.command import Ref
from kmspec_model.effects.cloudhsm_lists import filters, passes, tag_list
from kmspec_model.moves import Change, Moves
from kmspec_model.outcome import Bind, Items, Mark, Members, members
from kmspec_model.world import Backup, Cluster, World


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
        ClusterId=Ref("cluster", backup.cluster),
        NeverExpires=backup.never_expires,
        TagList=tag_list(backup.tags),
        HsmType=backup.hsm_type,
        Mode=backup.mode,
        DeleteTimestamp=Mark.PRESENT if backup.deadline is not None else Mark.ABSENT,
    )


_FILTERS: Mapping[str, Callable[[Backup], object]] = {
    "backupIds": lambda backup: Ref("backup", backup.index),
    "clusterIds": lambda backup: Ref("cluster", backup.cluster),
    "states": lambda backup: backup.state,
    "neverExpires": lambda backup: str(backup.never_expires).lower(),
    "sourceBackupIds": lambda _: None,
}


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
    return (Change(case.world, members(Backups=Items("BackupId", entries, free))),)


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


def copy(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """Nothing changes in this Region; the answer tells by what the copy is found in the other."""
    if case.backup is None:
        return ()
    answer = members(
        CreateTimestamp=Mark.PRESENT,
        SourceRegion=Ref("region", 0),
        SourceBackup=Ref("backup", case.backup.index),
        SourceCluster=Ref("cluster", case.backup.cluster),
    )
    return (Change(case.world, members(DestinationBackup=answer)),)


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
