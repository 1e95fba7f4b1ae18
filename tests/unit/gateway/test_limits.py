"""Slow and greedy clients: they end, and one beside them is served all the while."""

import contextlib
import socket
from collections.abc import Iterator

import pytest

from kmspec_impl.gateway import server as serving
from kmspec_impl.gateway.exchange import BODY_LIMIT
from kmspec_impl.gateway.server import MOST_RECEIVED
from tests.unit.gateway.support import (
    SECONDS,
    CannedEmulator,
    Running,
    connect,
    exchange,
    post,
    read_response,
    running,
)
from tests.unit.gateway.test_hostile_http import FULL, code, healthy

FEW = 40


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A server with little patience."""
    monkeypatch.setattr(serving, "PATIENCE", 0.3)
    with running(CannedEmulator()) as started:
        yield started


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A server for few connections."""
    monkeypatch.setattr(serving, "_most_connections", lambda: FEW)
    with running(CannedEmulator()) as started:
        yield started


@pytest.mark.parametrize("cut", [1, 60, len(FULL) - 1], ids=["line", "headers", "body"])
def test_a_request_that_does_not_come_whole(server: Running, cut: int) -> None:
    with connect(server) as connection:
        connection.sendall(FULL[:cut])
        response = read_response(connection)
        assert (response.status, code(response.body)) == (408, "RequestTimeoutException")
        assert response.headers["connection"] == "close"
    assert healthy(server)


def test_one_that_follows_another_does_not_come_whole_either(server: Running) -> None:
    with connect(server) as connection:
        connection.sendall(FULL)
        assert read_response(connection).status == 200
        connection.sendall(FULL[:30])
        assert read_response(connection).status == 408


def test_chunks_that_drip(server: Running) -> None:
    request = post(b"", Transfer_Encoding="chunked").replace(b"Content-Length: 0\r\n", b"")
    assert exchange(server, request, b"1\r\n{\r\n").status == 408


def test_a_client_that_says_nothing_is_left(server: Running) -> None:
    with connect(server) as connection:
        assert connection.recv(1) == b""
    assert healthy(server)


def test_the_rest_of_a_refused_body_that_does_not_come(server: Running) -> None:
    with connect(server) as connection:
        connection.sendall(post(b"", Content_Length=str(BODY_LIMIT * 1000)))
        assert read_response(connection).status == 413
        assert connection.recv(1) == b""


def test_a_client_that_is_patient_itself(server: Running) -> None:
    """Between requests a connection is idle for longer than a request may take."""
    with connect(server) as idle, connect(server) as other:
        idle.sendall(FULL)
        assert read_response(idle).status == 200
        other.sendall(FULL[:30])
        assert read_response(other).status == 408  # so much later
        idle.sendall(FULL)
        assert read_response(idle).status == 200


def test_what_is_no_body_but_comes_without_end(server: Running) -> None:
    """Extensions of chunks and trailers count for no body."""
    request = post(b"", Transfer_Encoding="chunked").replace(b"Content-Length: 0\r\n", b"")
    endless = (b"1;" + b"x" * 60_000 + b"\r\n{\r\n", b"0\r\n", b"X: " + b"x" * 60_000 + b"\r\n")
    for first, more in ((b"", endless[0]), (endless[1], endless[2])):
        with connect(server) as connection, contextlib.suppress(ConnectionError):
            connection.sendall(request + first)
            for _ in range(MOST_RECEIVED // len(more) + 2):
                connection.sendall(more)
            assert read_response(connection).status in (400, 413, 431)
        assert healthy(server)


def test_more_connections_than_there_is_room_for(small: Running) -> None:
    """Those that ask nothing make room, and one that is used goes on."""
    with contextlib.ExitStack() as stack:
        used = stack.enter_context(connect(small))
        used.sendall(FULL)
        assert read_response(used).status == 200
        silent = [stack.enter_context(connect(small)) for _ in range(3 * FEW)]
        for one in silent:
            with contextlib.suppress(ConnectionError):
                one.sendall(FULL[:20])
        for _ in range(5):
            used.sendall(FULL)
            assert read_response(used).status == 200
            assert healthy(small)
        assert sum(map(_ended, silent)) >= 2 * FEW


def test_of_connections_that_were_used_the_idle_one_makes_room(small: Running) -> None:
    with contextlib.ExitStack() as stack:
        connections = []
        for _ in range(FEW):
            connections.append(stack.enter_context(connect(small)))
            connections[-1].sendall(FULL)
            assert read_response(connections[-1]).status == 200
        assert healthy(small)
        ended = [number for number, one in enumerate(connections) if _ended(one)]
        assert len(ended) == 1
        assert ended[0] < FEW // 2  # several may be idle since the same millisecond
        del connections[ended[0]]
        for connection in connections:
            connection.settimeout(SECONDS)
            connection.sendall(FULL)
            assert read_response(connection).status == 200


def test_bodies_that_wait_take_no_more_than_they_may(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "MOST_WAITING", 5 * BODY_LIMIT)
    monkeypatch.setattr(serving, "PATIENCE", 30.0)
    almost = post(b" " * BODY_LIMIT)[:-1]
    with contextlib.ExitStack() as stack:
        waiting = []
        for _ in range(10):
            waiting.append(stack.enter_context(connect(server)))
            with contextlib.suppress(ConnectionError):
                waiting[-1].sendall(almost)
            assert healthy(server)
        assert 4 <= sum(map(_ended, waiting)) <= 6
        assert not _ended(waiting[-1])


def _ended(connection: socket.socket) -> bool:
    connection.settimeout(0.01)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True
