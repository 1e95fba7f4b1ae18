"""The codec: the only place that knows how values of the service models travel.

A shape is compiled once into closures. On the way in they convert what needs it (blobs, members
that are null) and leave the rest alone, also what is of a wrong type: validation refuses that. On
the way out to JSON they write it, which takes half the time of converting and writing apart.
"""

import binascii
import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NoReturn, TypeAlias

from kmspec.names import ErrorCode
from kmspec_impl.errors import ServiceError
from kmspec_impl.gateway.exchange import NESTING_LIMIT
from kmspec_impl.gateway.service_model import Kind, Shape
from kmspec_impl.gateway.validation import wrong_type

Convert: TypeAlias = Callable[[Any], Any]
Write: TypeAlias = Callable[[Any], str]
_Leaf: TypeAlias = Callable[[Shape], Convert | None]

_BRACKETS: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_WHOLE: Final = frozenset({"EncryptionContextType"})
"""Maps that are converted as a whole."""
_SPOKEN: Final = {True: "true", False: "false"}
_encode: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_quoted: Final = json.encoder.encode_basestring_ascii


def json_decoder(shape: Shape) -> Convert:
    """From parsed JSON to parameters: blobs become bytes, members that are null go away."""
    return _required(shape, _decoded_leaf)


def json_writer(shape: Shape) -> Write:
    """From a handler's answer to a body's text: base64, epoch seconds, no member that is null.

    Members the shape does not have are left out.
    """
    if shape.kind is Kind.STRUCTURE:
        return _written_structure(shape)
    if shape.item is not None:
        return _written_items(shape, shape.item)
    return _WRITTEN_LEAVES[shape.kind]


def binary_encoder(shape: Shape, timestamp: Convert) -> Convert:
    """For a binary protocol: bytes stay bytes, ``timestamp`` converts epoch seconds."""

    def leaf(of: Shape) -> Convert | None:
        if of.kind is not Kind.TIMESTAMP:
            return None
        return lambda value: timestamp(epoch_seconds(value))

    return _required(shape, leaf)


def without_nulls(shape: Shape) -> Convert:
    """For a binary protocol, the way in: members that are null go away, nothing else changes."""
    return _required(shape, lambda _: None)


def epoch_seconds(value: datetime | float) -> float:
    """A timestamp as it is sent, to the millisecond (wire.md, section 2)."""
    seconds = value.timestamp() if isinstance(value, datetime) else value
    return round(seconds, 3)


def to_json(value: object) -> bytes:
    """A body, ASCII only."""
    return _encode(value).encode("ascii")


def from_json(body: bytes) -> dict[str, Any]:
    """A body that must be one JSON object; an empty one, or null, is an object of no members.

    Raises SerializationException, which says what is wrong and where. Of a member given twice
    the last value counts.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _unreadable(f"The body is not UTF-8: byte {error.start}.") from error
    # A count of the bytes is cheap, and settles it for every usual body.
    if body.count(b"[") + body.count(b"{") > NESTING_LIMIT and _nests_too_deeply(text):
        raise _unreadable(f"Lists and maps nest more than {NESTING_LIMIT} deep.")
    try:
        value = _parse(text)
    except json.JSONDecodeError as error:
        raise _unreadable(f"The body is not JSON: {error}.") from error
    except ValueError as error:  # more digits than Python converts
        raise _unreadable("A number has more digits than any member takes.") from error
    if b"\\u" in body:
        _refuse_half_characters(value)
    if value is None:
        return {}
    if type(value) is not dict:
        raise wrong_type(value, Kind.STRUCTURE)
    return value


def _no_such_number(word: str) -> NoReturn:
    """NaN and Infinity are Python's, not JSON's."""
    raise _unreadable(f"The body is not JSON: {word} is no JSON number.")


_decoder: Final = json.JSONDecoder(parse_constant=_no_such_number)


def _parse(text: str) -> object:
    """The value of a text; quicker for what is usual, an object without space around it."""
    if text.startswith("{"):
        value, end = _decoder.raw_decode(text)
        if end == len(text):
            return value
    return _decoder.decode(text) if text else {}


def _nests_too_deeply(text: str) -> bool:
    """Whether brackets outside strings nest beyond the limit."""
    depth = 0
    for token in _BRACKETS.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth > NESTING_LIMIT:
                return True
        elif token[0] in "]}":
            depth -= 1
    return False


def _refuse_half_characters(value: object) -> None:
    """Refuse an escaped surrogate without its other half: no encoding could send it back."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise _unreadable("The body escapes half a surrogate pair.") from error


def _unreadable(text: str) -> ServiceError:
    return ServiceError(ErrorCode.SERIALIZATION, text)


def _required(shape: Shape, leaf: _Leaf) -> Convert:
    """The conversion of a structure, which always has one: it drops null members."""
    convert = _compile(shape, leaf)
    return _unchanged if convert is None else convert


def _unchanged(value: object) -> object:
    return value


def _compile(shape: Shape, leaf: _Leaf) -> Convert | None:
    """The conversion of a shape, or ``None`` if its values travel as they are."""
    if shape.kind is Kind.STRUCTURE:
        return _structure(shape, leaf)
    if shape.item is None or shape.name in _WHOLE:
        return leaf(shape)
    item = _compile(shape.item, leaf)
    if item is None:
        return None
    return _list(item) if shape.kind is Kind.LIST else _map(item)


def _structure(shape: Shape, leaf: _Leaf) -> Convert:
    compiled = ((member.name, _compile(member.shape, leaf)) for member in shape.members)
    members = tuple((name, member) for name, member in compiled if member is not None)

    def convert(value: object) -> object:
        if type(value) is not dict:
            return value
        result = value.copy()
        if None in result.values():
            result = {name: item for name, item in result.items() if item is not None}
        for name, member in members:
            if name in result:
                result[name] = member(result[name])
        return result

    return convert


def _list(item: Convert) -> Convert:
    def convert(value: object) -> object:
        return [item(found) for found in value] if type(value) is list else value

    return convert


def _map(item: Convert) -> Convert:
    def convert(value: object) -> object:
        if type(value) is not dict:
            return value
        return {name: item(found) for name, found in value.items()}

    return convert


def _decoded_leaf(shape: Shape) -> Convert | None:
    if shape.kind is Kind.BLOB:
        return _from_base64
    return _as_strings if shape.name in _WHOLE else None


def _from_base64(value: object) -> object:
    if type(value) is not str:
        return value
    try:
        return binascii.a2b_base64(value, strict_mode=True)
    except ValueError as error:
        raise _unreadable(f"A blob is not base64: {error}.") from error


def _as_strings(context: object) -> object:
    """An encryption context: KMS reads a value that is no string as one [Concepts]."""
    if isinstance(context, dict):
        for value in context.values():
            if type(value) is not str:
                return {name: _as_string(value) for name, value in context.items()}
    return context


def _as_string(value: object) -> object:
    if isinstance(value, bool):
        return _SPOKEN[value]
    return str(value) if isinstance(value, int | float) else value


def _written_structure(shape: Shape) -> Write:
    compiled = (
        (member.name, f"{_quoted(member.name)}:", json_writer(member.shape))
        for member in shape.members
    )
    members = {name: (label, write) for name, label, write in compiled}

    def written(value: dict[str, Any]) -> str:
        text = ""
        for name, found in value.items():
            if found is not None and name in members:
                label, write = members[name]
                text += f"{label}{write(found)},"
        return f"{{{text[:-1]}}}"

    return written


def _written_items(shape: Shape, of_items: Shape) -> Write:
    """The writer of a list or of a map."""
    item = json_writer(of_items)

    def written_list(value: list[Any]) -> str:
        return f"[{','.join(map(item, value))}]"

    def written_map(value: dict[str, Any]) -> str:
        pairs = (f"{_quoted(name)}:{item(found)}" for name, found in value.items())
        return f"{{{','.join(pairs)}}}"

    return written_list if shape.key is None else written_map


def _written_blob(value: bytes) -> str:
    return f'"{binascii.b2a_base64(value, newline=False).decode("ascii")}"'


def _written_boolean(value: bool) -> str:  # noqa: FBT001 - one of the values written
    return _SPOKEN[value]


def _written_timestamp(value: datetime | float) -> str:
    return repr(epoch_seconds(value))


_WRITTEN_LEAVES: Final[dict[Kind, Write]] = {
    Kind.STRING: _quoted,
    Kind.INTEGER: int.__repr__,
    Kind.BOOLEAN: _written_boolean,
    Kind.BLOB: _written_blob,
    Kind.TIMESTAMP: _written_timestamp,
}
