"""Targets that do not behave: the trouble is said, nothing hangs, nothing is held against them."""

import resource
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus
from itertools import count
from urllib.parse import urlsplit

import pytest

from kmspec_check import wire
from kmspec_check.cells import Status
from kmspec_check.conform import conform
from kmspec_check.endpoint import Endpoint
from kmspec_check.profile import load
from kmspec_check.report_text import report_lines
from kmspec_check.target import Garbled, TimedOut, Trouble, Unreachable
from tests.helpers.machine import explored
from tests.helpers.server import serving
from tests.unit.check.support import Altered, Answer, wrong_code

PAGE = b"HTTP/1.1 500 Oops\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"
NOT_FOUND = b'HTTP/1.1 400 No\r\nContent-Length: 30\r\n\r\n{"__type":"NotFoundException"}'
FILES = 40
GARBAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{]{]{]{"


@contextmanager
def answering(answer: bytes, most: int = sys.maxsize) -> Iterator[str]:
    """A server that says the same to everybody; after so many it takes requests and says nothing.

    It closes each connection that it answered on.
    """
    with ExitStack() as kept, socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for number in count():
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                kept.enter_context(connection)
                with suppress(ConnectionError):
                    connection.recv(65536)
                    if number < most:
                        connection.sendall(answer)
                        connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@pytest.mark.parametrize("answer", [PAGE, GARBAGE, b"", b"SSH-2.0-x\r\n"])
def test_trouble_is_never_a_violation(answer: bytes) -> None:
    with answering(answer) as url, Endpoint(url, load("generic")) as target:
        result = conform(target, budget=20, explored=explored())
    assert result.exit_code == 2
    assert not result.violations
    assert result.count(Status.FAIL) == 0
    assert result.count(Status.ERROR) or result.trouble


@pytest.mark.parametrize("after", [0, 40])
def test_who_does_not_answer_is_soon_left(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    monkeypatch.setattr("kmspec_check.endpoint.READ_WITHIN", 0.05)
    with answering(NOT_FOUND, after) as url, Endpoint(url, load("generic")) as target:
        result = conform(target, explored=explored())
    assert result.exit_code == 2
    assert "3 requests in a row: " in result.trouble
    assert "did not answer within" in result.trouble


def test_who_falls_silent_in_the_middle_is_left_with_what_was_found() -> None:
    calls = count()

    def falling(operation: str, parameters: object, answer: Answer) -> Answer:
        if next(calls) > 300:
            raise TimedOut("no answer came", "look there")
        return wrong_code(operation, {}, answer) if parameters else answer

    result = conform(Altered(falling), only=["key"], explored=explored())
    assert result.exit_code == 2
    assert result.trouble == "3 requests in a row: no answer came; look there"


def out_of_file_handles() -> None:
    """What a server is allowed: few open files."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))


def test_a_target_out_of_file_handles_is_in_trouble_and_not_accused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kmspec_check.endpoint.READ_WITHIN", 0.2)
    with serving("--clock", "virtual", before=out_of_file_handles) as url, ExitStack() as idle:
        port = urlsplit(url).port
        for _ in range(FILES):
            idle.enter_context(socket.create_connection(("127.0.0.1", port)))
        with Endpoint(url, load("kmspec")) as target:
            result = conform(target, only=["key"], explored=explored())
    assert result.exit_code == 2
    assert not result.violations
    assert result.trouble


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


def test_a_body_that_is_no_object_is_not_of_aws() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"
    with answering(answer) as url, Endpoint(url, load("generic")) as target:
        result = conform(target, explored=explored())
    assert result.exit_code == 2
    assert "no JSON object" in result.trouble
    assert "; give the URL" in result.trouble
    assert next(report_lines(result)).startswith("could not run: ")
    assert {cell.cell.phase for cell in result.cells} == {"smoke"}


def test_the_same_trouble_all_the_time_ends_the_check() -> None:
    def breaking(operation: str, parameters: object, answer: Answer) -> Answer:
        del parameters
        if operation == "CreateKey" and answer[0] == HTTPStatus.OK:
            raise Garbled("what came is no answer", "look there")
        return answer

    result = conform(Altered(breaking), only=["key"], explored=explored())
    assert result.exit_code == 2
    assert "cells in a row ended in the same trouble: what came is no answer" in result.trouble
    assert result.count(Status.ERROR) <= 25
    text = list(report_lines(result))
    assert text[0].startswith("could not go on: ")


def test_a_crash_of_what_worked_is_a_violation() -> None:
    def crashing(operation: str, parameters: object, answer: Answer) -> Answer:
        del parameters
        if operation == "DisableKey" and answer[0] == HTTPStatus.OK:
            return 500, {"__type": "", "message": "<!doctype html>"}
        return answer

    result = conform(Altered(crashing), only=["matrix", "key"], explored=explored())
    assert result.exit_code == 1
    assert result.count(Status.ERROR) == 0
    told = next(one for one in result.violations if one.trace is not None)
    assert told.observed == ("HTTP 500 without an AWS error",)


@pytest.mark.parametrize(
    ("service", "body", "says"),
    [
        ("kms", b"<!DOCTYPE html><p>", "answered HTTP 200 with HTML"),
        ("sts", b"{}", "answered HTTP 200 with a body that is no XML"),
        ("kms", b"[]", "answered HTTP 200 with a body that is no JSON object"),
    ],
)
def test_trouble_says_what_came_and_what_to_do(service: str, body: bytes, says: str) -> None:
    operation = "GetCallerIdentity" if service == "sts" else "ListKeys"
    with pytest.raises(Garbled, match=f"{says}.*; give the URL"):
        wire.answer(service, operation, 200, body)


def test_a_clock_that_does_not_move_though_the_profile_has_one_is_trouble() -> None:
    def stuck(operation: str, parameters: object, answer: Answer) -> Answer:
        del parameters
        refused = (400, {"__type": "OperatorInvalidRequest", "message": "no"})
        return refused if operation == "Advance" else answer

    result = conform(Altered(stuck), explored=explored())
    assert result.exit_code == 2
    assert "the clock of the target did not move: no" in result.trouble
