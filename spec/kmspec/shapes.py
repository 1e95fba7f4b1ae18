"""Shapes: the only place that says what AWS's service models demand of the members of a request.

They are read from the installed botocore once for each operation.
"""

import re
import unicodedata
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from botocore import model as botocore_model

from kmspec.model_of_aws import service_model
from kmspec.names import Service


class Kind(StrEnum):
    """What a value is."""

    STRUCTURE = "structure"
    LIST = "list"
    MAP = "map"
    STRING = "string"
    BLOB = "blob"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"


class Member(NamedTuple):
    """A member of a structure."""

    name: str
    shape: "Shape"
    required: bool


class Shape(NamedTuple):
    """What a value must be. ``low`` and ``high`` bound a length, or the value of an integer."""

    kind: Kind
    low: int | None = None
    high: int | None = None
    pattern: str | None = None
    enum: tuple[str, ...] = ()
    secret: bool = False
    """Whether AWS's messages do not show the value."""
    members: tuple[Member, ...] = ()
    key: "Shape | None" = None
    item: "Shape | None" = None


_KINDS = {"long": Kind.INTEGER}
_UNICODE_CLASS = r"\p{L}\p{Z}\p{N}_"
"""Letters, separators, numbers and the underscore, as the models write them."""
_PYTHON_CLASS = r"\w" + "".join(
    chr(code) for code in range(0x10000) if unicodedata.category(chr(code)).startswith("Z")
)
"""The same as ``re`` knows it; all separators are in the Basic Multilingual Plane."""


@cache
def input_of(service: Service, operation: str) -> Shape:
    """The input of an operation, as AWS calls it; one without members where it has none."""
    shape = service_model(service).operation_model(operation).input_shape
    return Shape(Kind.STRUCTURE) if shape is None else _read(shape)


@cache
def pattern(text: str) -> re.Pattern[str]:
    r"""A pattern of the models, for the whole value: some of them have no anchors.

    ``\w`` and the like are those of ASCII, as in the engines that the models are written for.
    """
    if _UNICODE_CLASS in text:
        return re.compile(text.replace(_UNICODE_CLASS, _PYTHON_CLASS))
    return re.compile(text, re.ASCII)


def _read(shape: botocore_model.Shape) -> Shape:
    metadata = shape.metadata
    members: tuple[Member, ...] = ()
    key = item = None
    match shape:
        case botocore_model.StructureShape():
            required = set(shape.required_members)
            members = tuple(
                Member(name, _read(inner), name in required)
                for name, inner in shape.members.items()
            )
        case botocore_model.MapShape():
            key, item = _read(shape.key), _read(shape.value)
        case botocore_model.ListShape():
            item = _read(shape.member)
    inner = (key, item, *(member.shape for member in members))
    return Shape(
        kind=Kind(_KINDS.get(shape.type_name, shape.type_name)),
        low=metadata.get("min"),
        high=metadata.get("max"),
        pattern=metadata.get("pattern"),
        enum=tuple(metadata.get("enum", ())),
        secret=bool(metadata.get("sensitive"))
        or shape.type_name == Kind.BLOB
        or any(part.secret for part in inner if part is not None),
        members=members,
        key=key,
        item=item,
    )
