"""Results of small checks, each made once: the only place that makes them for tests of reports."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from kmspec_check.cells import Cell, Decided, Status
from kmspec_check.conform import conform
from kmspec_check.result import Result
from kmspec_impl.embedded import Embedded
from tests.helpers.machine import explored
from tests.unit.check.support import Altered, Answer

HOSTILE: Final = (
    "</script><script>alert(1)</script><img src=x onerror=alert(1)>&lt;\"'| a | b |\n\n# No\n"
    "```\n</details>[x](javascript:alert(1)) ]]> {{ 7 * 7 }} \x00\x1b[31m\ufffe\ud800 \u202e\u2028`"
)
"""What breaks out of a script, an attribute, a table, a code block, XML, a terminal or a line."""
ONLY: Final = ("matrix", "usage")
COMMAND: Final = "kmspec conform --only matrix --only usage"
NOW: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def spiteful(operation: str, _: Mapping[str, Any], answer: Answer) -> Answer:
    """Answer GetKeyLastUsage with what reports must not take for anything but text."""
    status, body = answer
    if operation != "GetKeyLastUsage":
        return answer
    if status == 200:
        return status, {**body, "KeyId": HOSTILE}
    return status, {"__type": HOSTILE, "message": HOSTILE}


@cache
def clean() -> Result:
    """Nothing is wrong."""
    return conform(Embedded(), only=ONLY, explored=explored(), now=NOW, command=COMMAND)


@cache
def hostile() -> Result:
    """Violations, and what was answered is :data:`HOSTILE`."""
    return conform(
        Altered(spiteful), only=ONLY, explored=explored(), now=NOW, command=f"{COMMAND} {HOSTILE}"
    )


@cache
def expected() -> Result:
    """The same violations, each expected."""
    found = hostile()
    rules = dict.fromkeys((one.rule for one in found.violations), f"known {HOSTILE}")
    return _expecting(found, rules)


def _expecting(found: Result, rules: Mapping[str, str]) -> Result:
    cells = tuple(
        one._replace(status=Status.EXPECTED_FAIL) if one.status is Status.FAIL else one
        for one in found.cells
    )
    return found._replace(cells=cells, expected=tuple(rules.items()))


@cache
def troubled() -> Result:
    """The check could not run."""

    class Absent:
        """Nobody is there."""

        def call(self, *_: object, **__: object) -> Answer:
            """Answer nothing that is an answer."""
            return 500, {}

    return conform(Absent(), explored=explored(), now=NOW)


@cache
def large() -> Result:
    """As many cells as a run of everything has, and more that is wrong than anybody has met."""
    found = hostile()
    told = next(one for one in found.violations if one.trace)
    cells = [
        Decided(
            Cell("matrix", f"AWS_KMS key Enabled, with {situation} more of it", probe.cell.probe),
            Status(2 + (number + situation) % 5),
            "",
            (f"rule/{number}",),
        )
        for situation in range(380)
        for number, probe in enumerate(found.cells[:88] + found.cells[-22:])
    ]
    wrong = [one.cell for one in cells if one.status is Status.FAIL][:5000]
    violations = tuple(
        told._replace(
            rule=f"rule/{number % 300}",
            cell=cell,
            observed=(f"{number} {'long ' * 2000}",),
            trace=told.trace if number < 300 else None,
        )
        for number, cell in enumerate(wrong)
    )
    return found._replace(cells=tuple(cells), violations=violations)
