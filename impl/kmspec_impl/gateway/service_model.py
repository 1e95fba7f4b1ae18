"""The service models: the only place where the emulator asks botocore for one.

Operations and shapes come out as our own frozen values, read once per service and operation.
botocore is imported when the first operation is asked for: it costs more than the rest of the
emulator's start.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Final

from kmspec.names import ErrorCode, Service
from kmspec_impl.errors import ServiceError

if TYPE_CHECKING:
    from botocore import model as botocore_model

_MODEL_NAMES: Final = {Service.KMS: "kms", Service.CLOUDHSM: "cloudhsmv2"}


class Kind(StrEnum):
    """The types the two models use."""

    STRUCTURE = "structure"
    LIST = "list"
    MAP = "map"
    STRING = "string"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    BLOB = "blob"
    TIMESTAMP = "timestamp"


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape with its constraints.

    ``minimum`` and ``maximum`` bound the value of an integer, and the length of everything
    else: characters of a string, bytes of a blob, items of a list, pairs of a map. ``item`` is
    the shape of a list's items or a map's values, ``key`` that of a map's keys.
    """

    name: str
    kind: Kind
    minimum: int | None
    maximum: int | None
    pattern: str | None
    enum: tuple[str, ...]
    sensitive: bool
    members: tuple["Member", ...] = ()
    key: "Shape | None" = None
    item: "Shape | None" = None


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a structure."""

    name: str
    required: bool
    shape: Shape


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; ``output`` is ``None`` where the model has no output shape at all."""

    name: str
    input: Shape
    output: Shape | None


@cache
def operation_names(service: Service) -> frozenset[str]:
    """The names of all operations the model of ``service`` has."""
    return frozenset(_model(service).operation_names)


@cache
def operation(service: Service, name: str) -> Operation:
    """The operation, or UnknownOperationException if the model has none of that name."""
    if service not in _MODEL_NAMES or name not in operation_names(service):
        raise ServiceError(ErrorCode.UNKNOWN_OPERATION)
    modelled = _model(service).operation_model(name)
    given, answered = modelled.input_shape, modelled.output_shape
    nothing = Shape(f"{name}Request", Kind.STRUCTURE, None, None, None, (), sensitive=False)
    return Operation(
        name,
        nothing if given is None else _shape(given),
        None if answered is None else _shape(answered),
    )


@cache
def _model(service: Service) -> "botocore_model.ServiceModel":
    from botocore.loaders import Loader  # noqa: PLC0415 - see the module docstring
    from botocore.model import ServiceModel  # noqa: PLC0415

    name = _MODEL_NAMES[service]
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


def _shape(shape: "botocore_model.Shape") -> Shape:
    """Our value for a shape; neither model has a recursive one."""
    constraints = shape.metadata
    kind = Kind(shape.type_name)
    required = frozenset(constraints.get("required", ()))
    members: tuple[Member, ...] = ()
    key = item = None
    match kind:
        case Kind.STRUCTURE:
            members = tuple(
                Member(name, name in required, _shape(member))
                for name, member in shape.members.items()  # type: ignore[attr-defined]
            )
        case Kind.LIST:
            item = _shape(shape.member)  # type: ignore[attr-defined]
        case Kind.MAP:
            key = _shape(shape.key)  # type: ignore[attr-defined]
            item = _shape(shape.value)  # type: ignore[attr-defined]
    return Shape(
        name=shape.name,
        kind=kind,
        minimum=constraints.get("min"),
        maximum=constraints.get("max"),
        pattern=constraints.get("pattern"),
        enum=tuple(constraints.get("enum", ())),
        sensitive=bool(constraints.get("sensitive")),
        members=members,
        key=key,
        item=item,
    )
