"""All that is kept, as a whole: the only place that exports, imports and empties it."""

import json
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from kmspec_impl import integrity
from kmspec_impl.emulator import KINDS
from kmspec_impl.storage import database, rows, sealing
from kmspec_impl.storage.database import Database
from kmspec_impl.storage.faults import DataError, LostError
from kmspec_impl.storage.journal import Place
from kmspec_impl.storage.places import Where, clear, opened
from kmspec_impl.storage.tables import Row

FORMAT: Final = "kmspec-data-1"
_OWNER_ONLY: Final = 0o600


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: str
    owner: str
    id: str
    row: dict[str, Any]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")

    format: str
    rows: list[_Entry]


def export(place: Where, file: Path) -> int:
    """Write all rows, secrets among them in the clear, to a new file of its owner's; how many.

    :raises DataError: they cannot be read, or the file not be written.
    """
    if isinstance(place, Path):
        require(place)
    with closing(opened(place)) as storage:
        entries = [
            _Entry(**row._asdict(), row=json.loads(content)[0])
            for row, content in storage.contents()
        ]
    document = _Document(format=FORMAT, rows=entries)
    _write(file, document.model_dump_json(indent=1) + "\n")
    return len(entries)


def restore(place: Where, file: Path) -> int:
    """Fill a new directory, or a new database, with the rows of a file; how many.

    :raises DataError: there is something in it, or the file is no export.
    """
    read = dict(_checked(file, _read(file)))
    for flaw in integrity.flaws(read):
        raise _no_export(file, flaw)
    contents = [(place, rows.to_bytes(row)) for place, row in read.items()]
    try:
        with closing(opened(place)) as storage:
            if not storage.fresh:
                what = f"{storage.name} holds something already"
                remedy = "empty it with `kmspec data reset`, or name another place"
                raise DataError(what, remedy)
            storage.fill(contents)
    except LostError as cause:
        if isinstance(place, Path):
            reset(place)
        raise DataError(str(cause), "make room there") from cause
    return len(contents)


def reset(place: Where) -> None:
    """Empty a directory, its key included, or a database, whose key is nowhere in it.

    :raises DataError: it is none of ours, or in use.
    """
    if isinstance(place, str):
        clear(place)
        return
    directory = place
    require(directory)
    emptied = Database(directory)  # so that nobody else can open it before all is gone
    made = (database.FILE_NAME, *(database.FILE_NAME + end for end in ("-wal", "-shm")))
    for name in (sealing.FILE_NAME, *made, database.LOCK_NAME):
        (directory / name).unlink(missing_ok=True)
    emptied.close()


def require(directory: Path) -> None:
    """Refuse a directory that holds nothing of ours.

    :raises DataError: so it is.
    """
    if not (directory / database.FILE_NAME).exists():
        what = f"{directory} is no data directory of kmspec"
        raise DataError(what, "give the --data-dir of `kmspec serve`")


def _write(file: Path, text: str) -> None:
    """Write a new file whole, or none."""
    remedy = "name a new file where there is room, in a directory that you may write to"
    try:
        made = open(file, "x", encoding="utf-8", opener=_private)  # noqa: SIM115 - closed below
    except OSError as cause:
        raise DataError(f"{file} cannot be written: {cause.strerror}", remedy) from cause
    try:
        with made:
            made.write(text)
    except OSError as cause:
        file.unlink()
        raise DataError(f"{file} cannot be written: {cause.strerror}", remedy) from cause


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, _OWNER_ONLY)


def _read(file: Path) -> _Document:
    try:
        document = _Document.model_validate_json(file.read_bytes())
    except OSError as cause:
        raise DataError(f"{file} cannot be read: {cause.strerror}", "name another file") from cause
    except ValidationError as cause:
        raise _no_export(file, str(cause.errors()[0]["msg"])) from cause
    if document.format != FORMAT:
        raise _no_export(file, f"its format is {document.format[:40]!a}, not {FORMAT!r}")
    return document


def _checked(file: Path, document: _Document) -> Iterator[tuple[Place, Row]]:
    """Every row, which must be written as this kmspec would write it."""
    seen: set[Place] = set()
    for entry in document.rows:
        kind = KINDS.get(entry.kind)
        if kind is None:
            raise _no_export(file, f"there are no rows of kind {entry.kind[:40]!a}")
        place = Place(entry.kind, entry.owner, entry.id)
        told = integrity.told(place)
        try:
            row = rows.from_bytes(kind, json.dumps([entry.row]).encode())
        except ValueError as cause:
            raise _no_export(file, f"{told} is no such row") from cause
        if row.id != entry.id:
            raise _no_export(file, f"{told} has another id in its row")
        if not _same(entry.row, json.loads(rows.to_bytes(row))[0]):
            raise _no_export(
                file, f"{told} has a member that is of no such row, or of another type"
            )
        if place in seen:
            raise _no_export(file, f"{told} is there twice")
        seen.add(place)
        yield place, row


def _same(given: object, written: object) -> bool:
    """Whether what is given is what is written, but for members that have a default.

    A list may be a set, which is written in any order; that of the others comes from what is given.
    """
    if isinstance(given, dict) and isinstance(written, dict):
        return all(name in written and _same(given[name], written[name]) for name in given)
    if isinstance(given, list) and isinstance(written, list):
        in_order = len(given) == len(written) and all(map(_same, given, written))
        return in_order or (
            len(given) == len(written)
            and all(any(_same(one, other) for other in written) for one in given)
        )
    return given == written and isinstance(given, bool) is isinstance(written, bool)


def _no_export(file: Path, why: str) -> DataError:
    return DataError(f"{file} is no export of kmspec: {why}", "make one with `kmspec data export`")
