"""Histories: the only place where several clients ask at once, and what they saw is judged.

Each client has a connection of its own, and all begin at the same moment. A target that has but
one connection is asked by one client after the other, in an order drawn by a seed; then a request
counts as made as soon as its client could make it. When all is quiet, the state is looked at.

Symbols are numbered in the order of making, which nobody knows here. So a client's symbols are
its own, as if nobody else were there, and are told from those of the model by what they stand for.
"""

import itertools
import math
import random
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol, Self, runtime_checkable

from kmspec_check import resolve
from kmspec_check.binding import Binding
from kmspec_check.contention import APART, Contention
from kmspec_check.linearizability import Interval, ends, overlapping
from kmspec_check.oracle import Node, Way
from kmspec_check.patterns import Fit, Path, fit
from kmspec_check.renaming import renaming
from kmspec_check.run import Run
from kmspec_check.session import Possible, Session, says_no_state
from kmspec_check.target import Answer, Target, Trouble, ask, untyped
from kmspec_model import Command, Ref, advance
from kmspec_model.command import MADE

_TICK = 0.001
"""Seconds; the model knows no shorter time."""
_WAIT = 30.0
"""Seconds until clients that wait for each other give up; every request ends sooner."""
_NEXT = ("NextMarker", "NextToken")


@runtime_checkable
class Branching(Protocol):
    """A target that can be asked by several at once."""

    def another(self) -> "Branch":
        """The same target by a connection of its own."""


class Branch(Target, Protocol):
    """A connection that can be given up."""

    def close(self) -> None:
        """Give it up."""


class Request(NamedTuple):
    """One request of a history and what it was answered."""

    client: int
    """From 1; 0 for a look when all is quiet."""
    command: Command
    stands: Mapping[Ref, Any]
    """What those symbols of the command stand for that the target made."""
    answer: Answer
    interval: Interval
    waited: float
    """Seconds that had passed before it."""
    names: Mapping[Ref, Path]
    """What the answer named for its client, and where in it, by the client's own symbols."""
    learnt: Mapping[Ref, Any]
    """What that is."""
    partial: bool
    """Whether it is but one page of an answer, of which nothing is said."""


State = tuple[Node, frozenset[tuple[Ref, Any]]]
"""A world, and what the symbols stand for in it."""


class History(NamedTuple):
    """What was asked and answered, from the worlds that were possible at first."""

    starts: tuple[Possible, ...]
    requests: tuple[Request, ...]
    left: tuple[tuple[Possible, tuple[int, ...]], ...]
    """The worlds that it may have left, each with an order of the requests; none: no order
    explains it."""
    taken: tuple[Command, ...]
    """The clients' requests in such an order, in the symbols of the model."""

    @property
    def overlapped(self) -> bool:
        """Whether any two requests were under way at the same time."""
        return overlapping(one.interval for one in self.requests if one.client)


class Judge:
    """Holds requests against the model, from the worlds that were possible at first."""

    def __init__(self, run: Run, starts: Iterable[Possible], requests: Sequence[Request]) -> None:
        self._run = run
        self._bindings: dict[frozenset[tuple[Ref, Any]], Binding] = {}
        self.starts = tuple(self._state(one.node, one.binding) for one in starts)
        self.requests = list(requests)

    def _state(self, node: Node, binding: Binding) -> State:
        items = frozenset(binding.items())
        self._bindings.setdefault(items, binding)
        return node, items

    def possible(self, state: State) -> Possible:
        """The same as a session has it."""
        return Possible(state[0], self._bindings[state[1]])

    def ends(self) -> Mapping[State, tuple[int, ...]]:
        """Every world that may be left, with an order of the requests.

        :raises kmspec_check.linearizability.Undecided: there are too many.
        """
        return ends([one.interval for one in self.requests], self.starts, self.take)

    def take(self, state: State, number: int) -> Iterator[State]:
        """Where a request may have led that was answered as it was."""
        for way, found in self.tried(state, number):
            if self.accepts(way, found):
                yield self._state(way.node, self._bindings[state[1]].extended(found.new))

    def tried(self, state: State, number: int) -> Iterator[tuple[Way, Fit]]:
        """A request held against everything that is permitted."""
        request, (node, items) = self.requests[number], state
        if request.partial:
            yield Way(node.permitted(request.command)[0].outcome, (), node), Fit({}, {}, ())
            return
        binding = self._bindings[items]
        command = self.translated(request, binding)
        within, shared = binding.within(command.region), not self._run.isolated
        for later in _later(node, request.waited):
            for way in later.permitted(command):
                yield way, fit(way.outcome, request.answer, within, shared=shared)

    def translated(self, request: Request, binding: Binding) -> Command:
        """The command in the symbols of one world."""
        known = {(ref.kind, value): ref for ref, value in binding.items()}
        renamed = {
            ref: known[ref.kind, value]
            for ref, value in request.stands.items()
            if (ref.kind, value) in known
        }
        return renaming(request.command, renamed)

    def accepts(self, way: Way, found: Fit) -> bool:
        """Whether an answer fits, but for what says nothing of the state or is known to be wrong.

        Which error a refusal has counts, for it tells what it was refused for.
        """
        wrong = [one for one in found.mismatches if not one.soft]
        known = not self._run.violated_rules.isdisjoint(way.rules)
        return all(says_no_state(one) and (known or one.path != ("error code",)) for one in wrong)

    def commands(self, order: Iterable[int]) -> tuple[Command, ...]:
        """The requests of clients in an order that explains them, one after the other."""
        paths: list[tuple[State, tuple[Command, ...]]] = [(start, ()) for start in self.starts]
        for number in order:
            request = self.requests[number]
            paths = [
                (after, (*taken, self.translated(request, self._bindings[state[1]])))
                for state, taken in paths
                for after in self.take(state, number)
            ]
        return tuple(
            command
            for command, number in zip(paths[0][1], order, strict=True)
            if self.requests[number].client
        )


def _later(node: Node, seconds: float) -> Iterator[Node]:
    """The worlds after so many seconds."""
    if not seconds:
        yield node
        return
    yield from (way.node for way in node.permitted(advance(seconds)))


class Racing:
    """Several clients of one target."""

    def __init__(self, run: Run, clients: int) -> None:
        self._run = run
        self._rng = random.Random(f"{run.seed} turns")  # noqa: S311 - repeatable
        self._kept = ExitStack()
        self._pool: ThreadPoolExecutor | None = None
        self._targets: Sequence[Target] = [run.target] * clients
        if isinstance(run.target, Branching):
            branches = [run.target.another() for _ in range(clients)]
            for branch in branches:
                self._kept.callback(branch.close)
            self._targets = branches
            self._pool = self._kept.enter_context(ThreadPoolExecutor(clients))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._kept.close()

    def history(self, session: Session, contention: Contention) -> History | None:
        """Let clients ask at once, look at what they left, and judge; the session goes on there.

        ``None`` when the target turned out not to know an operation.

        :raises kmspec_check.target.Trouble: the target could not be asked.
        :raises kmspec_check.linearizability.Undecided: too much is possible.
        """
        run = self._run
        began, ticks = run.clock(), itertools.count()
        clients = [
            _Client(run, target, number, session, program, ticks)
            for number, (target, program) in enumerate(
                zip(self._targets, contention.programs, strict=False), start=1
            )
        ]
        for client in clients:
            client.make_ready()
        if self._pool is None:
            self._in_turns(clients)
        else:
            _together(self._pool, clients)
        requests = [request for client in clients for request in client.requests]
        if not all(_is_known(run, request) for request in requests):
            return None
        judge = Judge(run, session.possible, requests)
        alive = dict(judge.ends())
        waited = max(_TICK, run.clock() - began) if run.flowing else 0.0
        self._look(session, judge, alive, ticks, math.ceil(waited / _TICK) * _TICK)
        left = tuple((judge.possible(state), order) for state, order in alive.items())
        taken = judge.commands(left[0][1]) if left else ()
        history = History(session.possible, tuple(judge.requests), left, taken)
        if left:
            session.go_on(tuple(possible for possible, _ in left))
        return history

    def _in_turns(self, clients: Sequence["_Client"]) -> None:
        """One request after the other; each client has asked as soon as it could."""
        while open_ := [client for client in clients if client.ready]:
            client = self._rng.choice(open_)
            client.ask()
            client.make_ready()

    def _look(
        self,
        session: Session,
        judge: Judge,
        alive: dict[State, tuple[int, ...]],
        ticks: Iterator[int],
        waited: float,
    ) -> None:
        """Look at all there is to see, and keep the worlds that it fits."""
        seen: set[str] = set()
        while (view := self._unseen(judge, alive, seen)) is not None:
            looking = _Client(self._run, self._run.target, 0, session, (view[1],), ticks)
            looking.binding = judge.possible(view[0]).binding
            looking.make_ready()
            looking.ask(waited)
            waited = 0.0
            judge.requests.append(looking.requests[0])
            if not _is_known(self._run, looking.requests[0]):
                judge.requests.pop()
                continue
            number = len(judge.requests) - 1
            after = {
                later: (*order, number)
                for state, order in alive.items()
                for later in judge.take(state, number)
            }
            alive.clear()
            alive.update(after)

    def _unseen(
        self, judge: Judge, alive: Iterable[State], seen: set[str]
    ) -> tuple[State, Command] | None:
        """A view that was not asked for yet."""
        for state in alive:
            binding = judge.possible(state).binding
            for view in state[0].views:
                named = [binding.value(ref) for ref in view.command.references()]
                key = f"{view.command} {named}"
                if key not in seen and self._run.offers(view.command):
                    seen.add(key)
                    return state, view.command
        return None


def _together(pool: ThreadPoolExecutor, clients: Sequence["_Client"]) -> None:
    """All at the same moment.

    :raises Trouble: of the first client that had it.
    """
    barrier = threading.Barrier(len(clients))

    def work(client: _Client) -> None:
        barrier.wait(_WAIT)
        while client.ready:
            client.ask()
            client.make_ready()

    working = [pool.submit(work, client) for client in clients]
    wait(working)
    for one in working:
        one.result()


class _Client:
    """One client and its program, going through the model as if it were alone."""

    def __init__(
        self,
        run: Run,
        target: Target,
        number: int,
        session: Session,
        program: Sequence[Command],
        ticks: Iterator[int],
    ) -> None:
        self._run, self._target, self._number = run, target, number
        self._node = session.node
        self.binding = session.binding
        self._program, self._ticks = list(program), ticks
        self._called = 0
        self._command: Command | None = None
        self._parameters: dict[str, Any] = {}
        self.requests: list[Request] = []

    @property
    def ready(self) -> bool:
        """Whether there is a request to be answered."""
        return self._command is not None

    def make_ready(self) -> None:
        """Make the next request, if there is one."""
        if len(self.requests) == len(self._program):
            self._command = None
            return
        command = self._program[len(self.requests)]
        unknown = {
            ref: ref._replace(index=ref.index + APART)
            for ref in (one.plain for one in command.references())
            if ref.kind in MADE and not self.binding.known(ref)
        }
        self._command = renaming(command, unknown)
        within = self.binding.within(command.region)
        self._parameters = resolve.parameters(self._command, within, self._asking)
        self._called = next(self._ticks)

    def _asking(self, service: str, operation: str, parameters: Mapping[str, Any]) -> Answer:
        place = self.binding.place
        region = self.binding.region(self._command.region if self._command else 0)
        return ask(
            self._target, service, operation, parameters, account=place.account, region=region
        )

    def ask(self, waited: float | None = None) -> None:
        """Send the request and note what it was answered."""
        command = self._command
        if command is None:
            return
        if waited is None:
            waited = _TICK if self._run.flowing else 0.0
        answer = self._asking(command.service, command.operation, self._parameters)
        interval = Interval(self._called, next(self._ticks))
        stands = {
            ref: self.binding.value(ref)
            for ref in (one.plain for one in command.references())
            if ref.kind in MADE and self.binding.known(ref)
        }
        names, learnt = ({}, {}) if answer.refused else self._learnt(answer)
        partial = not answer.refused and any(answer.body.get(one) for one in _NEXT)
        self.requests.append(
            Request(self._number, command, stands, answer, interval, waited, names, learnt, partial)
        )

    def _learnt(self, answer: Answer) -> tuple[Mapping[Ref, Path], Mapping[Ref, Any]]:
        """What the client made by its request."""
        planned = self._program[len(self.requests)]
        way = self._node.permitted(planned)[0]
        found = fit(way.outcome, answer, self.binding.within(planned.region), shared=True)
        self.binding = self.binding.extended(found.new)
        self._node = way.node
        return found.paths, found.new


def _is_known(run: Run, request: Request) -> bool:
    """Whether a request was answered by one who knows the operation.

    :raises Trouble: it was not answered as AWS would.
    """
    command, answer = request.command, request.answer
    asked = (command.service, command.operation)
    known = asked in run.known
    run.steps += 1
    if not known and run.does_not_know(*asked, answer):
        run.unsupported.add(asked)
        return False
    crashed = known and answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    if answer.refused and not answer.code and not crashed:
        raise Trouble(f"{command.operation} was answered {untyped(answer)}")
    return True
