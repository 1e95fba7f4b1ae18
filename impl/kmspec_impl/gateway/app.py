"""The HTTP application: the one place every request passes, and the only one that knows ASGI.

It chooses the route by method, path and headers, reads the body within its bound, and turns
whatever happens into one answer. A 5xx is a fault the service models know, or a defect of ours;
a defect is logged to stderr with its traceback, and the connection lives on.
"""

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final, TypeAlias

from kmspec.names import ErrorCode, Service
from kmspec_impl.errors import ServiceError
from kmspec_impl.gateway import admin, cbor_rpc, json_rpc, sts
from kmspec_impl.gateway.exchange import (
    BODY_LIMIT,
    EdgeCode,
    Handling,
    Refusal,
    Route,
    take_only,
)
from kmspec_impl.gateway.signature import scope_of

Message: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Headers: TypeAlias = dict[bytes, bytes]

AT_ONCE: Final = "kmspec.answer-at-once"
"""A server may offer this ASGI extension: ``(status, headers, body) -> bool``, which sends a whole
answer in one piece, or says that it cannot now."""

_LOG: Final = logging.getLogger(__name__)
_CBOR_PREFIX: Final = "/service/"

_ADMIN: Final = admin.AdminErrors()
_CBOR: Final = cbor_rpc.CborErrors()
_CLOUDHSM: Final = json_rpc.JsonErrors(Service.CLOUDHSM)
_KMS: Final = json_rpc.JsonErrors()
_STS: Final = sts.StsRoute()


class Application:
    """The ASGI application around one emulator.

    Requests are handled one after another, each in one go: the emulator needs no locks.
    """

    def __init__(self, emulator: Handling) -> None:
        self._emulator = emulator
        self._json_routes: dict[bytes, json_rpc.JsonRoute] = {}
        self._cbor_routes: dict[str, cbor_rpc.CborRoute] = {}
        self._requests = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        self._requests += 1
        # A UUID by its form; the first digits spell our name.
        request_id = f"6b6d7370-6563-4000-8000-{self._requests:012x}"
        headers: Headers = dict(scope["headers"])
        method, path, query = scope["method"], scope["path"], scope["query_string"]
        route: Route | None = None
        allow: tuple[tuple[bytes, bytes], ...] = ()
        try:
            route = self._route(method, path, query, headers)
            body = query if method == "GET" else await _body(headers, receive)
            if body is None:
                return
            caller = scope_of(headers.get(b"authorization"), query).caller
            reply = route.answer(self._emulator, caller, body, request_id)
        except ServiceError as error:
            speaker = route or _speaker(path, headers)
            reply = speaker.refuse(error.code, error.message, error.status, request_id)
        except Refusal as error:
            speaker = route or _speaker(path, headers)
            reply = speaker.refuse(error.code, error.message, error.status, request_id)
            allow = _allow(error)
        except Exception:  # noqa: BLE001 - the last resort: an answer and a traceback, no hang
            _LOG.exception("A defect of kmspec, in %s %s:", method, path)
            speaker = route or _speaker(path, headers)
            reply = speaker.refuse(EdgeCode.INTERNAL_FAILURE, _DEFECT, 500, request_id)
        given = [
            (b"content-type", reply.content_type),
            (b"content-length", b"%d" % len(reply.body)),
            (b"x-amzn-requestid", request_id.encode("ascii")),
            *reply.headers,
            *allow,
        ]
        at_once = scope.get("extensions", {}).get(AT_ONCE)
        if at_once is None or not at_once(reply.status, given, reply.body):
            await send({"type": "http.response.start", "status": reply.status, "headers": given})
            await send({"type": "http.response.body", "body": reply.body})

    def _route(self, method: str, path: str, query: bytes, headers: Headers) -> Route:
        """The route of a request; raises ServiceError or Refusal if it has none."""
        if path == "/":
            return self._root_route(method, query, headers)
        if path.startswith(admin.PREFIX):
            return admin.admin_route(method, path, headers)
        if path.startswith(_CBOR_PREFIX):
            return self._cbor_route(method, path, headers)
        raise Refusal(
            EdgeCode.NOT_FOUND,
            "kmspec answers AWS's requests at /, and its own below /_kmspec/.",
            HTTPStatus.NOT_FOUND,
        )

    def _root_route(self, method: str, query: bytes, headers: Headers) -> Route:
        if method == "GET" and b"Action=" in query:
            return _STS
        take_only("POST", method, _HOW_TO_ASK)
        media_type = headers.get(b"content-type", b"")
        if media_type not in json_rpc.CONTENT_TYPES:
            media_type = _plain(media_type)
        if media_type == sts.FORM:
            return _STS
        if media_type not in json_rpc.CONTENT_TYPES:
            raise ServiceError(
                ErrorCode.UNKNOWN_OPERATION, "Content-Type must be application/x-amz-json-1.1."
            )
        target = headers.get(b"x-amz-target")
        if target is None:
            raise ServiceError(ErrorCode.UNKNOWN_OPERATION, _HOW_TO_ASK)
        route = self._json_routes.get(target)
        if route is None:
            route = json_rpc.json_route(target.decode("latin-1"))
            self._json_routes[target] = route
        return route

    def _cbor_route(self, method: str, path: str, headers: Headers) -> Route:
        take_only("POST", method, "Operations of RPC v2 take POST.")
        if headers.get(cbor_rpc.PROTOCOL_HEADER) != cbor_rpc.PROTOCOL:
            raise Refusal(EdgeCode.BAD_REQUEST, "The header smithy-protocol must be rpc-v2-cbor.")
        if _plain(headers.get(b"content-type", b"")) not in (cbor_rpc.CONTENT_TYPE, b""):
            raise Refusal(EdgeCode.BAD_REQUEST, "Content-Type must be application/cbor.")
        route = self._cbor_routes.get(path)
        if route is None:
            route = self._cbor_routes[path] = cbor_rpc.cbor_route(path)
        return route


_HOW_TO_ASK: Final = (
    "kmspec takes POST / with a header X-Amz-Target, as AWS KMS does; "
    "point an AWS SDK here by AWS_ENDPOINT_URL. GET /_kmspec/health says whether it is up."
)
_DEFECT: Final = "kmspec failed on this request; the traceback is on its standard error."
_TOO_LARGE: Final = f"A request's body has at most {BODY_LIMIT} bytes."


def _plain(content_type: bytes) -> bytes:
    """A media type without its parameters."""
    return content_type.partition(b";")[0].strip().lower()


def _speaker(path: str, headers: Headers) -> Route:
    """Who can tell the client of such a request, in its protocol, that it is refused."""
    if path.startswith(admin.PREFIX):
        return _ADMIN
    if path.startswith(_CBOR_PREFIX) and cbor_rpc.PROTOCOL_HEADER in headers:
        return _CBOR
    return _CLOUDHSM if headers.get(b"x-amz-target", b"").startswith(b"Baldr") else _KMS


async def _body(headers: Headers, receive: Receive) -> bytes | None:
    """The body, or ``None`` if the client went away. Refused as soon as it is known too large."""
    if int(headers.get(b"content-length", 0)) > BODY_LIMIT:
        raise _too_large()
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return None
        chunks.append(message["body"])
        size += len(message["body"])
        if size > BODY_LIMIT:
            raise _too_large()
        more = message["more_body"]
    return b"".join(chunks)


def _too_large() -> Refusal:
    return Refusal(EdgeCode.TOO_LARGE, _TOO_LARGE, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def _allow(refusal: Refusal) -> tuple[tuple[bytes, bytes], ...]:
    """The header that goes with a refused method."""
    return () if refusal.allow is None else ((b"allow", refusal.allow.encode("ascii")),)
