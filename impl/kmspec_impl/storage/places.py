"""Places: the only place that says where state can be kept: in a directory, or in a database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from kmspec_impl.storage.durable import Durable
from kmspec_impl.storage.faults import DataError

if TYPE_CHECKING:
    from kmspec_impl.storage.joint import Joint

Where: TypeAlias = Path | str
"""A directory, or the URL of a database."""


def opened(place: Where) -> "Durable | Joint":
    """The storage in a place.

    :raises DataError: it cannot be used.
    """
    if isinstance(place, Path):
        return Durable(place)
    with _having_psycopg():
        from kmspec_impl.storage.joint import Joint  # noqa: PLC0415 - it is optional
    return Joint(place)


def clear(url: str) -> None:
    """Empty a database.

    :raises DataError: it cannot be used.
    """
    with _having_psycopg():
        from kmspec_impl.storage import joint  # noqa: PLC0415 - it is optional
    joint.clear(url)


@contextmanager
def _having_psycopg() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as cause:
        what = "--data-url needs the package psycopg"
        raise DataError(what, "install it: pip install 'kmspec[postgres]'") from cause
