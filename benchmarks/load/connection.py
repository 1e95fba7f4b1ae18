"""Connections: the only place where the load generator touches a socket.

A connection sends a request when it is told to, and tells when the answer has come whole. It does
as little as it can, and the same for every server; where a server closes the connection after
each answer, as some do, another is made, and that takes the time it takes.
"""

import asyncio
from time import perf_counter
from typing import Final, Protocol, cast

from benchmarks.load.answers import Answer, whole

MOST_AGAIN: Final = 5
"""Times that one request is sent again, when a connection was closed before the answer."""


class Load(Protocol):
    """What decides which requests are sent."""

    def ready(self, connection: "Connection") -> None:
        """Have a connection that may be given a request."""
        ...

    def answered(self, answer: Answer, seconds: float) -> None:
        """Hear what a request was answered, so many seconds after it was due."""
        ...

    def failed(self, error: Exception) -> None:
        """Hear that nothing can be measured."""
        ...


class Connection(asyncio.Protocol):
    """One connection at a time to one server."""

    def __init__(self, load: Load, host: str, port: int) -> None:
        self._load, self._host, self._port = load, host, port
        self._request: bytes | None = None
        self._due = 0.0
        self._received = b""
        self._again = 0
        self._closing = False
        self._transport: asyncio.Transport
        self._made: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect; the load hears of it."""
        await asyncio.get_running_loop().create_connection(lambda: self, self._host, self._port)

    def send(self, request: bytes, due: float) -> None:
        """Send a request; what it takes counts from ``due``."""
        self._request, self._due = request, due
        self._write(request)

    def close(self) -> None:
        """Send nothing any more."""
        self._closing = True
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Go on with what was interrupted, or ask for a request."""
        self._transport = cast("asyncio.Transport", transport)
        self._write, self._received = self._transport.write, b""
        if self._request is None:
            self._load.ready(self)
        else:
            self._write(self._request)

    def data_received(self, data: bytes) -> None:
        """See whether the answer is whole."""
        received = self._received + data if self._received else data
        try:
            answer = whole(received)
        except ValueError as error:
            self._load.failed(error)
            return
        if answer is None:
            self._received = received
            return
        self._received, self._request, self._again = b"", None, 0
        self._load.answered(answer, perf_counter() - self._due)
        if answer.closes:
            self._transport.close()
        else:
            self._load.ready(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Connect again, unless nothing is to be sent any more."""
        if self._closing:
            return
        self._again += 1
        if self._again > MOST_AGAIN:
            self._load.failed(exc or ConnectionError("the server closes every connection"))
            return
        self._made = asyncio.get_running_loop().create_task(self._reopen())

    async def _reopen(self) -> None:
        try:
            await self.open()
        except OSError as error:
            self._load.failed(error)
