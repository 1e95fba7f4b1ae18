"""Validation against the models: what they allow passes, what they forbid is refused.

Requests are drawn from the shapes themselves; the forbidden ones are allowed ones with exactly
one constraint broken, so the refusal must name that member and no other.
"""

import string
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from kmspec.names import ErrorCode, Service
from kmspec_impl.errors import ServiceError
from kmspec_impl.gateway.service_model import Kind, Shape, operation, operation_names
from kmspec_impl.gateway.validation import compile_pattern, validate

INVALID: Final = {
    Service.KMS: ErrorCode.VALIDATION,
    Service.CLOUDHSM: ErrorCode.CLOUDHSM_INVALID_REQUEST,
}
SETTINGS: Final = settings(
    derandomize=True,
    deadline=None,
    max_examples=10,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
SHORT: Final = 12
"""How far beyond its minimum a drawn length goes: enough, and quick."""

OPERATIONS: Final = [
    (service, name)
    for service in (Service.KMS, Service.CLOUDHSM)
    for name in sorted(operation_names(service))
]


def allowed(shape: Shape) -> st.SearchStrategy[Any]:
    """Values the model allows."""
    low = shape.minimum or 0
    high = low + SHORT if shape.maximum is None else min(shape.maximum, low + SHORT)
    if shape.kind is Kind.STRUCTURE:
        return allowed_structure(shape)
    if shape.item is not None:
        if shape.key is not None:
            return st.dictionaries(allowed(shape.key), allowed(shape.item), max_size=3)
        return st.lists(allowed(shape.item), min_size=low, max_size=max(low, min(high, 3)))
    if shape.kind is Kind.STRING:
        return allowed_string(shape, low, high)
    return {
        Kind.INTEGER: st.integers(low, 2**31 if shape.maximum is None else shape.maximum),
        Kind.BOOLEAN: st.booleans(),
        Kind.TIMESTAMP: st.integers(0, 2**32) | st.floats(0, 2.0**32),
        Kind.BLOB: st.binary(min_size=low, max_size=high),
    }[shape.kind]


def allowed_structure(shape: Shape) -> st.SearchStrategy[dict[str, Any]]:
    """Every required member, and any of the others."""
    members = {member.name: allowed(member.shape) for member in shape.members}
    needed = {member.name for member in shape.members if member.required}
    return st.fixed_dictionaries(
        {name: drawn for name, drawn in members.items() if name in needed},
        optional={name: drawn for name, drawn in members.items() if name not in needed},
    )


def allowed_string(shape: Shape, low: int, high: int) -> st.SearchStrategy[str]:
    """Strings of the enum, of the pattern, or any of the right length."""
    if shape.enum:
        return st.sampled_from(shape.enum)
    if shape.pattern is None:
        return st.text(min_size=low, max_size=high)
    longest = shape.maximum

    def fits(text: str) -> bool:
        return low <= len(text) and (longest is None or len(text) <= longest)

    return st.from_regex(compile_pattern(shape.pattern), fullmatch=True).filter(fits)


class Breach(NamedTuple):
    """A value that breaks one constraint of a member, and the words for that constraint."""

    member: str
    value: object
    words: str


def breaches(shape: Shape) -> Iterator[Breach]:
    """One constraint of one direct member broken at a time."""
    for member in shape.members:
        of = member.shape
        if member.required:
            yield Breach(member.name, None, "must not be null")
        for value, words in out_of_bounds(of):
            yield Breach(member.name, value, words)
        if of.enum:
            yield Breach(member.name, "NoSuchWord", "enum value set: [")
        if of.pattern is not None and not compile_pattern(of.pattern).fullmatch("\x00"):
            yield Breach(member.name, "\x00", "regular expression pattern: ")


def out_of_bounds(shape: Shape) -> Iterator[tuple[object, str]]:
    """A value just below the least and one just above the most, if there is one."""
    bounded: Callable[[int], object]
    if shape.kind is Kind.INTEGER:
        bounded, what = int, "value"
    elif shape.kind in (Kind.STRING, Kind.BLOB):
        unit: str | bytes = "a" if shape.kind is Kind.STRING else b"a"
        bounded, what = unit.__mul__, "length"
    else:
        return
    if shape.minimum:
        yield bounded(shape.minimum - 1), f"{what} greater than or equal to {shape.minimum}"
    if shape.maximum is not None:
        yield bounded(shape.maximum + 1), f"{what} less than or equal to {shape.maximum}"


@pytest.mark.parametrize(("service", "name"), OPERATIONS, ids=str)
@SETTINGS
@given(data=st.data())
def test_what_the_model_allows_passes(service: Service, name: str, data: st.DataObject) -> None:
    validate(service, name, data.draw(allowed(operation(service, name).input)))


@pytest.mark.parametrize(("service", "name"), OPERATIONS, ids=str)
def test_what_the_model_forbids_is_refused(service: Service, name: str) -> None:
    shape = operation(service, name).input
    for breach in breaches(shape):
        refused(service, name, {breach.member: breach.value}, breach)


def refused(service: Service, name: str, parameters: dict[str, Any], breach: Breach) -> None:
    """The breach is refused, and the message names the member and the constraint."""
    with pytest.raises(ServiceError) as caught:
        validate(service, name, parameters)
    error = caught.value
    assert error.code is INVALID[service]
    assert error.message is not None
    label = breach.member[0].lower() + breach.member[1:]
    assert any(
        f"'{label}'" in part and breach.words in part for part in error.message.split("; ")
    ), error.message


@SETTINGS
@given(data=st.data())
def test_nothing_else_is_refused_with_a_breach(data: st.DataObject) -> None:
    service, name = data.draw(st.sampled_from(OPERATIONS))
    shape = operation(service, name).input
    found = list(breaches(shape))
    assume(found)
    breach = data.draw(st.sampled_from(found))
    parameters = {**data.draw(allowed(shape)), breach.member: breach.value}
    with pytest.raises(ServiceError) as caught:
        validate(service, name, parameters)
    assert caught.value.message is not None
    label = breach.member[0].lower() + breach.member[1:]
    assert caught.value.message.count(" at '") == caught.value.message.count(f" at '{label}'")


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(string.printable, max_size=8)
    | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@settings(SETTINGS, max_examples=500)
@given(data=st.data())
def test_whatever_comes_is_taken_or_refused(data: st.DataObject) -> None:
    """Values of any type in any member: never anything but a ServiceError."""
    service, name = data.draw(st.sampled_from(OPERATIONS))
    shape = operation(service, name).input
    parameters = {member.name: data.draw(anything) for member in shape.members}
    try:
        validate(service, name, parameters)
    except ServiceError as error:
        assert error.code in (ErrorCode.SERIALIZATION, INVALID[service])  # noqa: PT017 - or none
