"""Rows as bytes: the only place that says how a row is written, which is as JSON."""

from functools import cache
from types import GenericAlias
from typing import Any

from pydantic import ConfigDict, TypeAdapter

from kmspec_impl.storage.tables import Row, RowT


def to_bytes(row: Row) -> bytes:
    """A row as JSON, in a list of its own; bytes in it as base64.

    :raises ValueError: it has a member of another type, and could not be read again.
    """
    return _adapter(type(row)).dump_json((row,), warnings="error")


def from_bytes(kind: type[RowT], written: bytes) -> RowT:
    """The row that was written so.

    :raises ValueError: it is no row of that kind.
    """
    row: RowT = _adapter(kind).validate_json(written)[0]
    return row


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    """What knows the members of one kind of row.

    A dataclass takes no settings of pydantic from outside; a tuple with one in it does.
    """
    alone: Any = GenericAlias(tuple, (kind,))
    return TypeAdapter(alone, config=ConfigDict(ser_json_bytes="base64", val_json_bytes="base64"))
