"""Tables: the only place where the state of an account in a Region is kept.

State is rows: frozen values with an id, in tables. A change is a new row put in the place of
the old one, so that nothing changes unnoticed and a refused request leaves nothing half done.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, Protocol, TypeAlias, TypeVar


class Row(Protocol):
    """A frozen value with an id."""

    @property
    def id(self) -> str:
        """What the row is found by."""
        ...


RowT = TypeVar("RowT", bound=Row)

Note: TypeAlias = Callable[[str, Row | None], None]
"""Who is told of each change before it is made: the id of the row, and what it will be; ``None``
when it will be gone."""

Watcher: TypeAlias = Callable[[RowT | None, RowT | None], None]
"""Who follows a table: what a row was, and what it is now."""


class Table(Generic[RowT]):
    """Rows of one kind, in the order in which their ids were first put.

    ``rows`` were there before; ``note`` is told of what is about to change here.
    """

    def __init__(self, rows: Iterable[RowT] = (), note: Note | None = None) -> None:
        self._rows: dict[str, RowT] = {row.id: row for row in rows}
        self._note = note
        self._watcher: Watcher[RowT] | None = None
        self.get: Callable[[str], RowT | None] = self._rows.get
        """The row of that id. The dictionary's own method: every request passes here."""

    def __getitem__(self, row_id: str) -> RowT:
        return self._rows[row_id]

    def __contains__(self, row_id: str) -> bool:
        return row_id in self._rows

    def __iter__(self) -> Iterator[RowT]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, row: RowT) -> RowT:
        """Add a row, or replace the one of that id; the row."""
        if self._note is not None:
            self._note(row.id, row)
        self._set(row.id, row)
        return row

    def remove(self, row_id: str) -> None:
        """Delete the row of that id."""
        if self._note is not None and row_id in self._rows:
            self._note(row_id, None)
        self._set(row_id, None)

    def clear(self) -> None:
        """Delete every row."""
        for row_id in list(self._rows):
            self.remove(row_id)

    def watch(self, watcher: Watcher[RowT]) -> None:
        """Tell of every row there is, and of every change, whoever makes it.

        What is derived from rows is kept up to date so, and nowhere else.
        """
        self._watcher = watcher
        for row in self._rows.values():
            watcher(None, row)

    def follow(self, row_id: str, row: RowT | None, *, anew: bool) -> None:
        """Change a row as another process did, which has noted it."""
        if anew and row_id in self._rows:
            self._set(row_id, None)
        if row is not None or row_id in self._rows:
            self._set(row_id, row)

    def _set(self, row_id: str, row: RowT | None) -> None:
        before = self._rows.get(row_id)
        if row is None:
            del self._rows[row_id]
        else:
            self._rows[row_id] = row
        if self._watcher is not None:
            self._watcher(before, row)


Answer: TypeAlias = Callable[[bool], object]
"""Answers a request, given whether what it changed is safe; else it is undone."""

Ask: TypeAlias = Callable[[bool], object]
"""Has a request handled, given whether the tables are current; else it can only be refused."""


class Storage(Protocol):
    """What all tables come from, and what says when changes of them are safe."""

    seconds_behind: float
    """How old a moment in a passing table may be, where to tell each one would cost too much."""
    when_lost: Callable[[], None] | None
    """Called when changes could not be kept: all tables are to be asked for anew."""
    when_followed: Callable[[], None] | None
    """Called when somebody else's changes have come: there may be owners that are not known yet."""

    def table(self, kind: type[RowT], owner: str) -> Table[RowT]:
        """The rows of one kind that somebody has; asked for once in the life of a storage."""
        ...

    def passing(self, kind: type[RowT], owner: str) -> Table[RowT]:
        """The same, of what may be lost with the process.

        It is kept with the next change of another table, or in the end.
        """
        ...

    def owners(self) -> Iterable[str]:
        """Who has rows that nobody has asked for yet."""
        ...

    def when_current(self, ask: Ask) -> None:
        """Call ``ask`` once the tables show all that anybody was answered, or let the loop do so.

        What it does is not seen by others before it is safe. It may be called a second time when
        it tried to change a table the first time (:class:`Reading`).
        """
        ...

    def when_safe(self, answer: Answer) -> None:
        """Let the running event loop call ``answer`` once nothing done so far can be lost."""
        ...

    def begin(self) -> None:
        """Return when the tables show all that anybody was answered.

        Nobody else changes them until :meth:`commit`. For a caller without an event loop.

        :raises kmspec_impl.storage.faults.LostError: they cannot be read.
        """
        ...

    def commit(self) -> None:
        """Return when nothing done so far can be lost.

        :raises kmspec_impl.storage.faults.LostError: it could not be kept, and is undone.
        """
        ...

    def close(self) -> None:
        """End it."""
        ...


class Memory:
    """A :class:`Storage` whose rows are lost with the process."""

    seconds_behind = 0.0
    when_lost: Callable[[], None] | None = None
    when_followed: Callable[[], None] | None = None

    def table(self, kind: type[RowT], owner: str) -> Table[RowT]:
        """A table without rows."""
        del kind, owner
        return Table()

    passing = table

    def owners(self) -> Iterable[str]:
        """Nobody."""
        return ()

    def when_current(self, ask: Ask) -> None:
        """Nobody else changes anything."""
        ask(True)  # noqa: FBT003 - its only argument

    def when_safe(self, answer: Answer) -> None:
        """Nothing is ever safer than it is now."""
        asyncio.get_running_loop().call_soon(answer, True)  # noqa: FBT003 - its only argument

    def begin(self) -> None:
        """Nobody else changes anything."""

    def commit(self) -> None:
        """Nothing is ever safer than it is now."""

    def close(self) -> None:
        """Nothing is left."""
