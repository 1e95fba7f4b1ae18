"""Seeds: the only place that does what follows from a seed, in whatever process.

It begins with what was found before, in accounts and with a target of its own, and what it finds
depends on nothing else.
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from kmspec_check.campaign.carried import Carried
from kmspec_check.campaign.ground import Ground
from kmspec_check.cells import Decided
from kmspec_check.events import Listener
from kmspec_check.phases import timed
from kmspec_check.plan import Plan
from kmspec_check.profile import Profile
from kmspec_check.races import HISTORIES, races
from kmspec_check.races import PHASE as RACES
from kmspec_check.result import PhaseDone
from kmspec_check.run import Run
from kmspec_check.target import Clock, Target, Trouble
from kmspec_check.values import PHASE as VALUES
from kmspec_check.values import values
from kmspec_check.violation import Violation
from kmspec_check.walks import PHASE as WALKS
from kmspec_check.walks import walks

PHASES: Mapping[str, Callable[[Run, Plan], None]] = {WALKS: walks, VALUES: values, RACES: races}
"""What follows from the seed, in order."""
TOTALS = {RACES: HISTORIES}
"""How much of a phase there is, where that is known."""


class Share(NamedTuple):
    """One seed, and what keeps it apart from others with the same target."""

    seed: int
    apart: int


class Seeded(NamedTuple):
    """What a seed came by."""

    cells: tuple[Decided, ...]
    violations: tuple[Violation, ...]
    rules: frozenset[str]
    situations: frozenset[str]
    steps: int
    phases: tuple[PhaseDone, ...]
    trouble: str
    """Why it could not go on, or empty."""


class Asked(NamedTuple):
    """What every run of the campaign is told, in the words of :class:`Run`."""

    profile: Profile
    clock: Clock
    level: str
    said: str
    region: str
    account: str
    flowing: bool
    deadline: float | None
    expected: frozenset[str]
    areas: frozenset[str]
    rules: frozenset[str]
    listener: Listener


@dataclass(frozen=True)
class Seeds:
    """The work whose pieces are seeds."""

    target: Callable[[], Target]
    """Makes one."""
    phases: tuple[str, ...]
    asked: Asked
    ground: Ground
    carried: Carried

    def __call__(self, share: Share) -> Seeded:
        """All that follows from one seed.

        :raises Trouble: what is explored here is something else.
        """
        with contextlib.ExitStack() as kept:
            try:
                target = self.target()
            except Trouble as found:
                return Seeded((), (), frozenset(), frozenset(), 0, (), str(found))
            kept.callback(getattr(target, "close", lambda: None))
            return self._found(*self._begun(target, share))

    def _begun(self, target: Target, share: Share) -> tuple[Run, Plan]:
        explored, carried = self.ground.explored(), self.carried
        run = Run(
            target=target,
            oracle=explored.oracle,
            spec=explored.oracle.model.spec,
            seed=share.seed,
            apart=share.apart,
            reached=carried.reached(explored),
            violated_rules=set(carried.violated_rules),
            unsupported=set(carried.unsupported),
            known=set(carried.known),
            nonsense=dict(carried.nonsense),
            untold=set(carried.untold),
            **self.asked._asdict(),
        )
        return run, carried.plan(explored)

    def _found(self, run: Run, plan: Plan) -> Seeded:
        phases, trouble = [], ""
        for name in self.phases:
            try:
                phases.append(timed(run, name, partial(PHASES[name], run, plan), TOTALS.get(name)))
            except Trouble as found:
                trouble = str(found)
                break
        return Seeded(
            run.board.all(),
            tuple(run.violations),
            frozenset(run.reached.rules),
            frozenset(run.reached.situations),
            run.steps,
            tuple(phases),
            trouble,
        )
