"""Answers of all 74 operations, as botocore reads them: every member there can be, and none."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import cbor2
import pytest
from botocore import parsers
from botocore.loaders import Loader
from botocore.model import ServiceModel

from kmspec.names import ErrorCode, Service
from kmspec_impl.errors import ServiceError
from kmspec_impl.gateway.json_rpc import TARGET_PREFIXES
from kmspec_impl.gateway.service_model import Kind, Shape, operation
from tests.fuzz.exchange import travelling
from tests.unit.gateway.support import CannedEmulator, Response
from tests.unit.gateway.test_every_member import minimal
from tests.unit.gateway.test_routes import CBOR, JSON, ask
from tests.unit.gateway.test_validation_properties import INVALID, OPERATIONS

Answer: TypeAlias = dict[str, Any] | Callable[[dict[str, Any]], dict[str, Any]]

PREFIXES: Final = {service: prefix for prefix, service in TARGET_PREFIXES.items()}
MODELS: Final = {
    Service.KMS: ServiceModel(Loader().load_service_model("kms", "service-2"), "kms"),
    Service.CLOUDHSM: ServiceModel(
        Loader().load_service_model("cloudhsmv2", "service-2"), "cloudhsmv2"
    ),
}
MOMENT: Final = 1_767_323_045.678
SCALARS: Final[dict[Kind, Any]] = {
    Kind.STRING: 'a "\\\x7f\N{GRINNING FACE}',
    Kind.INTEGER: 7,
    Kind.BOOLEAN: False,
    Kind.BLOB: b"\x00\xff\xfe",
    Kind.TIMESTAMP: MOMENT,
}


def full(shape: Shape) -> Any:  # noqa: ANN401 - values of the service models
    """An answer with every member there can be, as a handler gives it."""
    if shape.kind is Kind.STRUCTURE:
        return {member.name: full(member.shape) for member in shape.members}
    if shape.item is not None:
        item = full(shape.item)
        return [item, item] if shape.key is None else {"a": item, "ключ": item}
    return shape.enum[0] if shape.enum else SCALARS[shape.kind]


def read(value: Any) -> Any:  # noqa: ANN401 - the same
    """The same as botocore gives it."""
    match value:
        case dict():
            return {name: read(item) for name, item in value.items()}
        case list():
            return [read(item) for item in value]
        case float():
            return datetime.fromtimestamp(value, UTC)
        case _:
            return value


def answered(service: Service, name: str, answer: Answer, *, cbor: bool = False) -> Response:
    """The reply to a request with nothing in it that is not needed."""
    emulator = CannedEmulator({name: answer})
    parameters = minimal(operation(service, name).input)
    if cbor:
        path = f"/service/BaldrApiService/operation/{name}"
        return ask(emulator, "POST", path, CBOR, cbor2.dumps(parameters))
    headers = {"x-amz-target": f"{PREFIXES[service]}.{name}", "content-type": JSON}
    return ask(emulator, "POST", "/", headers, json.dumps(travelling(parameters)).encode())


def parsed(service: Service, name: str, reply: Response, protocol: str) -> dict[str, Any]:
    """The members of a reply, as botocore reads them."""
    raw = {"status_code": reply.status, "headers": reply.headers, "body": reply.body}
    shape = MODELS[service].operation_model(name).output_shape
    parser = parsers.create_parser(protocol)
    found: dict[str, Any] = parser.parse(raw, shape)  # type: ignore[arg-type] # None is taken
    metadata = found.pop("ResponseMetadata")
    assert metadata["HTTPStatusCode"] == reply.status
    assert metadata["RequestId"] == reply.headers["x-amzn-requestid"]
    return found


@pytest.mark.parametrize(("service", "name"), OPERATIONS, ids=str)
def test_every_member_in_json(service: Service, name: str) -> None:
    output = operation(service, name).output
    answer = {} if output is None else full(output)
    reply = answered(service, name, {**answer, "NoSuchMember": 1})
    assert reply.status == 200
    assert reply.headers["content-type"] == JSON
    assert b"NoSuchMember" not in reply.body
    assert parsed(service, name, reply, "json") == read(answer)


@pytest.mark.parametrize(("service", "name"), OPERATIONS, ids=str)
def test_no_member_in_json(service: Service, name: str) -> None:
    reply = answered(service, name, {})
    assert reply.body == (b"" if operation(service, name).output is None else b"{}")
    assert parsed(service, name, reply, "json") == {}


@pytest.mark.parametrize(("service", "name"), OPERATIONS, ids=str)
def test_a_refusal_in_json(service: Service, name: str) -> None:
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise ServiceError(INVALID[service], "No.")

    reply = answered(service, name, refuse)
    code, member = INVALID[service], "Message" if service is Service.CLOUDHSM else "message"
    assert (reply.status, reply.headers["x-amzn-errortype"]) == (400, code)
    assert json.loads(reply.body) == {"__type": code, member: "No."}
    assert parsed(service, name, reply, "json")["Error"] == {"Code": code, "Message": "No."}


@pytest.mark.parametrize(
    "name", [name for service, name in OPERATIONS if service is Service.CLOUDHSM]
)
def test_every_member_in_cbor(name: str) -> None:
    output = operation(Service.CLOUDHSM, name).output
    assert output is not None
    reply = answered(Service.CLOUDHSM, name, full(output), cbor=True)
    assert reply.headers["smithy-protocol"] == "rpc-v2-cbor"
    assert reply.headers["content-type"] == "application/cbor"
    assert parsed(Service.CLOUDHSM, name, reply, "smithy-rpc-v2-cbor") == read(full(output))


@pytest.mark.parametrize(
    "name", [name for service, name in OPERATIONS if service is Service.CLOUDHSM]
)
def test_nothing_and_a_refusal_in_cbor(name: str) -> None:
    reply = answered(Service.CLOUDHSM, name, {}, cbor=True)
    assert reply.body == b"\xa0"

    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise ServiceError(ErrorCode.CLOUDHSM_SERVICE, "No.")

    reply = answered(Service.CLOUDHSM, name, refuse, cbor=True)
    found = parsed(Service.CLOUDHSM, name, reply, "smithy-rpc-v2-cbor")
    assert reply.status == 400
    assert found["Error"] == {"Code": ErrorCode.CLOUDHSM_SERVICE, "Message": "No."}
