"""The matrix: the only place that tries every operation in every situation.

Each situation is reached by a shortest path from fresh resources. What changes nothing shares
one session; whatever changes the world gets one of its own.
"""

from collections.abc import Sequence
from typing import NamedTuple

from kmspec.names import Service
from kmspec_check.cells import Cell, Status
from kmspec_check.confirm import report
from kmspec_check.events import Progressed
from kmspec_check.oracle import Node
from kmspec_check.plan import OFTEN, Entry, Plan, Stop, label_of, matrix_cells
from kmspec_check.run import Run
from kmspec_check.session import FITS, Result, Session, Verdict
from kmspec_model import Command, advance

PHASE = "matrix"


def matrix(run: Run, plan: Plan) -> None:
    """Decide every cell.

    :raises kmspec_check.run.OutOfTimeError: the budget is used up.
    :raises kmspec_check.run.EnoughError: every rule that was asked for is violated.
    """
    cells = matrix_cells(run, plan, PHASE)
    done = 0
    for stop, entries in cells.items():
        run.check_time()
        Stopped(run, plan, stop).decide(entries)
        done += len(entries)
        run.tell(Progressed(PHASE, done))


class _Batch(NamedTuple):
    """What came of several cells tried at once."""

    result: Result
    suspect: Entry | None = None
    """The one that changed the state, or may have."""
    decided: bool = False


class Stopped:
    """One world of the matrix, and the session that is there."""

    def __init__(self, run: Run, plan: Plan, stop: Stop) -> None:
        self._run = run
        self._plan = plan
        self._node = plan.node(stop)
        self._way = plan.way_to(stop)
        self._session: Session | None = None

    def decide(self, entries: Sequence[Entry]) -> None:
        """Decide cells of this world: first those that leave it as it is, all at once."""
        open_ = [entry for entry in entries if not self._decided_without_trying(entry)]
        staying = [entry for entry in open_ if self._is_tried_with_others(entry.probe.command)]
        leaving = [entry for entry in open_ if entry not in staying]
        for _ in range(OFTEN):
            batch = self._at_once(staying)
            if batch.suspect is None:
                break
            staying.remove(batch.suspect)
            self._alone([batch.suspect], batch.result)
        if not batch.decided:
            self._alone(staying, FITS if batch.suspect else batch.result)
        self._one_by_one(leaving)

    def _alone(self, entries: Sequence[Entry], among_others: Result) -> None:
        """Try cells alone of which one deviated among others; not to do so again is an error."""
        self._one_by_one(entries)
        rule = among_others.finding.rule if among_others.finding else ""
        statuses = (self._run.board.status(entry.cell) or Status.SKIP for entry in entries)
        worst = max(statuses, default=Status.SKIP)
        if rule and worst is Status.PASS:
            reason = f"not confirmed: {rule} deviated once and not when tried again"
            self._run.decide(entries[-1].cell, Status.ERROR, reason, (rule,))

    def _is_tried_with_others(self, command: Command) -> bool:
        return self._stays(command) and not self._plan.costly[self._ruled(command)]

    def _one_by_one(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self._run.check_time()
            if not self._decided_without_trying(entry):
                self._try(entry)

    def _at_once(self, entries: Sequence[Entry]) -> _Batch:
        """Try cells one after the other and compare the whole state once, after the last.

        No cell is decided when one of them changed the state, or may have, nor when the state is
        not as it must be and none is known to have done it.
        """
        run = self._run
        run.check_time()
        if not entries:
            return _Batch(FITS, decided=True)
        session, result = reach(run, self._plan, self._way)
        if not result.fits:
            return _Batch(result)
        steps: list[Result] = []
        for entry in entries:
            step = session.step(entry.probe.command)
            passes = step.fits or changes_nothing(run, session, entry.probe.command, step)
            if not passes or session.node.home is not self._node:
                return _Batch(step, entry)
            if step.verdict is Verdict.DEVIATES:
                session.strike()
            steps.append(step)
        result = session.observe()
        tell_asides(run, session)
        if not result.fits or session.node.home is not self._node:
            return _Batch(result)
        for entry, step in zip(entries, steps, strict=True):
            command = entry.probe.command
            if step.fits:
                run.reached.edges.add((self._node, command))
            note(run, self._plan, entry.cell, step, (*self._way, command), self._node)
        return _Batch(FITS, decided=True)

    def _stays(self, command: Command) -> bool:
        return self._node.permitted(command)[0].node.home is self._node

    def _decided_without_trying(self, entry: Entry) -> bool:
        """Whether it is already known that a cell cannot be tried."""
        run = self._run
        for command in (*self._way, entry.probe.command):
            lacking = run.lacking(command)
            if lacking:
                run.decide(entry.cell, Status.UNSUPPORTED, lacking)
                return True
        obstacle = self._plan.obstacle(self._way)
        if obstacle:
            run.decide(entry.cell, Status.SKIP, f"not reached: {obstacle} is violated on the way")
            return True
        if self._plan.costly[self._ruled(entry.probe.command)] >= OFTEN:
            reason = f"the operation deviated {OFTEN} times where the same rule decides"
            run.decide(entry.cell, Status.SKIP, reason)
            return True
        return False

    def _ruled(self, command: Command) -> tuple[str, str]:
        """An operation and the rule that decides it here."""
        return command.operation, self._node.permitted(command)[0].rules[0]

    def _try(self, entry: Entry) -> None:
        """Try one cell, in the session that is here or in a new one."""
        run, command = self._run, entry.probe.command
        if self._session is None:
            self._session, result = reach(run, self._plan, self._way)
            if not result.fits:
                self._session = None
                _not_reached(run, entry.cell, result)
                return
        session = self._session
        if session.node.home is not self._node:
            self._session = None
            run.decide(entry.cell, Status.SKIP, "the target took another permitted way")
            return
        before = session.node
        result = tried(session, command)
        # A violation that is new is played again, and sessions have one clock, where it is moved.
        new = result.finding is not None and result.finding.rule not in run.violated_rules
        here = session.node.home is self._node and not (new and run.offers(_A_SECOND))
        goes_on = here and (result.fits or is_harmless(run, session, command, result))
        self._session = session if goes_on else None
        if result.verdict is Verdict.DEVIATES and here and not goes_on:
            self._plan.costly[self._ruled(command)] += 1
        if result.fits:
            run.reached.edges.add((before.home, command))
        note(run, self._plan, entry.cell, result, (*self._way, command), before)
        tell_asides(run, session)


_LAST_USAGE = Command(Service.KMS, "GetKeyLastUsage")
_A_SECOND = advance(1)


def is_harmless(run: Run, session: Session, command: Command, result: Result) -> bool:
    """Whether a session can go on though the target did not answer as it must.

    It can after what changes nothing; a look makes sure. Another session may have to make its
    keys anew, which takes some targets long.
    """
    if not changes_nothing(run, session, command, result):
        return False
    if result.verdict is Verdict.DEVIATES:
        session.strike()
    fits = session.observe().fits
    asides, session.asides = session.asides, []
    return fits and all(finding.rule in run.violated_rules for _, finding in asides)


def changes_nothing(run: Run, session: Session, command: Command, result: Result) -> bool:
    """Whether a step that does not fit should have left all as it was.

    What is refused changes nothing, unless by a crash, nor does a view; and to use a key changes
    nothing but when it was last used, where a target tells that.
    """
    if result.verdict is not Verdict.DEVIATES:
        return result.verdict is Verdict.UNSUPPORTED
    kind = run.spec.operation(command.service, command.operation).kind
    used = kind == "cryptographic" and not command.keep and not run.offers(_LAST_USAGE)
    answer = session.steps[-1].answer
    crashed = answer.refused and not answer.code
    return not crashed and (answer.refused or kind == "view" or used)


def tell_asides(run: Run, session: Session) -> None:
    """Report the views of a session that deviate in what says nothing of the state."""
    asides, session.asides = session.asides, []
    for view, finding in asides:
        if finding.rule not in run.violated_rules:
            taken = [step.command for step in session.steps if not step.view]
            cell = Cell(PHASE, str(session.node.situation), view.operation)
            report(run, cell, finding, (*taken, view))


def tried(session: Session, command: Command) -> Result:
    """Take a step and compare the whole observable state after it."""
    first = session.step(command)
    if not first.fits:
        return first
    second = session.observe()
    return first if second.fits else second


def retaken(session: Session, command: Command) -> Result:
    """Take a step that was compared before: look only at what has to be named or narrowed."""
    result = session.step(command)
    if result.fits:
        return session.name_new() if session.certain else session.observe()
    return result


def reach(run: Run, plan: Plan, way: Sequence[Command]) -> tuple[Session, Result]:
    """Go a way from nothing. State is compared where this run has not yet compared it."""
    session = Session(run)
    for index, command in enumerate(way):
        before = session.node
        edge = (before.home, command)
        result = retaken(session, command) if edge in run.reached.edges else tried(session, command)
        if not result.fits or result.finding is not None:
            cell = Cell(PHASE, str(before.situation), label_of(before, command))
            note(run, plan, cell, result, way[: index + 1], before)
        tell_asides(run, session)
        if not result.fits:
            return session, result
        run.reached.edges.add(edge)
    return session, FITS


def note(
    run: Run, plan: Plan, cell: Cell, result: Result, way: Sequence[Command], before: Node
) -> None:
    """Decide the cell that a step belongs to by how the step ended."""
    match result.verdict:
        case Verdict.FITS if result.finding is None:
            rules = {rule for one in before.permitted(way[-1]) for rule in one.rules}
            run.decide(cell, Status.PASS, rules=sorted(rules))
        case Verdict.FITS if result.finding is not None:
            report(run, cell, result.finding, way)
        case Verdict.DEVIATES if result.finding is not None:
            plan.broken[before.home, way[-1]] = result.finding.rule
            report(run, cell, result.finding, way)
        case _:
            _not_reached(run, cell, result)


def _not_reached(run: Run, cell: Cell, result: Result) -> None:
    match result.verdict:
        case Verdict.UNSUPPORTED:
            run.decide(cell, Status.UNSUPPORTED, result.reason)
        case Verdict.TROUBLE:
            run.troubled(cell, result.reason)
        case _:
            rule = result.finding.rule if result.finding else "a rule"
            run.decide(cell, Status.SKIP, f"not reached: {rule} is violated on the way")
