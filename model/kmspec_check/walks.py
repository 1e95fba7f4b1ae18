"""Walks: the only place that leaves the explored scopes, and the only one that uses Hypothesis.

A walk begins at the beginning of a scope and takes commands that the model's probes offer in
the world it is in, and steps in time. When the target deviates, Hypothesis makes the walk short.
"""

import random
from collections.abc import Sequence
from typing import NoReturn

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from kmspec_check.cells import Cell, Status
from kmspec_check.confirm import report
from kmspec_check.drawing import Drawing, starts
from kmspec_check.events import Progressed
from kmspec_check.plan import Plan, label_of
from kmspec_check.run import OutOfTimeError, Run
from kmspec_check.session import FITS, Finding, Result, Session, Verdict
from kmspec_model import Command

PHASE = "walks"
_WALKS = 20
_STEPS = 40
_BITS = st.tuples(*(32 * [st.booleans()]))
"""By this Hypothesis knows one walk from another. What a walk takes follows from its number: what
Hypothesis draws, and how long it goes on, depends on the constants in whatever sources are loaded,
so neither is left to it."""
_SHORT_ENOUGH = 12
"""Steps; Hypothesis makes a walk short, but not the way to where it begins."""
_ROUNDS = 5
"""Each round ends at the first deviation of a rule that is not yet known to be violated."""


class Deviated(Exception):
    """The walk came upon a deviation that is new to this run."""

    def __init__(self, finding: Finding, cell: Cell, commands: Sequence[Command]) -> None:
        super().__init__(finding.rule)
        self.finding = finding
        self.cell = cell
        self.commands = tuple(commands)


class Broken(Exception):
    """The target could not be asked."""


def walks(run: Run, plan: Plan) -> None:
    """Walk.

    :raises kmspec_check.run.OutOfTimeError: the budget is used up.
    """
    made = _Count(run)
    for number in range(_ROUNDS):
        if run.has_enough or not _round(run, plan, number, made):
            break
    if made.walks:
        run.decide(Cell(PHASE, "-", "random walks"), Status.PASS)


class _Count:
    """How many walks there were, and whether time is up."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.walks = 0
        self.left = 0
        """Of this round; Hypothesis may ask for some more, as often as it happens to."""
        self.out_of_time = False
        self.ended: Deviated | Broken | None = None
        """Why the round ended."""
        self._after = 0

    def end(self, why: Deviated | Broken, after: int) -> NoReturn:
        """End the round after so many steps of a walk."""
        self.ended, self._after = why, after
        raise why

    def end_again(self, after: int) -> None:
        """Hypothesis tries again what failed: tell it the same after as many steps."""
        if self.ended is not None and after == self._after:
            self.end(self.ended, after)

    def one_more(self) -> bool:
        """Begin another walk, if there is one left and time for it."""
        run = self.run
        if not self.left:
            return False
        self.left -= 1
        self.out_of_time = run.deadline is not None and run.clock() >= run.deadline
        if not self.out_of_time:
            self.walks += 1
            run.tell(Progressed(PHASE, self.walks))
        return not self.out_of_time


def _round(run: Run, plan: Plan, number: int, made: _Count) -> bool:
    """Walk until something new deviates; whether it did."""
    machine = _machine(run, plan, number, made)
    made.ended, made.left = None, _WALKS
    hypothesis.seed(run.seed + number)(machine)
    try:
        run_state_machine_as_test(machine, settings=_settings(), _min_steps=_STEPS)
    except Deviated as deviated:
        way = deviated.commands
        report(run, deviated.cell, deviated.finding, way, short_enough=_SHORT_ENOUGH)
        if deviated.finding.rule not in run.violated_rules:
            return False
    except Broken as broken:
        run.decide(Cell(PHASE, "-", "random walks"), Status.ERROR, str(broken))
        return False
    else:
        if made.out_of_time:
            raise OutOfTimeError
        return False
    return True


def _settings() -> settings:
    return settings(
        max_examples=_WALKS,
        stateful_step_count=_STEPS,
        database=None,
        deadline=None,
        derandomize=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )


def _machine(run: Run, plan: Plan, number: int, made: _Count) -> type[RuleBasedStateMachine]:
    """The state machine of one round, closed over the run."""

    class Walk(RuleBasedStateMachine):
        """One walk."""

        def __init__(self) -> None:
            super().__init__()
            self.walker = _Walker(run, plan, made)

        @initialize(bits=_BITS)
        def begin(self, bits: tuple[bool, ...]) -> None:
            del bits
            made.end_again(0)
            drawn = f"{run.seed} {number} {made.walks}"
            self.walker.begin(random.Random(drawn))  # noqa: S311 - repeatable

        @rule()
        def step(self) -> None:
            self.walker.take()

    return Walk


class _Walker:
    """A session that stops for good at the first thing that is already known."""

    def __init__(self, run: Run, plan: Plan, made: _Count) -> None:
        self._run, self._plan, self._made = run, plan, made
        self._session = Session(run) if made.ended is None and made.one_more() else None
        self._drawing: Drawing | None = None
        self._taken = 0

    def begin(self, rng: random.Random) -> None:
        """Go to where the walk begins."""
        start = next(starts(self._run, self._plan, rng), None)
        if start is None:
            return
        start = start.for_a_walk(self._plan)
        self._drawing = Drawing(self._run, start.scope, rng)
        for command in start.way:
            if self._session is None:
                return
            result = self._session.step(command)
            self._judge(result if not result.fits else self._session.name_new(), command)

    def take(self) -> None:
        """Take what is drawn, and compare the state after it."""
        self._taken += 1
        self._made.end_again(self._taken)
        session, drawing = self._session, self._drawing
        if session is None or drawing is None:
            return
        command = drawing.next(session.node)
        if command is None:
            return
        result = session.step(command)
        if result.fits and result.finding is None:
            result = session.observe()
        self._judge(result, command)
        for view, finding in session.asides:
            self._judge(Result(Verdict.FITS, finding), view, aside=True)
        session.asides.clear()

    def _judge(self, result: Result, command: Command, *, aside: bool = False) -> None:
        """Raise what is new; end the walk quietly at what is not.

        ``aside``: a view that deviates in what says nothing of the state, and is told as a step.
        """
        session = self._session
        if result is FITS or session is None:
            return
        if result.verdict is Verdict.TROUBLE:
            self._made.end(Broken(result.reason), self._taken)
        if not result.fits:
            self._session = None
        finding = result.finding
        if finding is None or finding.rule in self._run.violated_rules:
            return
        if self._run.heeds(finding.level):
            taken = [step for step in session.steps if not step.view]
            before = taken[-1].before
            cell = Cell(PHASE, str(before.situation), label_of(before, command))
            commands = [step.command for step in taken]
            told = [*commands, command] if aside else commands
            self._made.end(Deviated(finding, cell, told), self._taken)
