"""The journal: the only place that collects what has changed since the last commit."""

from typing import NamedTuple, TypeAlias

from kmspec_impl.storage.tables import Note, Row


class Place(NamedTuple):
    """Where a row belongs: the kind of table, whose it is, and its id there."""

    kind: str
    owner: str
    id: str


class Change(NamedTuple):
    """What a row is now; ``None`` when it is gone.

    One that is ``anew`` was gone in between: it is the last of its table, wherever it was before.
    """

    row: Row | None
    anew: bool = False


Changes: TypeAlias = dict[Place, Change]


class Written(NamedTuple):
    """What is to be written of a row: sealed, or ``None`` when it is gone.

    One that is ``anew`` becomes the last of its table.
    """

    place: Place
    value: bytes | None
    anew: bool = False


class Reading(BaseException):  # not an Exception: nobody on the way may take it for a refusal
    """A table was about to be changed by a request that may only read: nothing has happened."""


class Journal:
    """Changes, each row once, in the order in which they are to be written."""

    def __init__(self) -> None:
        self.changes: Changes = {}
        self.only_reads = False
        """Whether nothing may change now."""

    def of(self, kind: str, owner: str) -> Note:
        """Note the changes of a table here."""

        def note(row_id: str, row: Row | None) -> None:
            if self.only_reads:
                raise Reading
            place, changes = Place(kind, owner, row_id), self.changes
            last = changes.get(place)
            if row is None or (last is not None and last.row is None):
                changes.pop(place, None)
                changes[place] = Change(row, anew=row is not None)
            else:
                changes[place] = Change(row, anew=last is not None and last.anew)

        return note

    def take(self) -> Changes:
        """All changes; the journal is empty after that."""
        taken, self.changes = self.changes, {}
        return taken
