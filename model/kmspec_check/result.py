"""Results: the only place that says what a check found and what its exit code is.

One value from which every report derives.
"""

from typing import NamedTuple

from kmspec_check.cells import Decided, Status
from kmspec_check.run import SPENT
from kmspec_check.smoke import PHASE as SMOKE
from kmspec_check.tour import Missed
from kmspec_check.violation import Violation


class Identity(NamedTuple):
    """What was checked, by what, when."""

    subject: str
    endpoint_kind: str
    """``embedded`` or ``http``."""
    profile: str
    version: str
    """Of the target, as it or its user says; empty when nobody does."""
    kmspec: str
    botocore: str
    spec: str
    """A digest of the rules that were held against the target."""
    seed: int
    seeds: int
    """How many seeds were done, ``seed`` and those after it."""
    level: str
    date: str
    """ISO 8601, or empty when nobody said what time it is."""
    command: str


class Counted(NamedTuple):
    """So many out of so many, and which were not reached."""

    reached: int
    total: int
    missing: tuple[str, ...]


class Coverage(NamedTuple):
    """What the run came by, out of known totals."""

    rules: Counted
    situations: Counted
    transitions: Counted
    missed_transitions: tuple[Missed, ...]
    unsupported_transitions: int
    silent: tuple[str, ...]
    """Rules where the documents leave the answer open, and that were met."""


class PhaseDone(NamedTuple):
    """One phase that ran."""

    name: str
    steps: int
    seconds: float
    stopped: str
    """Why it ended early, or empty."""


NOTHING_FOUND = 2
"""The exit code of a check that could not run, or in which nothing ran."""


class Result(NamedTuple):
    """What a check found."""

    identity: Identity
    phases: tuple[PhaseDone, ...]
    cells: tuple[Decided, ...]
    violations: tuple[Violation, ...]
    expected: tuple[tuple[str, str], ...]
    """The rules expected to be violated, and why."""
    unexpected_passes: tuple[str, ...]
    coverage: Coverage
    steps: int
    seconds: float
    trouble: str = ""
    """Why the check could not run at all, or empty."""

    def count(self, status: Status) -> int:
        """How many cells have a status."""
        return sum(decided.status is status for decided in self.cells)

    @property
    def exit_code(self) -> int:
        """0 no violation, 1 violations or unexpected passes, 2 could not run or nothing ran."""
        if self.trouble:
            return NOTHING_FOUND
        if self.count(Status.FAIL) or self.count(Status.UNEXPECTED_PASS):
            return 1
        return 0 if self.ran and not self.count(Status.ERROR) else NOTHING_FOUND

    @property
    def ran(self) -> bool:
        """Whether anything was held against a rule; that operations are known is none."""
        return any(
            Status.PASS <= one.status < Status.ERROR and one.cell.phase != SMOKE
            for one in self.cells
        )

    @property
    def out_of_time(self) -> bool:
        """Whether the budget ended the check."""
        return any(phase.stopped == SPENT for phase in self.phases)
