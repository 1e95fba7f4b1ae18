"""Violations: the only place that says what one is and in which order it is told.

Rule, level and sentence; source; situation; expected; observed; the steps with the state after
each, which after the last is only the model's, and of several clients when each was under way; how
to reproduce. Nothing in it needs our source
to be understood.
"""

from collections.abc import Iterator
from typing import NamedTuple

from kmspec_check.binding import Binding
from kmspec_check.cells import Cell
from kmspec_check.patterns import describe
from kmspec_check.trace import Trace
from kmspec_model import Success
from kmspec_model.outcome import Mark, Outcome


class Violation(NamedTuple):
    """A rule that a target does not keep, and how that was seen."""

    rule: str
    level: str
    sentence: str
    sources: tuple[str, ...]
    also: tuple[str, ...]
    """Other rules that are concerned."""
    cell: Cell
    situation: str
    expected: tuple[str, ...]
    """Any of these."""
    observed: tuple[str, ...]
    trace: Trace | None
    """``None`` for a further cell of a rule whose violation was already told in full."""

    def same_as(self, other: "Violation") -> bool:
        """Whether it is the same rule in the same cell."""
        return self.rule == other.rule and self.cell == other.cell


def describe_outcome(outcome: Outcome, paths: tuple[str, ...] = ()) -> str:
    """A permitted outcome in words."""
    if isinstance(outcome, Success):
        members = describe(outcome.response)
        return "success" if members == "{}" or paths else f"success with {members}"
    text = f"{outcome.code}, HTTP {outcome.status}"
    return text if outcome.message is None else f'{text}, "{outcome.message}"'


class ToldStep(NamedTuple):
    """One step in words."""

    command: str
    answer: str
    state: str
    """After it; after the last one, which deviates, only the model's."""


def told_steps(trace: Trace) -> Iterator[ToldStep]:
    """The steps of a trace in words."""
    before = "nothing made"
    longest = max(step.during[1] for step in trace.steps) + 1
    for step in trace.steps:
        state = step.state
        if step is trace.steps[-1] and trace.at_once is None:
            moves = "stays at" if state == before else "goes to"
            state = f"the model {moves}: {state}"
        look = "look: " if step.view else ""
        if step.client:
            look = f"client {step.client} {_bar(step.during, longest)} "
        answer = _answer(step.recorded.status, step.recorded.body)
        yield ToldStep(f"{look}{step.command}", answer, state)
        before = step.state


def _bar(during: tuple[int, int], longest: int) -> str:
    """When a request was under way, while several were."""
    called, answered = during
    under_way = "#" * (answered - called + 1)
    return f"|{'.' * called}{under_way}{'.' * (longest - answered - 1)}|"


def printable(text: str) -> str:
    """A text on one line, what does not print in it written as escaped.

    A target can answer anything, also what moves the cursor of a terminal or is no Unicode.
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text
    )


def lines(violation: Violation) -> Iterator[str]:
    """A violation as plain text, without how to reproduce it."""
    return map(printable, _lines(violation))


def _lines(violation: Violation) -> Iterator[str]:
    yield f"{violation.rule} ({violation.level})"
    yield f"  {violation.sentence}"
    for source in violation.sources:
        yield f"  source: {source}"
    yield f"  situation: {violation.situation}"
    yield from _alternatives("expected", violation.expected)
    yield from _alternatives("observed", violation.observed)
    if violation.trace is not None:
        yield "  steps:"
        for number, step in enumerate(told_steps(violation.trace), start=1):
            yield f"    {number}. {step.command}"
            yield f"       {step.answer}; {step.state}" if step.state else f"       {step.answer}"
    if violation.also:
        yield f"  concerns also: {', '.join(violation.also)}"


def _alternatives(word: str, texts: tuple[str, ...]) -> Iterator[str]:
    for index, text in enumerate(texts):
        yield f"  {word}: {text}" if index == 0 else f"  {' ' * len(word)}  {text}"


def _answer(status: int, body: object) -> str:
    code = body.get("__type") if isinstance(body, dict) else None
    return f"{status} {str(code).rpartition('#')[2]}" if code else str(status)


def wanted(expected: object, binding: Binding) -> str:
    """What was expected in words; a text has symbols in it instead of ids."""
    return describe(binding.symbolic(expected) if type(expected) is str else expected)


def absent(value: object) -> str:
    """An observed value in words; what was not there is said to be absent."""
    return Mark.ABSENT.value if value is Mark.ABSENT else describe(value)
