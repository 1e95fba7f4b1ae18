"""The one dispatch: which request goes where, and how each kind of refusal is said."""

import asyncio
import json
from typing import Any
from xml.etree import ElementTree as ET

import cbor2
import pytest

from kmspec.names import ErrorCode, Service
from kmspec_impl.caller import Caller
from kmspec_impl.errors import ServiceError
from kmspec_impl.gateway.admin import Door
from kmspec_impl.gateway.app import Application
from kmspec_impl.gateway.exchange import BODY_LIMIT, Handling
from kmspec_impl.gateway.json_rpc import TARGET_PREFIXES
from kmspec_impl.gateway.service_model import operation_names
from tests.unit.gateway.support import Call, CannedEmulator, Response

JSON = "application/x-amz-json-1.1"
FORM = "application/x-www-form-urlencoded"
SIGNED = (
    "AWS4-HMAC-SHA256 Credential=111122223333/20261124/eu-west-1/kms/aws4_request, "
    "SignedHeaders=host, Signature=abc"
)
CBOR = {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"}
NOBODY = Caller()
DESCRIBE = "/service/BaldrApiService/operation/DescribeClusters"


def ask(
    emulator: Handling,
    method: str,
    url: str,
    headers: dict[str, str] | None = None,
    *chunks: bytes,
    peer: str = "127.0.0.1",
    door: Door | None = None,
) -> Response:
    """One request to the application, without a network."""
    path, _, query = url.partition("?")
    given = {"host": "localhost", **(headers or {})}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "client": (peer, 12345),
    }
    sent: list[dict[str, Any]] = []
    waiting = list(chunks or (b"",))

    async def receive() -> dict[str, Any]:
        chunk = waiting.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(Application(emulator, None, door)(scope, receive, send))
    start, body = sent
    found = {name.decode(): value.decode() for name, value in start["headers"]}
    assert int(found["content-length"]) == len(body["body"])
    assert len(found["x-amzn-requestid"]) == 36
    return Response(start["status"], found, body["body"])


def aws(
    target: str, body: bytes = b"{}", media_type: str = JSON, authorization: str = ""
) -> tuple[CannedEmulator, Response]:
    """A JSON 1.1 request, and the emulator it went to."""
    emulator = CannedEmulator()
    given = {
        "x-amz-target": target,
        "content-type": media_type,
        "authorization": authorization,
    }
    return emulator, ask(emulator, "POST", "/", given, body)


def error(response: Response) -> tuple[int, str]:
    """Status and code of an error in JSON."""
    code = json.loads(response.body)["__type"]
    if response.headers["content-type"] == JSON:
        assert response.headers["x-amzn-errortype"] == code
    return response.status, code


def refusing(code: ErrorCode, message: str | None, status: int | None = None) -> CannedEmulator:
    """An emulator that refuses everything."""

    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise ServiceError(code, message, status)

    return CannedEmulator({"ListKeys": refuse, "DescribeClusters": refuse, "ListUsers": refuse})


def test_json_goes_to_the_service_of_the_target() -> None:
    emulator, response = aws(
        "TrentService.Encrypt", b'{"KeyId":"k","Plaintext":"YQ=="}', authorization=SIGNED
    )
    assert (response.status, response.headers["content-type"]) == (200, JSON)
    assert emulator.calls == [
        Call(
            Service.KMS,
            "Encrypt",
            {"KeyId": "k", "Plaintext": b"a"},
            Caller("111122223333", "eu-west-1"),
        )
    ]
    emulator, _ = aws("BaldrApiService.DescribeClusters")
    assert emulator.calls == [Call(Service.CLOUDHSM, "DescribeClusters", {}, NOBODY)]


def test_prefixes_are_those_of_the_models() -> None:
    loader = pytest.importorskip("botocore.loaders").Loader()
    for name, service in (("kms", Service.KMS), ("cloudhsmv2", Service.CLOUDHSM)):
        prefix = loader.load_service_model(name, "service-2")["metadata"]["targetPrefix"]
        assert TARGET_PREFIXES[prefix] is service


def test_without_an_output_shape_the_body_is_empty() -> None:
    assert aws("TrentService.EnableKey", b'{"KeyId":"k"}')[1].body == b""
    assert aws("TrentService.DeleteCustomKeyStore", b'{"CustomKeyStoreId":"k"}')[1].body == b"{}"
    tag = b'{"ResourceId":"cluster-abcdefghijk","TagKeyList":["k"]}'
    assert aws("BaldrApiService.UntagResource", tag)[1].body == b"{}"


@pytest.mark.parametrize("name", ["application/json", f"{JSON}; charset=utf-8", JSON.upper()])
def test_media_types_that_are_json(name: str) -> None:
    _, response = aws("TrentService.ListKeys", media_type=name)
    assert response.status == 200


@pytest.mark.parametrize("name", ["text/plain", "", "multipart/form-data", "application/cbor"])
def test_media_types_that_are_not(name: str) -> None:
    emulator, response = aws("TrentService.ListKeys", media_type=name)
    assert error(response) == (400, "UnknownOperationException")
    assert not emulator.calls


@pytest.mark.parametrize(
    "target",
    [
        "TrentService.Nonsense",
        "TrentService.",
        "TrentService",
        "Trent.ListKeys",
        "",
        "BaldrApiService.ListKeys",
        "trentservice.ListKeys",
        "TrentService.ListKeys.ListKeys",
        "é" * 100,
    ],
)
def test_unknown_targets(target: str) -> None:
    emulator, response = aws(target)
    assert error(response) == (400, "UnknownOperationException")
    assert not emulator.calls


def test_no_target() -> None:
    response = ask(CannedEmulator(), "POST", "/", {"content-type": JSON}, b"{}")
    assert error(response) == (400, "UnknownOperationException")


def test_each_service_spells_message_in_its_way() -> None:
    for target, member in (
        ("TrentService.ListKeys", "message"),
        ("BaldrApiService.DescribeClusters", "Message"),
    ):
        emulator = refusing(ErrorCode.NOT_FOUND, "Gone.")
        headers = {"x-amz-target": target, "content-type": JSON}
        response = ask(emulator, "POST", "/", headers, b"{}")
        assert json.loads(response.body) == {"__type": "NotFoundException", member: "Gone."}
        assert response.status == 400


def test_an_error_without_a_message_has_no_such_member() -> None:
    headers = {"x-amz-target": "TrentService.ListKeys", "content-type": JSON}
    emulator = refusing(ErrorCode.INVALID_CIPHERTEXT, None)
    response = ask(emulator, "POST", "/", headers, b"{}")
    assert json.loads(response.body) == {"__type": "InvalidCiphertextException"}


def test_a_modelled_fault_has_its_status() -> None:
    headers = {"x-amz-target": "TrentService.ListKeys", "content-type": JSON}
    response = ask(refusing(ErrorCode.KMS_INTERNAL, "Later."), "POST", "/", headers, b"{}")
    assert error(response) == (500, "KMSInternalException")


def test_a_defect_is_an_answer_and_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: dict[str, Any]) -> dict[str, Any]:
        raise ZeroDivisionError

    headers = {"x-amz-target": "TrentService.ListKeys", "content-type": JSON}
    response = ask(CannedEmulator({"ListKeys": broken}), "POST", "/", headers, b"{}")
    assert error(response) == (500, "InternalFailure")
    assert "ZeroDivisionError" in caplog.text


def test_an_answer_that_cannot_be_encoded_is_a_defect(caplog: pytest.LogCaptureFixture) -> None:
    headers = {"x-amz-target": "TrentService.ListKeys", "content-type": JSON}
    response = ask(CannedEmulator({"ListKeys": {"NextMarker": 5}}), "POST", "/", headers, b"{}")
    assert error(response) == (500, "InternalFailure")
    assert caplog.text.rstrip().endswith("TypeError")


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"Limit": "x"}', b"\xff", b"[" * 100_000])
def test_bodies_that_cannot_be_read(body: bytes) -> None:
    emulator, response = aws("TrentService.ListKeys", body)
    assert error(response) == (400, "SerializationException")
    assert not emulator.calls


def test_a_body_declared_too_large_is_not_read() -> None:
    headers = {
        "x-amz-target": "TrentService.ListKeys",
        "content-type": JSON,
        "content-length": str(BODY_LIMIT + 1),
    }
    response = ask(CannedEmulator(), "POST", "/", headers)
    assert error(response) == (413, "RequestEntityTooLargeException")


def test_a_body_of_unknown_length_is_read_up_to_the_limit() -> None:
    headers = {"x-amz-target": "TrentService.ListKeys", "content-type": JSON}
    spaces = b" " * (BODY_LIMIT // 4)
    chunks = [b"{}", *[spaces] * 3]
    assert ask(CannedEmulator(), "POST", "/", headers, *chunks).status == 200
    response = ask(CannedEmulator(), "POST", "/", headers, *chunks, spaces)
    assert error(response) == (413, "RequestEntityTooLargeException")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "HEAD"])
def test_other_methods_say_how_to_ask(method: str) -> None:
    response = ask(CannedEmulator(), method, "/")
    assert error(response) == (405, "MethodNotAllowedException")
    assert response.headers["allow"] == "POST"
    assert b"AWS_ENDPOINT_URL" in response.body


@pytest.mark.parametrize("path", ["/favicon.ico", "//", "/kms", "/_kmspecs", "/service", "", "*"])
def test_unknown_paths(path: str) -> None:
    assert error(ask(CannedEmulator(), "POST", path)) == (404, "PageNotFoundException")


# --- RPC v2 CBOR


def test_cbor_in_and_out() -> None:
    cluster = {"ClusterId": "cluster-abcdefghijk", "CreateTimestamp": 1.5, "StateMessage": None}
    emulator = CannedEmulator({"DescribeClusters": {"Clusters": [cluster]}})
    body = cbor2.dumps({"MaxResults": 5, "NextToken": None})
    response = ask(emulator, "POST", DESCRIBE, CBOR, body)
    assert response.status == 200
    assert response.headers["content-type"] == "application/cbor"
    assert response.headers["smithy-protocol"] == "rpc-v2-cbor"
    assert b"\xc1\xfb\x3f\xf8" in response.body  # tag 1, a 64 bit float, 1.5
    del cluster["StateMessage"]
    decoded = cbor2.loads(response.body)
    assert decoded["Clusters"][0]["CreateTimestamp"].timestamp() == 1.5
    assert emulator.calls == [Call(Service.CLOUDHSM, "DescribeClusters", {"MaxResults": 5}, NOBODY)]


def test_cbor_without_a_body_is_an_input_without_members() -> None:
    for body in (b"", b"\xa0", b"\xbf\xff"):
        assert ask(CannedEmulator(), "POST", DESCRIBE, CBOR, body).status == 200


def test_cbor_errors() -> None:
    response = ask(CannedEmulator(), "POST", DESCRIBE, CBOR, cbor2.dumps({"MaxResults": 26}))
    assert response.status == 400
    assert cbor2.loads(response.body) == {
        "__type": "com.amazonaws.cloudhsmv2#CloudHsmInvalidRequestException",
        "Message": "1 validation error detected: Value '26' at 'maxResults' failed to satisfy "
        "constraint: Member must have value less than or equal to 25",
    }


@pytest.mark.parametrize(
    "body",
    [
        b"\xff",
        b"\xa1",
        b"\x80",
        b"\x00",
        b"\xf6",
        b"\xa0\xa0",
        b"\xa1\x61\xff\x00",
        b"\x81" * 5000,
        b"\xa1\x80\x00",
        b"\xd8\x1c\xa1\x61a\xd8\x1d\x00",
        b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
        cbor2.dumps({"NextToken": b"bytes"}),
        cbor2.dumps({"Filters": {1: ["a"]}}),
        cbor2.dumps({"MaxResults": 1.5}),
        cbor2.dumps({"MaxResults": 2**70}),
    ],
)
def test_cbor_that_cannot_be_read(body: bytes) -> None:
    response = ask(CannedEmulator(), "POST", DESCRIBE, CBOR, body)
    assert response.status == 400
    assert cbor2.loads(response.body)["__type"] == "SerializationException"


def test_cbor_of_a_wrong_address() -> None:
    for path in (
        "/service/BaldrApiService/operation/Nonsense",
        "/service/TrentService/operation/ListKeys",
        "/service/BaldrApiService/operation/",
        "/service/",
    ):
        response = ask(CannedEmulator(), "POST", path, CBOR, b"\xa0")
        assert response.status == 400
        assert cbor2.loads(response.body)["__type"] == "UnknownOperationException"


def test_cbor_needs_its_headers() -> None:
    response = ask(CannedEmulator(), "POST", DESCRIBE, {"content-type": "application/cbor"})
    assert error(response) == (400, "BadRequestException")
    for wrong in ({**CBOR, "smithy-protocol": "rpc-v1"}, {**CBOR, "content-type": JSON}):
        response = ask(CannedEmulator(), "POST", DESCRIBE, wrong)
        assert response.status == 400
        assert cbor2.loads(response.body)["__type"] == "BadRequestException"
    assert ask(CannedEmulator(), "GET", DESCRIBE, CBOR).status == 405


# --- STS

IDENTITY = {"Account": "111122223333", "UserId": "111122223333", "Arn": "arn:aws:iam::1<2&3:root"}
NAMESPACE = "{https://sts.amazonaws.com/doc/2011-06-15/}"


def sts(body: bytes, method: str = "POST", url: str = "/") -> tuple[Response, ET.Element]:
    """A request to STS, and its document."""
    emulator = CannedEmulator({"GetCallerIdentity": IDENTITY})
    response = ask(emulator, method, url, {"content-type": FORM}, body)
    assert response.headers["content-type"] == "text/xml"
    return response, ET.fromstring(response.body)  # noqa: S314 - our own


@pytest.mark.parametrize(("method", "url"), [("POST", "/"), ("GET", "/?Action=GetCallerIdentity")])
def test_caller_identity(method: str, url: str) -> None:
    response, document = sts(b"Action=GetCallerIdentity&Version=2011-06-15", method, url)
    assert response.status == 200
    for name, value in IDENTITY.items():
        assert document.findtext(f".//{NAMESPACE}{name}") == value
    assert document.findtext(f".//{NAMESPACE}RequestId") == response.headers["x-amzn-requestid"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"Action=AssumeRole&Version=2011-06-15", "InvalidAction"),
        (b"Action=%00%3C%26", "InvalidAction"),
        (b"Version=2011-06-15", "MissingAction"),
        (b"", "MissingAction"),
        (b"\xff\xfe", "BadRequestException"),
        (b"a=b&" * 1000, "BadRequestException"),
    ],
)
def test_other_actions(body: bytes, code: str) -> None:
    response, document = sts(body)
    assert response.status == 400
    assert document.findtext(f".//{NAMESPACE}Code") == code
    assert document.findtext(f".//{NAMESPACE}Type") == "Sender"


# --- administration

OPERATOR = "/_kmspec/operator/ListUsers"
PLAIN = {"content-type": "application/json"}


def test_operator_and_clock() -> None:
    emulator = CannedEmulator({"ListUsers": {"Users": []}, "Now": {"Now": 1.5}})
    response = ask(emulator, "POST", OPERATOR, PLAIN, b'{"ClusterId":"c"}')
    assert (response.status, response.body) == (200, b'{"Users":[]}')
    assert response.headers["content-type"] == "application/json"
    response = ask(emulator, "POST", "/_kmspec/clock/Now", PLAIN)
    assert (response.status, response.body) == (200, b'{"Now":1.5}')
    assert emulator.calls == [
        Call(Service.OPERATOR, "ListUsers", {"ClusterId": "c"}, NOBODY),
        Call(Service.CLOCK, "Now", {}, NOBODY),
    ]


def test_operator_errors() -> None:
    emulator = refusing(ErrorCode.OPERATOR_NOT_FOUND, "No such cluster; see DescribeClusters.")
    response = ask(emulator, "POST", OPERATOR, PLAIN, b"{}")
    assert response.status == 400
    assert json.loads(response.body) == {
        "__type": "OperatorNotFound",
        "message": "No such cluster; see DescribeClusters.",
    }
    for body in (b"[]", b"{", b"\xff"):
        response = ask(CannedEmulator(), "POST", OPERATOR, PLAIN, body)
        assert error(response) == (400, "OperatorInvalidRequest")


def test_health() -> None:
    response = ask(CannedEmulator(), "GET", "/_kmspec/health")
    assert response.status == 200
    assert json.loads(response.body)["status"] == "ok"
    assert json.loads(response.body)["version"]
    assert ask(CannedEmulator(), "POST", "/_kmspec/health").status == 405


@pytest.mark.parametrize("origin", ["https://example.com", "null", ""])
def test_browsers_are_kept_out(origin: str) -> None:
    for method, path in (("POST", OPERATOR), ("GET", "/_kmspec/health"), ("OPTIONS", OPERATOR)):
        emulator = CannedEmulator()
        response = ask(emulator, method, path, {**PLAIN, "origin": origin}, b"{}")
        assert error(response) == (403, "ForbiddenException")
        assert not emulator.calls


def test_administration_takes_only_what_is_said() -> None:
    emulator = CannedEmulator()
    assert error(ask(emulator, "GET", OPERATOR, PLAIN)) == (405, "MethodNotAllowedException")
    plain = {"content-type": "text/plain"}
    assert error(ask(emulator, "POST", OPERATOR, plain)) == (400, "BadRequestException")
    for path in ("/_kmspec/", "/_kmspec/kms/ListKeys", "/_kmspec/operator", f"{OPERATOR}/"):
        assert error(ask(emulator, "POST", path, PLAIN)) == (404, "PageNotFoundException")
    assert not emulator.calls


def test_every_operation_of_the_models_can_be_called() -> None:
    """Each is compiled and answers something typed to an empty request."""
    for prefix, service in TARGET_PREFIXES.items():
        for name in operation_names(service):
            _, response = aws(f"{prefix}.{name}")
            assert response.status in (200, 400)
