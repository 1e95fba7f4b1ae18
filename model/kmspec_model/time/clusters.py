"""What ends by itself with clusters, their HSMs and backups."""

from collections.abc import Iterator

from kmspec import limits
from kmspec_model.effects.hsms import with_hsm, without_hsm
from kmspec_model.moves import Change, Moves
from kmspec_model.states import active_hsms, is_activated, is_kept, newest_contents
from kmspec_model.time.event import Event, Fire, Timing
from kmspec_model.world import NONE, Automatic, Backup, Cluster, Hsm, World

_CLUSTER, _HSM, _BACKUP = 0, 1, 2
"""Ranks."""
_ENDS = (
    "creation ends",
    "initialisation ends",
    "modification ends",
    "rollback ends",
    "deletion ends",
)
"""What ends by itself with a cluster."""


def events(moves: Moves, timing: Timing, world: World) -> Iterator[Event]:
    """What is under way with clusters, HSMs and backups."""
    for cluster in world.clusters:
        if cluster.since is not None:
            yield Event.passing(cluster.since, timing, _CLUSTER, _cluster_moves(moves, cluster))
        elif cluster.rollback is not None:
            latest = cluster.rollback + round(timing.high * 1000)
            yield Event(cluster.rollback, latest, _CLUSTER, _no_way_back(cluster))
        for hsm in cluster.hsms:
            if hsm.since is not None:
                yield Event.passing(hsm.since, timing, _HSM, _hsm_moves(moves, cluster, hsm))
    for backup in world.backups:
        if backup.since is not None:
            fire = _backup_moves(moves, timing, backup, "creation ends")
            yield Event.passing(backup.since, timing, _BACKUP, fire)
        elif not is_kept(world, backup):
            yield Event(backup.retained, backup.retained, _BACKUP, _purge(moves, backup))
        elif backup.deadline is not None:
            fire = _backup_moves(moves, timing, backup, "deletion ends")
            yield Event(backup.deadline, backup.deadline, _BACKUP, fire)


def _cluster_moves(moves: Moves, cluster: Cluster) -> Fire:
    source = "from-backup" if cluster.source != NONE else ""

    def fire(world: World) -> tuple[Change, ...]:
        for trigger in _ENDS:
            move = moves.of("cluster", trigger, cluster.state, source)
            if not move.rule:
                continue
            if move.states[0] == "gone":
                left = tuple(one for one in world.clusters if one.index != cluster.index)
                return (Change(world._replace(clusters=left), rules=move.rule),)
            rested = _changed(cluster, trigger)
            return tuple(
                Change(world.with_cluster(rested._replace(state=state)), rules=move.rule)
                for state in move.states
            )
        message = f"no transition leads out of the cluster state {cluster.state}"
        raise LookupError(message)

    return fire


def _changed(cluster: Cluster, trigger: str) -> Cluster:
    """A cluster at rest; one with another HSM type can be taken back for a day."""
    if trigger == "modification ends" and cluster.since is not None:
        until = cluster.since + limits.HSM_TYPE_ROLLBACK * 1000
        return cluster._replace(since=None, rollback=until)
    if trigger == "rollback ends":
        return cluster._replace(since=None, other_type="")
    return cluster._replace(since=None)


def _no_way_back(cluster: Cluster) -> Fire:
    def fire(world: World) -> tuple[Change, ...]:
        moved = cluster._replace(rollback=None, other_type="")
        return (Change(world.with_cluster(moved), rules=("effect/ModifyCluster/rollback",)),)

    return fire


def _hsm_moves(moves: Moves, cluster: Cluster, hsm: Hsm) -> Fire:
    def fire(world: World) -> tuple[Change, ...]:
        move = moves.of("hsm", "creation ends", hsm.state)
        if not move.rule:
            move = moves.of("hsm", "deletion ends", hsm.state)
            return (Change(world.with_cluster(without_hsm(cluster, hsm)), rules=move.rule),)
        filled = cluster
        if is_activated(cluster) and not active_hsms(cluster):
            filled = cluster._replace(contents=newest_contents(world, cluster).at_rest())
        joined = with_hsm(filled, hsm._replace(state=move.states[0], since=None))
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


def _backup_moves(moves: Moves, timing: Timing, backup: Backup, trigger: str) -> Fire:
    def fire(world: World) -> tuple[Change, ...]:
        found = world.backup(backup.index)
        if found is None:
            return (Change(world),)
        move = moves.of("backup", trigger, found.state)
        if move.states[0] == "gone":
            left = tuple(one for one in world.backups if one.index != backup.index)
            return (Change(world._replace(backups=left), rules=move.rule),)
        ready = (backup.since or 0) + round(timing.low * 1000)
        for other in world.backups:
            if other.cluster == backup.cluster and other.retained < ready:
                world = world.with_backup(other._replace(spared=ready))
        moved = found._replace(state=move.states[0], since=None)
        return (Change(world.with_backup(moved), rules=move.rule),)

    return fire


def _purge(moves: Moves, backup: Backup) -> Fire:
    """A backup that its retention policy no longer keeps."""

    def fire(world: World) -> tuple[Change, ...]:
        move = moves.of("backup", "retention ends", backup.state)
        deadline = max(backup.retained, world.now) + limits.BACKUP_DELETION_WINDOW * 1000
        moved = backup._replace(state=move.states[0], deadline=deadline)
        rules = (*move.rule, "effect/Advance/retention")
        return (Change(world.with_backup(moved), rules=rules),)

    return fire


def backed_up(world: World, before: int, rules: tuple[str, ...]) -> Change:
    """AWS has made a backup of each working cluster at least once a day.

    What is still READY beyond its retention is kept for a reason that the rule gives.
    """
    if any(backup.retained <= world.now and backup.deadline is None for backup in world.backups):
        rules = (*rules, "effect/Advance/retention")
    if world.now - before < limits.BACKUP_INTERVAL * 1000:
        return Change(world, rules=rules)
    # An HSM may have begun to work meanwhile, though not so late.
    due = world.now - before >= 2 * limits.BACKUP_INTERVAL * 1000
    for cluster in world.clusters:
        if is_activated(cluster) and active_hsms(cluster):
            automatic = Automatic(world.made.backups, cluster.contents, due)
            world = world.with_cluster(cluster._replace(automatic=automatic))
            rules = (*rules, "effect/Advance/backup")
    return Change(world, rules=rules)


def _may_be_backed_up(world: World, cluster: Cluster) -> Cluster:
    """A cluster that works again may be backed up at once, if that was due long ago.

    Such a backup holds what the HSM was filled with, so it makes no difference whether it is.
    """
    return cluster._replace(automatic=Automatic(world.made.backups, cluster.contents))
