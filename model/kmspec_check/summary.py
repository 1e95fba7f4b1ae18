"""Summaries: the only place for what every report says of a result in the same words.

The verdict in a line, which violations count, which are told in full, and how a text that a
target wrote is kept short.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kmspec_check.cells import Decided, Status
from kmspec_check.result import Result
from kmspec_check.run import SPENT
from kmspec_check.smoke import PHASE as SMOKE
from kmspec_check.violation import Violation

CLIPPED = 2_000
"""The most characters that a report other than JSON shows of one text of a target."""


class Violated(NamedTuple):
    """One rule that is violated, and where."""

    rule: str
    level: str
    sentence: str
    reason: str
    """Why it was expected, or empty."""
    violations: tuple[Violation, ...]
    """One for each cell."""

    @property
    def told(self) -> Violation:
        """The violation that is told in full, or the first if none is."""
        return next((one for one in self.violations if one.trace), self.violations[0])


def headline(result: Result) -> str:
    """Which side failed, in one line."""
    if result.trouble:
        begun = any(one.cell.phase != SMOKE for one in result.cells)
        return f"could not {'go on' if begun else 'run'}: {result.trouble}"
    failed, errors = result.count(Status.FAIL), result.count(Status.ERROR)
    if failed:
        rules = len({violation.rule for violation in unexpected(result)})
        text = f"{rules} {plural('rule', rules)} violated, in {failed} {plural('cell', failed)}"
        return f"{text}{_so_far(result)}"
    if result.unexpected_passes:
        kept = ", ".join(result.unexpected_passes)
        return f"expected to be violated and kept: {kept}; take it off the list of expected ones"
    if errors:
        return f"could not run: {errors} {plural('cell', errors)} ended in error; 0 violations"
    if result.exit_code:
        why = f": {SPENT}" if result.out_of_time else ": no cell was held against a rule"
        return f"nothing ran{why}"
    return f"0 violations{_so_far(result)}"


def _so_far(result: Result) -> str:
    """That the check was cut short, if it was."""
    if not result.out_of_time:
        return ""
    reached = result.coverage.situations
    return f" so far: {SPENT}, {reached.reached} of {reached.total} situations reached"


def plural(word: str, count: int) -> str:
    """The word for so many of it."""
    return word if count == 1 else f"{word}s"


def unexpected(result: Result) -> tuple[Violation, ...]:
    """The violations that nobody expected."""
    expected = {rule for rule, _ in result.expected}
    return tuple(one for one in result.violations if one.rule not in expected)


def violated(result: Result) -> tuple[Violated, ...]:
    """The rules that are violated: those that nobody expected first, each in order of finding."""
    reasons, found = dict(result.expected), dict[str, list[Violation]]()
    for one in result.violations:
        found.setdefault(one.rule, []).append(one)
    rules = (
        Violated(rule, ones[0].level, ones[0].sentence, reasons.get(rule, ""), tuple(ones))
        for rule, ones in found.items()
    )
    return tuple(sorted(rules, key=lambda one: bool(one.reason)))


def identity_lines(result: Result) -> Iterator[tuple[str, str]]:
    """What was checked, by what, when: a word and what is to be said under it."""
    found = result.identity
    version = f" {found.version}" if found.version else ""
    yield "checked", f"{found.subject}{version} (profile {found.profile}, {found.endpoint_kind})"
    ours = f"kmspec {found.kmspec}, spec {found.spec}, botocore {found.botocore}"
    last = f" to {found.seed + found.seeds - 1}" if found.seeds > 1 else ""
    yield "by", f"{ours}, level {found.level}, {plural('seed', found.seeds)} {found.seed}{last}"
    if found.date:
        yield "at", found.date
    if found.command:
        yield "command", found.command


def counts(result: Result) -> str:
    """How many cells have each status, in words."""
    found = Counter(one.status for one in result.cells)
    return ", ".join(f"{found[status]} {status.word}" for status in Status if found[status])


def by_reason(cells: Iterable[Decided]) -> list[tuple[str, int]]:
    """Why cells have the status they have, the most frequent reason first."""
    return Counter(cell.reason for cell in cells).most_common()


def clipped(text: str, most: int = CLIPPED) -> str:
    """A text, its end left out if it is very long."""
    if len(text) <= most:
        return text
    return f"{text[:most]}... ({len(text) - most} more characters in the JSON report)"
