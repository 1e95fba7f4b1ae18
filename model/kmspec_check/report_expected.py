"""The file of expected violations: the only place that writes one of what a run found.

With it as `--expect` the next run is green, and stays so as long as nothing else breaks and
nothing that is listed is mended. Reasons that were given are kept; the others are to be filled in.
"""

from collections.abc import Iterator

from kmspec_check.result import Result
from kmspec_check.summary import Violated, clipped, identity_lines, plural, violated
from kmspec_check.violation import printable

UNEXPLAINED = "to be explained"
"""The reason that stands where nobody gave one yet."""
_MOST = 200


def dumps(result: Result) -> str:
    """The rules that are violated, and those that were expected to be and were not tried."""
    return "\n".join(_lines(result)) + "\n"


def _lines(result: Result) -> Iterator[str]:
    yield "# Violations that are known, for `kmspec conform --expect FILE`: a rule in a line, then"
    yield f'# why it is violated. Put the reason where "{UNEXPLAINED}" stands.'
    yield from (_comment(f"{word:<8} {said}") for word, said in identity_lines(result))
    found = violated(result)
    for one in found:
        yield ""
        yield from _seen(one)
        yield f"{one.rule} {one.reason or UNEXPLAINED}"
    gone = {one.rule for one in found} | set(result.unexpected_passes)
    untried = [(rule, reason) for rule, reason in result.expected if rule not in gone]
    if untried:
        yield ""
        yield "# expected before, and neither kept nor violated in this run"
        yield from (f"{rule} {reason}" for rule, reason in untried)


def _seen(rule: Violated) -> Iterator[str]:
    told, count = rule.told, len(rule.violations)
    yield _comment(rule.sentence)
    yield _comment(f"in {count} {plural('cell', count)}, such as {told.cell}")
    for word, texts in (("expected", told.expected), ("observed", told.observed)):
        yield from (_comment(f"{word} {text}") for text in texts[:1])


def _comment(text: str) -> str:
    """A comment of one line, whatever is in the text."""
    return "# " + printable(" ".join(clipped(text, _MOST).split()))
