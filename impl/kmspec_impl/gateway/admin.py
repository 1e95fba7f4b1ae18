"""The administration routes: the only place that knows what lies under ``/_kmspec/``.

``POST /_kmspec/operator/<Operation>`` is what an operator does on the HSMs, ``POST
/_kmspec/clock/<Operation>`` moves a virtual clock, ``GET /_kmspec/health`` says that the emulator
is there. Bodies are plain JSON. A browser announces a foreign page by an Origin header; no page
has any business here.
"""

import re
from http import HTTPStatus
from importlib import metadata
from typing import Final

from kmspec.names import ErrorCode, Service
from kmspec_impl.caller import Caller
from kmspec_impl.errors import ServiceError
from kmspec_impl.gateway.codec import from_json, to_json
from kmspec_impl.gateway.exchange import EdgeCode, Handling, Refusal, Reply, take_only

PREFIX: Final = "/_kmspec/"
CONTENT_TYPE: Final = b"application/json"

_PATH: Final = re.compile(r"/_kmspec/(operator|clock)/([A-Za-z]{1,64})")
_HEALTH: Final = "/_kmspec/health"


class AdminErrors:
    """How refusals are said; what the edge itself refuses is an OperatorInvalidRequest."""

    def answer(self, emulator: Handling, caller: Caller, body: bytes, request_id: str) -> Reply:
        """Answer nothing: where only this is known of a request, it is refused."""
        del emulator, caller, body, request_id
        raise Refusal(EdgeCode.NOT_FOUND, "There is no such page.", HTTPStatus.NOT_FOUND)

    def refuse(
        self, code: ErrorCode | EdgeCode, message: str | None, status: int, request_id: str
    ) -> Reply:
        """The same body as the embedded target gives."""
        del request_id
        content = {"__type": str(code), "message": message or ""}
        return Reply(status, CONTENT_TYPE, to_json(content))


class AdminRoute(AdminErrors):
    """One operation of the operator or the clock."""

    def __init__(self, service: Service, name: str) -> None:
        self._service = service
        self._name = name

    def answer(self, emulator: Handling, caller: Caller, body: bytes, request_id: str) -> Reply:
        """Perform the operation."""
        del request_id
        try:
            parameters = from_json(body)
        except ServiceError as error:
            raise ServiceError(ErrorCode.OPERATOR_INVALID_REQUEST, error.message) from error
        answered = emulator.handle(self._service, self._name, parameters, caller)
        return Reply(200, CONTENT_TYPE, to_json(answered))


class HealthRoute(AdminErrors):
    """Whether the emulator answers, and which version of it."""

    def answer(self, emulator: Handling, caller: Caller, body: bytes, request_id: str) -> Reply:
        """``{"status": "ok", "version": ...}``."""
        del emulator, caller, body, request_id
        content = {"status": "ok", "version": _version()}
        return Reply(200, CONTENT_TYPE, to_json(content))


def admin_route(method: str, path: str, headers: dict[bytes, bytes]) -> AdminErrors:
    """The route of a path under the prefix; raises :class:`Refusal`."""
    if b"origin" in headers:
        raise Refusal(
            EdgeCode.FORBIDDEN,
            "A request with an Origin header comes from a browser; use the kmspec command.",
            HTTPStatus.FORBIDDEN,
        )
    if path == _HEALTH:
        take_only("GET", method, "Ask for the health with GET.")
        return HealthRoute()
    found = _PATH.fullmatch(path)
    if found is None:
        raise Refusal(
            EdgeCode.NOT_FOUND,
            "There are /_kmspec/health, /_kmspec/operator/<Operation> and "
            "/_kmspec/clock/<Operation>.",
            HTTPStatus.NOT_FOUND,
        )
    take_only("POST", method, "Operations of the operator and the clock take POST.")
    media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media_type != CONTENT_TYPE:
        raise Refusal(EdgeCode.BAD_REQUEST, "Content-Type must be application/json.")
    return AdminRoute(Service(found[1]), found[2])


def _version() -> str:
    try:
        return metadata.version("kmspec")
    except metadata.PackageNotFoundError:
        return "unknown"  # run from a source tree that was never installed
