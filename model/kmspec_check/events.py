"""Events: the only place that says what a run tells while it goes on.

The checker emits; progress bars and logs listen. None of them changes the result.
"""

from collections.abc import Callable
from typing import NamedTuple

from kmspec_check.cells import Cell, Status
from kmspec_check.violation import Violation


class PhaseStarted(NamedTuple):
    """A phase begins; ``total`` is how many cells or transitions it means to try, if known."""

    phase: str
    total: int | None


class CellDecided(NamedTuple):
    """A cell has a status, which can still be raised."""

    cell: Cell
    status: Status


class Progressed(NamedTuple):
    """So much of a phase is done."""

    phase: str
    done: int


class ViolationFound(NamedTuple):
    """A violation, confirmed."""

    violation: Violation


class PhaseEnded(NamedTuple):
    """A phase is over; ``stopped`` says why it ended early, if it did."""

    phase: str
    steps: int
    seconds: float
    stopped: str = ""


Event = PhaseStarted | CellDecided | Progressed | ViolationFound | PhaseEnded
PROGRESS = (PhaseStarted, Progressed, PhaseEnded)
"""Events that say how far a run is, not what it found."""
Listener = Callable[[Event], None]


def silent(_: Event) -> None:
    """Listens to nothing."""
