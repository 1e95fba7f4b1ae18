"""Walks: the only place that leaves the explored scopes, and the only one that uses Hypothesis.

A walk begins at the beginning of a scope and takes commands that the model's probes offer in
the world it is in, and steps in time. When the target deviates, Hypothesis makes the walk short.
"""

from collections.abc import Callable, Sequence

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from kmspec.names import Service
from kmspec_check.cells import Cell, Status
from kmspec_check.confirm import report
from kmspec_check.events import Progressed
from kmspec_check.plan import Plan, Stop, label_of
from kmspec_check.run import OutOfTimeError, Run
from kmspec_check.session import FITS, Finding, Result, Session, Verdict
from kmspec_model import Command, advance

PHASE = "walks"
_WALKS = 25
_STEPS = 20
_MOMENTS = (0.1, 0.2, 1.0, 3600.0, 86400.0, 7 * 86400.0, 30 * 86400.0)
"""Seconds: less than a transition, one, more, and the waiting periods."""
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
        if not _round(run, plan, number, made):
            break
    if made.walks:
        run.decide(Cell(PHASE, "-", "random walks"), Status.PASS)


class _Count:
    """How many walks there were, and whether time is up."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.walks = 0
        self.out_of_time = False

    def one_more(self) -> bool:
        """Begin another walk, if there is time for it."""
        run = self.run
        self.out_of_time = run.deadline is not None and run.clock() >= run.deadline
        if not self.out_of_time:
            self.walks += 1
            run.tell(Progressed(PHASE, self.walks))
        return not self.out_of_time


def _round(run: Run, plan: Plan, number: int, made: _Count) -> bool:
    """Walk until something new deviates; whether it did."""
    machine = _machine(run, plan, made)
    hypothesis.seed(run.seed + number)(machine)
    try:
        run_state_machine_as_test(machine, settings=_settings())
    except Deviated as deviated:
        way = deviated.commands
        report(run, deviated.cell, deviated.finding, way, short_enough=_SHORT_ENOUGH)
        if deviated.finding.rule not in run.violated_rules:
            return False
    except Flaky as flaky:
        seen = getattr(flaky, "exceptions", None) or [str(flaky).partition("\n")[0]]
        reason = f"not confirmed: {seen[0]}"
        run.decide(Cell(PHASE, "-", "random walks"), Status.ERROR, reason)
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
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )


def _machine(run: Run, plan: Plan, made: _Count) -> type[RuleBasedStateMachine]:
    """The state machine of one round, closed over the run."""
    scopes = list(plan.graphs)

    class Walk(RuleBasedStateMachine):
        """One walk. Draws are numbers, taken modulo what the world offers, so they shrink."""

        def __init__(self) -> None:
            super().__init__()
            self.walker = _Walker(run, made.one_more())

        @initialize(scope=st.sampled_from(scopes))
        def begin(self, scope: str) -> None:
            self.walker.begin(plan.way_to(Stop(scope, 0)))

        @rule(draw=st.integers(0, 2**16))
        def probe(self, draw: int) -> None:
            self.walker.take(lambda commands: commands[draw % len(commands)])

        @rule(moment=st.sampled_from(_MOMENTS))
        def wait(self, moment: float) -> None:
            self.walker.take(lambda _: advance(moment))

    return Walk


class _Walker:
    """A session that stops for good at the first thing that is already known."""

    def __init__(self, run: Run, going: bool) -> None:  # noqa: FBT001 - set once, here
        self._run = run
        self._going = going
        self._session = Session(run) if going else None

    def begin(self, way: Sequence[Command]) -> None:
        """Go to the beginning of a scope."""
        for command in way:
            if self._session is None or not self._going:
                return
            result = self._session.step(command)
            self._judge(result if not result.fits else self._session.name_new(), command)

    def take(self, choose: Callable[[Sequence[Command]], Command]) -> None:
        """Take one of the commands that the world offers and compare the state after it."""
        session = self._session
        if session is None or not self._going:
            return
        offered = [probe.command for probe in session.node.probes if self._can(probe.command)]
        command = choose(offered) if offered else None
        if command is None or not self._can(command):
            return
        result = session.step(command)
        if result.fits and result.finding is None:
            result = session.observe()
            session.asides.clear()
        self._judge(result, command)

    def _can(self, command: Command) -> bool:
        run = self._run
        return (run.asks(command) or command.service == Service.CLOCK) and run.offers(command)

    def _judge(self, result: Result, command: Command) -> None:
        """Raise what is new; end the walk quietly at what is not."""
        if result is FITS:
            return
        self._going = self._going and result.fits
        finding, session = result.finding, self._session
        if result.verdict is Verdict.TROUBLE:
            raise Broken(result.reason)
        if finding is None or session is None or finding.rule in self._run.violated_rules:
            return
        if self._run.heeds(finding.level):
            taken = [step for step in session.steps if not step.view]
            before = taken[-1].before
            cell = Cell(PHASE, str(before.situation), label_of(before, command))
            raise Deviated(finding, cell, [step.command for step in taken])
