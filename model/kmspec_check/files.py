"""Files: the only place where the files of a command line are named, read and written."""

import json
from collections.abc import Iterable
from pathlib import Path

from kmspec_check.conform import UsageError
from kmspec_check.expected import ExpectationError
from kmspec_check.profile import ProfileError
from kmspec_check.target import Trouble
from kmspec_check.trace import Trace, TraceError, loads

COMPLAINTS = (UsageError, ExpectationError, ProfileError, TraceError, Trouble)
"""What the checker raises when it is called wrongly or has nothing to check; one line each."""

LATER = ("junit", "html", "markdown", "badge")
"""Report formats that are not offered yet."""


def report_files(wanted: Iterable[str]) -> tuple[Path, ...]:
    """The files of reports written FORMAT=FILE; the only format is json.

    :raises UsageError: one is not written so, or cannot be written.
    """
    return tuple(_report_file(one) for one in wanted)


def _report_file(wanted: str) -> Path:
    name, _, file = wanted.partition("=")
    if not file:
        raise UsageError(f"{wanted!r} is no report; write FORMAT=FILE, such as json=report.json")
    if name in LATER:
        raise UsageError(f"--report {name} is not offered yet; use json")
    if name != "json":
        raise UsageError(f"there is no report format {name!r}; use json")
    path = Path(file)
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise UsageError(f"cannot write {file}; give a file in a folder that exists")
    return path


def write(file: Path, text: str) -> None:
    """Write a report.

    :raises UsageError: it cannot be written.
    """
    try:
        file.write_text(text, "utf-8")
    except OSError as fault:
        raise UsageError(f"cannot write {file}: {fault.strerror}; give another file") from fault


def traces(file: Path) -> tuple[Trace, ...]:
    """The traces in a file: it is one, or a JSON report with violations.

    :raises UsageError: it cannot be read, or holds none.
    :raises kmspec_check.trace.TraceError: a trace in it is damaged.
    """
    remedy = "give a file that `kmspec conform --report json=FILE` wrote"
    try:
        text = file.read_text("utf-8")
        data = json.loads(text)
    except OSError as fault:
        raise UsageError(f"cannot read {file}: {fault.strerror}; {remedy}") from fault
    except (ValueError, RecursionError) as fault:
        raise UsageError(f"{file} is not JSON; {remedy}") from fault
    if not isinstance(data, dict) or data.get("format") != "kmspec-report":
        return (loads(text),)
    found = [one["trace"] for one in data.get("violations", ()) if one.get("trace")]
    if not found:
        raise UsageError(f"{file} is a report without violations; there is nothing to replay")
    return tuple(loads(json.dumps(trace)) for trace in found)
