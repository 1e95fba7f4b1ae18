"""AWS's service models: the only place where ``kmspec`` looks a name up in botocore.

The tables name operations, members, states and errors of AWS. Each must be one that the service
model of the installed botocore knows, so that a misspelling cannot become a rule.
"""

from collections.abc import Iterable, Mapping
from functools import cache

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape, StringShape, StructureShape

from kmspec.names import KeyUsage, Service
from kmspec.rules import Error, KindOfKey, Machine, Operation, SigningAlgorithm

_BOTOCORE_NAMES = {Service.KMS: "kms", Service.CLOUDHSM: "cloudhsmv2", Service.STS: "sts"}
_STATE_SHAPES = {
    "key": (Service.KMS, "KeyState"),
    "connection": (Service.KMS, "ConnectionStateType"),
    "cluster": (Service.CLOUDHSM, "ClusterState"),
    "hsm": (Service.CLOUDHSM, "HsmState"),
    "backup": (Service.CLOUDHSM, "BackupState"),
}
_UNMODELLED = frozenset(
    {
        "AccessDeniedException",
        "NotAuthorizedException",
        "ThrottlingException",
        "ValidationException",
    }
)
"""Errors that KMS gives and no service model lists."""


@cache
def service_model(service: Service) -> ServiceModel:
    """The service model of the installed botocore for one of the three AWS services."""
    name = _BOTOCORE_NAMES[service]
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


def check_against_service_models(
    operations: Iterable[Operation], errors: Iterable[Error], machines: Mapping[str, Machine]
) -> None:
    """Hold names of the tables against the service models.

    :raises ValueError: a name that botocore does not know; the text names file and row.
    """
    models = {service: service_model(service) for service in _BOTOCORE_NAMES}
    for operation in operations:
        model = models.get(operation.service)
        if model is not None:
            _check_operation(model, operation)
    for error in errors:
        model = models.get(error.service)
        if model is None or error.name in _UNMODELLED:
            continue
        if error.name not in model.shape_names:
            message = f"tables/errors.toml, row {error.name}: {error.service} has no such exception"
            raise ValueError(message)
    for name, (service, shape) in _STATE_SHAPES.items():
        _check_states(machines[name], models[service].shape_for(shape))


def _check_operation(model: ServiceModel, operation: Operation) -> None:
    where = f"tables/operations/, row {operation.name}"
    if operation.called not in model.operation_names:
        message = f"{where}: {operation.service} has no such operation"
        raise ValueError(message)
    known: OperationModel = model.operation_model(operation.called)
    shape = known.input_shape
    members = set(shape.members) if isinstance(shape, StructureShape) else set()
    named = {
        operation.key,
        operation.source,
        operation.ciphertext,
        operation.alias,
        operation.store,
        operation.cluster,
        operation.hsm,
        operation.backup,
        operation.algorithm,
        operation.region,
    }
    unknown = sorted(name for name in named if name is not None and name not in members)
    if unknown:
        message = f"{where}: its input has no member {', '.join(unknown)}"
        raise ValueError(message)


def _check_states(machine: Machine, shape: Shape) -> None:
    known = set(shape.enum) if isinstance(shape, StringShape) else set()
    named = {state.name for state in machine.states}
    if known != named:
        difference = ", ".join(sorted(known ^ named))
        message = f"tables/{machine.name}.toml: states differ from botocore's in {difference}"
        raise ValueError(message)


_ALGORITHM_SHAPES = {
    KeyUsage.ENCRYPT_DECRYPT: "EncryptionAlgorithmSpec",
    KeyUsage.SIGN_VERIFY: "SigningAlgorithmSpec",
    KeyUsage.GENERATE_VERIFY_MAC: "MacAlgorithmSpec",
    KeyUsage.KEY_AGREEMENT: "KeyAgreementAlgorithmSpec",
    KeyUsage.ENCAPSULATE_DECAPSULATE: "EncapsulationAlgorithmSpec",
}


def check_kinds_of_key(
    kinds: Mapping[str, KindOfKey], signing: Mapping[str, SigningAlgorithm]
) -> None:
    """Hold the key specs, usages and algorithms of the tables against botocore's enums.

    :raises ValueError: a name that only one of the two has; the text names it.
    """
    model = service_model(Service.KMS)
    named: dict[str, set[str]] = {
        "KeySpec": set(kinds),
        "KeyUsageType": {usage for kind in kinds.values() for usage in kind.usages},
        "DataKeyPairSpec": {kind.name for kind in kinds.values() if kind.data_key_pair},
    }
    for usage, shape in _ALGORITHM_SHAPES.items():
        named[shape] = {
            algorithm for kind in kinds.values() for algorithm in kind.usages.get(usage, ())
        }
    for shape, names in named.items():
        _check_enum(model, shape, names)
    _check_enum(model, _ALGORITHM_SHAPES[KeyUsage.SIGN_VERIFY], set(signing))
    for kind in kinds.values():
        stray = kind.plaintext.keys() - set(kind.usages.get(KeyUsage.ENCRYPT_DECRYPT, ()))
        if stray:
            message = f"tables/key_specs.toml, row {kind.name}: {min(stray)} does not encrypt"
            raise ValueError(message)


def _check_enum(model: ServiceModel, name: str, named: set[str]) -> None:
    shape = model.shape_for(name)
    known = set(shape.enum) if isinstance(shape, StringShape) else set()
    if known != named:
        difference = ", ".join(sorted(known ^ named))
        message = f"tables/key_specs.toml: {name} differs from botocore's in {difference}"
        raise ValueError(message)
