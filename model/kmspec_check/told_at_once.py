"""What is told of several clients: the only place that makes a violation of a history.

Everything is in one set of symbols: what a client made has a symbol that nobody else uses. For
each order of the requests it is worked out what would have to be answered, and where the answers
are others.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple, cast

from kmspec_check.binding import Binding
from kmspec_check.cells import Cell
from kmspec_check.confirm import source_of, trace_step
from kmspec_check.contention import APART, Contention
from kmspec_check.histories import History, Request
from kmspec_check.linearizability import orders
from kmspec_check.oracle import Node
from kmspec_check.patterns import Mismatch, Path, binds, fit
from kmspec_check.renaming import renaming, replaced
from kmspec_check.run import Run
from kmspec_check.session import Session, Step
from kmspec_check.trace import AtOnce, Order, Recorded, Trace, TraceStep
from kmspec_check.violation import Violation, absent, describe_outcome, wanted
from kmspec_model import Command, Ref, Success
from kmspec_model.outcome import Outcome, Refusal

RULE = "race/linearizable"
_MOST_ORDERS = 24
_MOST_WAYS = 96
_TOLD = 6
"""So many orders are told one by one."""
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


class Seen(NamedTuple):
    """A history that no order explains, how it came about, and how often it was seen."""

    way: tuple[Command, ...]
    planned: Contention
    history: History
    session: Session
    prefix: int
    """How many steps of the session came before."""
    seen: int
    tries: int


class _Way(NamedTuple):
    """One way through the model in one order."""

    order: tuple[int, ...]
    answers: tuple[Outcome, ...]
    mismatches: tuple[tuple[Mismatch, ...], ...]

    @property
    def explained(self) -> int:
        """How many answers fit before the first that does not."""
        return next(
            (number for number, found in enumerate(self.mismatches) if found), len(self.order)
        )


def violation(run: Run, cell: Cell, seen: Seen, also: tuple[str, ...]) -> Violation:
    """The violation that a history shows."""
    telling = _Telling(run, seen)
    rule = run.spec.rules[RULE]
    return Violation(
        rule=RULE,
        level=rule.level,
        sentence=rule.sentence,
        sources=tuple(source_of(run, tag) for tag in rule.sources),
        also=also,
        cell=cell,
        situation=cell.situation,
        expected=("answers that some order of the requests at once explains",),
        observed=tuple(telling.observed()),
        trace=telling.trace(cell),
    )


class _Telling:
    """One history in one set of symbols."""

    def __init__(self, run: Run, seen: Seen) -> None:
        self._run, self._seen = run, seen
        self._start = seen.history.starts[0]
        self._requests, self.binding = _shown(seen.history.requests, self._start.binding)
        intervals = [one.interval for one in self._requests]
        every = list(islice(orders(intervals), _MOST_ORDERS + 1))
        self._complete = len(every) <= _MOST_ORDERS
        self._ways = [
            way
            for order in every[:_MOST_ORDERS]
            for way in islice(self._through(order), _MOST_WAYS)
        ]
        self._before = self._needed(seen.session.steps[: seen.prefix])

    def _needed(self, steps: Sequence[Step]) -> list[Step]:
        """The steps before, of the views only those that name what is spoken of afterwards."""
        spoken = {ref for one in self._requests for ref in _refs(one.command)}
        spoken |= {ref for way in self._ways for ref in _refs(way.answers)}
        needed = []
        for step in reversed(steps):
            if not step.view or not spoken.isdisjoint(step.binds):
                spoken |= {*_refs(step.command), *_refs(tuple(way.outcome for way in step.ways))}
                needed.append(step)
        return needed[::-1]

    def _through(self, order: tuple[int, ...]) -> Iterator[_Way]:
        """What may be answered in an order, whatever was."""
        paths: list[tuple[Node, Mapping[Ref, Ref], tuple[Outcome, ...]]] = [
            (self._start.node, {}, ())
        ]
        for number in order:
            request = self._requests[number]
            paths = [
                (node, named, (*answers, outcome))
                for before, names, answers in paths[:_MOST_WAYS]
                for node, named, outcome in self._next(request, before, names)
            ]
        for _, _, answers in paths:
            yield _Way(
                order,
                answers,
                tuple(
                    self._wrong(self._requests[number], outcome)
                    for number, outcome in zip(order, answers, strict=True)
                ),
            )

    def _next(
        self, request: Request, node: Node, names: Mapping[Ref, Ref]
    ) -> Iterator[tuple[Node, Mapping[Ref, Ref], Outcome]]:
        """A request in a world: what may be answered, in the symbols of the telling."""
        known = dict(self._start.binding.items())
        stands = {
            ref: names.get(ref, ref._replace(index=ref.index + APART))
            for ref in request.stands
            if ref not in known
        }
        command = renaming(request.command, stands)
        for way in node.permitted(command):
            named = dict(names)
            if isinstance(way.outcome, Success):
                for model in dict.fromkeys(binds(way.outcome.response)):
                    free = (ref for ref in request.names if ref.kind == model.kind)
                    shown = next((ref for ref in free if ref not in named), None)
                    if shown is not None and model.plain not in named.values():
                        named[shown] = model.plain
            yield way.node, named, _renamed(way.outcome, {one: ref for ref, one in named.items()})

    def _wrong(self, request: Request, outcome: Outcome) -> tuple[Mismatch, ...]:
        binding = self.binding.within(request.command.region)
        found = fit(outcome, request.answer, binding, shared=not self._run.isolated)
        return tuple(one for one in found.mismatches if not one.soft)

    def observed(self) -> Iterator[str]:
        """In each order the first answer that does not fit."""
        by_order: dict[tuple[int, ...], list[_Way]] = {}
        for way in self._ways:
            by_order.setdefault(way.order, []).append(way)
        told = dict.fromkeys(self._told(order, ways) for order, ways in by_order.items())
        yield from islice(told, _TOLD)
        if len(told) > _TOLD or not self._complete:
            yield "and so in every other order"
        seen = self._seen
        yield f"seen in {seen.seen} of {seen.tries} tries, each with fresh resources"

    def _told(self, order: tuple[int, ...], ways: Sequence[_Way]) -> str:
        furthest = max(way.explained for way in ways)
        if furthest == len(order):
            return f"in the order {self._numbers(order)}: what is left behind does not fit"
        number, request = order[furthest], self._requests[order[furthest]]
        wrong = [way for way in ways if way.explained == furthest]
        expected = dict.fromkeys(
            self._expected(way.answers[furthest], way.mismatches[furthest][0]) for way in wrong
        )
        first = wrong[0].mismatches[furthest][0]
        operation = request.command.operation
        done = self._numbers(order[: furthest + 1])
        answered = self._answered(request, first)
        must = " or ".join(expected)
        what = f"{operation} of step {self._number(number)}"
        return f"in the order {done}: {what} must be answered {must}, and was answered {answered}"

    def _expected(self, outcome: Outcome, first: Mismatch) -> str:
        if first.path == ("error code",):
            return describe_outcome(outcome, ("",))
        return f"with {first.where}: {wanted(first.expected, self.binding)}"

    def _answered(self, request: Request, first: Mismatch) -> str:
        if first.path == ("error code",):
            return request.answer.code or "success"
        return f"with {absent(self.binding.symbolic(first.observed))}"

    def _number(self, number: int) -> int:
        return len(self._before) + number + 1

    def _numbers(self, order: Iterable[int]) -> str:
        return ", ".join(str(self._number(number)) for number in order)

    def trace(self, cell: Cell) -> Trace:
        """The steps before, those of the clients, and the looks that show it."""
        rule = self._run.spec.rules[RULE]
        before = tuple(trace_step(step) for step in self._before)
        asked = tuple(self._step(number) for number in range(len(self._requests)))
        places = self._places()
        made = tuple(
            Order(
                tuple(len(before) + number for number in way.order),
                way.answers,
                tuple(places.get(number, ()) for number in way.order),
            )
            for way in self._ways
        )
        return Trace(
            rule=RULE,
            level=rule.level,
            sentence=rule.sentence,
            cell=str(cell),
            profile=self._run.profile.name,
            isolated=self._run.isolated,
            region=self._run.region,
            steps=(*before, *asked),
            at_once=AtOnce(self._seen.seen, self._seen.tries, made, self._complete),
        )

    def _places(self) -> dict[int, tuple[Path, ...]]:
        """Where the answer to each request is told from what an order asks for."""
        found: dict[int, dict[Path, None]] = {}
        for way in self._ways:
            for number, wrong in zip(way.order, way.mismatches, strict=True):
                paths = [one.path for one in wrong if one.path != ("error code",)]
                found.setdefault(number, {}).update(dict.fromkeys(paths))
        return {number: tuple(paths) for number, paths in found.items()}

    def _step(self, number: int) -> TraceStep:
        request = self._requests[number]
        answers = (
            answer
            for way in self._ways
            for one, answer in zip(way.order, way.answers, strict=True)
            if one == number
        )
        binding = self.binding.within(request.command.region)
        body = cast("dict[str, Any]", binding.symbolic(dict(request.answer.body)))
        return TraceStep(
            command=request.command,
            expected=tuple(dict.fromkeys(answers)),
            rules=(RULE,),
            recorded=Recorded(request.answer.status, body),
            differences=(),
            state="",
            view=not request.client,
            names=tuple(request.names.items()),
            client=request.client,
            during=(request.interval.called, request.interval.answered)
            if request.client
            else (0, 0),
        )


def _refs(value: object) -> Iterator[Ref]:
    """The symbols in a command, an answer or a part of it."""
    if isinstance(value, Ref):
        yield value.plain
    elif isinstance(value, Refusal):
        yield from (Ref.parse(one).plain for one in _PLACEHOLDER.findall(value.message or ""))
    elif isinstance(value, tuple):
        for part in value:
            yield from _refs(part)


def _shown(requests: Sequence[Request], binding: Binding) -> tuple[list[Request], Binding]:
    """Requests with symbols that no two clients share, and what all of them stand for."""
    known = dict(binding.items())
    highest: dict[str, int] = {}
    for ref in known:
        highest[ref.kind] = max(highest.get(ref.kind, -1), ref.index)
    shown: dict[tuple[str, Any], Ref] = {}
    values: dict[Ref, Any] = {}
    found = []
    for request in requests:
        renamed: dict[Ref, Ref] = {}
        for ref, value in (*request.learnt.items(), *request.stands.items()):
            if ref in known and known[ref] == value:
                continue
            at = ref.kind, value
            if at not in shown:
                highest[ref.kind] = highest.get(ref.kind, -1) + 1
                shown[at] = Ref(ref.kind, highest[ref.kind])
                values[shown[at]] = value
            renamed[ref] = shown[at]
        found.append(
            request._replace(
                command=renaming(request.command, renamed),
                stands={renamed.get(ref, ref): value for ref, value in request.stands.items()},
                names={
                    renamed.get(ref, ref): cast("Path", replaced(path, renamed))
                    for ref, path in request.names.items()
                },
            )
        )
    return found, binding.extended(values)


def _renamed(outcome: Outcome, renamed: Mapping[Ref, Ref]) -> Outcome:
    """An outcome with other symbols."""
    if isinstance(outcome, Refusal):
        message = outcome.message
        if message is not None:
            message = _PLACEHOLDER.sub(
                lambda found: f"{{{replaced(Ref.parse(found[1]), renamed)}}}", message
            )
        return outcome._replace(message=message)
    return cast("Success", replaced(outcome, renamed))


def concerned(planned: Contention, node: Node) -> tuple[str, ...]:
    """The rules by which the first request of each client is answered, if it is the first."""
    firsts = (node.permitted(program[0])[0].rules[:1] for program in planned.programs)
    return tuple(dict.fromkeys(rule for rules in firsts for rule in rules))
