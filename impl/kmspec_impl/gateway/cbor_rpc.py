"""Smithy RPC v2 CBOR: the only place of the gateway that touches cbor2.

CloudHSM v2 takes it besides JSON 1.1 (wire.md, section 1). None of its inputs has a blob or a
timestamp, so nothing that comes in needs converting.
"""

import re
from io import BytesIO
from typing import Any, Final, NoReturn

import cbor2

from kmspec.names import ErrorCode, Service
from kmspec_impl.caller import Caller
from kmspec_impl.errors import ServiceError
from kmspec_impl.gateway.codec import binary_encoder, without_nulls
from kmspec_impl.gateway.exchange import NESTING_LIMIT, EdgeCode, Handling, Reply
from kmspec_impl.gateway.service_model import Kind, operation
from kmspec_impl.gateway.validation import wrong_type

CONTENT_TYPE: Final = b"application/cbor"
PROTOCOL_HEADER: Final = b"smithy-protocol"
PROTOCOL: Final = b"rpc-v2-cbor"

_PATH: Final = re.compile(r"/service/BaldrApiService/operation/([A-Za-z0-9]+)")
_HEADERS: Final = ((PROTOCOL_HEADER, PROTOCOL),)
_NAMESPACE: Final = "com.amazonaws.cloudhsmv2#"
_EPOCH_SECONDS: Final = 1
_SHARED_VALUE: Final = 28
_REFERENCE: Final = 29


class CborErrors:
    """How refusals are said: a map, its ``__type`` with the namespace if CloudHSM models it."""

    def answer(self, emulator: Handling, caller: Caller, body: bytes, request_id: str) -> Reply:
        """Answer nothing: where only this is known of a request, it is refused."""
        del emulator, caller, body, request_id
        raise ServiceError(ErrorCode.UNKNOWN_OPERATION)

    def refuse(
        self, code: ErrorCode | EdgeCode, message: str | None, status: int, request_id: str
    ) -> Reply:
        """An error's body."""
        del request_id
        name = f"{_NAMESPACE}{code}" if code.startswith("CloudHsm") else str(code)
        content = {"__type": name}
        if message is not None:
            content["Message"] = message
        return Reply(status, CONTENT_TYPE, cbor2.dumps(content), _HEADERS)


class CborRoute(CborErrors):
    """One operation of CloudHSM, its shapes compiled."""

    def __init__(self, name: str) -> None:
        modelled = operation(Service.CLOUDHSM, name)
        self._name = name
        self._decode = without_nulls(modelled.input)
        output = modelled.output
        self._encode = None if output is None else binary_encoder(output, _timestamp)

    def answer(self, emulator: Handling, caller: Caller, body: bytes, request_id: str) -> Reply:
        """Perform the operation; an empty body is an input without members."""
        del request_id
        parameters = self._decode(_from_cbor(body) if body else {})
        answered = emulator.handle(Service.CLOUDHSM, self._name, parameters, caller)
        content = b"" if self._encode is None else cbor2.dumps(self._encode(answered))
        return Reply(200, CONTENT_TYPE, content, _HEADERS)


def cbor_route(path: str) -> CborRoute:
    """The route of a path below ``/service/``, or UnknownOperationException."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise ServiceError(
            ErrorCode.UNKNOWN_OPERATION,
            "The path must be /service/BaldrApiService/operation/<Operation>.",
        )
    return CborRoute(found[1])


def _from_cbor(body: bytes) -> dict[str, Any]:
    stream = BytesIO(body)
    try:
        value = cbor2.load(
            stream,
            semantic_decoders={_SHARED_VALUE: _no_references, _REFERENCE: _no_references},
            max_depth=NESTING_LIMIT,
            strict_hashable_types=True,
        )
    except cbor2.CBORDecodeError as error:
        raise ServiceError(ErrorCode.SERIALIZATION, f"The body is not CBOR: {error}.") from error
    if stream.tell() != len(body):
        raise ServiceError(ErrorCode.SERIALIZATION, "The body is more than one CBOR value.")
    if type(value) is not dict:
        raise wrong_type(value, Kind.STRUCTURE)
    return value


def _no_references(*_: object) -> NoReturn:
    """Refuse a value that refers to another: it could contain itself."""
    raise cbor2.CBORDecodeError("shared references are not taken")


def _timestamp(seconds: float) -> cbor2.CBORTag:
    return cbor2.CBORTag(_EPOCH_SECONDS, seconds)
