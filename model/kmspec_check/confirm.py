"""Confirming: the only place where a deviation becomes a violation.

What deviated is played once more from fresh resources. When it deviates again it is a violation
of that rule; when it does not, the target or the way to it is unsteady, and that is an error.
"""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from kmspec_check.cells import Cell, Status
from kmspec_check.patterns import Mismatch, describe
from kmspec_check.run import Run
from kmspec_check.session import FITS, Finding, Result, Session, Step
from kmspec_check.shrinking import shrunk
from kmspec_check.trace import Difference, Recorded, Trace, TraceStep
from kmspec_check.violation import Violation, absent, describe_outcome, wanted
from kmspec_model import EMPTY, Command

if TYPE_CHECKING:
    from kmspec_model.outcome import Outcome

_SHORT_ENOUGH = 40
"""Steps that nobody minds reading."""
_SHRINKING = 80
"""How often a longer sequence is played to find a shorter one."""


class Looking(Enum):
    """When a played sequence compares the whole observable state."""

    LAST = "after the last step"
    AROUND = "before and after the last step"
    ALWAYS = "after each step"


class _Shown(NamedTuple):
    """A deviation that was seen again, the session that shows it, and how it was looked at."""

    finding: Finding
    session: Session
    looking: Looking


def play(run: Run, commands: Sequence[Command], looking: Looking) -> tuple[Session, Result]:
    """Take the steps in a fresh session, until one does not fit."""
    session = Session(run)
    result = FITS
    looked_from = len(commands) - (2 if looking is Looking.AROUND else 1)
    for index, command in enumerate(commands):
        result = session.step(command)
        if result.fits and (looking is Looking.ALWAYS or index >= looked_from):
            result = _kept(result, session.observe())
        elif result.fits:
            result = _kept(result, session.name_new())
        if not result.fits:
            return session, result
    return session, result


def _kept(first: Result, second: Result) -> Result:
    """A later result, but an earlier soft finding is not lost to a plain fit."""
    return first if second.fits and second.finding is None else second


def report(
    run: Run,
    cell: Cell,
    finding: Finding,
    *ways: Sequence[Command],
    short_enough: int = _SHORT_ENOUGH,
) -> None:
    """Confirm a deviation by playing one of the ways to it, the shortest first, and note it.

    The first of a rule is played again and told in full; further cells of the same rule are
    only noted.
    """
    if not run.heeds(finding.level):
        run.decide(cell, Status.SKIP, f"{finding.rule} is only {finding.level}", finding.rules)
        return
    if finding.rule in run.violated_rules:
        run.found(_violation(run, cell, finding, None))
        run.failed(cell, finding.rule)
        return
    for way in ways:
        shown = _shown_again(run, finding.rule, way)
        if shown is not None:
            shown = _shortest(run, shown, way, short_enough)
            run.found(_violation(run, cell, shown.finding, shown.session))
            run.failed(cell, finding.rule)
            return
    reason = f"not confirmed: {finding.rule} deviated once and not when tried again"
    run.decide(cell, Status.ERROR, reason, finding.rules)


def _shown_again(
    run: Run, rule: str, way: Sequence[Command], lookings: Iterable[Looking] = Looking
) -> _Shown | None:
    """The deviation from a rule, if a way leads to it."""
    for looking in lookings:
        session, result = play(run, way, looking)
        if result.finding is not None and result.finding.rule == rule:
            return _Shown(result.finding, session, looking)
    return None


def _shortest(run: Run, shown: _Shown, way: Sequence[Command], short_enough: int) -> _Shown:
    """The same deviation with as many steps left out as so many tries allow.

    Where the rule decides the last step, only a way on which it still does is played.
    """
    if len(way) <= short_enough:
        return shown
    rule = shown.finding.rule
    decides = rule in _deciding(run, way)
    looking = Looking.AROUND if shown.looking is Looking.LAST else shown.looking

    def shows(shorter: tuple[Command, ...]) -> _Shown | None:
        if decides and rule not in _deciding(run, shorter):
            return None
        return _shown_again(run, rule, shorter, (looking,))

    return shrunk(run, way, shows, _SHRINKING) or shown


def _deciding(run: Run, way: Sequence[Command]) -> frozenset[str]:
    """The rules that decide the last step of a way, where each step before is as we do it."""
    node = run.oracle.node(EMPTY)
    for command in way[:-1]:
        node = node.permitted(command)[0].node
    return frozenset(rule for one in node.permitted(way[-1]) for rule in one.rules)


def _violation(run: Run, cell: Cell, finding: Finding, session: Session | None) -> Violation:
    rule = run.spec.rules.get(finding.rule)
    sources = rule.sources if rule else ()
    expected, observed, situation = _told(finding, session)
    sentence = rule.sentence if rule else ""
    return Violation(
        rule=finding.rule,
        level=finding.level,
        sentence=sentence,
        sources=tuple(source_of(run, tag) for tag in sources),
        also=finding.rules[1:],
        cell=cell,
        situation=situation or cell.situation,
        expected=expected,
        observed=observed,
        trace=trace_of(run, cell, finding, session) if session else None,
    )


def source_of(run: Run, tag: str) -> str:
    """A source in words: its tag, its title and its address."""
    source = run.spec.sources.get(tag)
    return f"[{tag}] {source.title}, {source.where}" if source else f"[{tag}]"


def _told(
    finding: Finding, session: Session | None
) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """What was expected, what was observed, and where."""
    if session is None:
        return _mismatch_texts(finding.mismatches), _observed_texts(finding.mismatches, None), ""
    last = deviating(session, finding)
    situation = str(last.before.situation)
    outcomes = tuple(dict.fromkeys(way.outcome for way in last.ways))
    observed = _observed_texts(finding.mismatches, last)
    if any(mismatch.path == ("error code",) for mismatch in finding.mismatches):
        expected = tuple(dict.fromkeys(describe_outcome(outcome) for outcome in outcomes))
        return expected, observed, situation
    where = f"in the answer to {last.command.operation}, "
    return tuple(where + text for text in _mismatch_texts(finding.mismatches)), observed, situation


def _mismatch_texts(mismatches: tuple[Mismatch, ...]) -> tuple[str, ...]:
    return tuple(f"{one.where}: {describe(one.expected)}" for one in mismatches)


def _observed_texts(mismatches: tuple[Mismatch, ...], last: Step | None) -> tuple[str, ...]:
    if last is not None and any(one.path == ("error code",) for one in mismatches):
        answer = last.answer
        if not answer.refused:
            return (f"success: {last.binding.symbolic(dict(answer.body))}",)
        if not answer.code:
            return (f"HTTP {answer.status} without an AWS error",)
        message = last.binding.symbolic(answer.message or "")
        return (f'{answer.code}, HTTP {answer.status}, "{message}"',)
    symbolic = last.binding.symbolic if last else (lambda value: value)
    return tuple(f"{one.where}: {absent(symbolic(one.observed))}" for one in mismatches)


def deviating(session: Session, finding: Finding) -> Step:
    """The step in whose answer a deviation was found."""
    steps = session.steps
    shows = (step for step in reversed(steps) if step.fits is finding.mismatches)
    return next(shows, steps[-1])


def trace_of(run: Run, cell: Cell, finding: Finding, session: Session) -> Trace:
    """The steps of a session up to the one that deviates; views only where they matter."""
    rule = run.spec.rules.get(finding.rule)
    last = deviating(session, finding)
    end = next(index for index, step in enumerate(session.steps) if step is last)
    steps = [
        step
        for index, step in enumerate(session.steps[: end + 1])
        if not step.view or step.binds or index == end
    ]
    return Trace(
        rule=finding.rule,
        level=finding.level,
        sentence=rule.sentence if rule else "",
        cell=str(cell),
        profile=run.profile.name,
        isolated=run.isolated,
        region=run.region,
        steps=tuple(trace_step(step) for step in steps),
    )


def trace_step(step: Step) -> TraceStep:
    """One step as a trace keeps it."""
    binding = step.binding
    outcomes: tuple[Outcome, ...] = tuple(dict.fromkeys(w.outcome for w in step.ways))
    differences = tuple(
        Difference(one.where, wanted(one.expected, binding), absent(binding.symbolic(one.observed)))
        for one in step.fits
    )
    body = binding.symbolic(dict(step.answer.body))
    return TraceStep(
        command=step.command,
        expected=outcomes,
        rules=tuple(dict.fromkeys(rule for way in step.ways for rule in way.rules)),
        recorded=Recorded(step.answer.status, body if isinstance(body, dict) else {}),
        differences=differences,
        state=str(step.node.situation),
        view=step.view,
        names=tuple(step.binds.items()),
        paths=tuple(one.path for one in step.fits),
    )
