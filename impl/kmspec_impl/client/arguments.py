"""Arguments: the only place that reads NAME=VALUE of `kmspec call` and writes its answers.

How a value is read is decided by its type in botocore's service model: text stands for itself,
binary data is base64, a time is ISO 8601 or a number, everything else is JSON. ``@FILE`` takes
the value from a file (binary data as it is there), ``@@`` at the beginning stands for one ``@``.
"""

import base64
import binascii
import difflib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from botocore.model import OperationModel, Shape, StructureShape
from botocore.session import Session

from kmspec.names import Service
from kmspec_impl.client.endpoint import BOTOCORE_NAMES
from kmspec_impl.client.errors import UseError

_TEXT: Final = {"string", "character"}
_LIKE: Final = {
    "boolean": "such as true",
    "integer": "such as 10",
    "long": "such as 10",
    "list": """such as '[{"TagKey": "a", "TagValue": "b"}]' or '["a"]', in single quotes""",
    "map": """such as '{"name": "value"}', in single quotes""",
    "structure": """such as '{"Name": "value"}', in single quotes""",
}
"""What a value of each type of JSON looks like on a command line."""


class Operation(NamedTuple):
    """An operation of one of the three services, with its model."""

    service: Service
    model: OperationModel


def operation(word: str) -> Operation:
    """The operation of that name; ``service:Operation`` where two services have it.

    :raises UseError: there is none, or more than one.
    """
    service_word, _, name = word.rpartition(":")
    session = Session()
    models = {
        service: session.get_service_model(botocore_name)
        for service, botocore_name in BOTOCORE_NAMES.items()
        if service_word in {"", service, botocore_name}
    }
    found = [service for service in models if name in models[service].operation_names]
    if len(found) == 1:
        return Operation(found[0], models[found[0]].operation_model(name))
    if found:
        choices = " or ".join(f"{service}:{name}" for service in found)
        message = f"{name} is an operation of several services"
        raise UseError(message, f"write {choices}")
    known = {name.lower(): name for service in models.values() for name in service.operation_names}
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    remedy = (
        f"did you mean {known[near[0]]}?" if near else "write it as AWS does, such as DescribeKey"
    )
    message = f"there is no operation {word}"
    raise UseError(message, remedy)


def parameters(wanted: Operation, pairs: Sequence[str]) -> dict[str, Any]:
    """The parameters written as NAME=VALUE.

    :raises UseError: a pair is not one, names no parameter, or holds no such value.
    """
    shape = wanted.model.input_shape
    members: Mapping[str, Shape] = shape.members if isinstance(shape, StructureShape) else {}
    read: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            message = f"{pair!r} is no parameter"
            raise UseError(message, "write NAME=VALUE, such as KeyId=alias/mine")
        if name not in members:
            near = [known for known in members if known.lower() == name.lower()]
            raise UseError(
                f"{wanted.model.name} has no parameter {name!r}",
                f"did you mean {near[0]}?" if near else f"it takes {', '.join(members) or 'none'}",
            )
        if name in read:
            message = f"{name} is given twice"
            raise UseError(message, "give each parameter once")
        read[name] = _value(name, members[name], text)
    missing = [name for name in getattr(shape, "required_members", ()) if name not in read]
    if missing:
        message = f"{wanted.model.name} needs {', '.join(missing)}"
        raise UseError(message, f"add {missing[0]}=VALUE")
    return read


def printed(body: Mapping[str, Any]) -> str:
    """An answer as JSON: binary data in base64, timestamps in seconds since the epoch."""
    return json.dumps(body, indent=2, default=_encoded)


def _value(name: str, shape: Shape, text: str) -> Any:  # noqa: ANN401 - any value of a JSON body
    if text.startswith("@") and not text.startswith("@@"):
        return _file_value(name, shape, text[1:])
    text = text.removeprefix("@") if text.startswith("@@") else text
    if shape.type_name in _TEXT:
        return text
    if shape.type_name == "blob":
        return _blob(name, text)
    if shape.type_name == "timestamp":
        return _moment(name, text)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        message = f"{name} is not JSON"
        raise UseError(
            message, f"it is of type {shape.type_name}, {_LIKE[shape.type_name]}"
        ) from None
    return _decoded(name, shape, value)


def _moment(name: str, text: str) -> float:
    """Seconds since the epoch, of such a number or of ISO 8601; without a zone it is UTC."""
    try:
        try:
            when = datetime.fromtimestamp(float(text), UTC)
        except ValueError:
            when = datetime.fromisoformat(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        message = f"{name} is a time, and {text!r} is none"
        remedy = "write 2027-01-31T12:00:00Z, or seconds since the epoch"
        raise UseError(message, remedy) from None


def _file_value(name: str, shape: Shape, path: str) -> Any:  # noqa: ANN401 - any value
    try:
        content = Path(path).read_bytes()
        if shape.type_name == "blob":
            return content
        text = content.decode("utf-8")
    except OSError as error:
        message = f"cannot read {path} for {name}: {error.strerror}"
        raise UseError(message, "give a file that exists, or write @@ for a leading @") from None
    except UnicodeDecodeError:
        message = f"{path} is not text"
        raise UseError(message, f"{name} needs a file of UTF-8 text") from None
    return _value(name, shape, "@" + text if text.startswith("@") else text)


def _decoded(name: str, shape: Shape, value: Any) -> Any:  # noqa: ANN401 - any value
    """The same value with binary data inside it decoded."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {
            inner: _decoded(f"{name}.{inner}", shape.members[inner], part)
            if inner in shape.members
            else part
            for inner, part in value.items()
        }
    if shape.type_name == "blob" and isinstance(value, str):
        return _blob(name, value)
    return value


def _blob(name: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        message = f"{name} is binary and its value is not base64"
        raise UseError(message, f"write base64, or {name}=@FILE for the bytes of a file") from None


def _encoded(value: object) -> str:
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode("ascii")
    message = f"no JSON for {type(value).__name__}"
    raise TypeError(message)
