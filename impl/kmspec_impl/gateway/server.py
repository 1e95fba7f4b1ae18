"""The HTTP server: the only place that touches uvicorn, httptools and sockets.

uvicorn reads and writes HTTP; what it leaves to others is added here: bounds on the head of a
request, on the time it may take to come and on the number of connections, refusals of broken HTTP
in our form, a clean exit on a signal.
"""

import asyncio
import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from kmspec_impl.gateway.admin import is_loopback
from kmspec_impl.gateway.app import Application
from kmspec_impl.gateway.exchange import BODY_LIMIT, EdgeCode, WholeAnswer
from kmspec_impl.gateway.json_rpc import JsonErrors

HEAD_LIMIT: Final = 64 * 1024
"""Bytes of a request's line and headers."""
SMALL: Final = 64 * 1024
"""Bytes of a body that is waited for without a task; uvicorn reads no further ahead."""
KEEP_ALIVE: Final = 75
"""Seconds an idle connection is kept; longer than a client keeps it in its pool idle."""
LINGER: Final = 5
"""Seconds a refused connection is still read from, so that the refusal is not lost."""
GRACE: Final = 1
"""Seconds a stopping server waits for requests that are still being received."""
PATIENCE: Final = 30.0
"""Seconds a request may take to come, a first one too, and a client to read its answers."""
MOST_RECEIVED: Final = 8 * BODY_LIMIT
"""Bytes of a request as it travels, which in small chunks is several times its body."""
MOST_WAITING: Final = 64 * 1024 * 1024
"""Bytes of requests that have not come whole, of all clients; beyond, the oldest is ended."""
CONNECTIONS: Final = 1000
"""Connections at a time; beyond, one more takes the place of the one that waited longest."""
BACKLOG: Final = 512
"""Connections that may come at once."""
_FILES: Final = 4096
_SPARE_FILES: Final = 64
_PORTS: Final = range(65_536)
_UPGRADE: Final = "kmspec speaks HTTP/1.1 and nothing else: send no header Upgrade, no CONNECT."
_TOO_SLOW: Final = f"A request must have come whole after {PATIENCE:.0f} seconds."
_TOO_MUCH: Final = f"A request has at most {MOST_RECEIVED} bytes, as it travels."
_HEAD_TOO_LARGE: Final = f"The line and headers of a request have at most {HEAD_LIMIT} bytes."


class CannotListenError(Exception):
    """The address cannot be listened on; its text is one line with the remedy."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"cannot listen on {host or '(no host)'} port {port}: {reason}; "
            "give another --host or --port (--port 0 picks a free one)"
        )
        self.host: Final = host
        self.port: Final = port


class OpenToAllError(Exception):
    """The address can be reached from elsewhere, by anybody; its text is one line."""


def serve(application: Application, host: str, port: int, *, only_here: bool = True) -> None:
    """Serve until SIGTERM or SIGINT, then return.

    Prints one line, ``kmspec listening on http://HOST:PORT``, when requests are taken; port 0
    picks a free one. Raises :class:`CannotListenError`; with ``only_here``, for an address that is
    not of this machine alone, :class:`OpenToAllError`.
    """
    listening = listen(host, port, only_here=only_here)
    number = listening.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host

    def announce() -> None:
        print(f"kmspec listening on http://{shown}:{number}", flush=True)  # noqa: T201 - contract

    Server(application, announce).run([listening])


def listen(host: str, port: int, *, only_here: bool = True) -> socket.socket:
    """A listening socket; raises :class:`CannotListenError` or :class:`OpenToAllError`."""
    if port not in _PORTS:
        raise CannotListenError(host, port, f"a port is a number from 0 to {_PORTS[-1]}")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        if only_here and not is_loopback(str(address[0])):
            raise OpenToAllError(
                f"--host {host} can be reached from other machines; add --auth sigv4, or "
                "--allow-unauthenticated to let anybody in"
            )
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise CannotListenError(host, port, _reason(error)) from error
    except UnicodeError as error:
        raise CannotListenError(host, port, "this is no name of a host") from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise CannotListenError(host, port, _reason(error)) from error
    return listening


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


class Server(uvicorn.Server):
    """uvicorn's server with our settings; ``announce`` is called once requests are taken."""

    def __init__(self, application: Callable[..., Any], announce: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                http=_Connection,
                ws="none",
                lifespan="off",
                interface="asgi3",
                access_log=False,
                log_config=None,
                log_level="critical",
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=GRACE,
                backlog=BACKLOG,
            )
        )
        self._announce = announce
        _Connection.most = _most_connections()

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second; once a second, end what takes too long."""
        if counter % 10 == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, _Connection):
                    connection.look(now)
        return await super().on_tick(counter)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to take requests, and say so."""
        await super().startup(sockets)
        self._announce()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on a signal, and leave it at that: uvicorn would raise it again afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        kept = {
            number: signal.signal(number, self.handle_exit)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)


def _most_connections() -> int:
    """How many connections this process has files for."""
    if sys.platform == "win32":
        return CONNECTIONS
    import resource  # noqa: PLC0415 - not on every platform

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < _FILES:
        soft = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(BACKLOG // 8, min(CONNECTIONS, soft - BACKLOG - _SPARE_FILES))


class _Connection(HttpToolsProtocol):
    """A connection: its requests' heads are bounded, and broken HTTP is refused in our form.

    An application that has a method ``answer_whole`` is asked by it once a request has come whole,
    and its answer is one packet; that takes no task and half the time. What this cannot do goes
    uvicorn's way: large bodies, those that wait to be asked for, clients that do not read, and
    requests sent before the last was answered.
    """

    most: ClassVar[int] = CONNECTIONS
    """How many connections this process has files for."""
    _in_head = True
    _between = False
    """Whether a request ended in the data at hand, so that its length says nothing of a head."""
    _head = 0
    """Bytes received of a head that is not complete."""
    _received = 0
    """Bytes received of a request whose head is complete and whose body is not."""
    _since: float | None = None
    """Since when a request has been coming."""
    _unread: float | None = None
    """Since when the client has not read what it was answered."""
    _served = False
    """Whether a request has come whole."""
    _refused = False
    _first = False
    """Whether data is at hand in which no request has ended yet."""
    _coming: RequestResponseCycle | None = None
    """A request whose head is complete, to be answered when its body is."""
    _ready: tuple[RequestResponseCycle, WholeAnswer] | None = None
    """A request that came whole, and the answer to be sent."""
    _then: bytes | None = None
    """What is to be said after that answer: a refusal of what came with the request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._answer_whole = getattr(self.app, "answer_whole", None)
        self._when_safe = getattr(self.app, "when_safe", self.loop.call_soon)
        self._since = self.loop.time()
        if len(self.connections) > self.most:
            self._make_room()

    def _make_room(self) -> None:
        """End the connection that has waited longest, of those that never asked anything first."""
        others = (one for one in self.connections if isinstance(one, _Connection))
        waiting = [(one.waiting(), one) for one in others if one is not self]
        (_, moment), longest = min(waiting, key=lambda pair: pair[0])
        if moment <= self.loop.time():
            longest.end()
        else:
            self.end()

    def waiting(self) -> tuple[bool, float]:
        """Whether anything was asked here, and since when the client is waited for."""
        if self._since is not None:
            return self._served, self._since
        idle = self.timeout_keep_alive_task
        return self._served, float("inf") if idle is None else idle.when() - KEEP_ALIVE

    def look(self, now: float) -> None:
        """End this connection if its client takes too long."""
        if self._unread is not None and now - self._unread > PATIENCE:
            self.transport.abort()
        elif self._since is not None and now - self._since > PATIENCE and not self._refused:
            in_request = self._head or not self._in_head
            answered = not self._in_head and self.cycle.response_complete
            if in_request and not answered:
                self._refuse(408, EdgeCode.REQUEST_TIMEOUT, _TOO_SLOW)
            else:
                self.transport.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.time()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unread = None

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._between, self._first = False, True
        super().data_received(data)
        self._first = False
        cycle = self._coming
        if cycle is not None and not _comes_soon(cycle):
            self._coming = None
            super()._start_asgi_task(cycle, self.app)
        if self._in_head and not self._between:
            self._head += len(data)
            if self._head > HEAD_LIMIT:
                self._refuse(431, EdgeCode.HEADERS_TOO_LARGE, _HEAD_TOO_LARGE)
        elif not self._in_head:
            self._body_goes_on(len(data))
        if self._since is None and (self._head or not self._in_head):
            self._since = self.loop.time()

    def _body_goes_on(self, size: int) -> None:
        self._received += size
        if self._received > MOST_RECEIVED:
            if self.cycle.response_complete:
                self.transport.close()
            else:
                self._refuse(413, EdgeCode.TOO_LARGE, _TOO_MUCH)
        elif self._received > SMALL:
            others = [one for one in self.connections if isinstance(one, _Connection)]
            coming = [one for one in others if one._received]  # noqa: SLF001 - one of the same
            if sum(one._received for one in coming) > MOST_WAITING:  # noqa: SLF001 - the same
                min(coming, key=_Connection.waiting).end()

    def end(self) -> None:
        """Make room, at once."""
        self.connections.discard(self)
        self.transport.abort()

    def on_headers_complete(self) -> None:
        self._in_head, self._head = False, 0
        if self.parser.should_upgrade():
            # The parser takes what follows for the other protocol: the body would be lost.
            self._refuse(400, EdgeCode.BAD_REQUEST, _UPGRADE)
        else:
            super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Callable[..., Any]) -> None:
        if self._first and self._answer_whole is not None and not self.flow.write_paused:
            self._coming = cycle
        else:
            super()._start_asgi_task(cycle, app)

    def on_message_complete(self) -> None:
        self._in_head, self._between, self._first = True, True, False
        self._since, self._received, self._served = None, 0, True
        if self._refused:
            return
        super().on_message_complete()
        cycle = self._coming
        if cycle is not None and self._answer_whole is not None:
            self._coming = None
            answer = self._answer_whole(cycle.scope, bytes(cycle.body))
            # Sent when all that has been received is worked off: to wake up a client costs as much
            # as half a request, and answers sent one upon the other wake it up once.
            self._ready = cycle, answer
            self._when_safe(self._send_ready)

    def _send_ready(self, safe: bool = True) -> None:  # noqa: FBT001, FBT002 - see Answer
        """Send the answer in one piece. It is ours and complete, so nothing in it is checked."""
        if self._ready is None:
            return
        (cycle, (status, lines, body)), self._ready = self._ready, None
        if cycle.disconnected:
            return
        if not safe:
            status, lines, body = self.app.lost_whole(cycle.scope)
        head = STATUS_LINE[status]
        for header in cycle.default_headers:
            head += b"%b: %b\r\n" % header
        end = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
        if cycle.scope["method"] == "HEAD":
            body = b""
        cycle.response_started = cycle.response_complete = True
        self.transport.write(head + lines + end + body)
        if self._then is not None:
            self._say(self._then)
        elif not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, EdgeCode.BAD_REQUEST, msg)

    def _refuse(self, status: int, code: EdgeCode, message: str) -> None:
        """Say no; not before what came before is answered, which waits until it is safe."""
        if self._refused:
            return
        self._refused = True
        reply = JsonErrors().refuse(code, message, status, "")
        head = (
            b"content-type: %b\r\ncontent-length: %d\r\nx-amzn-errortype: %b\r\n"
            b"connection: close\r\n\r\n"
        ) % (reply.content_type, len(reply.body), code.encode("ascii"))
        said = STATUS_LINE[status] + head + reply.body
        if self._ready is None:
            self._say(said)
        else:
            self._then = said

    def _say(self, refusal: bytes) -> None:
        """Say the last, and read on for a while: to close at once could take it away."""
        if self.transport.is_closing():
            return
        self.transport.write(refusal)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER, self.transport.close)


def _comes_soon(cycle: RequestResponseCycle) -> bool:
    """Whether the rest of a body is small, and comes without being asked for."""
    length = dict(cycle.scope["headers"]).get(b"content-length")
    return length is not None and int(length) <= SMALL and not cycle.waiting_for_100_continue
