"""How a connect and a disconnect of a custom key store end."""

from collections.abc import Iterator

from kmspec import limits
from kmspec.names import KMSUSER
from kmspec.rules import ConnectFailure
from kmspec_model.moves import Change, Moves
from kmspec_model.predicates import OF_STORE
from kmspec_model.time.event import Event, Fire, Timing
from kmspec_model.world import ROTATED, Cluster, Store, World

RANK = 3


def events(
    moves: Moves, failures: tuple[ConnectFailure, ...], timing: Timing, world: World
) -> Iterator[Event]:
    """What is under way with key stores."""
    for store in world.stores:
        if store.since is not None:
            fire = _connection_moves(moves, failures, store)
            yield Event.passing(store.since, timing, RANK, fire)


def _connection_moves(moves: Moves, failures: tuple[ConnectFailure, ...], store: Store) -> Fire:
    def fire(world: World) -> tuple[Change, ...]:
        ends = moves.of("connection", "disconnect ends", store.state)
        if ends.rule:
            moved = store._replace(state=ends.states[0], since=None)
            return (Change(world.with_store(moved), rules=ends.rule),)
        cluster = world.cluster(store.cluster)
        causes = [row for row in failures if OF_STORE[row.when](world, store, cluster)]
        if causes:
            return tuple(_failed(moves, world, store, cause) for cause in causes)
        return (_connected(moves, world, store),)

    return fire


def _failed(moves: Moves, world: World, store: Store, cause: ConnectFailure) -> Change:
    move = moves.of("connection", "connect fails", store.state)
    failed = store._replace(state=move.states[0], since=None, error=cause.code)
    world = world.with_store(failed)
    cluster = world.cluster(store.cluster)
    if cluster is not None and cause.when == "password-wrong":
        world = world.with_cluster(_login_failed(cluster))
    return Change(world, rules=(*move.rule, cause.id))


def _connected(moves: Moves, world: World, store: Store) -> Change:
    """Log in, change the password, and make the keys of the store available."""
    move = moves.of("connection", "connect succeeds", store.state)
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
        of_key = moves.of("key", "store connects", key.state)
        rules += of_key.rule
        state = of_key.states[0]
        resumes = key.resumes
        if state == "resumed":
            state, resumes = resumes or key.state, ""
        world = world.with_key(key._replace(state=state, resumes=resumes))
    return Change(world, rules=tuple(rules))


def _login_failed(cluster: Cluster) -> Cluster:
    """One wrong password more; too many lock ``kmsuser`` out."""
    user = cluster.contents.user(KMSUSER)
    if user is None:
        return cluster
    failures = min(user.failures + 1, limits.LOGIN_ATTEMPTS)
    locked = user.locked or failures >= limits.LOGIN_ATTEMPTS
    changed = user._replace(failures=failures, locked=locked)
    return cluster._replace(contents=cluster.contents.with_user(changed))
