"""Durable storage: the only place that says when what was done is safe.

A request is answered when all that it and those before it changed is on disk. While one
transaction is written, the next collects what is done meanwhile: under load a transaction
holds many requests, always whole ones.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final

from kmspec_impl.storage import database, rows, sealing
from kmspec_impl.storage.database import Database, Written
from kmspec_impl.storage.faults import DataError, LostError
from kmspec_impl.storage.journal import Changes, Journal, Place
from kmspec_impl.storage.sealing import Sealer, data_key
from kmspec_impl.storage.tables import Answer, RowT, Table
from kmspec_impl.tracebacks import places

_LOG: Final = logging.getLogger(__name__)
_STOPPED: Final = 2


class Durable:
    """A :class:`kmspec_impl.storage.tables.Storage` that outlives the process.

    :raises DataError: the directory cannot be used.
    """

    before_commit: Callable[[], None] | None = None
    when_lost: Callable[[], None] | None = None

    def __init__(self, directory: Path) -> None:
        _require_database(directory)
        self._database = Database(directory)
        self._journal = Journal()
        try:
            self.fresh = self._database.fresh
            """Whether nothing was ever kept there."""
            self._sealer = Sealer(data_key(directory, fresh=self.fresh))
            self._read()
        except DataError:
            self._database.close()
            raise
        self._writer = ThreadPoolExecutor(1, "storage")
        self._writing = False
        self._pending: Future[None] | None = None
        """What is being written, or was written last."""
        self._for_this: list[Answer] = []
        """Answers that what is being written now makes safe."""
        self._for_next: list[Answer] = []

    def _read(self) -> None:
        self._kept: defaultdict[tuple[str, str], list[bytes]] = defaultdict(list)
        for place, content in self.contents():
            self._kept[place.kind, place.owner].append(content)

    def table(self, kind: type[RowT], owner: str) -> Table[RowT]:
        """The rows of one kind that somebody has.

        :raises DataError: this kmspec has no such rows.
        """
        written = self._kept.pop((kind.__name__, owner), ())
        try:
            kept = [rows.from_bytes(kind, one) for one in written]
        except ValueError:  # its text shows what is in the row
            what = f"{self._database.directory} has a {kind.__name__} that this kmspec cannot read"
            raise DataError(what, "use the kmspec that wrote it") from None
        return Table(kept, self._journal.of(kind.__name__, owner))

    def contents(self) -> Iterator[tuple[Place, bytes]]:
        """Every row as it was written, in the order of writing.

        :raises DataError: they cannot be read.
        """
        for place, sealed in self._database.read():
            yield place, self._sealer.open(sealed, _name(place))

    def fill(self, contents: Iterable[tuple[Place, bytes]]) -> None:
        """Write rows into a directory that nobody has asked for a table.

        :raises LostError: nothing was written.
        """
        self._database.write(
            Written(place, self._sealer.seal(content, _name(place))) for place, content in contents
        )

    def owners(self) -> Iterable[str]:
        """Who has rows that nobody has asked for yet."""
        return tuple(dict.fromkeys(owner for _, owner in self._kept))

    def when_safe(self, answer: Answer) -> None:
        """Let the running event loop call ``answer`` once nothing done so far can be lost."""
        if self._journal.changes:
            self._for_next.append(answer)
            if not self._writing:
                self._writing = True
                asyncio.get_running_loop().call_soon(self._begin)
        elif self._writing:
            self._for_this.append(answer)
        else:
            asyncio.get_running_loop().call_soon(answer, True)  # noqa: FBT003 - its only argument

    def commit(self) -> None:
        """Return when all that was done is on disk; for a caller without an event loop.

        :raises LostError: it could not be written, and is undone.
        """
        if not self._journal.changes:
            return
        try:
            self._write(self._taken())
        except Exception as error:
            self._lose(error)
            raise

    def close(self) -> None:
        """Write what there is to write, and let another process have the directory.

        :raises LostError: it could not be written.
        """
        self._writer.shutdown()
        try:
            if self._pending is not None:
                self._pending.result()  # what came after it is worth nothing without it
            changes = self._taken()
            if changes:
                self._write(changes)
        finally:
            self._database.close()

    def abandon(self) -> None:
        """End as a process does that is killed: what was not committed is gone."""
        self._writer.shutdown()
        self._database.close()

    def _begin(self) -> None:
        """Write what has been collected, in a thread."""
        self._for_this, self._for_next = [*self._for_this, *self._for_next], []
        self._pending = self._writer.submit(self._write, self._taken())
        asyncio.wrap_future(self._pending).add_done_callback(self._done)

    def _done(self, writing: "asyncio.Future[None]") -> None:
        error = writing.exception()
        answers, self._for_this = self._for_this, []
        if error is not None:
            answers, self._for_next = [*answers, *self._for_next], []
            self._lose(error)
        self._writing = bool(self._journal.changes)
        if self._writing:
            self._begin()
        for answer in answers:
            answer(error is None)

    def _taken(self) -> Changes:
        if self.before_commit is not None:
            self.before_commit()
        return self._journal.take()

    def _write(self, changes: Changes) -> None:
        self._database.write(
            Written(
                place,
                None if row is None else self._sealer.seal(rows.to_bytes(row), _name(place)),
                anew,
            )
            for place, (row, anew) in changes.items()
        )

    def _lose(self, error: BaseException) -> None:
        """Go back to what is on disk."""
        if isinstance(error, LostError):
            _LOG.error("kmspec: %s; what was asked for is undone and refused: make room", error)
        else:
            _LOG.error("kmspec: a defect; what was asked for is undone:\n%s", places(error))
        self._journal.take()
        self._pending = None
        try:
            self._read()
        except DataError as worse:
            _LOG.critical("kmspec: %s; nothing can be answered any more, so it stops", worse.what)
            raise SystemExit(_STOPPED) from worse
        if self.when_lost is not None:
            self.when_lost()


def _require_database(directory: Path) -> None:
    """Refuse a directory whose database is gone: where there is a key, it was made before.

    :raises DataError: so it is.
    """
    key, file = directory / sealing.FILE_NAME, directory / database.FILE_NAME
    with suppress(OSError):  # what is wrong there is said when it is opened
        if key.exists() and not (file.exists() and file.stat().st_size):
            what = f"{directory} has a key, and what was kept under it is gone"
            raise DataError(what, f"put {file} back, or remove {key} to begin anew")


def _name(place: Place) -> str:
    return "\0".join(place)
