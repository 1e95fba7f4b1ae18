"""Files: the only place where the files of a command line are named, read and written."""

import errno
import json
import os
import stat
import tempfile
from pathlib import Path

from kmspec_check.conform import UsageError
from kmspec_check.expected import ExpectationError
from kmspec_check.profile import ProfileError
from kmspec_check.target import Trouble
from kmspec_check.trace import Trace, TraceError, loads
from kmspec_check.vectors import file as vectors
from kmspec_check.vectors.file import Vectors

COMPLAINTS = (UsageError, ExpectationError, ProfileError, TraceError, Trouble)
"""What the checker raises when it is called wrongly or has nothing to check; one line each."""


def writable(file: Path) -> None:
    """Find out whether a file can be written, and leave nothing behind.

    :raises UsageError: it cannot.
    """
    try:
        if file.is_dir():
            raise UsageError(f"{file} is a folder; give a file in it")
        place = file.resolve()
        if not place.parent.is_dir():
            raise UsageError(f"there is no folder {file.parent}; make it, or give another file")
        if file.exists() and not os.access(file, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if _replaceable(file):
            with tempfile.TemporaryFile(dir=place.parent):
                pass
    except OSError as fault:
        raise _unwritable(file, fault) from fault


def write(file: Path, text: str) -> None:
    """Write a file whole, or leave what was there.

    What UTF-8 has no way to hold, such as half of a surrogate pair, is written as escaped.

    :raises UsageError: it cannot be written.
    """
    content = text.encode("utf-8", "backslashreplace")
    try:
        if _replaceable(file):
            _replace(file.resolve(), content)
        else:
            file.write_bytes(content)
    except OSError as fault:
        raise _unwritable(file, fault) from fault


def _replaceable(file: Path) -> bool:
    """Whether it is a file or nothing yet; a pipe or a terminal can only be written to."""
    return file.is_file() or not file.exists()


def _replace(file: Path, content: bytes) -> None:
    """Write beside it first, then take its place."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".kmspec-")
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        beside.chmod(stat.S_IMODE(file.stat().st_mode) if file.exists() else _usual_mode())
        beside.replace(file)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _usual_mode() -> int:
    """The mode that a new file gets."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _unwritable(file: Path, fault: OSError) -> UsageError:
    return UsageError(f"cannot write {file}: {fault.strerror}; give another file")


_MADE_BY = "give a file that `kmspec conform --report json=FILE` or `kmspec vectors export` wrote"


def recorded(file: Path) -> tuple[Trace, ...] | Vectors:
    """What a file holds to be run again: a trace, those of a JSON report, or vectors.

    :raises UsageError: it cannot be read, or holds none.
    :raises kmspec_check.trace.TraceError: what is in it is damaged.
    """
    try:
        text = file.read_text("utf-8")
        data = json.loads(text)
    except OSError as fault:
        raise UsageError(f"cannot read {file}: {fault.strerror}; {_MADE_BY}") from fault
    except (ValueError, RecursionError) as fault:
        raise UsageError(f"{file} is not JSON; {_MADE_BY}") from fault
    kind = data.get("format") if isinstance(data, dict) else None
    if kind == vectors.FORMAT:
        return vectors.read(data)
    if kind != "kmspec-report":
        return (loads(text),)
    found = [one["trace"] for one in data.get("violations", ()) if one.get("trace")]
    if not found:
        raise UsageError(f"{file} is a report without violations; there is nothing to replay")
    return tuple(loads(json.dumps(trace)) for trace in found)
