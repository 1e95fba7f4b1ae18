"""Joint storage: the only place that lets several processes have one state.

Each process has all of it in memory, and the database says what the others have changed. Requests
are handled in turns. A turn asks the database for news first, follows them, and handles its
requests on what is then known to be current; those that only read are answered at once. One that
is about to change something is stopped before it has, and is handled once more in the second half
of the turn, while nobody else can write; it is answered when that is committed.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, Final, NamedTuple

from kmspec_impl.storage.faults import DataError, LostError
from kmspec_impl.storage.journal import Changes, Journal, Place, Reading, Written
from kmspec_impl.storage.kept import Kept, opened
from kmspec_impl.storage.postgres import Postgres
from kmspec_impl.storage.sealing import Sealer, data_key
from kmspec_impl.storage.tables import Answer, Ask, RowT, Table
from kmspec_impl.tracebacks import places

_LOG: Final = logging.getLogger(__name__)
_AGAIN: Final = "see that it runs, and try again"


class _News(NamedTuple):
    """What others have done since the last commit known here: ``number`` is the last one now."""

    number: int
    changes: list[Written]
    kept: Kept | None = None
    """All there is, where the single changes are not known."""


def clear(url: str) -> None:
    """Delete every row of a database; who uses it finds nothing any more then.

    :raises DataError: it cannot be used, and nothing was deleted.
    """
    with closing(Postgres(url)) as database:
        try:
            number = database.lock() + 1
            database.write(number, [Written(place, None) for place, _ in database.read()])
        except LostError as cause:
            raise DataError(str(cause), _AGAIN) from cause


class Joint:
    """A :class:`kmspec_impl.storage.tables.Storage` in a database that others use as well.

    Nobody else can write until the first :meth:`commit`.

    :raises DataError: the database cannot be used.
    """

    seconds_behind = 1.0
    when_lost: Callable[[], None] | None = None
    when_followed: Callable[[], None] | None = None

    def __init__(self, url: str) -> None:
        self._journal = Journal()
        self._tables: dict[tuple[str, str], tuple[type[Any], Table[Any]]] = {}
        self._passing: set[str] = set()
        self._waiting: list[Ask] = []
        self._answers: list[Answer] = []
        """Of requests whose changes are not written yet."""
        self._turns: asyncio.Task[None] | None = None
        self._database = Postgres(url)
        self.name = self._database.name
        """Which database it is, for people."""
        try:
            self._number = self._database.lock()
            self.fresh = self._database.is_fresh()
            """Whether nothing was ever kept there."""
            self._sealer = Sealer(data_key(None, fresh=self.fresh))
            self._kept = Kept(self.contents())
        except LostError as cause:
            self._database.close()
            raise DataError(str(cause), _AGAIN) from cause
        except DataError:
            self._database.close()
            raise
        self._current = self._locked = True
        self._thread = ThreadPoolExecutor(1, "storage")

    def table(self, kind: type[RowT], owner: str) -> Table[RowT]:
        """The rows of one kind that somebody has."""
        note = self._journal.of(kind.__name__, owner)
        table = Table(self._kept.take(kind, owner), note)
        self._tables[kind.__name__, owner] = kind, table
        return table

    def passing(self, kind: type[RowT], owner: str) -> Table[RowT]:
        """The same; what changes nothing else is not waited for to be on disk."""
        self._passing.add(kind.__name__)
        return self.table(kind, owner)

    def contents(self) -> Iterator[tuple[Place, bytes]]:
        """Every row as it was written, in the order of writing.

        :raises DataError: they were written with another key.
        :raises LostError: they cannot be read.
        """
        return self._sealer.contents(self._database.read())

    def fill(self, contents: Iterable[tuple[Place, bytes]]) -> None:
        """Write rows into a database that nobody has asked for a table.

        :raises LostError: nothing was written.
        """
        self._number += 1
        self._locked = False
        self._database.write(
            self._number,
            [Written(place, self._sealer.seal(content, place)) for place, content in contents],
        )

    def owners(self) -> Iterable[str]:
        """Who has rows that nobody has asked for yet."""
        return self._kept.owners()

    def when_current(self, ask: Ask) -> None:
        """Have a request handled in the next turn."""
        self._waiting.append(ask)
        if self._turns is None or self._turns.done():
            self._turns = asyncio.get_running_loop().create_task(self._take_turns())

    def when_safe(self, answer: Answer) -> None:
        """Let the running event loop call ``answer`` once nothing done so far can be lost."""
        if self._locked:
            self._answers.append(answer)
        else:
            asyncio.get_running_loop().call_soon(answer, True)  # noqa: FBT003 - its only argument

    def begin(self) -> None:
        """Return when the tables are current, and nobody else can write.

        :raises LostError: the database does not answer.
        """
        try:
            self._follow(self._news())
            self._follow(self._lock())
        except LostError:
            self._current = False
            raise
        self._locked = True

    def commit(self) -> None:
        """Return when all that was done is in the database, and others can write.

        :raises LostError: it could not be written, and is undone.
        """
        if not self._locked:
            return
        self._locked = False
        try:
            self._write(self._journal.take())
        except LostError:
            self._current = False
            raise

    def close(self) -> None:
        """Leave the database to others."""
        self._thread.shutdown()
        self._database.close()

    async def _take_turns(self) -> None:
        while self._waiting:
            asks, self._waiting = self._waiting, []
            await self._turn(asks)

    async def _turn(self, asks: list[Ask]) -> None:
        """Handle requests; each is answered."""
        in_thread = asyncio.get_running_loop().run_in_executor
        try:
            self._follow(await in_thread(self._thread, self._news))
            asks = [ask for ask in asks if not self._could_read(ask)]
            if asks:
                self._follow(await in_thread(self._thread, self._lock))
                self._locked = True
                while asks:
                    asks[0](True)  # noqa: FBT003 - its only argument
                    del asks[0]
                await in_thread(self._thread, self._write, self._journal.take())
        except (LostError, DataError) as error:
            _LOG.error("kmspec: %s; what was asked for is refused", error)
            self._current = False
        except Exception as error:  # noqa: BLE001 - logged; the requests are refused
            _LOG.error("kmspec: a defect; what was asked for is refused:\n%s", places(error))
            self._current = False
        self._locked = False
        answers, self._answers = self._answers, []
        for answer in answers:
            answer(self._current)
        for ask in asks:
            ask(False)  # noqa: FBT003 - its only argument

    def _could_read(self, ask: Ask) -> bool:
        """Have a request handled, if it only reads."""
        self._journal.only_reads = True
        try:
            ask(True)  # noqa: FBT003 - its only argument
        except Reading:
            return False
        finally:
            self._journal.only_reads = False
        return True

    def _follow(self, news: _News) -> None:
        """Be as the others are."""
        self._number = news.number
        if news.kept is not None:
            self._journal.take()
            self._tables.clear()
            self._kept, self._current = news.kept, True
            if self.when_lost is not None:
                self.when_lost()
        for place, value, anew in news.changes:
            content = None if value is None else self._sealer.open(value, place)
            known = self._tables.get((place.kind, place.owner))
            if known is None:
                self._kept.follow(place, content, anew=anew)
            else:
                kind, table = known
                row = None if content is None else opened(kind, content)
                table.follow(place.id, row, anew=anew)
        if news.changes and self.when_followed is not None:
            self.when_followed()

    def _news(self) -> _News:
        """What others have done; everything, over a new connection, where the old one is lost."""
        if self._current:
            try:
                last = self._database.last()
                changes = self._database.between(self._number, last)
            except LostError:
                self._database.connect()
            else:
                if changes is not None:
                    return _News(last, changes)
        else:
            self._database.connect()
        self._current = False
        news = self._lock()
        self._database.unlock()
        return news

    def _lock(self) -> _News:
        last = self._database.lock()
        changes = self._database.between(self._number, last) if self._current else None
        if changes is not None:
            return _News(last, changes)
        return _News(last, [], Kept(self.contents()))

    def _write(self, changes: Changes) -> None:
        """Commit; if the connection is lost meanwhile, a new one says whether it was done."""
        if not changes:
            self._database.unlock()
            return
        number, written = self._number + 1, list(self._sealer.changes(changes))
        try:
            lasts = any(place.kind not in self._passing for place in changes)
            self._database.write(number, written, lasts=lasts)
        except LostError:
            self._database.connect()
            if not self._database.holds(number, written):
                raise
        self._number = number
