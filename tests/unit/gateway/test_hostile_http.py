"""Clients that are wrong, slow, greedy or gone, over raw sockets.

Whatever arrives, the server answers with a typed 4xx or, where HTTP leaves no other way, closes;
and it answers the next client.
"""

import json
import re
import socket
import threading

import pytest

from kmspec_impl.gateway.exchange import BODY_LIMIT
from kmspec_impl.gateway.server import HEAD_LIMIT
from tests.unit.gateway.support import Running, connect, exchange, post, read_response

FULL = post(b"{}")
STATUS = re.compile(rb"HTTP/1\.1 (\d+)")


def code(body: bytes) -> str:
    """The error's name."""
    return str(json.loads(body)["__type"])


def healthy(server: Running) -> bool:
    """Whether the server still answers."""
    return exchange(server, FULL).status == 200


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST / HTTP/9.9\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50,  # TLS spoken to us
        b"\x00" * 100,
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: abc\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
        b"POST /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT example.com:443 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST http://[::bad HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
    ids=range(16),
)
def test_broken_http_is_a_typed_400(server: Running, request_bytes: bytes) -> None:
    response = exchange(server, request_bytes)
    assert response.status in (400, 404, 405)
    assert code(response.body).endswith("Exception")
    assert healthy(server)


def test_a_head_without_end_is_refused(server: Running) -> None:
    piece = b"X-More: " + b"a" * 8000 + b"\r\n"
    with connect(server) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\n")
        for _ in range(HEAD_LIMIT // len(piece) + 1):
            connection.sendall(piece)
        response = read_response(connection)
    assert response.status == 431
    assert code(response.body) == "RequestHeaderFieldsTooLargeException"
    assert healthy(server)


def test_one_header_without_end_is_refused(server: Running) -> None:
    response = exchange(server, b"POST / HTTP/1.1\r\nX: ", *[b"a" * 1000] * 100)
    assert response.status == 431
    assert healthy(server)


def test_large_bodies_in_pieces_are_no_large_heads(server: Running) -> None:
    """What counts towards the head is only what comes before it ends."""
    body = b"{" + b" " * (HEAD_LIMIT * 4) + b"}"
    request = post(body)
    with connect(server) as connection:
        for _ in range(3):
            for start in range(0, len(request), 30_000):
                connection.sendall(request[start : start + 30_000])
            assert read_response(connection).status == 200


def test_a_body_declared_too_large_is_refused_before_it_comes(server: Running) -> None:
    request = post(b"", Content_Length=str(BODY_LIMIT * 1000))
    response = exchange(server, request)
    assert (response.status, code(response.body)) == (413, "RequestEntityTooLargeException")
    assert healthy(server)


def test_a_client_that_sends_a_large_body_all_the_same_gets_the_refusal(server: Running) -> None:
    response = exchange(server, post(b" " * (4 * BODY_LIMIT)))
    assert response.status == 413
    assert healthy(server)


def test_after_a_refused_body_the_connection_lives_on(server: Running) -> None:
    with connect(server) as connection:
        connection.sendall(post(b" " * (BODY_LIMIT + 1)) + FULL)
        assert read_response(connection).status == 413
        assert read_response(connection).status == 200


def test_chunks_without_end_are_refused(server: Running) -> None:
    request = post(b"", Transfer_Encoding="chunked").replace(b"Content-Length: 0\r\n", b"")
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    response = exchange(server, request, *[chunk] * 20)
    assert response.status == 413
    assert healthy(server)


def test_chunks(server: Running) -> None:
    request = post(b"", Transfer_Encoding="chunked").replace(b"Content-Length: 0\r\n", b"")
    assert exchange(server, request, b"1\r\n{\r\n", b"1\r\n}\r\n0\r\n\r\n").status == 200


def test_byte_by_byte(server: Running) -> None:
    pieces = [FULL[index : index + 1] for index in range(len(FULL))]
    assert exchange(server, *pieces).status == 200


def test_pipelined_requests_are_answered_in_order(server: Running) -> None:
    good, bad = FULL, post(b"[]")
    with connect(server) as connection:
        connection.sendall(good + bad + good)
        assert [read_response(connection).status for _ in range(3)] == [200, 400, 200]


def test_an_answer_comes_before_the_refusal_of_what_follows(server: Running) -> None:
    with connect(server) as connection:
        connection.sendall(FULL + b"nonsense\r\n\r\n")
        assert [read_response(connection).status for _ in range(2)] == [200, 400]


def test_a_body_that_comes_after_its_head(server: Running) -> None:
    head, end, body = post(b'{"Limit": 1}').partition(b"\r\n\r\n")
    with connect(server) as connection:
        for piece in (head + end, body[:5], body[5:] + FULL):
            connection.sendall(piece)
        assert [read_response(connection).status for _ in range(2)] == [200, 200]


def test_requests_one_after_another_on_one_connection(server: Running) -> None:
    with connect(server) as connection:
        for body, status in ((b"{}", 200), (b"[", 400), (b"\xff", 400), (b"{}", 200)):
            connection.sendall(post(body))
            response = read_response(connection)
            assert response.status == status
            assert response.headers.get("connection") != "close"


def test_expectation_is_met_only_for_a_body_that_is_wanted(server: Running) -> None:
    with connect(server) as connection:
        connection.sendall(post(b"", Expect="100-continue", Content_Length="2"))
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert read_response(connection).status == 200
    refused = post(b"", Expect="100-continue", Content_Length=str(BODY_LIMIT + 1))
    assert exchange(server, refused).status == 413


@pytest.mark.parametrize("protocol", ["h2c", "websocket"])
def test_an_upgrade_is_refused_rather_than_the_body_lost(server: Running, protocol: str) -> None:
    response = exchange(server, post(b"{}", Connection="Upgrade", Upgrade=protocol))
    assert (response.status, code(response.body)) == (400, "BadRequestException")
    assert "Upgrade" in json.loads(response.body)["message"]
    assert healthy(server)


def test_the_word_upgrade_alone_asks_for_nothing(server: Running) -> None:
    assert exchange(server, post(b"{}", Upgrade="h2c")).status == 200
    assert exchange(server, post(b"[]", Upgrade="h2c")).status == 400
    assert exchange(server, post(b"{}", Connection="Upgrade")).status == 200


def test_a_client_that_leaves_in_the_middle(server: Running) -> None:
    for cut in (1, 20, len(FULL) - 1):
        with connect(server) as connection:
            connection.sendall(FULL[:cut])
    with connect(server) as connection:
        connection.sendall(FULL)
        linger = socket.SO_LINGER
        connection.setsockopt(socket.SOL_SOCKET, linger, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    assert healthy(server)


def test_a_client_that_stalls_holds_up_nobody(server: Running) -> None:
    with connect(server) as stalled:
        stalled.sendall(post(b"", Content_Length="10"))
        assert healthy(server)


def test_many_connections(server: Running) -> None:
    connections = [connect(server) for _ in range(100)]
    try:
        for connection in connections:
            connection.sendall(FULL)
        assert {read_response(connection).status for connection in connections} == {200}
    finally:
        for connection in connections:
            connection.close()


def test_a_client_that_does_not_read_is_waited_for(server: Running) -> None:
    """Its answers pile up until it reads, and not one is lost or out of order."""
    pairs = 100
    echoed = json.dumps({"Marker": "m" * 200_000}).encode()  # its refusal shows it
    requests = (FULL + post(echoed)) * pairs
    received = bytearray()
    with connect(server) as connection:
        sender = threading.Thread(target=connection.sendall, args=(requests,))
        sender.start()
        assert all(healthy(server) for _ in range(100))  # others are served meanwhile
        while received.count(b"HTTP/1.1 ") < 2 * pairs:
            received += connection.recv(2**20)
        sender.join()
    assert STATUS.findall(received) == [b"200", b"400"] * pairs


def test_http_1_0(server: Running) -> None:
    response = exchange(server, FULL.replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert (response.status, response.headers["connection"]) == (200, "close")


def test_head(server: Running) -> None:
    with connect(server) as connection:
        connection.sendall(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
        received = b""
        while received.count(b"HTTP/1.1 405") < 2:
            received += connection.recv(65536)
        assert received.index(b"\r\n\r\nHTTP/1.1 405")  # the first answer has no body


@pytest.mark.parametrize("body", [b"[" * (BODY_LIMIT - 1), b'{"a":' * 100_000, b"[{}," * 200_000])
def test_nesting_is_refused_quickly(server: Running, body: bytes) -> None:
    response = exchange(server, post(body))
    assert (response.status, code(response.body)) == (400, "SerializationException")
    assert healthy(server)


def test_headers_of_any_bytes(server: Running) -> None:
    for value in ("\xff" * 100, "a" * 10_000, "AWS4-HMAC-SHA256 Credential=" + "/" * 1000):
        assert exchange(server, post(b"{}", Authorization=value)).status == 200
        assert exchange(server, post(b"{}", X_Amz_Target=value)).status == 400
        assert exchange(server, post(b"{}", Content_Type=value)).status == 400
