"""Time: the only place where what is under way ends.

Nothing sleeps. A world notes since when a passing state lasts and when a waiting period ends;
``Advance`` moves ``now`` and lets happen what must and what may have happened by then. Where the
timing leaves freedom, or two things end at the same moment, several worlds are possible. What
ends is said in a module a resource; here it is put in order.
"""

from collections.abc import Iterator
from typing import NamedTuple

from kmspec.rules import ConnectFailure
from kmspec_model.moves import Change, Moves
from kmspec_model.time import clusters, keys, regions, stores
from kmspec_model.time.event import Event, Fire, Timing
from kmspec_model.world import World

__all__ = ["Clockwork", "Timing"]


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
            changes.append(clusters.backed_up(later._replace(now=end), world.now, rules))
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
        if now and now[0].latest <= end and all(event.rank < stores.RANK for event in now):
            now = now[:1]
        for event in now:
            for change in event.fire(world):
                self._run(change.world, end, (*rules, *change.rules), found, seen)
        if first > end:
            found.setdefault(world, rules)

    def _events(self, world: World) -> Iterator[Event]:
        for region in world.regions:
            here = world.seen_from(region)
            for event in self._events_here(here):
                yield event if here is world else event._replace(fire=_in(region, event.fire))

    def _events_here(self, world: World) -> Iterator[Event]:
        yield from clusters.events(self.moves, self.timing, world)
        yield from stores.events(self.moves, self.failures, self.timing, world)
        yield from keys.events(self.moves, self.timing, world)
        yield from regions.events(self.moves, self.timing, world)


def _in(region: int, fire: Fire) -> Fire:
    """The same in another Region than that from which the world is seen."""

    def fire_there(world: World) -> tuple[Change, ...]:
        changes = fire(world.seen_from(region))
        return tuple(
            change._replace(world=change.world.seen_from(world.region)) for change in changes
        )

    return fire_there
