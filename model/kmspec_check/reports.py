"""Reports: the only place that knows their formats, and writes those that were asked for.

Each format is a module ``report_FORMAT`` with ``dumps(result)``; it is imported when it is asked
for. What is asked for is looked at before the check begins, so that a check of minutes does not
end in a file that cannot be written.
"""

import importlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from kmspec_check import files
from kmspec_check.conform import UsageError
from kmspec_check.result import Result

FORMATS: Final = ("json", "junit", "html", "markdown", "badge")
EXPECTED: Final = "expected"
"""What `--write-expected` asks for."""


class Wanted(NamedTuple):
    """One report that was asked for."""

    format: str
    file: Path


def asked(reports: Iterable[str], expected: Path | None = None) -> tuple[Wanted, ...]:
    """The reports written FORMAT=FILE, and the file of expected violations if there is to be one.

    :raises UsageError: one is not written so, cannot be written, or is named twice.
    """
    wanted = [_read(one) for one in reports]
    if expected is not None:
        wanted.append(Wanted(EXPECTED, expected))
    seen: set[Path] = set()
    for one in wanted:
        files.writable(one.file)
        place = one.file.resolve()
        if place in seen:
            raise UsageError(f"{one.file} is to be written twice; give each report its own file")
        seen.add(place)
    return tuple(wanted)


def _read(text: str) -> Wanted:
    name, _, file = text.partition("=")
    known = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
    if not name or not file:
        raise UsageError(f"{text!r} is no report; write FORMAT=FILE, such as html=report.html")
    if name not in FORMATS:
        raise UsageError(f"there is no report format {name!r}; use {known}")
    return Wanted(name, Path(file))


def write(result: Result, wanted: Sequence[Wanted]) -> tuple[str, ...]:
    """Write the reports; what could not be written is returned as complaints, one line each."""
    complaints = []
    for one in wanted:
        if one.format == EXPECTED and result.trouble:
            complaints.append(f"{one.file} was not written, for the check could not run to its end")
            continue
        module = importlib.import_module(f"kmspec_check.report_{one.format}")
        try:
            files.write(one.file, module.dumps(result))
        except UsageError as fault:
            complaints.append(str(fault))
    return tuple(complaints)
