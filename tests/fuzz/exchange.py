"""One connection to a server and what passes on it: the only place that speaks HTTP here.

A request is bytes, so that broken ones can be sent too. An answer that does not come in time, or
a connection that the server ends, is an error and not waited out.
"""

import asyncio
import base64
import json
from typing import Any, Final, NamedTuple, cast

import cbor2

PATIENCE: Final = 30.0
"""Seconds after which an answer is held to hang."""
TARGETS: Final = {"kms": "TrentService", "cloudhsm": "BaldrApiService"}
_SCOPES: Final = {"kms": "kms", "cloudhsm": "cloudhsm", "sts": "sts"}


class Lost(Exception):
    """The server ended a connection, or did not answer."""


class Reply(NamedTuple):
    """An answer as it came."""

    status: int
    head: bytes
    body: bytes


class Connection(asyncio.Protocol):
    """A connection with one request under way at most."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._received = bytearray()
        self._length = 0
        self._transport: asyncio.Transport
        self._waiting: asyncio.Future[Reply] | None = None
        self._closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to write."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Collect an answer; its end is told by Content-Length."""
        received = self._received
        received += data
        if not self._length:
            end = received.find(b"\r\n\r\n")
            if end < 0:
                return
            at = received.find(b"content-length:", 0, end)
            self._length = end + 4 + int(received[at + 15 : received.find(b"\r\n", at)])
        if len(received) >= self._length:
            head, _, body = bytes(received[: self._length]).partition(b"\r\n\r\n")
            del received[: self._length]
            self._length = 0
            self._end(Reply(int(head[9:12]), head, body))

    def connection_lost(self, exc: Exception | None) -> None:
        """Say so to whoever waits."""
        self._closed = True
        self._end(Lost(f"the connection was lost: {exc or 'closed by the server'}"))

    async def ask(self, request: bytes) -> Reply:
        """Send a request and wait for its answer.

        :raises Lost: there is none.
        """
        if self._closed:
            raise Lost("the server closed the connection after an answer")
        waiting: asyncio.Future[Reply] = self._loop.create_future()
        self._waiting = waiting
        hanging = self._loop.call_later(PATIENCE, self._end, Lost(f"none in {PATIENCE:.0f} s"))
        self._transport.write(request)
        try:
            return await waiting
        finally:
            hanging.cancel()

    def close(self) -> None:
        """End it from our side."""
        self._transport.close()

    def _end(self, outcome: Reply | Lost) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            if isinstance(outcome, Lost):
                waiting.set_exception(outcome)
            else:
                waiting.set_result(outcome)


async def connect(port: int) -> Connection:
    """A connection to a server on this machine."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
    return connection


def in_json(account: str, service: str, operation: str, body: bytes) -> bytes:
    """A request in AWS JSON 1.1."""
    target = f"x-amz-target: {TARGETS[service]}.{operation}"
    return post(account, service, "/", [target, "content-type: application/x-amz-json-1.1"], body)


def in_cbor(account: str, operation: str, parameters: dict[str, Any]) -> bytes:
    """A request of CloudHSM in RPC v2 CBOR."""
    path = f"/service/BaldrApiService/operation/{operation}"
    headers = ["smithy-protocol: rpc-v2-cbor", "content-type: application/cbor"]
    return post(account, "cloudhsm", path, headers, cbor2.dumps(parameters))


def in_form(account: str, body: bytes) -> bytes:
    """A request of STS."""
    headers = ["content-type: application/x-www-form-urlencoded; charset=utf-8"]
    return post(account, "sts", "/", headers, body)


def to_kmspec(route: str, parameters: dict[str, Any]) -> bytes:
    """A request to the operator or the clock."""
    headers = ["content-type: application/json"]
    return post("000000000000", "kms", f"/_kmspec/{route}", headers, encoded(parameters))


def post(
    account: str, service: str, path: str, headers: list[str], body: bytes, method: str = "POST"
) -> bytes:
    """A request as it goes over the wire, signed by nobody."""
    scope = f"{account}/20260101/us-east-1/{_SCOPES[service]}/aws4_request"
    lines = [
        f"{method} {path} HTTP/1.1",
        "host: localhost",
        f"authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        f"content-length: {len(body)}",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def travelling(value: Any) -> Any:  # noqa: ANN401 - JSON values
    """A value as JSON carries it: bytes in base64."""
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case dict():
            return {name: travelling(item) for name, item in value.items()}
        case list():
            return [travelling(item) for item in value]
        case _:
            return value


def encoded(parameters: dict[str, Any]) -> bytes:
    """A body in JSON."""
    return json.dumps(parameters).encode()
