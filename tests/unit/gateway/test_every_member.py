"""Every member of every input, at every depth: what its shape forbids is refused, in AWS's words.

All 74 operations. One that the emulator does not offer is an unknown operation, typed as well.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, NamedTuple

import pytest

from kmspec.names import ErrorCode, Service
from kmspec_impl.caller import DEFAULT_CALLER
from kmspec_impl.cloudhsm.operations import HANDLERS as CLOUDHSM_HANDLERS
from kmspec_impl.emulator import Emulator
from kmspec_impl.errors import ServiceError
from kmspec_impl.gateway.service_model import Kind, Member, Shape, operation
from kmspec_impl.kms.operations import HANDLERS as KMS_HANDLERS
from tests.fuzz.values import EXAMPLES
from tests.unit.gateway.test_validation_properties import INVALID, OPERATIONS

OFFERED: Final = {Service.KMS: KMS_HANDLERS, Service.CLOUDHSM: CLOUDHSM_HANDLERS}
WRONG_TYPES: Final[dict[Kind, tuple[object, ...]]] = {
    Kind.STRUCTURE: ("x", 1, True, ["x"], b"x"),
    Kind.LIST: ("x", 1, True, {"a": "b"}, b"x"),
    Kind.MAP: ("x", 1, True, ["x"], b"x"),
    Kind.STRING: (1, 1.5, True, ["x"], {"a": "b"}, b"x"),
    Kind.INTEGER: ("1", 1.5, True, [1], {"a": 1}, 2**63, -(2**63) - 1),
    Kind.BOOLEAN: ("true", 1, 0, 1.5, [True], {"a": True}),
    Kind.BLOB: ("x", 1, True, [b"x"], {"a": b"x"}),
    Kind.TIMESTAMP: ("now", True, [1], {"a": 1}, float("nan"), float("inf"), 10**15),
}


class Place(NamedTuple):
    """One place in an input: the shape it has, its name in messages, and a request with it."""

    shape: Shape
    label: str
    needed: bool
    request: Callable[[object], dict[str, Any]]


def minimal(shape: Shape) -> Any:  # noqa: ANN401 - JSON values
    """A value with nothing in it that is not needed."""
    least = shape.minimum or 0
    if shape.kind is Kind.STRUCTURE:
        needed = (member for member in shape.members if member.required)
        return {member.name: minimal(member.shape) for member in needed}
    if shape.kind is Kind.STRING:
        return next(iter(shape.enum or EXAMPLES.get(shape.name, ("a" * least,))))
    if shape.kind is Kind.LIST and shape.item is not None:
        return [minimal(shape.item)] * least
    simple = {Kind.INTEGER: least, Kind.BLOB: b"a" * least, Kind.BOOLEAN: False, Kind.MAP: {}}
    return simple.get(shape.kind, 1.5e9)


def places(shape: Shape, label: str, request: Callable[[object], Any]) -> Iterator[Place]:
    """Every place below a shape."""
    for member in shape.members:
        inside = partial(_with_member, request, shape, member)
        name = f"{label}.{lower(member)}" if label else lower(member)
        yield Place(member.shape, name, member.required, inside)
        yield from places(member.shape, name, inside)
    if shape.item is not None and shape.key is not None:
        key = minimal(shape.key) or "a"
        inside = partial(_with_pair, request, key)
        yield Place(shape.item, f"{label}.{key}.member", needed=True, request=inside)
        yield from places(shape.item, f"{label}.{key}.member", inside)
    elif shape.item is not None:
        inside = partial(_with_item, request)
        yield Place(shape.item, f"{label}.1.member", needed=True, request=inside)
        yield from places(shape.item, f"{label}.1.member", inside)


def _with_member(
    request: Callable[[object], Any], shape: Shape, member: Member, value: object
) -> Any:  # noqa: ANN401 - JSON values
    return request({**minimal(shape), member.name: value})


def _with_pair(request: Callable[[object], Any], key: str, value: object) -> Any:  # noqa: ANN401
    return request({key: value})


def _with_item(request: Callable[[object], Any], value: object) -> Any:  # noqa: ANN401
    return request([value])


def lower(member: Member) -> str:
    """The name of a member in messages."""
    return member.name[0].lower() + member.name[1:]


def forbidden(shape: Shape) -> Iterator[tuple[Any, str]]:
    """Values of the right type that break a bound of a shape, each with what it must do."""
    units: dict[Kind, Any] = {Kind.STRING: "a", Kind.BLOB: b"a", Kind.LIST: [None]}
    if shape.kind is Kind.LIST and shape.item is not None:
        units[Kind.LIST] = [minimal(shape.item)]
    unit, what = units.get(shape.kind, 1), "length" if shape.kind in units else "value"
    if shape.kind in units or shape.kind is Kind.INTEGER:
        if shape.minimum:
            yield (
                unit * (shape.minimum - 1),
                f"have {what} greater than or equal to {shape.minimum}",
            )
        if shape.maximum is not None:
            yield unit * (shape.maximum + 1), f"have {what} less than or equal to {shape.maximum}"
    if shape.enum:
        yield "NoSuchWord", "satisfy enum value set: ["
    if shape.pattern is not None and shape.pattern not in ("^.*$", ".*"):
        yield "\x00", f"satisfy regular expression pattern: {shape.pattern}"


def of(service: Service, name: str) -> list[Place]:
    """The places of one operation's input."""
    return list(places(operation(service, name).input, "", lambda value: value))


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    """An emulator in which nothing is: only what needs no resource is refused as asked here."""
    return Emulator()


def refusal(emulator: Emulator, service: Service, name: str, parameters: object) -> ServiceError:
    """How a request is refused."""
    assert isinstance(parameters, dict)
    with pytest.raises(ServiceError) as caught:
        emulator.handle(service, name, parameters, DEFAULT_CALLER)
    return caught.value


def refused(
    emulator: Emulator, service: Service, name: str, parameters: object, code: ErrorCode
) -> str | None:
    """The message of a refusal; nothing where the operation is not offered."""
    error = refusal(emulator, service, name, parameters)
    if name not in OFFERED[service]:
        assert error.code is ErrorCode.UNKNOWN_OPERATION
        return None
    assert error.code is code, f"{name} {parameters}: {error}"
    assert error.status == 400
    return error.message


@pytest.mark.parametrize(("service", "name"), OPERATIONS, ids=str)
def test_bounds(emulator: Emulator, service: Service, name: str) -> None:
    for place in of(service, name):
        for value, demand in forbidden(place.shape):
            said = refused(emulator, service, name, place.request(value), INVALID[service])
            if said is None:
                return
            hidden = place.shape.sensitive or place.shape.kind is Kind.BLOB
            shown = "Value" if hidden else f"Value '{value}'"
            if place.shape.kind is Kind.LIST:
                shown = "Value '["
            head, _, rest = said.partition(" detected: ")
            parts = rest.split("; ")
            assert head == f"{len(parts)} validation error{'s' * (len(parts) > 1)}"
            end = f"at '{place.label}' failed to satisfy constraint: Member must {demand}"
            assert any(one.startswith(shown) and end in one for one in parts), said
            assert all(f" at '{place.label}'" in one for one in parts), said


@pytest.mark.parametrize(("service", "name"), OPERATIONS, ids=str)
def test_what_is_needed(emulator: Emulator, service: Service, name: str) -> None:
    for place in of(service, name):
        if place.needed:
            said = refused(emulator, service, name, place.request(None), INVALID[service])
            text = f"Value null at '{place.label}' failed to satisfy constraint"
            assert said in (None, f"1 validation error detected: {text}: Member must not be null")


@pytest.mark.parametrize(("service", "name"), OPERATIONS, ids=str)
def test_types(emulator: Emulator, service: Service, name: str) -> None:
    for place in of(service, name):
        for value in WRONG_TYPES[place.shape.kind]:
            refused(emulator, service, name, place.request(value), ErrorCode.SERIALIZATION)


@pytest.mark.parametrize(("service", "name"), OPERATIONS, ids=str)
def test_what_is_minimal_is_never_a_defect(emulator: Emulator, service: Service, name: str) -> None:
    parameters = minimal(operation(service, name).input)
    try:
        emulator.handle(service, name, parameters, DEFAULT_CALLER)
    except ServiceError as error:
        assert error.status == 400  # noqa: PT017 - or it succeeds
        assert error.code is not ErrorCode.SERIALIZATION  # noqa: PT017
