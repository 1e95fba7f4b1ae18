"""Data directories as a whole: the only place that exports, imports and empties them."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from kmspec_impl.emulator import KINDS
from kmspec_impl.storage import database, rows, sealing
from kmspec_impl.storage.database import Database
from kmspec_impl.storage.durable import Durable
from kmspec_impl.storage.faults import DataError, LostError
from kmspec_impl.storage.journal import Place

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


def export(directory: Path, file: Path) -> int:
    """Write all rows, secrets among them in the clear, to a new file of its owner's; how many.

    :raises DataError: the directory cannot be read, or the file not be written.
    """
    require(directory)
    durable = Durable(directory)
    try:
        entries = [
            _Entry(**place._asdict(), row=json.loads(content)[0])
            for place, content in durable.contents()
        ]
    finally:
        durable.close()
    document = _Document(format=FORMAT, rows=entries)
    _write(file, document.model_dump_json(indent=1) + "\n")
    return len(entries)


def restore(directory: Path, file: Path) -> int:
    """Fill a new directory with the rows of a file; how many.

    :raises DataError: there is something in the directory, or the file is no export.
    """
    document = _read(file)
    contents = list(_checked(file, document))
    if (directory / database.FILE_NAME).exists():
        what = f"{directory} holds something already"
        raise DataError(what, "empty it with `kmspec data reset`, or give another --data-dir")
    durable = Durable(directory)
    try:
        durable.fill(contents)
    except LostError as cause:
        durable.close()
        reset(directory)
        raise DataError(str(cause), "make room there") from cause
    durable.close()
    return len(contents)


def reset(directory: Path) -> None:
    """Empty a directory, its key included.

    :raises DataError: it is none of ours, or in use.
    """
    require(directory)
    Database(directory).close()
    made = (database.FILE_NAME, *(database.FILE_NAME + end for end in ("-wal", "-shm")))
    for name in (*made, sealing.FILE_NAME, database.LOCK_NAME):
        (directory / name).unlink(missing_ok=True)


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
        raise _no_export(file, f"its format is {document.format!r}, not {FORMAT!r}")
    return document


def _checked(file: Path, document: _Document) -> Iterator[tuple[Place, bytes]]:
    seen: set[Place] = set()
    for entry in document.rows:
        kind = KINDS.get(entry.kind)
        if kind is None:
            raise _no_export(file, f"there are no rows of kind {entry.kind!r}")
        written = json.dumps([entry.row]).encode()
        try:
            row = rows.from_bytes(kind, written)
        except ValueError as cause:
            raise _no_export(file, f"{entry.kind} {entry.id} is no such row") from cause
        if row.id != entry.id:
            raise _no_export(file, f"{entry.kind} {entry.id} has another id in its row")
        place = Place(entry.kind, entry.owner, entry.id)
        if place in seen:
            raise _no_export(file, f"{entry.kind} {entry.id} of {entry.owner} is there twice")
        seen.add(place)
        yield place, rows.to_bytes(row)


def _no_export(file: Path, why: str) -> DataError:
    return DataError(f"{file} is no export of kmspec: {why}", "make one with `kmspec data export`")
