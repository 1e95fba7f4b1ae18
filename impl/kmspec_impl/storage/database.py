"""The database: the only place that knows SQLite, and what the files of a data directory are.

One table holds all rows, sealed. A transaction is on disk when it has been committed: the
journal of SQLite is written ahead and synchronised each time.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from kmspec_impl.storage.faults import DataError, LostError
from kmspec_impl.storage.journal import Place, Written

FILE_NAME: Final = "state.sqlite3"
LOCK_NAME: Final = "lock"
_ANOTHER: Final = "give another --data-dir"

MIGRATIONS: Final = (
    """
    CREATE TABLE rows (
        position INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        owner TEXT NOT NULL,
        id TEXT NOT NULL,
        value BLOB NOT NULL,
        UNIQUE (kind, owner, id)
    )
    """,
)
"""What makes each version of the schema from the one before; the first one from nothing."""


class Database:
    """The files of a data directory, which belong to this process until it ends.

    :raises DataError: they cannot be used.
    """

    def __init__(self, directory: Path, migrations: tuple[str, ...] = MIGRATIONS) -> None:
        self.directory = directory
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            with ExitStack() as opened:
                opened.callback(os.close, _locked(directory))
                file = directory / FILE_NAME
                os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
                self._connection = sqlite3.connect(
                    file, isolation_level=None, check_same_thread=False
                )
                opened.callback(self._connection.close)
                self._prepare(migrations)
                self._opened = opened.pop_all()
        except (OSError, sqlite3.Error) as cause:
            raise DataError(f"{directory} cannot be used: {_reason(cause)}", _ANOTHER) from cause

    def _prepare(self, migrations: tuple[str, ...]) -> None:
        connection = self._connection
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == 0 and connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            what = f"{self.directory / FILE_NAME} is a database of another program"
            raise DataError(what, _ANOTHER)
        if version > len(migrations):
            what = f"{self.directory} was written by a later kmspec (schema {version})"
            raise DataError(what, f"use that one, or {_ANOTHER}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        for number, statement in enumerate(migrations[version:], version + 1):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        self.fresh = connection.execute("SELECT 1 FROM rows").fetchone() is None
        """Whether nothing was ever kept here."""

    def read(self) -> Iterator[tuple[Place, bytes]]:
        """All rows, in the order in which they were first written.

        :raises DataError: they cannot be read.
        """
        query = "SELECT kind, owner, id, value FROM rows ORDER BY position"
        try:
            for kind, owner, row_id, value in self._connection.execute(query):
                yield Place(kind, owner, row_id), value
        except sqlite3.Error as cause:
            raise DataError(f"{self.directory} cannot be read: {cause}", _ANOTHER) from cause

    def write(self, rows: Iterable[Written]) -> None:
        """Write all of that or nothing, and return when it is on disk.

        :raises LostError: nothing was written; the text says why.
        """
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for place, value, anew in rows:
                if value is None or anew:
                    self._connection.execute(_DELETE, place)
                if value is not None:
                    self._connection.execute(_PUT, (*place, value))
            self._connection.execute("COMMIT")
        except sqlite3.Error as cause:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise LostError(f"{self.directory} cannot be written: {_reason(cause)}") from cause

    def close(self) -> None:
        """Let another process have the directory."""
        self._opened.close()


_PUT: Final = """
INSERT INTO rows (kind, owner, id, value) VALUES (?, ?, ?, ?)
ON CONFLICT (kind, owner, id) DO UPDATE SET value = excluded.value
"""
_DELETE: Final = "DELETE FROM rows WHERE kind = ? AND owner = ? AND id = ?"


def _locked(directory: Path) -> int:
    """A file that is open and locked; the lock is gone with the process, however it ends."""
    file = directory / LOCK_NAME
    while True:
        lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as cause:
            os.close(lock)
            what = f"{directory} is in use by another kmspec"
            raise DataError(what, f"stop that one, or {_ANOTHER}") from cause
        if file.exists() and file.stat().st_ino == os.fstat(lock).st_ino:
            return lock
        os.close(lock)  # it was emptied between the two: another process locks another file


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
