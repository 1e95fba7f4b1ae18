"""Other stacks: HTTP servers that could be chosen, each answering constant bytes."""

import asyncio
import sys
from collections.abc import Callable
from functools import partial
from typing import Final, cast

import uvloop

from benchmarks.servers import limits
from benchmarks.servers.server import HOST, tool

_APPLICATION: Final = f"{limits.__name__}:constant"


class Unread(asyncio.Protocol):
    """Answers whatever comes, without reading it: no HTTP server can be quicker in Python."""

    _constant: Final = limits.answer("/")
    _whole: Final = b"HTTP/1.1 200 OK\r\n" + _constant.lines + b"\r\n" + _constant.body

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where to write to."""
        self._write = cast("asyncio.Transport", transport).write

    def data_received(self, data: bytes) -> None:
        """Answer."""
        del data
        self._write(self._whole)


def granian(interface: str, application: str, port: int) -> list[str]:
    """granian, whose HTTP is in Rust, for ASGI or its own RSGI."""
    options = "--loop uvloop --http 1 --no-ws --workers 1 --no-access-log --log-level critical"
    where = ["--host", HOST, "--port", str(port), "--interface", interface]
    return [tool("granian"), *options.split(), *where, f"{limits.__name__}:{application}"]


def hypercorn(port: int) -> list[str]:
    """hypercorn, whose HTTP is h11; MiniStack is served by it."""
    return [tool("hypercorn"), "-k", "uvloop", "-b", f"{HOST}:{port}", _APPLICATION]


def uvicorn_h11(port: int) -> list[str]:
    """Uvicorn as it is without extras: asyncio and h11."""
    return [
        {"uvloop": "asyncio", "httptools": "h11"}.get(word, word) for word in limits.uvicorn(port)
    ]


def unread(port: int) -> list[str]:
    """A bare protocol of asyncio on uvloop."""
    return [sys.executable, "-m", "benchmarks.servers.stacks", str(port)]


CHOSEN: Final = "uvicorn, uvloop, httptools"
STACKS: Final[dict[str, Callable[[int], list[str]]]] = {
    CHOSEN: limits.uvicorn,
    "the same with our shortcut": limits.sending_by_shortcut,
    "uvicorn, asyncio, h11": uvicorn_h11,
    "granian, uvloop, ASGI": partial(granian, "asginl", "constant"),
    "granian, uvloop, RSGI": partial(granian, "rsgi", "rsgi"),
    "hypercorn, uvloop": hypercorn,
    "bare protocol, nothing read": unread,
}
"""How each is served, by its name in the report."""


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Unread, HOST, port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
