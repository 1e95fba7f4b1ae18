"""What the tests of the gateway share: an emulator of canned answers, and a running server."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from kmspec.names import Service
from kmspec_impl.caller import Caller
from kmspec_impl.gateway.admin import Door
from kmspec_impl.gateway.app import Application
from kmspec_impl.gateway.server import Server, listen
from kmspec_impl.gateway.sigv4 import Verifier
from kmspec_impl.gateway.validation import validate
from kmspec_impl.storage.tables import Answer as Answering

Answer = dict[str, Any] | Callable[[dict[str, Any]], dict[str, Any]]

SECONDS = 10
"""How long a test waits for an answer that always comes at once, if it comes."""


class Call(NamedTuple):
    """One call an emulator received."""

    service: str
    operation: str
    parameters: dict[str, Any]
    caller: Caller


class CannedEmulator:
    """Validates as the emulator does, keeps each call, and answers what it was told to."""

    def __init__(self, answers: dict[str, Answer] | None = None) -> None:
        self.answers = answers or {}
        self.calls: list[Call] = []

    def handle(
        self, service: str, operation: str, parameters: dict[str, Any], caller: Caller
    ) -> dict[str, Any]:
        """Answer as told; an operation nothing was said of has an empty answer."""
        if service in (Service.KMS, Service.CLOUDHSM):
            validate(service, operation, parameters)
        self.calls.append(Call(service, operation, parameters, caller))
        answer = self.answers.get(operation, {})
        return answer(parameters) if callable(answer) else answer

    def when_current(self, ask: Answering) -> None:
        """Nobody else changes anything here."""
        ask(True)  # noqa: FBT003 - its only argument

    def when_safe(self, answer: Answering) -> None:
        """Nothing can be lost here."""
        asyncio.get_running_loop().call_soon(answer, True)  # noqa: FBT003 - its only argument


class Running(NamedTuple):
    """A server on a port of its own."""

    port: int
    emulator: CannedEmulator

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def running(
    emulator: CannedEmulator, verifier: Verifier | None = None, door: Door | None = None
) -> Iterator[Running]:
    """A server in a thread, for as long as the block lasts."""
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    ready = threading.Event()
    server = Server(Application(emulator, verifier, door), ready.set)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        assert ready.wait(SECONDS)
        yield Running(port, emulator)
    finally:
        server.should_exit = True
        thread.join(SECONDS)
        assert not thread.is_alive()


class Response(NamedTuple):
    """One HTTP response, read from a socket."""

    status: int
    headers: dict[str, str]
    body: bytes


def read_response(connection: socket.socket) -> Response:
    """Read exactly one response, by its Content-Length."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += _some(connection, 1)
    status, *lines = head.decode("latin-1").rstrip().split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = b""
    length = int(headers.get("content-length", "0"))
    while len(body) < length:
        body += _some(connection, length - len(body))
    return Response(int(status.split()[1]), headers, body)


def _some(connection: socket.socket, most: int) -> bytes:
    data = connection.recv(most)
    assert data, "the server closed the connection without an answer"
    return data


def connect(server: Running) -> socket.socket:
    """A connection whose reads fail rather than hang."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS)


def post(body: bytes, **headers: str) -> bytes:
    """A request to KMS's ListKeys, bytes as they travel; headers by name, ``_`` for ``-``."""
    given = {
        "Host": "localhost",
        "X-Amz-Target": "TrentService.ListKeys",
        "Content-Type": "application/x-amz-json-1.1",
        "Content-Length": str(len(body)),
    }
    given.update({name.replace("_", "-"): value for name, value in headers.items()})
    lines = [f"{name}: {value}" for name, value in given.items()]
    return "\r\n".join(["POST / HTTP/1.1", *lines, "", ""]).encode("latin-1") + body


def exchange(server: Running, *pieces: bytes) -> Response:
    """Send the pieces over a connection of their own, and read the answer."""
    with connect(server) as connection:
        for piece in pieces:
            connection.sendall(piece)
        return read_response(connection)
