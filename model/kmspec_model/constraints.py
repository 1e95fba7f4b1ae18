"""Constraints: the only place of the model that holds a request against its shape.

What a symbol stands for is well formed; only what is written out can break a constraint.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from kmspec.names import Service
from kmspec.shapes import Kind, Shape, input_of, pattern
from kmspec_model.command import Command, Pairs, Ref, Value

_MODELLED = frozenset({Service.KMS, Service.CLOUDHSM})
_KEPT = 4096
"""So many commands are looked at once only; a check has some thousands."""


class Broken(NamedTuple):
    """A demand of a shape that a value does not meet."""

    path: str
    """As AWS's messages have it: ``tags.1.member.tagKey``."""
    demand: str
    """As AWS's messages have it, from ``Member must`` on; empty where the words are not known."""
    shown: str | None = None
    """The value, where AWS's messages show it."""


@lru_cache(maxsize=_KEPT)
def broken(command: Command) -> tuple[Broken, ...]:
    """Every demand that a request breaks, in the order of the shape."""
    if command.service not in _MODELLED:
        return ()
    shape = input_of(Service(command.service), command.operation)
    return tuple(_structure(shape, dict(command.arguments), ""))


def message(command: Command) -> str | None:
    """What AWS says of a request that breaks one demand, where its words are known."""
    found = broken(command)
    if len(found) != 1 or not found[0].demand:
        return None
    path, demand, shown = found[0]
    if path == "aliasName" or _lacks_length(command):  # perhaps the other thing is told
        return None
    value = "Value" if shown is None else f"Value '{shown}'"
    return (
        f"1 validation error detected: {value} at '{path}' failed to satisfy constraint: "
        f"Member must {demand}"
    )


def _lacks_length(command: Command) -> bool:
    """Whether a data key is asked for, and not of which length, which is refused as well."""
    given = dict(command.arguments).keys()
    asked = command.operation in ("GenerateDataKey", "GenerateDataKeyWithoutPlaintext")
    return asked and given.isdisjoint(("KeySpec", "NumberOfBytes"))


def lower_camel(name: str) -> str:
    """The name of a member in messages."""
    return name[:1].lower() + name[1:]


def _structure(shape: Shape, given: dict[str, Value], path: str) -> Iterator[Broken]:
    for name, inner, required in shape.members:
        where = f"{path}.{lower_camel(name)}" if path else lower_camel(name)
        if name in given:
            yield from _of(inner, given[name], where)
        elif required:
            yield Broken(where, "")


def _of(shape: Shape, value: Value, path: str) -> Iterator[Broken]:
    if isinstance(value, Ref):
        return
    if shape.kind is Kind.STRUCTURE and isinstance(value, Pairs):
        yield from _structure(shape, dict(value.items), path)
        return
    yield from _bounds(shape, value, path)
    if isinstance(value, Pairs) and shape.key is not None and shape.item is not None:
        if any(next(_of(shape.key, name, path), None) for name, _ in value.items):
            yield Broken(path, "")
        for name, held in value.items:
            yield from _of(shape.item, held, f"{path}.{name}.member")
    elif isinstance(value, tuple) and shape.item is not None:
        for number, held in enumerate(value, 1):
            yield from _of(shape.item, held, f"{path}.{number}.member")
    elif isinstance(value, str):
        yield from _spelling(shape, value, path)


def _spelling(shape: Shape, value: str, path: str) -> Iterator[Broken]:
    if shape.enum and value not in shape.enum:
        yield Broken(path, "")
    if shape.pattern is not None and pattern(shape.pattern).fullmatch(value) is None:
        yield Broken(path, "")


def _bounds(shape: Shape, value: Any, path: str) -> Iterator[Broken]:  # noqa: ANN401 - any value
    measure = _MEASURES.get(shape.kind)
    if measure is None:
        return
    size, what = measure(value), "value" if shape.kind is Kind.INTEGER else "length"
    told = isinstance(value, str | bytes | int)
    shown = None if shape.secret else str(value)
    if shape.high is not None and size > shape.high:
        yield Broken(path, f"have {what} less than or equal to {shape.high}" if told else "", shown)
    if shape.low is not None and size < shape.low:
        yield Broken(
            path, f"have {what} greater than or equal to {shape.low}" if told else "", shown
        )


_MEASURES: dict[Kind, Callable[[Any], int]] = {
    Kind.INTEGER: int,
    Kind.STRING: len,
    Kind.BLOB: len,
    Kind.LIST: len,
    Kind.MAP: lambda pairs: len(pairs.items),
}
"""What the bounds of a shape are about."""
