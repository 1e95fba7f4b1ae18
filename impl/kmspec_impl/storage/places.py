"""Places: the only place that says where state can be kept: in a directory, or in a database."""

from pathlib import Path
from typing import TYPE_CHECKING

from kmspec_impl.storage.durable import Durable
from kmspec_impl.storage.faults import DataError

if TYPE_CHECKING:
    from kmspec_impl.storage.joint import Joint


def opened(directory: Path | None, url: str | None) -> "Durable | Joint":
    """The storage in a directory, or in the database of a URL.

    :raises DataError: it cannot be used, or not exactly one is given.
    """
    if (directory is None) == (url is None):
        raise DataError("state is kept in one place", "give either --data-dir or --data-url")
    if directory is not None:
        return Durable(directory)
    try:
        from kmspec_impl.storage.joint import Joint  # noqa: PLC0415 - it is optional
    except ModuleNotFoundError as cause:
        what = "--data-url needs the package psycopg"
        raise DataError(what, "install it: pip install 'kmspec[postgres]'") from cause
    return Joint(str(url))
