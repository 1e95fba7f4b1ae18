"""No answer leaves before what it depends on is safe, whatever else the client sends."""

import threading
from collections.abc import Callable, Iterator

import pytest

from tests.unit.gateway.support import (
    CannedEmulator,
    Running,
    connect,
    post,
    read_response,
    running,
)

FULL = post(b"{}")
WAITS = 0.2
"""Seconds in which nothing may come."""


class Waiting(CannedEmulator):
    """An emulator whose disk is slow: nothing is safe until :attr:`written` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.written = threading.Event()
        self.kept = True

    def when_safe(self, answer: Callable[[bool], object]) -> None:
        """Call back in the event loop, once it is said to be safe, or lost."""

        def after(answer: Callable[[bool], object]) -> None:
            super_when_safe(lambda _: answer(self.kept) if self.written.is_set() else after(answer))

        super_when_safe = super().when_safe
        after(answer)


@pytest.fixture
def slow() -> Iterator[Running]:
    with running(Waiting()) as server:
        yield server
        assert isinstance(server.emulator, Waiting)
        server.emulator.written.set()


FOLLOWS = {
    "nothing": b"",
    "no HTTP": b"nonsense\r\n\r\n",
    "another protocol": b"GET / HTTP/1.1\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "a head without end": b"x" * 70_000,
    "one more": FULL,
    "one more, and no HTTP": FULL + b"nonsense\r\n\r\n",
}


@pytest.mark.parametrize(
    ("follows", "kept"), [*((name, True) for name in FOLLOWS), ("no HTTP", False)]
)
def test_an_answer_waits_whatever_follows(slow: Running, follows: str, *, kept: bool) -> None:
    emulator = slow.emulator
    assert isinstance(emulator, Waiting)
    emulator.kept = kept
    with connect(slow) as connection:
        connection.sendall(FULL + FOLLOWS[follows])
        connection.settimeout(WAITS)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(10)
        emulator.written.set()
        assert read_response(connection).status == (200 if kept else 500)
        if follows not in ("nothing", "one more"):
            assert read_response(connection).status in (400, 431)
