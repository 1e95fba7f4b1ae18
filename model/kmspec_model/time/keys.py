"""What ends by itself with KMS keys."""

from collections.abc import Iterator

from kmspec_model.moves import Change, Moves
from kmspec_model.states import is_connected, is_usable
from kmspec_model.time.event import Event, Fire, Timing
from kmspec_model.time.regions import replica_gone
from kmspec_model.world import NONE, Key, World

RANK = 4


def events(moves: Moves, timing: Timing, world: World) -> Iterator[Event]:
    """What is under way with KMS keys."""
    slack = round(timing.deletion_slack * 1000)
    for key in world.keys:
        if key.deadline is not None:
            yield Event(key.deadline, key.deadline + slack, RANK, _deleted(moves, key))


def _deleted(moves: Moves, key: Key) -> Fire:
    """The key and its aliases are gone; its material too, where that can be done."""

    def fire(world: World) -> tuple[Change, ...]:
        move = moves.of("key", "waiting period ends", key.state)
        rules: tuple[str, ...] = (*move.rule, "effect/Advance/material")
        left = world._replace(
            keys=tuple(one for one in world.keys if one.index != key.index),
            aliases=tuple(alias for alias in world.aliases if alias.key != key.index),
        )
        if key.role:
            left, more = replica_gone(moves, left, key)
            rules = (*more, *rules)
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
