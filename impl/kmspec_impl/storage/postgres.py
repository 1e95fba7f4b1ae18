"""PostgreSQL: the only place that knows it, and what the tables of a shared database are.

All rows are in one table, sealed. Beside it each commit is kept for a while as it was written, by
its number, so that a process which knows an older one can follow. Whoever is about to write locks
the number of the last commit first: commits come one after another, whoever makes them.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import cbor2
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from kmspec_impl.storage.faults import DataError, LostError
from kmspec_impl.storage.journal import Place, Written

KEPT: Final = 1000
"""So many commits can be followed; who is farther behind reads everything anew."""
_SECONDS: Final = 5
"""How long a connection may take to be made."""
_ANOTHER: Final = "give another --data-url"
_OPTIONS: Final = (
    "-c lock_timeout=10s -c statement_timeout=60s -c idle_in_transaction_session_timeout=30s"
)
"""A process that was stopped while it had the lock loses it, and nobody waits for ever."""
_PREPARING: Final = 0x6B6D7370
"""The advisory lock of who makes the tables."""

MIGRATIONS: Final = (
    """
    CREATE TABLE kmspec_rows (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        kind text NOT NULL,
        owner text NOT NULL,
        id text NOT NULL,
        value bytea NOT NULL,
        UNIQUE (kind, owner, id)
    );
    CREATE TABLE kmspec_commits (number bigint PRIMARY KEY, changes bytea NOT NULL);
    CREATE TABLE kmspec_last (number bigint NOT NULL);
    INSERT INTO kmspec_last VALUES (0)
    """,
)
"""What makes each version of the schema from the one before; the first one from nothing."""


class Postgres:
    """A database that other processes use as well.

    :raises DataError: it cannot be used.
    """

    def __init__(self, url: str, migrations: tuple[str, ...] = MIGRATIONS) -> None:
        self.name = _shown(url)
        self._url = url
        self._migrations = migrations
        self._opened = ExitStack()
        try:
            self.connect()
        except LostError as cause:
            what = f"{self.name} cannot be used: {cause.__cause__ or cause}"
            raise DataError(_line(what), f"start it, or {_ANOTHER}") from cause
        except DataError:
            self.close()
            raise

    def connect(self) -> None:
        """Be connected anew.

        :raises LostError: it cannot be reached.
        :raises DataError: it is of a later version.
        """
        options = f"{_OPTIONS} {conninfo_to_dict(self._url).get('options', '')}"
        self.close()
        with self._losing():
            self._connection = psycopg.connect(
                make_conninfo(self._url, connect_timeout=_SECONDS, options=options),
                autocommit=True,
            )
            self._opened.callback(self._connection.close)
            self._prepare()

    def _prepare(self) -> None:
        with self._connection.transaction():
            self._one("SELECT pg_advisory_xact_lock(%s)", _PREPARING)
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS kmspec_schema (version integer NOT NULL)"
            )
            (version,) = self._one("SELECT coalesce(max(version), 0) FROM kmspec_schema")
            if version > len(self._migrations):
                what = f"{self.name} was written by a later kmspec (schema {version})"
                raise DataError(what, f"use that one, or {_ANOTHER}")
            for number, statement in enumerate(self._migrations[version:], version + 1):
                self._connection.execute(statement.encode())
                self._connection.execute("INSERT INTO kmspec_schema VALUES (%s)", (number,))

    def is_fresh(self) -> bool:
        """Whether nothing was ever kept here.

        :raises LostError: it cannot be read.
        """
        with self._losing():
            return self._one("SELECT NOT EXISTS (SELECT FROM kmspec_rows)")[0] is True

    def read(self) -> Iterator[tuple[Place, bytes]]:
        """All rows, in the order in which they were first written; to be asked while locked.

        :raises LostError: they cannot be read.
        """
        with self._losing():
            found = self._connection.execute(
                "SELECT kind, owner, id, value FROM kmspec_rows ORDER BY position"
            ).fetchall()
        return ((Place(*place), value) for *place, value in found)

    def last(self) -> int:
        """The number of the last commit.

        :raises LostError: it cannot be read.
        """
        with self._losing():
            return int(self._one("SELECT number FROM kmspec_last")[0])

    def lock(self) -> int:
        """Let nobody else write until :meth:`write` or :meth:`unlock`; the last commit.

        :raises LostError: it cannot be locked.
        """
        with self._losing():
            self._connection.execute("BEGIN")
            return int(self._one("SELECT number FROM kmspec_last FOR UPDATE")[0])

    def between(self, known: int, last: int) -> list[Written] | None:
        """What was written after one commit up to another; ``None`` if it is no longer kept.

        :raises LostError: it cannot be read.
        """
        if known == last:
            return []
        with self._losing():
            found = self._connection.execute(
                "SELECT changes FROM kmspec_commits WHERE number > %s AND number <= %s "
                "ORDER BY number",
                (known, last),
            ).fetchall()
        if len(found) != last - known:
            return None
        return [
            Written(Place(kind, owner, row_id), value, anew)
            for (changes,) in found
            for kind, owner, row_id, value, anew in cbor2.loads(changes)
        ]

    def holds(self, number: int, rows: Iterable[Written]) -> bool:
        """Whether the commit of that number wrote that.

        :raises LostError: it cannot be read.
        """
        with self._losing():
            return (
                self._one(
                    "SELECT EXISTS (SELECT FROM kmspec_commits WHERE number = %s AND changes = %s)",
                    number,
                    _written(rows),
                )[0]
                is True
            )

    def unlock(self) -> None:
        """Let others write, with nothing written here."""
        with self._losing():
            self._connection.execute("ROLLBACK")

    def write(self, number: int, rows: Iterable[Written], *, lasts: bool = True) -> None:
        """Write all of that as the commit of that number or nothing; locked before, not after.

        What need not last is not waited for to be on disk: the others see it all the same.

        :raises LostError: it was not written, or nobody knows; :meth:`holds` may.
        """
        changes = list(rows)
        gone = [one.place for one in changes if one.value is None or one.anew]
        there = [(*one.place, one.value) for one in changes if one.value is not None]
        with self._losing(), self._connection.pipeline():
            execute = self._connection.execute
            if not lasts:
                execute("SET LOCAL synchronous_commit TO off")
            if gone:
                execute(_DELETE, _columns(gone))
            if there:
                execute(_PUT, _columns(there))
            execute("UPDATE kmspec_last SET number = %s", (number,))
            execute("INSERT INTO kmspec_commits VALUES (%s, %s)", (number, _written(changes)))
            execute("DELETE FROM kmspec_commits WHERE number <= %s", (number - KEPT,))
            execute("COMMIT")

    def close(self) -> None:
        """Leave it to others."""
        self._opened.close()

    def _one(self, query: str, *parameters: object) -> tuple[Any, ...]:
        found: tuple[Any, ...] | None = self._connection.execute(
            query.encode(), parameters
        ).fetchone()
        if found is None:
            raise LostError(f"{self.name} holds no data of kmspec any more")
        return found

    @contextmanager
    def _losing(self) -> Iterator[None]:
        """Where something fails the connection ends, and with it what was locked."""
        try:
            yield
        except psycopg.Error as cause:
            self.close()
            raise LostError(_line(f"{self.name} does not answer: {cause}")) from cause


_PUT: Final = """
INSERT INTO kmspec_rows (kind, owner, id, value)
SELECT kind, owner, id, value
FROM unnest(%s::text[], %s::text[], %s::text[], %s::bytea[])
     WITH ORDINALITY AS given (kind, owner, id, value, place)
ORDER BY place
ON CONFLICT (kind, owner, id) DO UPDATE SET value = excluded.value
"""
_DELETE: Final = """
DELETE FROM kmspec_rows
USING unnest(%s::text[], %s::text[], %s::text[]) AS gone (kind, owner, id)
WHERE kmspec_rows.kind = gone.kind AND kmspec_rows.owner = gone.owner AND kmspec_rows.id = gone.id
"""


def _written(rows: Iterable[Written]) -> bytes:
    return cbor2.dumps([(*one.place, one.value, one.anew) for one in rows])


def _columns(rows: Iterable[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _shown(url: str) -> str:
    """Which database it is, without the password.

    :raises DataError: the URL says nothing of a database.
    """
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError as cause:
        what = "--data-url is none of PostgreSQL"
        raise DataError(what, "give postgresql://USER@HOST/DATABASE") from cause
    host, port = parts.get("host", "localhost"), parts.get("port", 5432)
    return f"the database {parts.get('dbname', '')} on {host} port {port}".replace("  ", " ")


def _line(text: str) -> str:
    """A text of several lines as one."""
    return " ".join(text.split())
