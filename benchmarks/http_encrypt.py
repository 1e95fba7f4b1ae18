"""Encrypt over HTTP, held against the same server when it only sends back constant bytes.

All servers run in processes of their own and get the same requests from one client, in turns, so
that a busy machine slows them alike. The ratio is the median of the turns' ratios.

Our server is uvicorn, which serves any ASGI application, and has a shortcut for an application
that can answer a whole request without waiting, as kmspec can. The constant bytes are sent in
both ways, and so is what kmspec answers. The ratio is between kmspec as it is served and the
constant bytes of an ASGI application. Between the constant bytes and Encrypt, both by the
shortcut or both without, lies all that kmspec does for a request.
"""

import argparse
import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter
from typing import Any, Final, NamedTuple, cast

import boto3
import uvloop

from kmspec_impl.emulator import Emulator, Settings
from kmspec_impl.gateway.app import Application
from kmspec_impl.gateway.exchange import WholeAnswer
from kmspec_impl.gateway.server import Server, listen, serve

HOST: Final = "127.0.0.1"
WANTED: Final = 0.6
"""The least ratio we hold ourselves to."""
ROUNDS: Final = 15
WARM_UP: Final = 0.3
"""Seconds before the figures count."""
PATIENCE: Final = 10
"""Seconds after which answers that do not come are given up."""
ANSWER: Final = b"x" * 333
"""As long as the answer of Encrypt."""
SERVERS: Final = ("constant", "constant-whole", "encrypt-asgi", "encrypt")
HEADERS: Final = [
    (b"content-type", b"application/x-amz-json-1.1"),
    (b"content-length", b"%d" % len(ANSWER)),
    (b"x-amzn-requestid", b"6b6d7370-6563-4000-8000-000000000000"),
]
LINES: Final = b"".join(b"%b: %b\r\n" % header for header in HEADERS)

Message = dict[str, Any]


class Figures(NamedTuple):
    """Requests per second of each server, and the ratio of two of them turn by turn."""

    constant: float
    constant_whole: float
    encrypt_asgi: float
    encrypt: float
    ratio: float
    ratio_whole: float
    ratio_asgi: float


async def constant(_: Message, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
    """Read the request, and send constant bytes."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})


class ConstantWhole:
    """Send constant bytes by the shortcut."""

    __call__ = staticmethod(constant)

    def answer_whole(self, scope: Message, body: bytes) -> WholeAnswer:
        """The same answer to every request."""
        del scope, body
        return 200, LINES, ANSWER


def run_server(name: str) -> None:
    """Be one of the servers."""
    application: Callable[..., Any]
    match name:
        case "constant":
            application = constant
        case "constant-whole":
            application = ConstantWhole()
        case "encrypt-asgi":
            application = Application(Emulator(Settings())).__call__
        case _:
            serve(Application(Emulator(Settings())), HOST, 0)
            return
    listening = listen(HOST, 0)
    line = f"{name} on http://{HOST}:{listening.getsockname()[1]}"
    Server(application, lambda: print(line, flush=True)).run([listening])


@contextlib.contextmanager
def started(name: str) -> Iterator[int]:
    """One of the servers in a process of its own; its port."""
    command = [sys.executable, __file__, "--server", name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101 - what Popen was asked for
        yield int(process.stdout.readline().rpartition(":")[2])
        process.terminate()


class Client(asyncio.Protocol):
    """One connection: sends the request again whenever it has been answered."""

    def __init__(self, request: bytes, until: float) -> None:
        self.answered = 0
        self.done = asyncio.get_running_loop().create_future()
        self._request = request
        self._until = until
        self._length = 0
        self._received = bytearray()
        self._write: Callable[[bytes], None]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._write = cast("asyncio.Transport", transport).write
        self._write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count an answer when it is complete; all are of the same length, as all are alike."""
        self._received += data
        if not self._length and b"\r\n\r\n" in self._received:
            self._length = answer_length(bytes(self._received))
        if self._length and len(self._received) >= self._length:
            self._received.clear()
            self.answered += 1
            if perf_counter() < self._until:
                self._write(self._request)
            else:
                self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the measurement, unless it has ended."""
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))


def answer_length(received: bytes) -> int:
    """Bytes of head and body."""
    head, _, _ = received.partition(b"\r\n\r\n")
    if b" 200 " not in head.partition(b"\r\n")[0]:
        raise RuntimeError(f"the server refused: {received!r}")
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return len(head) + 4 + int(length)


async def rate(port: int, request: bytes, connections: int, seconds: float) -> float:
    """Requests per second."""
    loop = asyncio.get_running_loop()
    start = perf_counter()
    until = start + seconds
    clients = [
        await loop.create_connection(lambda: Client(request, until), HOST, port)
        for _ in range(connections)
    ]
    async with asyncio.timeout(seconds + PATIENCE):
        await asyncio.gather(*(client.done for _, client in clients))
    took = perf_counter() - start
    for transport, _ in clients:
        transport.close()
    return sum(client.answered for _, client in clients) / took


def encrypt_request(port: int) -> bytes:
    """What boto3 sends for Encrypt of 32 bytes, under a new key of that server."""
    session = boto3.Session("000000000000", "secret", region_name="us-east-1")
    client = session.client("kms", endpoint_url=f"http://{HOST}:{port}")
    sent: list[bytes] = []

    def keep(request: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
        head = "".join(f"{name}: {text(value)}\r\n" for name, value in request.headers.items())
        sent.append(f"POST / HTTP/1.1\r\nHost: {HOST}\r\n{head}\r\n".encode() + request.body)

    key = client.create_key()["KeyMetadata"]["KeyId"]
    client.meta.events.register("before-send.kms.Encrypt", keep)
    client.encrypt(KeyId=key, Plaintext=b"p" * 32, EncryptionContext={"purpose": "benchmark"})
    client.close()
    return sent[0]


def text(value: str | bytes) -> str:
    """A header's value; botocore keeps some as bytes."""
    return value if isinstance(value, str) else value.decode("latin-1")


def measure(seconds: float, connections: int) -> Figures:
    """Measure each, for ``seconds``, in turns; every figure is the median of the turns."""
    with contextlib.ExitStack() as stack:
        ports = [stack.enter_context(started(name)) for name in SERVERS]
        requests = [encrypt_request(ports[-1])] * 2 + list(map(encrypt_request, ports[-2:]))

        def turn(length: float) -> list[float]:
            return [
                uvloop.run(rate(port, request, connections, length))
                for port, request in zip(ports, requests, strict=True)
            ]

        turn(WARM_UP)
        turns = [turn(seconds / ROUNDS) for _ in range(ROUNDS)]
    rates = [median(of_server) for of_server in zip(*turns, strict=True)]
    return Figures(
        constant=rates[0],
        constant_whole=rates[1],
        encrypt_asgi=rates[2],
        encrypt=rates[3],
        ratio=median(encrypt / constant for constant, _, _, encrypt in turns),
        ratio_whole=median(encrypt / constant for _, constant, _, encrypt in turns),
        ratio_asgi=median(encrypt / constant for constant, _, encrypt, _ in turns),
    )


def main() -> None:
    """Print the figures and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="for each server")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--server", choices=SERVERS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.server:
        run_server(given.server)
        return
    figures = measure(given.seconds, given.connections)
    print(f"constant bytes by ASGI:         {figures.constant:>9,.0f} requests/s")
    print(f"constant bytes by the shortcut: {figures.constant_whole:>9,.0f} requests/s")
    print(f"Encrypt by ASGI:                {figures.encrypt_asgi:>9,.0f} requests/s")
    print(f"Encrypt as it is served:        {figures.encrypt:>9,.0f} requests/s")
    print(f"ratio:                          {figures.ratio:>9.2f} (at least {WANTED} wanted)")
    print(f"ratio, both by the shortcut:    {figures.ratio_whole:>9.2f}")
    print(f"ratio, both by ASGI:            {figures.ratio_asgi:>9.2f}")


if __name__ == "__main__":
    main()
