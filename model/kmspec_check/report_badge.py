"""The badge: the only place that draws a result as a small picture for a README.

It needs no network and no font of its own: each text is fitted into a width that is computed
here.
"""

from typing import Final
from xml.sax.saxutils import escape

from kmspec_check.cells import Status
from kmspec_check.result import Result
from kmspec_check.summary import plural, unexpected

_LABEL: Final = "kmspec"
_GREEN, _AMBER, _RED, _GREY = "#257a3e", "#8f5f00", "#b3261e", "#5c6166"
_NARROW, _WIDE = frozenset(" ,.:;|'!iljtfrI1()"), frozenset("mwMW%")
_SVG: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" \
aria-label="{label}: {message}">
<title>{label}: {message}</title>
<rect width="{width}" height="20" rx="3" fill="{colour}"/>
<rect width="{left}" height="20" rx="3" fill="#3d4147"/>
<rect x="{middle}" width="{middle}" height="20" fill="#3d4147"/>
<g fill="#fff" text-anchor="middle" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" \
font-size="11">
<text x="{label_at}" y="14" textLength="{label_length}">{label}</text>
<text x="{message_at}" y="14" textLength="{message_length}">{message}</text>
</g>
</svg>
"""


def dumps(result: Result) -> str:
    """The badge, as SVG."""
    message, colour = _message(result)
    label_length, message_length = _length(_LABEL), _length(message)
    left, right = label_length + 10, message_length + 10
    return _SVG.format(
        width=left + right,
        left=left,
        middle=left / 2,
        colour=colour,
        label=_LABEL,
        label_at=left / 2,
        label_length=label_length,
        message=escape(message),
        message_at=left + right / 2,
        message_length=message_length,
    )


def _message(result: Result) -> tuple[str, str]:
    """What the badge says, and its colour."""
    if result.trouble or result.exit_code not in (0, 1):
        return "could not run", _GREY
    rules = len({violation.rule for violation in unexpected(result)})
    if rules:
        return f"{rules} {plural('rule', rules)} violated", _RED
    if result.unexpected_passes:
        return "list of expected violations is out of date", _AMBER
    expected = len({violation.rule for violation in result.violations})
    known = f", {expected} expected" if expected else ""
    reached = result.coverage.rules
    share = f" | {100 * reached.reached // reached.total}% of rules" if reached.total else ""
    colour = _AMBER if expected or result.out_of_time or result.count(Status.ERROR) else _GREEN
    return f"0 violations{known}{share}", colour


def _length(text: str) -> int:
    """About how wide a text is at 11 pixels, in whole pixels."""
    return sum(4 if one in _NARROW else 10 if one in _WIDE else 7 for one in text)
