"""Results: the only place that says what a run of the benchmarks consists of.

A section is prose, tables, plots, ratios and bounds, so that the report knows of no section what
it is about.
"""

from collections.abc import Sequence
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict

Cell: TypeAlias = float | str | None
"""``None`` where there is nothing to be measured."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Table(_Value):
    """Figures side by side; the units are in the names of the columns."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


class Line(_Value):
    """One of the things that are drawn: points, or bars above the categories ``x``."""

    label: str
    x: tuple[float | str, ...]
    y: tuple[float, ...]


class Plot(_Value):
    """A picture: lines, or groups of bars."""

    name: str
    title: str
    x: str
    y: str
    lines: tuple[Line, ...]
    bars: bool = False
    points: bool = False
    """Without lines between them."""
    log_x: bool = False
    log_y: bool = False


class Ratio(_Value):
    """One thing by another, measured in the same run: what two runs can be compared by."""

    name: str
    value: float
    more_is_better: bool = True

    def worse_than(self, other: "Ratio") -> float:
        """By what part of ``other`` this one is worse; below 0 it is better."""
        change = self.value / other.value - 1
        return -change if self.more_is_better else change


class Bound(_Value):
    """A figure, and what we hold ourselves to."""

    name: str
    value: float | None
    """``None``: what it needs was not there."""
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def missed(self) -> bool:
        """Whether it was measured and is not as it should be."""
        if self.value is None:
            return False
        low = self.at_least is not None and self.value < self.at_least
        return low or (self.at_most is not None and self.value > self.at_most)

    @property
    def wanted(self) -> str:
        """What it should be."""
        if self.at_least is not None:
            return f"at least {self.at_least:,g}"
        return f"at most {self.at_most:,g}"


class Section(_Value):
    """One section of the report."""

    name: str
    title: str
    text: str
    """How it was measured, in Markdown."""
    tables: tuple[Table, ...] = ()
    plots: tuple[Plot, ...] = ()
    ratios: tuple[Ratio, ...] = ()
    bounds: tuple[Bound, ...] = ()


class Results(_Value):
    """All of a run, and on what machine it was made."""

    effort: str
    machine: tuple[tuple[str, str], ...]
    seconds: float
    sections: tuple[Section, ...]

    def ratios(self) -> dict[str, Ratio]:
        """All ratios, by name."""
        return {ratio.name: ratio for section in self.sections for ratio in section.ratios}

    def bounds(self) -> list[Bound]:
        """All bounds."""
        return [bound for section in self.sections for bound in section.bounds]


def shown(cell: Cell) -> str:
    """A figure with as many digits as mean something."""
    if cell is None:
        return "-"
    if isinstance(cell, str):
        return cell
    digits = sum(abs(cell) < bound for bound in (100, 10, 1)) if cell else 0
    return f"{cell:,.{digits}f}"


def line(label: str, x: Sequence[float | str], y: Sequence[float]) -> Line:
    """A line of figures, rounded to what is worth storing."""
    return Line(label=label, x=tuple(x), y=tuple(float(f"{value:.4g}") for value in y))
