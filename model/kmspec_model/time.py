"""Time: the only place where what is under way ends.

Nothing sleeps. A world notes since when a passing state lasts and when a waiting period ends;
``Advance`` moves ``now`` and lets happen what must and what may have happened by then. Where the
timing leaves freedom, or two things end at the same moment, several worlds are possible.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from kmspec import limits
from kmspec.names import KMSUSER
from kmspec.rules import ConnectFailure
from kmspec_model.effects.hsms import with_hsm, without_hsm
from kmspec_model.moves import Change, Moves
from kmspec_model.predicates import OF_STORE
from kmspec_model.states import active_hsms, is_activated, is_connected, is_usable
from kmspec_model.world import NONE, ROTATED, Automatic, Backup, Cluster, Hsm, Key, Store, World


class Timing(NamedTuple):
    """How long a target takes, in seconds.

    What passes by itself lasts at least ``low`` and at most ``high``; a key may be deleted up to
    ``deletion_slack`` later than its waiting period ends (AWS: 24 hours).
    """

    low: float = 0.2
    high: float = 0.2
    deletion_slack: float = 0.0


class Event(NamedTuple):
    """Something under way: between when it may end, and the worlds its end leads to.

    ``rank`` orders what may end at the same moment as our emulator does.
    """

    earliest: int
    latest: int
    rank: int
    fire: Callable[[World], tuple[Change, ...]]


_JUDGING = 3
"""From this rank on an event looks at other resources, and its place in the order matters."""


class Clockwork(NamedTuple):
    """What moves time: the transitions, the causes of failed connects, the target's timing."""

    moves: Moves
    failures: tuple[ConnectFailure, ...]
    timing: Timing

    def advance(self, world: World, seconds: float) -> tuple[Change, ...]:
        """Every world that may be ``seconds`` later, that of our emulator first."""
        end = world.now + round(seconds * 1000)
        found: dict[World, tuple[str, ...]] = {}
        start = world._replace(spent=()) if end > world.now else world
        self._run(start, end, (), found, set())
        changes = []
        for later, rules in found.items():
            changes.append(self._backed_up(later._replace(now=end), world.now, rules))
        return tuple(changes)

    def _run(
        self,
        world: World,
        end: int,
        rules: tuple[str, ...],
        found: dict[World, tuple[str, ...]],
        seen: set[World],
    ) -> None:
        """Let events end one by one, in every order that their times permit and that matters."""
        if world in seen:
            return
        seen.add(world)
        pending = sorted(self._events(world), key=lambda event: (event.earliest, event.rank))
        due = [event for event in pending if event.earliest <= end]
        first = min((event.latest for event in due), default=end + 1)
        now = [event for event in due if event.earliest <= first]
        if now and now[0].latest <= end and all(event.rank < _JUDGING for event in now):
            now = now[:1]
        for event in now:
            for change in event.fire(world):
                self._run(change.world, end, (*rules, *change.rules), found, seen)
        if first > end:
            found.setdefault(world, rules)

    def _events(self, world: World) -> Iterator[Event]:
        for cluster in world.clusters:
            if cluster.since is not None:
                yield self._passing(cluster.since, 0, self._cluster_moves(cluster))
            for hsm in cluster.hsms:
                if hsm.since is not None:
                    yield self._passing(hsm.since, 1, self._hsm_moves(cluster, hsm))
        for backup in world.backups:
            yield from self._backup_events(backup)
        for store in world.stores:
            if store.since is not None:
                yield self._passing(store.since, 3, self._connection_moves(store))
        slack = round(self.timing.deletion_slack * 1000)
        for key in world.keys:
            if key.deadline is not None:
                yield Event(key.deadline, key.deadline + slack, 4, self._deleted(key))

    def _backup_events(self, backup: Backup) -> Iterator[Event]:
        if backup.since is not None:
            fire = self._backup_moves(backup.index, "creation ends")
            yield self._passing(backup.since, 2, fire)
        elif backup.deadline is not None:
            fire = self._backup_moves(backup.index, "deletion ends")
            yield Event(backup.deadline, backup.deadline, 2, fire)

    def _passing(self, since: int, rank: int, fire: Callable[[World], tuple[Change, ...]]) -> Event:
        low, high = self.timing.low, self.timing.high
        return Event(since + round(low * 1000), since + round(high * 1000), rank, fire)

    # ---- What ends, by resource -------------------------------------------------------------

    def _cluster_moves(self, cluster: Cluster) -> Callable[[World], tuple[Change, ...]]:
        def fire(world: World) -> tuple[Change, ...]:
            for trigger in ("creation ends", "initialisation ends", "deletion ends"):
                move = self.moves.of("cluster", trigger, cluster.state)
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

    def _hsm_moves(self, cluster: Cluster, hsm: Hsm) -> Callable[[World], tuple[Change, ...]]:
        def fire(world: World) -> tuple[Change, ...]:
            move = self.moves.of("hsm", "creation ends", hsm.state)
            if not move.rule:
                move = self.moves.of("hsm", "deletion ends", hsm.state)
                return (Change(world.with_cluster(without_hsm(cluster, hsm)), rules=move.rule),)
            joined = with_hsm(cluster, hsm._replace(state=move.states[0], since=None))
            rules = move.rule
            if joined.source != NONE:
                restored = self.moves.of("cluster", "first HSM restored", joined.state)
                joined = joined._replace(state=restored.states[0])
                rules = (*rules, *restored.rule)
            if is_activated(joined) and len(active_hsms(joined)) == 1:
                joined = _may_be_backed_up(world, joined)
            if is_activated(joined) and len(joined.hsms) == 1:
                rules = (*rules, "effect/CreateHsm/restores")
            return (Change(world.with_cluster(joined), rules=rules),)

        return fire

    def _backup_moves(self, index: int, trigger: str) -> Callable[[World], tuple[Change, ...]]:
        def fire(world: World) -> tuple[Change, ...]:
            backup = world.backup(index)
            if backup is None:
                return (Change(world),)
            move = self.moves.of("backup", trigger, backup.state)
            if move.states[0] == "gone":
                left = tuple(one for one in world.backups if one.index != index)
                return (Change(world._replace(backups=left), rules=move.rule),)
            moved = backup._replace(state=move.states[0], since=None)
            return (Change(world.with_backup(moved), rules=move.rule),)

        return fire

    def _connection_moves(self, store: Store) -> Callable[[World], tuple[Change, ...]]:
        def fire(world: World) -> tuple[Change, ...]:
            ends = self.moves.of("connection", "disconnect ends", store.state)
            if ends.rule:
                moved = store._replace(state=ends.states[0], since=None)
                return (Change(world.with_store(moved), rules=ends.rule),)
            cluster = world.cluster(store.cluster)
            causes = [row for row in self.failures if OF_STORE[row.when](world, store, cluster)]
            if causes:
                return tuple(self._failed(world, store, cause) for cause in causes)
            return (self._connected(world, store),)

        return fire

    def _failed(self, world: World, store: Store, cause: ConnectFailure) -> Change:
        move = self.moves.of("connection", "connect fails", store.state)
        failed = store._replace(state=move.states[0], since=None, error=cause.code)
        world = world.with_store(failed)
        cluster = world.cluster(store.cluster)
        if cluster is not None and cause.when == "password-wrong":
            world = world.with_cluster(_login_failed(cluster))
        return Change(world, rules=(*move.rule, cause.id))

    def _connected(self, world: World, store: Store) -> Change:
        """Log in, change the password, and make the keys of the store available."""
        move = self.moves.of("connection", "connect succeeds", store.state)
        password = f"{ROTATED}{world.made.rotations}"
        moved = store._replace(state=move.states[0], since=None, password=password)
        world = world.with_store(moved)
        world = world._replace(made=world.made._replace(rotations=world.made.rotations + 1))
        cluster = world.cluster(store.cluster)
        user = cluster.contents.user(KMSUSER) if cluster is not None else None
        if cluster is not None and user is not None:
            changed = user._replace(password=password, failures=0)
            contents = cluster.contents.with_user(changed)
            world = world.with_cluster(cluster._replace(contents=contents))
        rules = [*move.rule, "effect/ConnectCustomKeyStore/password"]
        for key in world.keys_of(store.index):
            of_key = self.moves.of("key", "store connects", key.state)
            rules += of_key.rule
            state = of_key.states[0]
            resumes = key.resumes
            if state == "resumed":
                state, resumes = resumes or key.state, ""
            world = world.with_key(key._replace(state=state, resumes=resumes))
        return Change(world, rules=tuple(rules))

    def _deleted(self, key: Key) -> Callable[[World], tuple[Change, ...]]:
        """The key and its aliases are gone; its material too, where that can be done."""

        def fire(world: World) -> tuple[Change, ...]:
            move = self.moves.of("key", "waiting period ends", key.state)
            rules = (*move.rule, "effect/Advance/material")
            left = world._replace(
                keys=tuple(one for one in world.keys if one.index != key.index),
                aliases=tuple(alias for alias in world.aliases if alias.key != key.index),
            )
            store = world.store(key.store) if key.store != NONE else None
            cluster = world.cluster(store.cluster) if store is not None else None
            if store is None or cluster is None:
                return (Change(left, rules=rules),)
            if is_connected(store) and is_usable(cluster):
                contents = cluster.contents
                materials = tuple(one for one in contents.materials if one != key.index)
                held = contents._replace(materials=materials)
                left = left.with_cluster(cluster._replace(contents=held))
            return (Change(left, rules=rules),)

        return fire

    def _backed_up(self, world: World, before: int, rules: tuple[str, ...]) -> Change:
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


def _login_failed(cluster: Cluster) -> Cluster:
    """One wrong password more; too many lock ``kmsuser`` out."""
    user = cluster.contents.user(KMSUSER)
    if user is None:
        return cluster
    failures = min(user.failures + 1, limits.LOGIN_ATTEMPTS)
    locked = user.locked or failures >= limits.LOGIN_ATTEMPTS
    changed = user._replace(failures=failures, locked=locked)
    return cluster._replace(contents=cluster.contents.with_user(changed))
