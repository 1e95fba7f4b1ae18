"""The wire: the only place that writes and reads AWS's protocols, and that knows botocore.

Parameters become HTTP requests, bodies become plain data.

Input is written as it is given, right or wrong: what a caller may not send is the target's to
refuse. So only the shapes of answers are looked at, for their blobs and timestamps.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, cast

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.loaders import Loader
from botocore.model import (
    ListShape,
    MapShape,
    OperationNotFoundError,
    ServiceModel,
    Shape,
    StructureShape,
)
from botocore.parsers import create_parser

from kmspec.names import Service
from kmspec_check.target import ANOTHER_URL, Answer, Garbled, is_html, succeeded

BOTOCORE_NAMES = {Service.KMS: "kms", Service.CLOUDHSM: "cloudhsmv2", Service.STS: "sts"}
"""What botocore calls the services that AWS has."""

_SECRET = "kmspec"  # noqa: S105 - signs requests to emulators that do not verify them

Converter = Callable[[object], object]


class Request(NamedTuple):
    """One HTTP request, unsigned."""

    body: bytes
    headers: dict[str, str]


@cache
def service_model(service: str) -> ServiceModel:
    """The model that botocore has of a service; sts, kms or cloudhsm.

    :raises KeyError: AWS has no such service among ours.
    """
    name = BOTOCORE_NAMES[Service(service)]
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


def request(service: str, operation: str, parameters: Mapping[str, Any]) -> Request:
    """The request for an operation, in JSON 1.1 or, for STS, in the query protocol."""
    model = service_model(service)
    if service == Service.STS:
        body = f"Action={operation}&Version={model.api_version}".encode()
        return Request(body, {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})
    target = f"{model.metadata['targetPrefix']}.{operation}"
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target}
    return Request(json.dumps(parameters, default=_jsonable).encode(), headers)


def _jsonable(value: object) -> object:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"a parameter of type {type(value).__name__} has no JSON form")


class Signer:
    """Signs requests in the name of accounts, keeping one signer for each.

    Without ``credentials`` the access key id is the account; ``secret`` is that of all of them.
    """

    def __init__(self, credentials: Credentials | None = None, secret: str | None = None) -> None:
        self._own = credentials
        self._secret = secret or _SECRET
        self._signers: dict[tuple[str, str, str], SigV4Auth] = {}

    def sign(
        self, url: str, unsigned: Request, service: str, account: str, region: str
    ) -> dict[str, str]:
        """All headers of the request, with the signature."""
        key = (service, account, region)
        signer = self._signers.get(key)
        if signer is None:
            credentials = self._own or Credentials(account, self._secret)
            name = service_model(service).signing_name
            signer = self._signers[key] = SigV4Auth(credentials, name, region)
        signed = AWSRequest("POST", url, headers=unsigned.headers, data=unsigned.body)
        signer.add_auth(signed)
        return dict(signed.headers.items())


def answer(service: str, operation: str, status: int, body: bytes) -> Answer:
    """What an answer says, blobs as bytes and timestamps as float.

    A refusal whose body is not of the protocol keeps its status and its first words, without a
    code: whether that means anything is for a profile to say.

    :raises Garbled: a success that cannot be read.
    """
    if service == Service.STS:
        return _query_answer(operation, status, body)
    try:
        parsed = json.loads(body) if body else {}
        nothing = succeeded(status) and _says_nothing(service, operation)
        if nothing and parsed is None:
            return Answer(status, {})
        parsed = dict(parsed.items())
        if nothing:
            return Answer(status, {})
        convert = _converter_of(service, operation) if succeeded(status) else None
        return Answer(status, cast("dict[str, Any]", convert(parsed)) if convert else parsed)
    except (ValueError, AttributeError, RecursionError) as fault:
        if succeeded(status):
            raise _unreadable(service, operation, status, body) from fault
        return Answer(status, {"__type": "", "message": body[:200].decode("utf-8", "replace")})


def _unreadable(service: str, operation: str, status: int, body: bytes) -> Garbled:
    if is_html(body):
        kind = "with HTML"
    elif service == Service.STS:
        kind = f"with a body that is no XML: {body[:60]!r}"
    elif body.lstrip()[:1] in (b"[", b'"') or body.strip().isalnum():
        kind = f"with a body that is no JSON object: {body[:60]!r}"
    else:
        kind = f"with a body that is no JSON: {body[:60]!r}"
    return Garbled(f"{operation} was answered HTTP {status} {kind}", ANOTHER_URL)


def _query_answer(operation: str, status: int, body: bytes) -> Answer:
    shape = cast("Shape", service_model(Service.STS).operation_model(operation).output_shape)
    response = {"body": body, "headers": {}, "status_code": status}
    try:
        parsed = dict(create_parser("query").parse(response, shape))
    except Exception as fault:
        raise _unreadable(Service.STS, operation, status, body) from fault
    parsed.pop("ResponseMetadata", None)
    error = parsed.pop("Error", None)
    if error is not None:
        code = str(error.get("Code", ""))
        named = "" if code == str(status) else code
        return Answer(status, {"__type": named, "message": error.get("Message")})
    return Answer(status, parsed)


@cache
def _output_shape(service: str, operation: str) -> Shape | None:
    """The shape of an answer; ``None`` where AWS knows no such operation, or it has none."""
    if service not in BOTOCORE_NAMES:
        return None
    try:
        return service_model(service).operation_model(operation).output_shape
    except OperationNotFoundError:
        return None


@cache
def _says_nothing(service: str, operation: str) -> bool:
    """Whether an operation of AWS has no answer, so that no member of the body is read."""
    return service in BOTOCORE_NAMES and _output_shape(service, operation) is None


@cache
def _converter_of(service: str, operation: str) -> Converter | None:
    shape = _output_shape(service, operation)
    return _converter(shape) if shape else None


@cache
def _converter(shape: Shape) -> Converter | None:
    """What turns a JSON value of this shape into plain data; ``None`` when nothing needs to be."""
    if shape.type_name == "blob":
        return _blob
    if shape.type_name == "timestamp":
        return _seconds
    if isinstance(shape, ListShape | MapShape):
        inner = _converter(shape.member if isinstance(shape, ListShape) else shape.value)
        return _each(inner) if inner else None
    if isinstance(shape, StructureShape):
        found = {name: _converter(member) for name, member in shape.members.items()}
        return _members({name: inner for name, inner in found.items() if inner})
    return None


def _members(converters: Mapping[str, Converter]) -> Converter | None:
    def convert(value: object) -> object:
        if isinstance(value, dict):
            for name, inner in converters.items():
                if value.get(name) is not None:
                    value[name] = inner(value[name])
        return value

    return convert if converters else None


def _each(inner: Converter) -> Converter:
    def convert(value: object) -> object:
        if isinstance(value, list):
            return [inner(item) for item in value]
        if isinstance(value, dict):
            return {key: inner(item) for key, item in value.items()}
        return value

    return convert


def _blob(value: object) -> object:
    """A blob; what is no base64 stays as it is, and so fits nothing."""
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        return value


def _seconds(value: object) -> object:
    """Epoch seconds, from a number or from ISO 8601; anything else stays as it is."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value).timestamp()
    except ValueError:
        return value
