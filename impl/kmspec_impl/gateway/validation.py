"""Validation: the only place that checks a request against the service model.

Every operation's input shape is compiled once into closures, of two kinds: those that find at
little cost that a usual request is right, and those that say of any other what is wrong. What
AWS's framework checks is checked here with its message (wire.md, section 5): types, required
members, lengths, ranges, patterns and enums. What a service checks by itself is in its module.
"""

import re
import sys
from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeAlias

from kmspec.names import ErrorCode, Service
from kmspec_impl.errors import ServiceError
from kmspec_impl.gateway.service_model import Kind, Member, Shape, operation

_Refusals: TypeAlias = list[str]
_Check: TypeAlias = Callable[[object, str, _Refusals], None]
_Fits: TypeAlias = Callable[[Any], bool]
_Constraint: TypeAlias = tuple[Callable[[Any], bool], str]

_INTEGERS: Final = range(-(2**63), 2**63)
"""What the widest integer type of a client holds; beyond it, a number is no integer."""

_YEAR_10000: Final = 253_402_300_800
"""Epoch seconds; no date of four digits lies beyond."""

_INVALID: Final = {
    Service.KMS: ErrorCode.VALIDATION,
    # CloudHSM models no ValidationException (cloudhsm.md, open question 9).
    Service.CLOUDHSM: ErrorCode.CLOUDHSM_INVALID_REQUEST,
}

_UNICODE_CLASS: Final = r"\p{L}\p{Z}\p{N}_"
"""Letters, separators, numbers and the underscore, as the models write them."""
_PYTHON_CLASS: Final = r"\w\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""The same set as ``re`` knows it: its Unicode ``\\w``, and the separators one by one."""


def validate(service: str, operation: str, parameters: dict[str, Any]) -> None:
    """Check ``parameters`` of one request; blobs are bytes, timestamps numbers (epoch seconds).

    Members the model does not know are ignored; ``None`` stands for an absent member. Raises
    :class:`ServiceError`: SerializationException for a value of the wrong type; otherwise,
    naming all that is wrong, ValidationException (KMS) or CloudHsmInvalidRequestException.
    """
    fits, check = _compiled(service, operation)
    if fits(parameters):
        return
    refusals: _Refusals = []
    check(parameters, "", refusals)
    if refusals:
        errors = "error" if len(refusals) == 1 else "errors"
        text = f"{len(refusals)} validation {errors} detected: {'; '.join(refusals)}"
        raise ServiceError(_INVALID[Service(service)], text)


def compile_pattern(pattern: str) -> re.Pattern[str]:
    r"""A pattern of the models as ``re`` reads it, to be used with ``fullmatch``.

    Some patterns have no anchors, yet all are meant for the whole value (wire.md, section 5).
    ``\w``, ``\d`` and ``\s`` are those of ASCII, as in the engines the models are written for.
    """
    if _UNICODE_CLASS in pattern:
        return re.compile(pattern.replace(_UNICODE_CLASS, _PYTHON_CLASS))
    return re.compile(pattern, re.ASCII)


def wrong_type(found: object, expected: str) -> ServiceError:
    """SerializationException for ``found``, of whatever type, where ``expected`` should be."""
    match found:
        case dict():
            text = "Start of structure or map found where not expected."
        case list():
            text = "Start of list found where not expected"
        case _ if expected in (Kind.LIST, Kind.MAP, Kind.STRUCTURE):
            text = f"Expected {expected} or null"
        case _:
            text = f"{_token(found)} can not be converted to {expected.capitalize()}"
    return ServiceError(ErrorCode.SERIALIZATION, text)


def _token(found: object) -> str:
    match found:
        case bool():
            return f"{str(found).upper()}_VALUE"
        case int() | float():
            return "NUMBER_VALUE"
        case str():
            return "STRING_VALUE"
        case _:
            return "EMBEDDED_OBJECT_VALUE"


@cache
def _compiled(service: str, name: str) -> tuple[_Fits, _Check]:
    shape = operation(Service(service), name).input
    return _fits_structure(shape), _structure(shape)


def _fits(shape: Shape) -> _Fits:
    """Whether a value is right beyond doubt; of what is left in doubt, the check decides."""
    if shape.kind is Kind.STRUCTURE:
        return _fits_structure(shape)
    if shape.key is not None and shape.item is not None:
        return _fits_map(shape, shape.key, shape.item)
    if shape.kind in (Kind.STRING, Kind.BLOB):
        return _fits_measured(shape)
    return _in_doubt


def _in_doubt(_: object) -> bool:
    return False


def _fits_structure(shape: Shape) -> _Fits:
    required = frozenset(member.name for member in shape.members if member.required)
    members = {member.name: _fits(member.shape) for member in shape.members}

    def fits(value: object) -> bool:
        if type(value) is not dict or not required <= value.keys():
            return False
        for name, found in value.items():
            if name not in members or not members[name](found):
                return False
        return True

    return fits


def _fits_map(shape: Shape, of_keys: Shape, of_items: Shape) -> _Fits:
    low, high = _length(shape)
    key, item = _fits(of_keys), _fits(of_items)

    def fits(value: object) -> bool:
        return (
            type(value) is dict
            and low <= len(value) <= high
            and all(map(key, value))
            and all(map(item, value.values()))
        )

    return fits


def _fits_measured(shape: Shape) -> _Fits:
    """Strings and blobs."""
    python_type: type[str | bytes] = str if shape.kind is Kind.STRING else bytes
    low, high = _length(shape)
    matches = None if shape.pattern is None else compile_pattern(shape.pattern).fullmatch
    enum = frozenset(shape.enum)

    def fits_length(value: Any) -> bool:  # noqa: ANN401 - what a client sent
        return isinstance(value, python_type) and low <= len(value) <= high

    def fits(value: Any) -> bool:  # noqa: ANN401 - the same
        return (
            fits_length(value)
            and (not enum or value in enum)
            and (matches is None or matches(value) is not None)
        )

    return fits if enum or matches is not None else fits_length


def _length(shape: Shape) -> tuple[int, int]:
    """The bounds of a length."""
    return shape.minimum or 0, sys.maxsize if shape.maximum is None else shape.maximum


def _compile(shape: Shape) -> _Check:
    if shape.kind is Kind.STRUCTURE:
        return _structure(shape)
    if shape.item is not None:
        return _list(shape, shape.item) if shape.key is None else _map(shape, shape.key, shape.item)
    if shape.kind is Kind.INTEGER:
        return _integer(shape)
    if shape.kind is Kind.TIMESTAMP:
        return _timestamp
    if shape.kind is Kind.BOOLEAN:
        return _scalar(shape, bool)
    return _scalar(shape, str if shape.kind is Kind.STRING else bytes)


def _structure(shape: Shape) -> _Check:
    def compiled(member: Member) -> tuple[str, str, bool, _Check]:
        lower_camel = member.name[0].lower() + member.name[1:]
        return member.name, lower_camel, member.required, _compile(member.shape)

    members = tuple(compiled(member) for member in shape.members)

    def check(value: object, path: str, refusals: _Refusals) -> None:
        if not isinstance(value, dict):
            raise wrong_type(value, Kind.STRUCTURE)
        get = value.get
        for name, label, required, member in members:
            found = get(name)
            if found is not None:
                member(found, f"{path}.{label}" if path else label, refusals)
            elif required:
                refusals.append(_null(f"{path}.{label}" if path else label))

    return check


def _list(shape: Shape, of_items: Shape) -> _Check:
    item, constraints, shown = _compile(of_items), _constraints(shape), _shown(shape)

    def check(value: object, path: str, refusals: _Refusals) -> None:
        if not isinstance(value, list):
            raise wrong_type(value, Kind.LIST)
        for holds, text in constraints:
            if not holds(value):
                refusals.append(_refusal(value, path, text, shown=shown))
        for index, found in enumerate(value, 1):
            if found is None:
                refusals.append(_null(f"{path}.{index}.member"))
            else:
                item(found, f"{path}.{index}.member", refusals)

    return check


def _map(shape: Shape, of_keys: Shape, of_items: Shape) -> _Check:
    """Check a map; what is wrong with its keys is one refusal, of the map as a whole."""
    key, item = _compile(of_keys), _compile(of_items)
    constraints, shown = _constraints(shape), _shown(shape)
    demanded = ", ".join(text for _, text in _constraints(of_keys))

    def check(value: object, path: str, refusals: _Refusals) -> None:
        if not isinstance(value, dict):
            raise wrong_type(value, Kind.MAP)
        for holds, text in constraints:
            if not holds(value):
                refusals.append(_refusal(value, path, text, shown=shown))
        bad_keys: _Refusals = []
        for name, found in value.items():
            key(name, path, bad_keys)
            if found is None:
                refusals.append(_null(f"{path}.{name}.member"))
            else:
                item(found, f"{path}.{name}.member", refusals)
        if bad_keys:
            text = f"Map keys must satisfy constraint: [{demanded}]"
            refusals.append(_refusal(value, path, text, shown=shown))

    return check


def _scalar(shape: Shape, python_type: type[object]) -> _Check:
    constraints, shown, kind = _constraints(shape), _shown(shape), shape.kind

    def check(value: object, path: str, refusals: _Refusals) -> None:
        if not isinstance(value, python_type):
            raise wrong_type(value, kind)
        for holds, text in constraints:
            if not holds(value):
                refusals.append(_refusal(value, path, text, shown=shown))

    return check


def _integer(shape: Shape) -> _Check:
    in_bounds = _scalar(shape, int)

    def check(value: object, path: str, refusals: _Refusals) -> None:
        # To Python a boolean is an integer as well.
        if isinstance(value, bool) or (isinstance(value, int) and value not in _INTEGERS):
            raise wrong_type(value, Kind.INTEGER)
        in_bounds(value, path, refusals)

    return check


def _timestamp(value: object, path: str, refusals: _Refusals) -> None:
    """Epoch seconds; the models put no bounds on them. A check like the compiled ones."""
    del path, refusals
    # Written so that a NaN, which is in no order with anything, is refused as well.
    if isinstance(value, bool) or not (isinstance(value, int | float) and abs(value) < _YEAR_10000):
        raise wrong_type(value, Kind.TIMESTAMP)


def _constraints(shape: Shape) -> tuple[_Constraint, ...]:
    """What the shape itself demands, each with AWS's words for it."""
    demands: list[_Constraint] = []
    low, high = shape.minimum, shape.maximum
    if shape.kind is Kind.INTEGER:
        if high is not None:
            demands.append((high.__ge__, f"have value less than or equal to {high}"))
        if low is not None:
            demands.append((low.__le__, f"have value greater than or equal to {low}"))
    else:
        if high is not None:
            text = f"have length less than or equal to {high}"
            demands.append((lambda value: len(value) <= high, text))
        if low:
            text = f"have length greater than or equal to {low}"
            demands.append((lambda value: len(value) >= low, text))
    if shape.pattern is not None:
        matches = compile_pattern(shape.pattern).fullmatch
        text = f"satisfy regular expression pattern: {shape.pattern}"
        demands.append((lambda value: matches(value) is not None, text))
    if shape.enum:
        text = f"satisfy enum value set: [{', '.join(shape.enum)}]"
        demands.append((frozenset(shape.enum).__contains__, text))
    return tuple((holds, f"Member must {text}") for holds, text in demands)


def _shown(shape: Shape) -> bool:
    """Whether a message may show a value of this shape: no secrets, no bytes, at any depth."""
    inner = (shape.key, shape.item, *(member.shape for member in shape.members))
    return not (
        shape.sensitive
        or shape.kind is Kind.BLOB
        or any(not _shown(part) for part in inner if part is not None)
    )


def _null(path: str) -> str:
    return f"Value null at '{path}' failed to satisfy constraint: Member must not be null"


def _refusal(value: object, path: str, text: str, *, shown: bool) -> str:
    given = f"Value '{_render(value)}'" if shown else "Value"
    return f"{given} at '{path}' failed to satisfy constraint: {text}"


def _render(value: object) -> str:
    """A value as AWS prints it: no quotes, ``[a, b]`` and ``{a=b}``."""
    match value:
        case list():
            return f"[{', '.join(map(_render, value))}]"
        case dict():
            return f"{{{', '.join(f'{key}={_render(item)}' for key, item in value.items())}}}"
        case None:
            return "null"
        case _:
            return str(value)
