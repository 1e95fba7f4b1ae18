"""The Markdown report: the only place that writes a result as the summary of a CI job.

It stays far below what a job summary may hold. Whatever a target answered is in it as text:
outside of code blocks each sign that could mean something is a character reference, and a code
block is fenced by more backticks than it contains.
"""

import re
from collections.abc import Iterator
from typing import Final

from kmspec_check.cells import Status
from kmspec_check.result import Counted, Result
from kmspec_check.summary import (
    Violated,
    by_reason,
    clipped,
    headline,
    identity_lines,
    plural,
    violated,
)
from kmspec_check.tour import reasons
from kmspec_check.violation import lines

MOST_BYTES: Final = 256 * 1024
"""The most that the report takes; GitHub's job summaries hold 1 MiB for a step."""
_MOST_ROWS: Final = 200
_MOST_REASONS: Final = 10
_MEANS_SOMETHING: Final = re.compile(r"[^\w\s.,()+/='%?-]|_")
_BREAKS: Final = re.compile(r"\s+")
_ROOM_FOR_THE_END: Final = 16 * 1024


def dumps(result: Result) -> str:
    """The Markdown report."""
    text = "\n".join([*_head(result), *_rules(result)]) + "\n"
    end = "\n".join(_unreached(result)) + "\n"
    room = MOST_BYTES - _ROOM_FOR_THE_END - len(text.encode("utf-8", "replace"))
    left_out = 0
    for one in violated(result):
        told = "\n".join(_details(one)) + "\n"
        size = len(told.encode("utf-8", "replace"))
        if left_out or size > room:
            left_out += 1
            continue
        text += told
        room -= size
    if left_out:
        more = f"{left_out} more {plural('rule', left_out)}"
        text += f"\nThere was no room for {more}; the HTML and JSON reports have them.\n"
    return text + end


def _text(text: str) -> str:
    """A text that Markdown shows as it is, on one line."""
    plain = _BREAKS.sub(" ", clipped(text))
    return _MEANS_SOMETHING.sub(lambda one: f"&#{ord(one[0])};", plain)


def _row(*cells: object) -> str:
    return f"| {' | '.join(_text(str(cell)) for cell in cells)} |"


def _table(*names: str) -> Iterator[str]:
    yield ""
    yield _row(*names)
    yield "|" + " --- |" * len(names)


def _head(result: Result) -> Iterator[str]:
    yield f"## kmspec: {_text(headline(result))}"
    yield from _table("", "")
    yield from (_row(*line) for line in identity_lines(result))
    if not result.cells:
        return
    seen = [status for status in reversed(Status) if result.count(status)]
    yield from _table("phase", *(status.word for status in seen), "steps", "seconds", "stopped")
    for phase in result.phases:
        of = [one.status for one in result.cells if one.cell.phase == phase.name]
        found = [of.count(status) for status in seen]
        yield _row(phase.name, *found, phase.steps, f"{phase.seconds:.1f}", phase.stopped)
    coverage = result.coverage
    yield from _table("coverage", "reached", "of")
    for name in ("rules", "situations", "transitions"):
        counted: Counted = getattr(coverage, name)
        yield _row(name, counted.reached, counted.total)


def _rules(result: Result) -> Iterator[str]:
    rules = violated(result)
    if not rules:
        return
    yield ""
    yield "### Rules violated"
    yield from _table("rule", "level", "cells", "expected")
    for one in rules[:_MOST_ROWS]:
        yield _row(one.rule, one.level, len(one.violations), one.reason or "no")
    if len(rules) > _MOST_ROWS:
        yield ""
        yield f"and {len(rules) - _MOST_ROWS} more"
    yield ""


def _details(rule: Violated) -> Iterator[str]:
    """A violation in full, closed until it is opened."""
    block = "\n".join(clipped(line) for line in lines(rule.told))
    longest = max((len(run) for run in re.findall("`+", block)), default=0)
    fence = "`" * max(3, longest + 1)
    expected = f", expected: {_text(rule.reason)}" if rule.reason else ""
    yield f"<details><summary>{_text(rule.rule)}: {_text(rule.sentence)}{expected}</summary>"
    yield ""
    yield f"{fence}text"
    yield block
    yield fence
    yield ""
    yield "</details>"
    yield ""


def _unreached(result: Result) -> Iterator[str]:
    """What nothing is said of, and why."""
    for status in (Status.ERROR, Status.SKIP, Status.UNSUPPORTED):
        found = by_reason(one for one in result.cells if one.status is status)
        yield from _counted(status.word, "cells", found)
    missed = reasons(result.coverage.missed_transitions).most_common()
    yield from _counted("transitions not taken", "transitions", missed)


def _counted(title: str, what: str, found: list[tuple[str, int]]) -> Iterator[str]:
    if not found:
        return
    yield ""
    yield f"<details><summary>{title}: {sum(count for _, count in found)} {what}</summary>"
    yield from _table(what, "why")
    yield from (_row(count, reason) for reason, count in found[:_MOST_REASONS])
    if len(found) > _MOST_REASONS:
        yield _row("", f"and {len(found) - _MOST_REASONS} more reasons")
    yield ""
    yield "</details>"
