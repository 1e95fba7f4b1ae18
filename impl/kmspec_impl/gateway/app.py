"""The HTTP application: the one place every request passes, and the only one that knows ASGI.

It chooses the route by method, path and headers, reads the body within its bound, and turns
whatever happens into one answer. A 5xx is a fault the service models know, or a defect of ours;
a defect is logged to stderr with its traceback, and the connection lives on. What an exception says
is not logged: it may quote the request.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from typing import Any, Final, TypeAlias

from kmspec.names import ErrorCode, Service
from kmspec_impl.caller import DEFAULT_CALLER, Caller
from kmspec_impl.errors import ServiceError, lost
from kmspec_impl.gateway import admin, cbor_rpc, json_rpc, sts
from kmspec_impl.gateway.exchange import (
    BODY_LIMIT,
    EdgeCode,
    Handling,
    Refusal,
    Reply,
    Route,
    WholeAnswer,
    take_only,
)
from kmspec_impl.gateway.signature import scope_of
from kmspec_impl.gateway.sigv4 import Request, Verifier
from kmspec_impl.tracebacks import places

Message: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Headers: TypeAlias = dict[bytes, bytes]

_LOG: Final = logging.getLogger(__name__)
_CBOR_PREFIX: Final = "/service/"

_ADMIN: Final = admin.AdminErrors()
_CBOR: Final = cbor_rpc.CborErrors()
_CLOUDHSM: Final = json_rpc.JsonErrors(Service.CLOUDHSM)
_KMS: Final = json_rpc.JsonErrors()
_STS: Final = sts.StsRoute()
_SERVICES: Final[dict[Route, Service]] = {
    _CBOR: Service.CLOUDHSM,
    _CLOUDHSM: Service.CLOUDHSM,
    _STS: Service.STS,
}
"""Whose requests they refuse; those of all others are of KMS."""


class Application:
    """The ASGI application around one emulator.

    Requests are handled one after another, each in one go: the emulator needs no locks. A server
    that has a whole request at hand may call :meth:`answer_whole` instead, which does not wait.
    With a ``verifier`` requests to AWS's services must be signed, which is looked at first;
    ``door`` keeps the administration routes.
    """

    def __init__(
        self, emulator: Handling, verifier: Verifier | None = None, door: admin.Door | None = None
    ) -> None:
        self._emulator = emulator
        self._verifier = verifier
        self._door = door or admin.Door()
        self.when_current, self.when_safe = emulator.when_current, emulator.when_safe
        """For a server that answers by :meth:`answer_whole`: when to call it, and when to send
        what it has."""
        self._json_routes: dict[bytes | None, json_rpc.JsonRoute] = {}
        self._cbor_routes: dict[str, cbor_rpc.CborRoute] = {}
        self._requests = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request; one that has no route is refused before its body comes."""
        headers: Headers = dict(scope["headers"])
        route: Route | None = None
        try:
            if self._verifier is None:
                route = self._route(scope, headers)
            body = b"" if scope["method"] == "GET" else await _body(headers, receive)
        except Exception as error:  # noqa: BLE001 - see _reply
            request_id = self._next_id()
            reply = _refuse(error, route, scope, headers, request_id)
        else:
            if body is None:
                return
            reply, request_id = await self._answer(scope, headers, body)
        given = [
            (b"content-type", reply.content_type),
            (b"content-length", b"%d" % len(reply.body)),
            (b"x-amzn-requestid", request_id.encode("ascii")),
            *reply.headers,
        ]
        await send({"type": "http.response.start", "status": reply.status, "headers": given})
        await send({"type": "http.response.body", "body": reply.body})

    async def _answer(self, scope: Message, headers: Headers, body: bytes) -> tuple[Reply, str]:
        """What a request is answered once that is safe, and its id."""
        safe = asyncio.get_running_loop().create_future()
        answer: tuple[Reply, str] | None = None

        def ask(current: bool) -> None:  # noqa: FBT001 - see Ask
            nonlocal answer
            if current:
                answer = self._reply(scope, headers, body)
                self.when_safe(partial(_settle, safe))
            else:
                _settle(safe, kept=False)

        self.when_current(ask)
        if await safe and answer is not None:
            return answer
        request_id = self._next_id()
        return self._lost(scope, headers, request_id), request_id

    def answer_whole(self, scope: Message, body: bytes) -> WholeAnswer:
        """Answer a request whose body has come; the server keeps it within the bound."""
        return _whole(*self._reply(scope, dict(scope["headers"]), body))

    def lost_whole(self, scope: Message) -> WholeAnswer:
        """Say that what was done for a request is undone, in the place of its answer."""
        request_id = self._next_id()
        return _whole(self._lost(scope, dict(scope["headers"]), request_id), request_id)

    def _lost(self, scope: Message, headers: Headers, request_id: str) -> Reply:
        service = _SERVICES.get(_speaker(scope, headers), Service.KMS)
        return _refuse(lost(service), None, scope, headers, request_id)

    def _reply(self, scope: Message, headers: Headers, body: bytes) -> tuple[Reply, str]:
        """What a request is answered, and its id."""
        request_id = self._next_id()
        route: Route | None = None
        try:
            if self._verifier is None:
                query = scope["query_string"]
                caller = scope_of(headers.get(b"authorization"), query).caller
            else:
                caller = _verified(self._verifier, scope, headers, body)
            route = self._route(scope, headers)
            given = scope["query_string"] if scope["method"] == "GET" else body
            reply = route.answer(self._emulator, caller, given, request_id)
        except Exception as error:  # noqa: BLE001 - the last resort: an answer and a traceback
            reply = _refuse(error, route, scope, headers, request_id)
        return reply, request_id

    def _next_id(self) -> str:
        """A UUID by its form; the first digits spell our name."""
        self._requests += 1
        return f"6b6d7370-6563-4000-8000-{self._requests:012x}"

    def _route(self, scope: Message, headers: Headers) -> Route:
        """The route of a request; raises ServiceError or Refusal if it has none."""
        method, path = scope["method"], scope["path"]
        if path == "/":
            # The usual request first: whatever is found here, _root_route would find as well.
            if method == "POST" and headers.get(b"content-type") in json_rpc.CONTENT_TYPES:
                known = self._json_routes.get(headers.get(b"x-amz-target"))
                if known is not None:
                    return known
            return self._root_route(method, scope["query_string"], headers)
        if path.startswith(admin.PREFIX):
            client = scope["client"]
            return admin.admin_route(method, path, headers, client[0] if client else "", self._door)
        if path.startswith(_CBOR_PREFIX):
            return self._cbor_route(method, path, headers)
        raise Refusal(
            EdgeCode.NOT_FOUND,
            "kmspec answers AWS's requests at /, and its own below /_kmspec/.",
            HTTPStatus.NOT_FOUND,
        )

    def _root_route(self, method: str, query: bytes, headers: Headers) -> Route:
        if _asks_sts(method, query, headers):
            return _STS
        take_only("POST", method, _HOW_TO_ASK)
        media_type = _plain(headers.get(b"content-type", b""))
        if media_type not in json_rpc.CONTENT_TYPES:
            raise ServiceError(
                ErrorCode.UNKNOWN_OPERATION, "Content-Type must be application/x-amz-json-1.1."
            )
        target = headers.get(b"x-amz-target")
        if target is None:
            raise ServiceError(ErrorCode.UNKNOWN_OPERATION, _HOW_TO_ASK)
        if target not in self._json_routes:
            self._json_routes[target] = json_rpc.json_route(target.decode("latin-1"))
        return self._json_routes[target]

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


def _verified(verifier: Verifier, scope: Message, headers: Headers, body: bytes) -> Caller:
    """Whose a request is, by its signature; raises :class:`Refusal`."""
    if scope["path"].startswith(admin.PREFIX):
        return DEFAULT_CALLER
    path, query = scope["raw_path"], scope["query_string"]
    request = Request(scope["method"], path, query, scope["headers"], body)
    speaker = _speaker(scope, headers)
    if scope["path"].startswith(_CBOR_PREFIX):
        speaker = _CBOR
    return verifier.caller(request, _SERVICES.get(speaker, Service.KMS))


def _asks_sts(method: str, query: bytes, headers: Headers) -> bool:
    if method == "GET":
        return b"Action=" in query
    return method == "POST" and _plain(headers.get(b"content-type", b"")) == sts.FORM


def _plain(content_type: bytes) -> bytes:
    """A media type without its parameters."""
    return content_type.partition(b";")[0].strip().lower()


def _whole(reply: Reply, request_id: str) -> WholeAnswer:
    lines = b"content-type: %b\r\ncontent-length: %d\r\nx-amzn-requestid: %b\r\n" % (
        reply.content_type,
        len(reply.body),
        request_id.encode("ascii"),
    )
    for header in reply.headers:
        lines += b"%b: %b\r\n" % header
    return reply.status, lines, reply.body


def _refuse(
    error: Exception, route: Route | None, scope: Message, headers: Headers, request_id: str
) -> Reply:
    """Say an error in the protocol of the request; one that is no refusal is a defect of ours."""
    speaker = route or _speaker(scope, headers)
    if isinstance(error, ServiceError):
        return speaker.refuse(error.code, error.message, error.status, request_id)
    if isinstance(error, Refusal):
        reply = speaker.refuse(error.code, error.message, error.status, request_id)
        if error.allow is None:
            return reply
        return reply._replace(headers=(*reply.headers, (b"allow", error.allow.encode("ascii"))))
    asked = headers.get(b"x-amz-target", b"").decode("latin-1") or scope["path"]
    _LOG.error("A defect of kmspec, in %s %s:\n%s", scope["method"], asked[:80], places(error))
    return speaker.refuse(EdgeCode.INTERNAL_FAILURE, _DEFECT, 500, request_id)


def _speaker(scope: Message, headers: Headers) -> Route:
    """Who can tell the client of such a request, in its protocol, that it is refused."""
    path = scope["path"]
    if path.startswith(admin.PREFIX):
        return _ADMIN
    if path.startswith(_CBOR_PREFIX) and cbor_rpc.PROTOCOL_HEADER in headers:
        return _CBOR
    if path == "/" and _asks_sts(scope["method"], scope["query_string"], headers):
        return _STS
    return _CLOUDHSM if headers.get(b"x-amz-target", b"").startswith(b"Baldr") else _KMS


def _settle(safe: "asyncio.Future[bool]", kept: bool) -> None:  # noqa: FBT001 - see Answer
    if not safe.done():  # as it is when the server stops
        safe.set_result(kept)


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
