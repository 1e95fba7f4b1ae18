"""Workers: the only place that says how pieces of work are handed out, wherever they are done.

A work is a function that can be pickled. Each of its pieces is answered exactly once, in any
order: when a worker is lost, what it had is done again elsewhere.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from kmspec_check.target import Trouble

Piece = TypeVar("Piece")
Done = TypeVar("Done")
Work = Callable[[Piece], Done]
Spread = Callable[[Sequence[Piece]], Iterator[tuple[int, Done]]]
"""Does pieces of a work: the position of each and what came of it, as it comes."""
MOST_LOSSES = 3
"""So many workers lost in a row, and nothing done meanwhile: it is the work that ends them."""


class Workers(Protocol):
    """Those who work."""

    @property
    def several(self) -> bool:
        """Whether they work at the same time."""

    @property
    def here(self) -> bool:
        """Whether they are on this machine, whose clock tells them the time."""

    def doing(self, work: Work[Piece, Done]) -> AbstractContextManager[Spread[Piece, Done]]:
        """Have a work done; at the end of the context nobody works on it any more.

        :raises Trouble: there is nobody, or nobody is left.
        """


class Alone:
    """This process, which does one piece after the other."""

    several = False
    here = True

    @contextlib.contextmanager
    def doing(self, work: Work[Piece, Done]) -> Iterator[Spread[Piece, Done]]:
        """Have a work done here."""

        def each(pieces: Sequence[Piece]) -> Iterator[tuple[int, Done]]:
            for number, piece in enumerate(pieces):
                yield number, work(piece)

        yield each


def lost(what: str) -> Trouble:
    """That workers end whenever they do a work."""
    return Trouble(
        f"{what} ended {MOST_LOSSES} times and nothing was done meanwhile",
        "look for the reason there, such as too little memory, or have fewer workers",
    )


def in_order(done: Iterator[tuple[int, Done]]) -> Iterator[Done]:
    """What came of each piece, in the order of the pieces."""
    waiting: dict[int, Any] = {}
    due = 0
    for number, one in done:
        waiting[number] = one
        while due in waiting:
            yield waiting.pop(due)
            due += 1
