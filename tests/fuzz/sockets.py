"""Raw bytes at the socket, and a healthy client beside them.

Requests that are cut off, sent many at once, dripped, flooded with headers, chunked wrongly, or
changed by chance. Whatever is answered is a typed refusal; the healthy client is always served; and
afterwards the server has no more open files than before.
"""

import asyncio
import contextlib
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Final, NamedTuple

from tests.fuzz.exchange import Connection, Lost, connect, in_json, post

SILENCE: Final = 0.2
"""Seconds without an answer after which a client leaves: what it sent may be no whole request."""
PATIENCE: Final = 10.0
"""Seconds in which the healthy client must be answered, on a machine that has much else to do."""
STATUS: Final = re.compile(rb"HTTP/1\.1 (\d{3}) ")
USUAL: Final = in_json("000000000000", "kms", "ListKeys", b"{}")
FEW_FILES: Final = 4
"""Files more that are no leak: of the threads of the interpreter, or a connection just closing."""
MOST: Final = 2000


class Found(NamedTuple):
    """What came of a run."""

    clients: int
    seconds: float
    statuses: Counter[int]
    served: int
    slowest: float
    """Seconds in which the healthy client got its slowest answer."""
    files: tuple[int, int]
    """Open files of the server, before and after."""
    faults: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """The figures, for people."""
        yield f"{self.clients} hostile clients in {self.seconds:.1f} s"
        yield ", ".join(f"{count} HTTP {status}" for status, count in sorted(self.statuses.items()))
        yield f"{self.served} requests of a healthy client, the slowest in {self.slowest:.3f} s"
        yield f"{self.files[0]} open files before, {self.files[1]} after"
        yield f"{len(self.faults)} faults"
        yield from (f"  {fault[:600]}" for fault in self.faults[:10])


class Hostile:
    """Draws what one client sends: pieces, each sent on its own."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def drawn(self) -> list[bytes]:
        """The pieces of one client."""
        return self._chance.choice(WAYS)(self)

    def truncated(self) -> list[bytes]:
        """A request that is cut off."""
        return [USUAL[: self._chance.randrange(len(USUAL))]]

    def pipelined(self) -> list[bytes]:
        """Many at once, some of them broken, the last perhaps cut off."""
        chance = self._chance
        several = [USUAL] * chance.randrange(1, 60)
        if chance.random() < 0.5:
            several[chance.randrange(len(several))] = self._mutated(USUAL)
        sent = b"".join(several)
        return [sent[: len(sent) - chance.randrange(2) * chance.randrange(200)]]

    def dripped(self) -> list[bytes]:
        """A request in small pieces."""
        sent, size = USUAL, self._chance.randrange(1, 9)
        return [sent[at : at + size] for at in range(0, len(sent), size)]

    def flooded(self) -> list[bytes]:
        """More headers than there is room for, or one that is too long."""
        chance = self._chance
        first, rest = USUAL.split(b"\r\n", 1)
        if chance.random() < 0.5:
            more = b"".join(b"x-%d: %d\r\n" % (n, n) for n in range(chance.randrange(20_000)))
        else:
            more = b"x: " + b"y" * chance.randrange(200_000) + b"\r\n"
        return [first + b"\r\n", more, rest]

    def chunked(self) -> list[bytes]:
        """Chunks whose sizes lie, with extensions and trailers."""
        chance = self._chance
        head = post("000000000000", "kms", "/", CHUNKED, b"").replace(b"content-length: 0\r\n", b"")
        pieces = [head]
        for _ in range(chance.randrange(1, 6)):
            said = chance.choice(
                (b"1", b"0", b"2", b"ffffffffffffffff", b"-1", b"g", b"", b"1;a=b")
            )
            pieces.append(said + chance.choice((b"\r\n", b"\n", b"\r")) + b"{" + b"\r\n")
        pieces.append(
            chance.choice((b"0\r\n\r\n", b"0\r\nx: y\r\n\r\n", b"0\r\n", b"\r\n\r\n", b""))
        )
        return pieces

    def mutated(self) -> list[bytes]:
        """A request with something changed anywhere, and a good one after it."""
        return [self._mutated(USUAL), USUAL]

    def lengths(self) -> list[bytes]:
        """A length of the body that is a lie."""
        said = self._chance.choice(
            (b"0", b"1", b"3", b"-2", b"+2", b"2, 2", b"0x2", b"1048577", b"9" * 30, b"", b"2 ")
        )
        return [USUAL.replace(b"content-length: 2", b"content-length: " + said), b"{}" * 3]

    def noise(self) -> list[bytes]:
        """No HTTP."""
        return [self._chance.randbytes(self._chance.randrange(1, 400))]

    def _mutated(self, sent: bytes) -> bytes:
        changed, chance = bytearray(sent), self._chance
        for _ in range(chance.choice((1, 1, 2, 4, 16))):
            at = chance.randrange(len(changed))
            draw = chance.randrange(3)
            if draw == 0:
                changed[at] ^= 1 << chance.randrange(8)
            elif draw == 1:
                changed[at:at] = chance.choice(
                    (b"\r\n", b"\n", b"\r", b"\x00", b":", b" ", b"\xff")
                )
            else:
                del changed[at : at + chance.randrange(1, 5)]
        return bytes(changed)


CHUNKED: Final = [
    *("x-amz-target: TrentService.ListKeys", "content-type: application/x-amz-json-1.1"),
    "transfer-encoding: chunked",
]
WAYS: Final[tuple[Callable[[Hostile], list[bytes]], ...]] = (
    *(Hostile.truncated, Hostile.pipelined, Hostile.dripped, Hostile.flooded, Hostile.chunked),
    *(Hostile.mutated, Hostile.mutated, Hostile.lengths, Hostile.noise),
)


def fuzz(port: int, process: int, clients: int, seed: int = 0, at_once: int = 32) -> Found:
    """Let so many hostile clients at the server on a port, which is that process."""
    return asyncio.run(_Run(port, process, clients, at_once).all(random.Random(f"sockets {seed}")))


class _Run:
    def __init__(self, port: int, process: int, clients: int, at_once: int) -> None:
        self._port, self._clients, self._at_once = port, clients, at_once
        self._files = Path(f"/proc/{process}/fd")
        self._statuses: Counter[int] = Counter()
        self._faults: list[str] = []
        self._served, self._slowest = 0, 0.0

    async def all(self, chance: random.Random) -> Found:
        began = perf_counter()
        healthy = await connect(self._port)
        await self._serve(healthy)
        before = self._open()
        done = asyncio.Event()
        beside = asyncio.create_task(self._beside(healthy, done))
        stalled = [await self._stall(chance) for _ in range(self._at_once)]
        hostile, turns = Hostile(chance), iter(range(self._clients))

        async def attack() -> None:
            for _ in turns:
                await self._attack(hostile.drawn())

        await asyncio.gather(*(attack() for _ in range(self._at_once)))
        for writer in stalled:
            writer.close()
        done.set()
        await beside
        after = await self._settled(healthy, before)
        if after > before + FEW_FILES:
            self._faults.append(f"{before} open files before, {after} after")
        healthy.close()
        return Found(
            self._clients,
            perf_counter() - began,
            self._statuses,
            self._served,
            self._slowest,
            (before, after),
            tuple(self._faults),
        )

    def _open(self) -> int:
        return len(list(self._files.iterdir())) if self._files.exists() else 0

    async def _settled(self, healthy: Connection, before: int) -> int:
        """The open files, once the server has seen that all have left."""
        for _ in range(MOST):
            if self._open() <= before:
                break
            await self._serve(healthy)
        return self._open()

    async def _serve(self, healthy: Connection) -> None:
        began = perf_counter()
        try:
            reply = await healthy.ask(USUAL)
        except Lost as error:
            self._faults.append(f"the healthy client: {error}")
            raise
        took = perf_counter() - began
        self._served += 1
        self._slowest = max(self._slowest, took)
        if reply.status != 200 or took > PATIENCE:
            self._faults.append(f"the healthy client: HTTP {reply.status} after {took:.1f} s")

    async def _beside(self, healthy: Connection, done: asyncio.Event) -> None:
        while not done.is_set():
            await self._serve(healthy)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), 0.005)

    async def _stall(self, chance: random.Random) -> asyncio.StreamWriter:
        """A client that has begun a request and says no more."""
        _, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(USUAL[: chance.randrange(len(USUAL))])
        return writer

    async def _attack(self, pieces: list[bytes]) -> None:
        """One hostile client, from its first byte until it or the server has enough."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        received = bytearray()
        try:
            with contextlib.suppress(ConnectionError):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                while more := await asyncio.wait_for(reader.read(65_536), SILENCE):
                    received += more
        except TimeoutError:
            pass
        finally:
            writer.close()
        for status in map(int, STATUS.findall(received)):
            self._statuses[status] += 1
            if status >= 500:
                self._faults.append(f"HTTP {status} to {pieces!r}: {bytes(received[-300:])!r}")
