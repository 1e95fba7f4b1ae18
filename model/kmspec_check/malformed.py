"""Malformed requests: the only place that makes them, of what the service models demand.

Every member of every input, at every depth, is broken in every way that its shape can be, and all
else of the request is well formed.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from kmspec.names import Service
from kmspec.shapes import Kind, Shape, input_of, pattern
from kmspec_model import Command
from kmspec_model.command import Pairs, Value
from kmspec_model.constraints import broken, lower_camel

Put = Callable[[Value | None], "Value | None"]
"""A whole request with a value in one place; without a value it is left out."""

_MOST = 200_000
"""Characters or bytes; no shape of KMS but that of an attestation document allows more."""
_UNLISTED = "kmspec"
_NAME = "a"
"""Of the pair of a map in which something is broken."""
_STRAY = "\x00"
"""A character that hardly any pattern has."""


class Malformed(NamedTuple):
    """A request that breaks one demand, and which."""

    label: str
    """Member and fault, as in ``plaintext/too long``."""
    command: Command


def malformed(service: Service, operation: str, needed: Mapping[str, Value]) -> Iterator[Malformed]:
    """Every malformed request of an operation; ``needed`` are well-formed required members."""
    shape = input_of(service, operation)
    whole = Pairs(tuple(needed.items()))
    for path, at, required, put in _places(shape, whole, "", lambda value: value):
        missing = (("missing", None),) if required else ()
        for fault, value in (*_faults(at), *missing):
            made = put(value)
            if not isinstance(made, Pairs):
                continue
            command = Command(service, operation, made.items)
            if any(one.path.startswith(path) for one in broken(command)):
                yield Malformed(f"{path}/{fault}", command)


_Place = tuple[str, Shape, bool, Put]


def _places(shape: Shape, value: Value | None, path: str, put: Put) -> Iterator[_Place]:
    """Every place below a shape, ``value`` being what is there in a well-formed request."""
    given = dict(value.items) if isinstance(value, Pairs) else {}
    for name, inner, required in shape.members:
        where = f"{path}.{lower_camel(name)}" if path else lower_camel(name)
        here = partial(_with_member, put, given)
        at: Put = partial(here, name)
        yield where, inner, required, at
        usual = given.get(name, _least(inner))
        if usual is not None:
            yield from _places(inner, usual, where, at)
    if shape.item is None or not path or value is None:
        return
    if shape.key is None:
        at = partial(_with_item, put)
        yield f"{path}.1.member", shape.item, False, at
        yield from _places(shape.item, _least(shape.item), f"{path}.1.member", at)
    else:
        yield path, shape.key, False, partial(_with_key, put, _least(shape.item))
        yield f"{path}.{_NAME}.member", shape.item, False, partial(_with_pair, put)


def _with_item(put: Put, value: Value | None) -> Value | None:
    return put(None if value is None else (value,))


def _with_pair(put: Put, value: Value | None) -> Value | None:
    return put(None if value is None else Pairs(((_NAME, value),)))


def _with_key(put: Put, item: Value | None, key: Value | None) -> Value | None:
    return put(Pairs(((key, item),))) if isinstance(key, str) and item is not None else None


def _with_member(
    put: Put, given: Mapping[str, Value], name: str, value: Value | None
) -> Value | None:
    kept = {**given, name: value}
    return put(Pairs(tuple((one, held) for one, held in kept.items() if held is not None)))


def _least(shape: Shape) -> Value | None:
    """A value with nothing in it that is not needed; none where that is not easily told."""
    low = shape.low or 0
    if shape.kind is Kind.STRUCTURE:
        members = {name: _least(inner) for name, inner, required in shape.members if required}
        if any(value is None for value in members.values()):
            return None
        return Pairs(tuple((name, value) for name, value in members.items() if value is not None))
    if shape.kind is Kind.STRING:
        text = shape.enum[0] if shape.enum else "a" * max(low, 1)
        fits = shape.pattern is None or pattern(shape.pattern).fullmatch(text) is not None
        return text if fits else None
    if shape.kind is Kind.LIST and shape.item is not None:
        item = _least(shape.item)
        return None if item is None else (item,) * max(low, 1)
    simple: dict[Kind, Value] = {
        Kind.INTEGER: low,
        Kind.BLOB: b"a" * max(low, 1),
        Kind.BOOLEAN: False,
        Kind.MAP: Pairs(()),
        Kind.TIMESTAMP: 0.0,
    }
    return simple[shape.kind]


def _faults(shape: Shape) -> Iterator[tuple[str, Value]]:
    """Values that break one demand of a shape, and what is wrong with each."""
    if shape.kind is Kind.INTEGER:
        if shape.low is not None:
            yield "too low", shape.low - 1
        if shape.high is not None:
            yield "too high", shape.high + 1
    unit = _unit(shape)
    if unit is not None:
        if shape.low:
            yield "too short", unit * (shape.low - 1)
        if shape.high is not None and shape.high < _MOST:
            yield "too long", unit * (shape.high + 1)
    if shape.enum:
        yield "not listed", _UNLISTED
    if shape.pattern is not None:
        yield "of another pattern", _STRAY * max(shape.low or 0, 1)


def _unit(shape: Shape) -> str | bytes | tuple[Value, ...] | None:
    """One of what a length counts."""
    if shape.kind is Kind.STRING:
        return "a"
    if shape.kind is Kind.BLOB:
        return b"a"
    if shape.kind is Kind.LIST and shape.item is not None:
        item = _least(shape.item)
        return None if item is None else (item,)
    return None
