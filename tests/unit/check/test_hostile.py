"""Targets that do not behave: the trouble is said, nothing hangs, nothing is held against them."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from kmspec_check.cells import Status
from kmspec_check.conform import conform
from kmspec_check.endpoint import Endpoint
from kmspec_check.profile import load
from kmspec_check.target import Garbled, TimedOut, Trouble, Unreachable

PAGE = b"HTTP/1.1 500 Oops\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"
GARBAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{]{]{]{"


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A server that says the same to everybody, and then closes the connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, suppress(ConnectionError):
                    connection.recv(65536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


@pytest.mark.parametrize("answer", [PAGE, GARBAGE, b"", b"SSH-2.0-x\r\n"])
def test_trouble_is_never_a_violation(answer: bytes) -> None:
    with answering(answer) as url, Endpoint(url, load("generic")) as target:
        result = conform(target, budget=20)
    assert result.exit_code == 2
    assert not result.violations
    assert result.count(Status.FAIL) == 0
    assert result.count(Status.ERROR) or result.trouble


def test_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unreachable, match="start the server"):
        Endpoint(f"http://127.0.0.1:{port}")


def test_no_url() -> None:
    with pytest.raises(Unreachable, match="write http://HOST:PORT"):
        Endpoint("nonsense")


class _Ticking:
    """A clock that is a minute later at each look."""

    def __init__(self) -> None:
        self._now = 0.0

    def __call__(self) -> float:
        self._now += 60
        return self._now

    def wait(self, seconds: float) -> None:
        """Nobody waits here."""
        del seconds


def test_an_answer_that_drips_ends() -> None:
    drip = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"
    with (
        answering(drip) as url,
        Endpoint(url, load("kmspec"), clock=_Ticking()) as target,
        pytest.raises(TimedOut, match="did not finish"),
    ):
        target.call("kms", "ListKeys", {})


def test_an_answer_without_end_is_cut() -> None:
    huge = b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (9 * 1024 * 1024)
    with (
        answering(huge) as url,
        Endpoint(url, load("kmspec")) as target,
        pytest.raises(Trouble),
    ):
        target.call("kms", "ListKeys", {})


def test_another_protocol() -> None:
    with (
        answering(b"SSH-2.0-x\r\n") as url,
        Endpoint(url, load("kmspec")) as target,
        pytest.raises(Garbled),
    ):
        target.call("kms", "ListKeys", {})
