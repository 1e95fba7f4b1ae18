"""Races: the only place that lets several clients ask at once and reports what no order explains.

What deviates also when the same requests are made one after the other is no race, and is reported
as what it is. A race need not show each time: it is tried again from fresh resources, and is a
violation only when it showed at least twice.
"""

import math
import random
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, combinations, islice

from kmspec_check.cells import Cell, Status
from kmspec_check.confirm import Looking, play, report
from kmspec_check.contention import Contention, changes, conflicting, contention, in_order, meeting
from kmspec_check.drawing import starts
from kmspec_check.events import Progressed
from kmspec_check.histories import Branching, History, Racing
from kmspec_check.linearizability import Undecided
from kmspec_check.matrix import reach
from kmspec_check.plan import Plan, label_of
from kmspec_check.run import Run
from kmspec_check.shrinking import Attempt, fewer, fewest, world_after
from kmspec_check.target import Trouble
from kmspec_check.told_at_once import RULE, Seen, concerned, violation
from kmspec_model import Command

PHASE = "races"
HISTORIES = 200
_ROUNDS = 3
"""How often clients ask at once in one session."""
_CLIENTS = 4
_TRIES = 20
"""How often a race is tried again."""
_SHRINKING = 3000
"""How many requests may be made to find a shorter one."""
_PATIENCE = 4
"""A shorter one is given up when it should have shown so often and did not."""
_SERIAL = 12
"""In how many orders the same requests are made one after the other."""
_MOST_VIOLATIONS = 5
_MOST_WORLDS = 5
"""How many worlds are gone to for each history, at most: in some there is nothing to race for."""


def races(run: Run, plan: Plan, histories: int = HISTORIES) -> None:
    """Let several clients ask at once, so many times.

    :raises kmspec_check.run.OutOfTimeError: the budget is used up.
    :raises kmspec_check.run.EnoughError: every rule that was asked for is violated.
    """
    rule = next(one for one in run.spec.together if one.id == RULE)
    cell = Cell(PHASE, "-", "several clients at once")
    if run.rules and RULE not in run.rules:
        return
    if not run.heeds(rule.level):
        run.decide(cell, Status.SKIP, f"{RULE} is only {rule.level}")
        return
    if run.profile.consistency != rule.asked_of:
        reason = f"profile {run.profile.name} does not claim that its consistency is strong"
        run.decide(cell, Status.UNSUPPORTED, reason)
        return
    with Racing(run, _CLIENTS) as racing:
        _Races(run, plan, racing).all(histories, cell)


class _Races:
    """The races of one run."""

    def __init__(self, run: Run, plan: Plan, racing: Racing) -> None:
        self._run, self._plan, self._racing = run, plan, racing
        self._rng = random.Random(f"{run.seed} {PHASE}")  # noqa: S311 - repeatable
        self._histories = self._overlapped = self._violations = 0

    def all(self, histories: int, cell: Cell) -> None:
        """So many histories, or fewer where nothing more is to be found."""
        run = self._run
        worlds = islice(starts(run, self._plan, self._rng), _MOST_WORLDS * histories)
        try:
            for _, way in worlds:
                if self._histories >= histories or self._violations >= _MOST_VIOLATIONS:
                    break
                run.check_time()
                self._from(way, histories)
        finally:
            if self._histories:
                told = f"{self._histories} histories, {self._overlapped} of them with requests"
                together = isinstance(run.target, Branching)
                how = "" if together else ", which this target is given one after the other"
                reason = f"{told} under way at the same time{how}"
                run.decide(cell, Status.PASS, reason)

    def _from(self, way: tuple[Command, ...], histories: int) -> None:
        """Some races, each beginning where the one before ended."""
        session, result = reach(self._run, self._plan, way)
        for _ in range(min(_ROUNDS, histories - self._histories) if result.fits else 0):
            planned = contention(self._run, session.node, self._rng)
            if planned is None:
                return
            cell = Cell(PHASE, str(session.node.situation), planned.label)
            try:
                history = self._racing.history(session, planned)
            except Trouble as trouble:
                self._run.troubled(cell, str(trouble))
                return
            except Undecided:
                self._run.decide(cell, Status.SKIP, "too many worlds are possible")
                return
            if history is None:
                return
            self._noted(history)
            if not history.left:
                self._suspect(cell, way, planned)
                return
            self._run.reached.rules.add(RULE)
            self._run.decide(cell, Status.PASS, rules=(RULE,))
            way = (*way, *_lasting(history))

    def _noted(self, history: History) -> None:
        self._histories += 1
        self._overlapped += history.overlapped
        self._run.tell(Progressed(PHASE, self._histories))

    def _suspect(self, cell: Cell, way: tuple[Command, ...], planned: Contention) -> None:
        """Find out what it is when no order explains a history."""
        run = self._run
        if self._serially(cell, way, planned):
            return
        found = self._again(way, planned, _TRIES, _TRIES)
        if found is None:
            reason = f"not confirmed: no order explained it once, and one did {_TRIES} times since"
            run.decide(cell, Status.ERROR, reason, (RULE,))
            return
        self._violations += 1
        shown = found if RULE in run.violated_rules else self._shrunk(cell, found)
        if shown is not None:
            also = concerned(shown.planned, shown.session.steps[shown.prefix - 1].node)
            run.found(violation(run, cell, shown, also))
            run.failed(cell, RULE)

    def _again(
        self, way: tuple[Command, ...], planned: Contention, most: int, enough: int
    ) -> Seen | None:
        """Try so many times, or until it was seen often enough; ``None`` if it was not."""
        found: Seen | None = None
        for tries in range(1, most + 1):
            self._run.check_time()
            session, result = play(self._run, way, Looking.LAST)
            prefix = len(session.steps)
            try:
                history = self._racing.history(session, planned) if result.fits else None
            except Undecided:
                history = None
            if history is None:
                return None
            if not history.left:
                seen = 1 if found is None else found.seen + 1
                found = Seen(way, planned, history, session, prefix, seen, tries)
                if seen == enough:
                    break
        return found and found._replace(tries=tries)

    def _shrunk(self, cell: Cell, found: Seen) -> Seen | None:
        """The same with less, as far as so many tries allow; ``None`` when that is no race."""
        best, most = found, self._run.steps + _SHRINKING
        shorter: Iterator[Attempt] = chain(_shortest(self._run, best), _shorter(self._run, best))
        while (again := self._first(shorter, best, most)) is not None:
            best = again._replace(seen=found.seen, tries=found.tries)
            shorter = _shorter(self._run, best)
        counted = self._again(best.way, best.planned, _TRIES, _TRIES)
        if counted is None or counted.seen == 1:
            return found
        return None if self._serially(cell, best.way, best.planned) else counted

    def _first(self, shorter: Iterable[Attempt], than: Seen, most: int) -> Seen | None:
        """The first that shows it too, as long as no more requests than these were made."""
        wanted = math.ceil(_PATIENCE * than.tries / than.seen)
        for way, programs in shorter:
            if self._run.steps >= most:
                break
            tries = wanted if programs == than.planned.programs else 2 * wanted
            found = self._again(way, Contention(programs), min(_TRIES, tries), 1)
            if found is not None:
                return found
        return None

    def _serially(self, cell: Cell, way: tuple[Command, ...], planned: Contention) -> bool:
        """Make the same requests one after the other; whether that deviates, or cannot be done."""
        run = self._run
        for turns in islice(_turns(planned, self._rng), _SERIAL):
            session, result = play(run, way, Looking.LAST)
            commands = in_order(session.node, planned, turns, session.binding.known)
            for command in commands if result.fits else ():
                before = session.node
                result = session.step(command)
                if result.fits and result.finding is None:
                    result = session.observe()
                if result.finding is not None:
                    taken = [step.command for step in session.steps if not step.view]
                    where = Cell(PHASE, str(before.situation), label_of(before, command))
                    report(run, where, result.finding, taken)
                    return True
                if not result.fits:
                    break
            if not result.fits:
                run.decide(cell, Status.SKIP, f"not done one after the other: {result.reason}")
                return True
        return False


def _lasting(history: History) -> Iterator[Command]:
    """Of what clients asked, what left the world as another one."""
    node = history.starts[0].node
    for command in history.taken:
        if changes(node, command):
            yield command
        node = node.permitted(command)[0].node


def _turns(planned: Contention, rng: random.Random) -> Iterator[tuple[int, ...]]:
    """Orders in which the clients may go on, each once."""
    one_by_one = [client for client, program in enumerate(planned.programs) for _ in program]
    every = math.factorial(planned.size)
    seen = {tuple(one_by_one), tuple(reversed(one_by_one))}
    yield from sorted(seen)
    for _ in range(min(every, 4 * _SERIAL)):
        drawn = tuple(rng.sample(one_by_one, len(one_by_one)))
        if drawn not in seen:
            seen.add(drawn)
            yield drawn


def _shortest(run: Run, seen: Seen) -> Iterator[Attempt]:
    """The least that may show the same: two clients with one request each, then all of them.

    By as few steps as lead to where the same meet.
    """
    way, programs = seen.way, seen.planned.programs
    node = world_after(run, way)
    firsts = combinations((program[0] for program in programs), 2)
    pairs = (((one,), (other,)) for one, other in firsts if conflicting(node, one, other))
    for chosen in (*dict.fromkeys(pairs), programs):
        yield fewest(run, (way, chosen), _meeting_as(run, (way, chosen)))


def _shorter(run: Run, seen: Seen) -> Iterator[Attempt]:
    """The same with a client, a request or steps before left out."""
    programs, way = seen.planned.programs, seen.way
    if len(programs) > 2:  # noqa: PLR2004 - one client alone is no race
        for number in range(len(programs)):
            yield way, (*programs[:number], *programs[number + 1 :])
    for number, program in enumerate(programs):
        for place in range(len(program) if len(program) > 1 else 0):
            less = (*program[:place], *program[place + 1 :])
            yield way, (*programs[:number], less, *programs[number + 1 :])
    yield from filter(_meeting_as(run, (way, programs)), fewer(run, (way, programs)))


def _meeting_as(run: Run, given: Attempt) -> Callable[[Attempt], bool]:
    """Whether the same meet after another way."""
    same = meeting(world_after(run, given[0]), given[1])
    return lambda other: meeting(world_after(run, other[0]), other[1]) == same
