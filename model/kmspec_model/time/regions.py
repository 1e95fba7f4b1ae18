"""What ends by itself with multi-Region keys."""

from collections.abc import Iterator

from kmspec import limits
from kmspec.names import MultiRegionKeyType
from kmspec_model.moves import Change, Moves
from kmspec_model.states import (
    completeness,
    is_creating,
    is_pending_replica_deletion,
    is_updating,
)
from kmspec_model.time.event import Event, Fire, Timing
from kmspec_model.world import Key, World

RANK = 3


def events(moves: Moves, timing: Timing, world: World) -> Iterator[Event]:
    """What is under way with the multi-Region keys of a Region.

    The change of a primary Region ends for both keys at once, with the present primary key.
    """
    for key in world.keys:
        if key.since is None:
            continue
        if is_creating(key):
            yield Event.passing(key.since, timing, RANK, _created(moves, key))
        elif key.role == MultiRegionKeyType.PRIMARY:
            yield Event.passing(key.since, timing, RANK, _swapped(moves, key))


def replica_gone(moves: Moves, world: World, gone: Key) -> tuple[World, tuple[str, ...]]:
    """What the deletion of a multi-Region key does to a primary key that waits for it."""
    left = world.related(gone.index)
    if len(left) != 1 or not is_pending_replica_deletion(left[0]) or gone.deadline is None:
        return world, ()
    primary = left[0]
    move = moves.of("key", "last replica is deleted", primary.state)
    deadline = gone.deadline + (primary.window or 0) * limits.DAY * 1000
    waiting = primary._replace(state=move.states[0], deadline=deadline, window=None)
    return world.with_key(waiting), move.rule


def _created(moves: Moves, key: Key) -> Fire:
    def fire(world: World) -> tuple[Change, ...]:
        move = moves.of("key", "replica is created", key.state, completeness(key))
        return tuple(
            Change(world.with_key(key._replace(state=state, since=None)), rules=move.rule)
            for state in move.states
        )

    return fire


def _swapped(moves: Moves, primary: Key) -> Fire:
    def fire(world: World) -> tuple[Change, ...]:
        move = moves.of("key", "primary Region is changed", primary.state)
        replica, primary_type = MultiRegionKeyType.REPLICA, MultiRegionKeyType.PRIMARY
        for key in world.related(primary.index):
            if is_updating(key):
                becomes_primary = key.role != primary_type
                moved = key._replace(
                    state=key.resumes,
                    resumes="",
                    since=None,
                    role=(primary_type if becomes_primary else replica).value,
                    rotation=primary.rotation if becomes_primary else None,
                    rotating=primary.rotating if becomes_primary else None,
                )
                world = world.with_key(moved)
        return (Change(world, rules=move.rule),)

    return fire
