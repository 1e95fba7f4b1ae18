"""AWS JSON 1.1: the only place that knows its targets, bodies and errors (wire.md)."""

from typing import Any, Final

from kmspec.names import ErrorCode, Service
from kmspec_impl.caller import Caller
from kmspec_impl.errors import ServiceError
from kmspec_impl.gateway.codec import from_json, json_decoder, json_writer, to_json
from kmspec_impl.gateway.exchange import EdgeCode, Handling, Reply
from kmspec_impl.gateway.service_model import operation

CONTENT_TYPE: Final = b"application/x-amz-json-1.1"
CONTENT_TYPES: Final = frozenset({CONTENT_TYPE, b"application/x-amz-json-1.0", b"application/json"})
"""Media types taken of a request. A browser sends none of them to a foreign site unasked."""

TARGET_PREFIXES: Final = {"TrentService": Service.KMS, "BaldrApiService": Service.CLOUDHSM}
"""What stands before the operation in X-Amz-Target, and in a path of RPC v2."""


class JsonErrors:
    """How refusals are said: KMS names the text ``message``, CloudHSM ``Message``."""

    def __init__(self, service: Service = Service.KMS) -> None:
        self._member = "Message" if service is Service.CLOUDHSM else "message"

    def answer(self, emulator: Handling, caller: Caller, body: bytes, request_id: str) -> Reply:
        """Answer nothing: where only this is known of a request, it is refused."""
        del emulator, caller, body, request_id
        raise ServiceError(ErrorCode.UNKNOWN_OPERATION)

    def refuse(
        self, code: ErrorCode | EdgeCode, message: str | None, status: int, request_id: str
    ) -> Reply:
        """An error's body, which names it in ``__type``; other SDKs than boto3 read the header."""
        del request_id
        content: dict[str, Any] = {"__type": code}
        if message is not None:
            content[self._member] = message
        header = (b"x-amzn-errortype", code.encode("ascii"))
        return Reply(status, CONTENT_TYPE, to_json(content), (header,))


class JsonRoute(JsonErrors):
    """One operation of KMS or CloudHSM, its shapes compiled."""

    def __init__(self, service: Service, name: str) -> None:
        super().__init__(service)
        modelled = operation(service, name)
        self._service = str(service)
        self._name = name
        self._decode = json_decoder(modelled.input)
        self._write = None if modelled.output is None else json_writer(modelled.output)

    def answer(self, emulator: Handling, caller: Caller, body: bytes, request_id: str) -> Reply:
        """Perform the operation; without an output shape the body is empty."""
        del request_id
        parameters = self._decode(from_json(body))
        answered = emulator.handle(self._service, self._name, parameters, caller)
        content = b"" if self._write is None else self._write(answered).encode("ascii")
        return Reply(200, CONTENT_TYPE, content)


def json_route(target: str) -> JsonRoute:
    """The route of an X-Amz-Target; UnknownOperationException if it names no operation."""
    prefix, _, name = target.partition(".")
    if prefix not in TARGET_PREFIXES:
        raise ServiceError(
            ErrorCode.UNKNOWN_OPERATION,
            "X-Amz-Target must be TrentService.<Operation> or BaldrApiService.<Operation>.",
        )
    return JsonRoute(TARGET_PREFIXES[prefix], name)
