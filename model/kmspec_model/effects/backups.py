"""Effects on backups."""

from collections.abc import Callable, Mapping

from kmspec import limits
from kmspec_model.case import Case
from kmspec_model.command import Ref
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
    )
    world = world.with_backup(backup)
    return world._replace(made=world.made._replace(backups=index + 1))


def entry(backup: Backup) -> Members:
    """A backup in DescribeBackups; its id is learnt from there."""
    return members(
        BackupId=Bind(Ref("backup", backup.index)),
        BackupState=backup.state,
        ClusterId=Ref("cluster", backup.cluster),
        DeleteTimestamp=Mark.PRESENT if backup.deadline is not None else Mark.ABSENT,
    )


def describe(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """Every backup, and on top of them those that AWS made by itself."""
    entries = tuple(entry(backup) for backup in case.world.backups)
    free = any(cluster.automatic is not None for cluster in case.world.clusters)
    free = free or case.world.made.clusters > len(case.world.clusters)
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
        return (Change(case.world.with_backup(moved), members(Backup=answer), move.rule),)

    return effect


EFFECTS: Mapping[str, Callable[[Moves, Case], tuple[Change, ...]]] = {
    "DescribeBackups": describe,
    "DeleteBackup": _moved("DeleteBackup", limits.BACKUP_DELETION_WINDOW),
    "RestoreBackup": _moved("RestoreBackup", None),
}
