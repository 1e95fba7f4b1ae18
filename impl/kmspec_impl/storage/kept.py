"""Kept rows: the only place for rows that were written and whose table nobody has asked for yet."""

from collections import defaultdict
from collections.abc import Iterable

from kmspec_impl.storage import rows
from kmspec_impl.storage.faults import DataError
from kmspec_impl.storage.journal import Place
from kmspec_impl.storage.tables import RowT


class Kept:
    """The contents of rows, in the order of their writing."""

    def __init__(self, contents: Iterable[tuple[Place, bytes]] = ()) -> None:
        self._contents: defaultdict[tuple[str, str], dict[str, bytes]] = defaultdict(dict)
        for place, content in contents:
            self._contents[place.kind, place.owner][place.id] = content

    def take(self, kind: type[RowT], owner: str) -> list[RowT]:
        """The rows of one kind that somebody has; they are no longer here then.

        :raises DataError: this kmspec has no such rows.
        """
        found = self._contents.pop((kind.__name__, owner), {})
        return [opened(kind, content) for content in found.values()]

    def owners(self) -> tuple[str, ...]:
        """Who has rows here."""
        return tuple(dict.fromkeys(owner for _, owner in self._contents))

    def follow(self, place: Place, content: bytes | None, *, anew: bool) -> None:
        """Change one as another process did; ``None`` when it is gone."""
        if content is None or anew:
            self._contents.get((place.kind, place.owner), {}).pop(place.id, None)
        if content is not None:
            self._contents[place.kind, place.owner][place.id] = content


def opened(kind: type[RowT], content: bytes) -> RowT:
    """The row that was kept so.

    :raises DataError: this kmspec has no such rows.
    """
    try:
        return rows.from_bytes(kind, content)
    except ValueError:  # its text shows what is in the row
        what = f"there is a {kind.__name__} kept that this kmspec cannot read"
        raise DataError(what, "use the kmspec that wrote it") from None
