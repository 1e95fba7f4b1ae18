"""The server's life: ready when it says so, stopped by a signal, refused where it cannot listen."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kmspec_impl.gateway.app import Application
from kmspec_impl.gateway.server import CannotListenError, listen, serve
from tests.helpers.source import ROOT
from tests.unit.gateway.support import SECONDS, CannedEmulator, Running, connect, exchange, post

PROGRAM = """
from kmspec_impl.gateway.app import Application
from kmspec_impl.gateway.server import serve
from tests.unit.gateway.support import CannedEmulator

def broken(_):
    raise ZeroDivisionError

serve(Application(CannedEmulator({"ListAliases": broken})), "127.0.0.1", 0)
print("stopped")
"""
LINE = "kmspec listening on http://127.0.0.1:"


@contextmanager
def started() -> Iterator[tuple[subprocess.Popen[str], Running]]:
    """A server in a process of its own, once it has said that it listens."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith(LINE)
            yield process, Running(int(line.removeprefix(LINE)), CannedEmulator())
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(number: signal.Signals) -> None:
    with started() as (process, server):
        assert exchange(server, post(b"{}")).status == 200
        with connect(server) as idle, connect(server) as stalled:
            idle.sendall(post(b"{}"))
            stalled.sendall(post(b"", Content_Length="10"))
            process.send_signal(number)
            output, errors = process.communicate(timeout=SECONDS)
        assert (process.returncode, output, errors) == (0, "stopped\n", "")


def test_a_defect_is_written_to_standard_error() -> None:
    with started() as (process, server):
        request = post(b"{}", X_Amz_Target="TrentService.ListAliases")
        assert exchange(server, request).status == 500
        assert exchange(server, post(b"{}")).status == 200
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=SECONDS)
    assert "Traceback" in errors
    assert "ZeroDivisionError" in errors
    assert output == "stopped\n"


def test_a_port_in_use_is_one_line_with_the_remedy() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotListenError) as caught:
            serve(Application(CannedEmulator()), "127.0.0.1", port)
    assert str(caught.value) == (
        f"cannot listen on 127.0.0.1 port {port}: address already in use; "
        "give another --host or --port (--port 0 picks a free one)"
    )


@pytest.mark.parametrize(
    ("host", "port"), [("127.0.0.1", 70_000), ("127.0.0.1", -1), ("no such host", 0), ("\udcff", 0)]
)
def test_addresses_that_cannot_be(host: str, port: int) -> None:
    with pytest.raises(CannotListenError) as caught:
        listen(host, port)
    assert "\n" not in str(caught.value)
    assert "--port" in str(caught.value)
