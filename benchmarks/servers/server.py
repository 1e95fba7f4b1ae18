"""Servers: the only place that starts processes, and looks at what they use."""

import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import clock_gettime, perf_counter
from typing import IO, Final
from urllib.parse import urlsplit

import psutil

HOST: Final = "127.0.0.1"
PATIENCE: Final = 60
"""Seconds within which a server must listen, and within which it must end."""
LOOK: Final = 0.002
"""Seconds between two attempts to connect."""
CPU_OF_PROCESS: Final = 2
"""What kind of clock of a process, in the number that Linux has for it: clock_getcpuclockid(3)."""
MEBIBYTE: Final = 1024 * 1024


@dataclass(frozen=True)
class Server:
    """Something that listens; of a process that we cannot see nothing is known."""

    url: str
    process: psutil.Process | None = None
    ready: float | None = None
    """Seconds from its start until it could be connected to."""

    @property
    def host(self) -> str:
        """Where it is."""
        return urlsplit(self.url).hostname or HOST

    @property
    def port(self) -> int:
        """Where it listens."""
        return urlsplit(self.url).port or 80

    def busy(self) -> float | None:
        """Seconds of CPU that it has used so far, with its workers."""
        if self.process is None:
            return None
        return sum(map(_busy, self._processes()))

    def memory(self) -> float | None:
        """MiB of resident memory, with its workers."""
        if self.process is None:
            return None
        return sum(one.memory_info().rss for one in self._processes()) / MEBIBYTE

    def _processes(self) -> list[psutil.Process]:
        assert self.process is not None  # noqa: S101 - see the callers
        return [self.process, *self.process.children(recursive=True)]


def _busy(process: psutil.Process) -> float:
    """Seconds of CPU of a process: by its own clock where there is one, else in hundredths."""
    with contextlib.suppress(OSError):
        return clock_gettime(~process.pid << 3 | CPU_OF_PROCESS)
    times = process.cpu_times()
    return times.user + times.system


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])


def tool(name: str) -> str:
    """A command that is installed with this Python."""
    return str(Path(sys.executable).with_name(name))


@contextlib.contextmanager
def started(
    command: Sequence[str], port: int, more: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """A process that listens on a port, until the end of the context.

    :raises RuntimeError: it ended before, or does not listen in time; the text has what it said.
    """
    begun = perf_counter()
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, env=more
        ) as process,
    ):
        try:
            _await(process, port, begun, said)
            ready = perf_counter() - begun
            yield Server(f"http://{HOST}:{port}", psutil.Process(process.pid), ready)
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def _await(process: "subprocess.Popen[bytes]", port: int, begun: float, said: IO[str]) -> None:
    while perf_counter() - begun < PATIENCE and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port)):
            return
        time.sleep(LOOK)
    said.seek(0)
    raise RuntimeError(f"{process.args!r} does not listen on port {port}: {said.read()}")


def reached(url: str) -> Server:
    """A server that somebody else started; its process, if it is one of this machine's."""
    server = Server(url.rstrip("/"))
    listeners = {
        one.pid
        for one in psutil.net_connections("tcp")
        if one.status == psutil.CONN_LISTEN and one.laddr[1:] == (server.port,) and one.pid
    }
    if len(listeners) != 1:
        return server
    return Server(server.url, psutil.Process(listeners.pop()))
