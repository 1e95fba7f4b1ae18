"""What ends by itself with KMS keys."""

from collections.abc import Iterator

from kmspec.names import RotationType
from kmspec_model.effects.imports import without
from kmspec_model.effects.rotation import next_after, rotated
from kmspec_model.materials import Material
from kmspec_model.moves import Change, Moves
from kmspec_model.states import completeness, is_connected, is_enabled, is_usable
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
        if key.rotating is not None:
            yield Event.passing(key.rotating, timing, RANK, _rotated_on_demand(key))
        if key.rotation is not None and is_enabled(key):
            yield Event(key.rotation.due, key.rotation.due, RANK, _rotated(key))
        for material in (*key.materials, *((key.pending,) if key.pending is not None else ())):
            if material.valid_to is not None:
                fire = _expired(moves, key, material)
                yield Event(material.valid_to, material.valid_to, RANK, fire)


def _rotated_on_demand(key: Key) -> Fire:
    def fire(world: World) -> tuple[Change, ...]:
        after = rotated(world, key._replace(rotating=None), RotationType.ON_DEMAND)
        return (Change(after, rules=("effect/Advance/rotation",)),)

    return fire


def _rotated(key: Key) -> Fire:
    def fire(world: World) -> tuple[Change, ...]:
        if key.rotation is None:
            return (Change(world),)
        next_one = key._replace(rotation=next_after(key.rotation, key.rotation.due))
        after = rotated(world, next_one, RotationType.AUTOMATIC)
        return (Change(after, rules=("effect/Advance/rotation",)),)

    return fire


def _expired(moves: Moves, key: Key, material: Material) -> Fire:
    """The key material is gone, the key stays."""

    def fire(world: World) -> tuple[Change, ...]:
        left, after = without(world, key, material)
        move = moves.of("key", "key material expires", key.state, completeness(after))
        rules = (*move.rule, "effect/Advance/expiration")
        return tuple(
            Change(left.with_key(after._replace(state=state)), rules=rules) for state in move.states
        )

    return fire


def _deleted(moves: Moves, key: Key) -> Fire:
    """The key, its aliases and grants are gone; its material too, where that can be done."""

    def fire(world: World) -> tuple[Change, ...]:
        move = moves.of("key", "waiting period ends", key.state)
        rules: tuple[str, ...] = (*move.rule, "effect/Advance/material")
        left = world._replace(
            keys=tuple(one for one in world.keys if one.index != key.index),
            aliases=tuple(alias for alias in world.aliases if alias.key != key.index),
            grants=tuple(grant for grant in world.grants if grant.key != key.index),
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
