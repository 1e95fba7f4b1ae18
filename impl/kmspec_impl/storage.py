"""Storage: the only place where the state of an account in a Region is kept.

State is rows: frozen values with an id, in tables. A change is a new row put in the place of
the old one, so that nothing changes unnoticed and a refused request leaves nothing half done.
"""

from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar


class Row(Protocol):
    """A frozen value with an id."""

    @property
    def id(self) -> str:
        """What the row is found by."""
        ...


RowT = TypeVar("RowT", bound=Row)


class Table(Generic[RowT]):
    """Rows of one kind, in memory, in the order in which their ids were first put."""

    def __init__(self) -> None:
        self._rows: dict[str, RowT] = {}
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
        self._rows[row.id] = row
        return row

    def remove(self, row_id: str) -> None:
        """Delete the row of that id."""
        del self._rows[row_id]
