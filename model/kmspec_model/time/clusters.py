"""What ends by itself with clusters, their HSMs and backups."""

from collections.abc import Iterator

from kmspec import limits
from kmspec_model.effects.hsms import with_hsm, without_hsm
from kmspec_model.moves import Change, Moves
from kmspec_model.states import active_hsms, is_activated
from kmspec_model.time.event import Event, Fire, Timing
from kmspec_model.world import NONE, Automatic, Backup, Cluster, Hsm, World

_CLUSTER, _HSM, _BACKUP = 0, 1, 2
"""Ranks."""


def events(moves: Moves, timing: Timing, world: World) -> Iterator[Event]:
    """What is under way with clusters, HSMs and backups."""
    for cluster in world.clusters:
        if cluster.since is not None:
            yield Event.passing(cluster.since, timing, _CLUSTER, _cluster_moves(moves, cluster))
        for hsm in cluster.hsms:
            if hsm.since is not None:
                yield Event.passing(hsm.since, timing, _HSM, _hsm_moves(moves, cluster, hsm))
    for backup in world.backups:
        if backup.since is not None:
            fire = _backup_moves(moves, backup, "creation ends")
            yield Event.passing(backup.since, timing, _BACKUP, fire)
        elif backup.deadline is not None:
            fire = _backup_moves(moves, backup, "deletion ends")
            yield Event(backup.deadline, backup.deadline, _BACKUP, fire)


def _cluster_moves(moves: Moves, cluster: Cluster) -> Fire:
    def fire(world: World) -> tuple[Change, ...]:
        for trigger in ("creation ends", "initialisation ends", "deletion ends"):
            move = moves.of("cluster", trigger, cluster.state)
            if not move.rule:
                continue
            if move.states[0] == "gone":
                left = tuple(one for one in world.clusters if one.index != cluster.index)
                return (Change(world._replace(clusters=left), rules=move.rule),)
            moved = cluster._replace(state=move.states[0], since=None)
            return (Change(world.with_cluster(moved), rules=move.rule),)
        message = f"no transition leads out of the cluster state {cluster.state}"
        raise LookupError(message)

    return fire


def _hsm_moves(moves: Moves, cluster: Cluster, hsm: Hsm) -> Fire:
    def fire(world: World) -> tuple[Change, ...]:
        move = moves.of("hsm", "creation ends", hsm.state)
        if not move.rule:
            move = moves.of("hsm", "deletion ends", hsm.state)
            return (Change(world.with_cluster(without_hsm(cluster, hsm)), rules=move.rule),)
        joined = with_hsm(cluster, hsm._replace(state=move.states[0], since=None))
        rules = move.rule
        if joined.source != NONE:
            restored = moves.of("cluster", "first HSM restored", joined.state)
            joined = joined._replace(state=restored.states[0])
            rules = (*rules, *restored.rule)
        if is_activated(joined) and len(active_hsms(joined)) == 1:
            joined = _may_be_backed_up(world, joined)
        if is_activated(joined) and len(joined.hsms) == 1:
            rules = (*rules, "effect/CreateHsm/restores")
        return (Change(world.with_cluster(joined), rules=rules),)

    return fire


def _backup_moves(moves: Moves, backup: Backup, trigger: str) -> Fire:
    def fire(world: World) -> tuple[Change, ...]:
        found = world.backup(backup.index)
        if found is None:
            return (Change(world),)
        move = moves.of("backup", trigger, found.state)
        if move.states[0] == "gone":
            left = tuple(one for one in world.backups if one.index != backup.index)
            return (Change(world._replace(backups=left), rules=move.rule),)
        moved = found._replace(state=move.states[0], since=None)
        return (Change(world.with_backup(moved), rules=move.rule),)

    return fire


def backed_up(world: World, before: int, rules: tuple[str, ...]) -> Change:
    """AWS has made a backup of each working cluster at least once a day."""
    if world.now - before < limits.BACKUP_INTERVAL * 1000:
        return Change(world, rules=rules)
    for cluster in world.clusters:
        if is_activated(cluster) and active_hsms(cluster):
            automatic = Automatic(world.made.backups, cluster.contents)
            world = world.with_cluster(cluster._replace(automatic=automatic))
            rules = (*rules, "effect/Advance/backup")
    return Change(world, rules=rules)


def _may_be_backed_up(world: World, cluster: Cluster) -> Cluster:
    """A cluster that works again may be backed up at once, if that was due long ago.

    Such a backup holds what the HSM was filled with, so it makes no difference whether it is.
    """
    return cluster._replace(automatic=Automatic(world.made.backups, cluster.contents))
