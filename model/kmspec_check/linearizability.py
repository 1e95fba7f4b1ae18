"""Linearizability: the only place that looks for an order that explains what clients saw.

It knows nothing of AWS. Requests are intervals, and a state is anything hashable of which ``take``
says where a request that was answered as it was may lead. The search is that of Wing and Gong: of
the requests that no other one precedes, any may have been first. What was reached with the same
requests done is not searched again.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

State = TypeVar("State", bound=Hashable)

MOST = 50_000
"""The most states that are looked at; a history that needs more is not decided."""


class Undecided(Exception):
    """There are too many states to look at."""


class Interval(NamedTuple):
    """When a request was made and when it was answered, on any scale that all requests share."""

    called: int
    answered: int

    def precedes(self, other: "Interval") -> bool:
        """Whether it was answered before the other was made."""
        return self.answered < other.called


def overlapping(intervals: Iterable[Interval]) -> bool:
    """Whether any two of them are not one after the other."""
    last = -1
    for one in sorted(intervals):
        if one.called <= last:
            return True
        last = max(last, one.answered)
    return False


def ends(
    intervals: Sequence[Interval],
    starts: Iterable[State],
    take: Callable[[State, int], Iterable[State]],
) -> Mapping[State, tuple[int, ...]]:
    """Every state that may be left behind, each with an order of the requests that leads there.

    Empty when no order explains what was answered.

    :raises Undecided: there are too many states.
    """
    before = _before(intervals)
    every = (1 << len(intervals)) - 1
    found: dict[State, tuple[int, ...]] = {}
    stack: list[tuple[int, State, tuple[int, ...]]] = [(0, start, ()) for start in starts]
    seen = {(done, state) for done, state, _ in stack}
    while stack:
        done, state, order = stack.pop()
        if done == every:
            found.setdefault(state, order)
            continue
        for number in _next(before, done):
            for after in take(state, number):
                reached = (done | 1 << number, after)
                if reached not in seen:
                    seen.add(reached)
                    stack.append((*reached, (*order, number)))
        if len(seen) > MOST:
            raise Undecided
    return found


def orders(intervals: Sequence[Interval]) -> Iterator[tuple[int, ...]]:
    """Every order in which no request comes before one that precedes it."""
    yield from _extended(_before(intervals), (), 0)


def _extended(
    before: Sequence[int], order: tuple[int, ...], done: int
) -> Iterator[tuple[int, ...]]:
    if len(order) == len(before):
        yield order
    for number in _next(before, done):
        yield from _extended(before, (*order, number), done | 1 << number)


def _before(intervals: Sequence[Interval]) -> tuple[int, ...]:
    """For each request those that precede it, as bits."""
    return tuple(
        sum(1 << number for number, other in enumerate(intervals) if other.precedes(one))
        for one in intervals
    )


def _next(before: Sequence[int], done: int) -> Iterator[int]:
    """The requests that may come next when these are done."""
    for number, needed in enumerate(before):
        if not done >> number & 1 and needed & ~done == 0:
            yield number
