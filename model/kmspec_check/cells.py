"""Cells: the only place that says what a status is and that it can only be raised.

A cell is one thing tried in one situation in one phase. Whatever happens to it, the worst
counts.
"""

from collections import Counter
from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple


class Status(IntEnum):
    """What became of a cell; the worst wins."""

    UNSUPPORTED = 0
    """The target does not offer what it takes."""
    SKIP = 1
    """It was not reached."""
    PASS = 2
    EXPECTED_FAIL = 3
    UNEXPECTED_PASS = 4
    FAIL = 5
    ERROR = 6
    """The checker or the way to the target failed, so nothing is said of the target."""

    @property
    def word(self) -> str:
        """The status as reports spell it."""
        return self.name.lower().replace("_", "-")


class Cell(NamedTuple):
    """One thing tried in one situation in one phase."""

    phase: str
    situation: str
    probe: str

    @property
    def operation(self) -> str:
        """The operation that is tried: ``Encrypt`` of ``Encrypt/dry-run@replica``."""
        return self.probe.partition("/")[0].partition("@")[0]

    def __str__(self) -> str:
        return f"{self.phase}: {self.probe} in {self.situation}"


class Decided(NamedTuple):
    """A cell, its status and why it has it, if that is not plain."""

    cell: Cell
    status: Status
    reason: str
    rules: tuple[str, ...]
    """The rules that were held against the target there, or that it violated."""


class Board:
    """The status of every cell. A status can only be raised."""

    def __init__(self) -> None:
        self._cells: dict[Cell, Decided] = {}

    def decide(
        self, cell: Cell, status: Status, reason: str = "", rules: Iterable[str] = ()
    ) -> Decided:
        """Note what became of a cell; what is not worse than before changes nothing."""
        known = self._cells.get(cell)
        if known is None or status > known.status:
            known = Decided(cell, status, reason, tuple(rules))
            self._cells[cell] = known
        return known

    def status(self, cell: Cell) -> Status | None:
        """What became of a cell so far."""
        known = self._cells.get(cell)
        return known.status if known else None

    def all(self) -> tuple[Decided, ...]:
        """Every cell, in the order they were first decided."""
        return tuple(self._cells.values())

    def counts(self) -> dict[Status, int]:
        """How many cells have each status."""
        found = Counter(decided.status for decided in self._cells.values())
        return {status: found[status] for status in Status}
