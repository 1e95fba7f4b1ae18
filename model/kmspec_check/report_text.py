"""The text report: the only place that lays out a result for people.

A short summary first, then the violations in full, then what was not reached, and the verdict
again. Rich adds colour
on a terminal; the text is the same without.
"""

from collections import Counter
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from kmspec_check.cells import Decided, Status
from kmspec_check.result import NOTHING_FOUND, Counted, Result
from kmspec_check.script_boto3 import script
from kmspec_check.script_cli import lines as cli_lines
from kmspec_check.summary import by_reason, counts, headline, identity_lines, plural, unexpected
from kmspec_check.target import Trouble
from kmspec_check.tour import reasons
from kmspec_check.violation import Violation, lines, printable

_MOST_CELLS = 8
_MOST_MISSING = 10
_COLOURS = {
    Status.PASS: "green",
    Status.FAIL: "bold red",
    Status.UNEXPECTED_PASS: "red",
    Status.ERROR: "bold magenta",
    Status.EXPECTED_FAIL: "yellow",
}


def write(result: Result, console: Console, *, scripts: bool = True) -> None:
    """Print the report; ``scripts`` adds to each violation how to reproduce it."""
    for line in report_lines(result, scripts=scripts):
        console.print(_coloured(line), soft_wrap=True)


def _coloured(line: str) -> Text:
    """One line, its statuses in colour."""
    text = Text(printable(line))
    for status, colour in _COLOURS.items():
        text.highlight_regex(rf"(?<![\w-])\d+ {status.word}(?![\w-])", colour)
    if line.startswith(("violation ", "expected violation ")):
        text.stylize("bold red")
    return text


def report_lines(result: Result, *, scripts: bool = True) -> Iterator[str]:
    """The report, line by line."""
    yield headline(result)
    yield from (f"  {word:<10} {said}" for word, said in identity_lines(result))
    if result.trouble and not result.ran:
        return
    yield from _summary(result)
    yield from _violated(result)
    yield from _told(result, scripts=scripts)
    yield from _errors(result)
    yield from _missing(result)
    if result.exit_code != NOTHING_FOUND:
        yield ""
        yield headline(result)


def concluded(result: Result) -> int:
    """The exit code of a check that found something out.

    :raises Trouble: it did not; the text is one line with the remedy.
    """
    if result.exit_code != NOTHING_FOUND:
        return result.exit_code
    if result.trouble:
        raise Trouble(headline(result))
    remedy = "give other areas to --only, or leave it out"
    if result.out_of_time:
        remedy = "give a larger --budget"
    elif result.count(Status.ERROR):
        remedy = "the report has the reasons under errors"
    raise Trouble(headline(result).replace("; ", ", "), remedy)


def _violated(result: Result) -> Iterator[str]:
    """Each violated rule in a line: its level, and in how many cells."""
    rules = Counter(violation.rule for violation in result.violations)
    levels = {violation.rule: violation.level for violation in result.violations}
    expected = {rule for rule, _ in result.expected}
    if rules:
        yield ""
        yield "rules violated"
    for rule, count in rules.items():
        known = ", expected" if rule in expected else ""
        yield f"  {rule} ({levels[rule]}): {count} {plural('cell', count)}{known}"


def _told(result: Result, *, scripts: bool) -> Iterator[str]:
    """The violations in full, the unexpected ones first; the first with its programs."""
    new, expected = unexpected(result), dict(result.expected)
    known = tuple(one for one in result.violations if one.rule in expected)
    first = True
    for title, group in (("violation", new), ("expected violation", known)):
        told = [violation for violation in group if violation.trace is not None]
        for number, violation in enumerate(told, start=1):
            yield ""
            yield f"{title} {number} of {len(told)}"
            yield from lines(violation)
            yield from _further(result, violation)
            if scripts and first:
                yield from _reproduction(violation)
            elif scripts:
                yield "  reproduce: --report json=FILE has its boto3 script, CLI lines and trace"
            first = False


def _summary(result: Result) -> Iterator[str]:
    yield f"  cells      {counts(result) or 'none'}"
    coverage = result.coverage
    yield f"  situations {_counted(coverage.situations)}"
    if any(phase.name == "tour" for phase in result.phases):
        unsupported = coverage.unsupported_transitions
        more = f", {unsupported} unsupported" if unsupported else ""
        yield f"  transitions {_counted(coverage.transitions)}{more}"
    yield f"  rules      {_counted(coverage.rules)}"
    for phase in result.phases:
        stopped = f", stopped: {phase.stopped}" if phase.stopped else ""
        yield f"  {phase.name:<10} {phase.steps} steps in {phase.seconds:.1f} s{stopped}"
    rate = result.steps / result.seconds if result.seconds else 0.0
    yield f"  in all     {result.steps} steps in {result.seconds:.1f} s, {rate:.0f} steps/s"


def _counted(counted: Counted) -> str:
    return f"{counted.reached} of {counted.total} reached"


def _further(result: Result, violation: Violation) -> Iterator[str]:
    """The other cells in which the same rule is violated."""
    cells = [
        str(other.cell)
        for other in result.violations
        if other.rule == violation.rule and other.cell != violation.cell
    ]
    if cells:
        yield f"  also in {len(cells)} other {plural('cell', len(cells))}:"
        yield from (f"    {cell}" for cell in cells[:_MOST_CELLS])
        if len(cells) > _MOST_CELLS:
            yield f"    and {len(cells) - _MOST_CELLS} more"


def _reproduction(violation: Violation) -> Iterator[str]:
    if violation.trace is None:
        return
    yield "  reproduce with boto3 (save as show.py, run: python show.py [URL]):"
    yield from (f"    {line}".rstrip() for line in script(violation.trace).splitlines())
    yield "  reproduce with the AWS CLI (save as show.sh, run: bash show.sh [URL]):"
    yield from (f"    {line}".rstrip() for line in _split(cli_lines(violation.trace)))
    yield "  replay: kmspec replay FILE, where FILE holds its trace from --report json=FILE"


def _split(lines_of: Iterator[str]) -> Iterator[str]:
    for line in lines_of:
        yield from line.splitlines()


def _errors(result: Result) -> Iterator[str]:
    errors = [cell for cell in result.cells if cell.status is Status.ERROR]
    if errors:
        yield ""
        yield "errors: nothing is said of the target there"
        yield from _by_reason(errors)


def _by_reason(cells: list[Decided]) -> Iterator[str]:
    for reason, count in by_reason(cells)[:_MOST_MISSING]:
        yield f"  {count} {plural('cell', count)}: {reason}"


def _missing(result: Result) -> Iterator[str]:
    """What was not reached, and why."""
    coverage = result.coverage
    skipped = [cell for cell in result.cells if cell.status is Status.SKIP]
    unsupported = [cell for cell in result.cells if cell.status is Status.UNSUPPORTED]
    for title, cells in (("skipped", skipped), ("unsupported", unsupported)):
        if cells:
            yield ""
            yield title
            yield from _by_reason(cells)
    if coverage.missed_transitions:
        yield ""
        yield "transitions not taken"
        for reason, count in reasons(coverage.missed_transitions).most_common(_MOST_MISSING):
            yield f"  {count}: {reason}"
    for title, counted in (("situations", coverage.situations), ("rules", coverage.rules)):
        if counted.missing:
            yield ""
            yield f"{title} not reached"
            yield from (f"  {name}" for name in counted.missing[:_MOST_MISSING])
            if len(counted.missing) > _MOST_MISSING:
                yield f"  and {len(counted.missing) - _MOST_MISSING} more (all in the JSON report)"
    if coverage.silent:
        yield ""
        yield f"the documents leave {len(coverage.silent)} answers open that were met"
