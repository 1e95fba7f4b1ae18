"""Requests, bodies and raw bytes by chance: what came of them, in figures.

    python -m tests.fuzz.run [--requests 50000] [--bodies 500000] [--clients 20000] [--seed 0]

Requests are typed, to a served emulator; bodies are bytes (:mod:`.bodies`); clients are hostile, at
the socket (:mod:`.sockets`). The same seed asks the same. Exit code 1: something must not be.
"""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from time import perf_counter
from typing import Final, NamedTuple

from tests.fuzz import bodies, sockets
from tests.fuzz.account import Account, Fault
from tests.fuzz.exchange import Connection, Lost, connect, to_kmspec
from tests.helpers.authority import Authority
from tests.helpers.server import served

PER_ACCOUNT: Final = 1600
"""So many requests are made in one account; then everything is begun anew in another."""
MOMENTS: Final = (1.0, 90_000.0, 31 * 86_400.0)
"""How far time moves on, in seconds, between the parts of what is asked in an account."""
SHOWN: Final = 20
LONGEST: Final = 1500


class Found(NamedTuple):
    """What came of a run."""

    requests: int
    seconds: float
    answers: Counter[tuple[str, str, str]]
    faults: tuple[Fault, ...]
    lost: str
    """Why the run ended early, or nothing."""

    def lines(self) -> Iterator[str]:
        """The figures, for people."""
        operations = {(service, name) for service, name, _ in self.answers}
        good = {(service, name) for service, name, code in self.answers if code == "success"}
        codes: Counter[str] = Counter()
        for (_, _, code), count in self.answers.items():
            codes[code] += count
        rate = self.requests / self.seconds
        yield f"{self.requests} requests in {self.seconds:.1f} s, {rate:.0f} a second"
        yield f"{len(operations)} operations asked, {len(good)} of them with success"
        yield ", ".join(f"{count} {code}" for code, count in codes.most_common())
        yield f"{len(self.faults)} answers that must not be"
        first = {fault.why: fault for fault in reversed(self.faults)}
        for why, count in Counter(fault.why for fault in self.faults).most_common(SHOWN):
            yield f"  {count} of {why}; the first:"
            yield f"    {first[why].asked[:LONGEST]}"
            yield f"    {first[why].answered[:LONGEST]}"
        if self.lost:
            yield self.lost


def fuzz(port: int, requests: int, seed: int = 0, connections: int = 8) -> Found:
    """Ask so many requests of the server on a port, whose clock must be virtual."""
    began = perf_counter()
    waves = max(1, round(requests / connections / PER_ACCOUNT))
    accounts: list[Account] = []
    lost, authority = "", Authority()
    for wave in range(waves):
        each = requests // connections // waves
        try:
            asyncio.run(_wave(port, accounts, authority, f"{seed} {wave}", connections, each))
        except* Lost as group:
            lost = f"wave {wave}: {group.exceptions[0]}"
        if lost:
            break
    answers: Counter[tuple[str, str, str]] = Counter()
    for account in accounts:
        answers += account.answers
    faults = tuple(fault for account in accounts for fault in account.faults)
    return Found(answers.total(), perf_counter() - began, answers, faults, lost)


async def _wave(
    port: int,
    accounts: list[Account],
    authority: Authority,
    seed: str,
    count: int,
    requests: int,
) -> None:
    """Some accounts side by side; time moves when all of them have come as far."""
    clock = await connect(port)
    together = asyncio.Barrier(count)

    async def tick(seconds: float = 1.0) -> None:
        if await together.wait() == 0:
            await clock.ask(to_kmspec("clock/Advance", {"Seconds": seconds}))
        await together.wait()

    async def use(account: Account) -> None:
        await account.prepare(tick)
        for moment in MOMENTS:
            await account.ask(requests // len(MOMENTS))
            await tick(moment)

    opened: list[Connection] = [await connect(port) for _ in range(count)]
    try:
        async with asyncio.TaskGroup() as group:
            for connection in opened:
                number = f"{100_000_000_001 + len(accounts)}"
                account = Account(connection, number, f"{seed} {number}", authority)
                accounts.append(account)
                group.create_task(use(account))
    finally:
        for connection in (clock, *opened):
            connection.close()


def main(words: list[str] | None = None) -> int:
    """Ask in the three ways, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=50_000)
    parser.add_argument("--bodies", type=int, default=500_000)
    parser.add_argument("--clients", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--connections", type=int, default=8)
    given = parser.parse_args(words)
    wrong = False
    if given.bodies:
        of_bodies = bodies.fuzz(given.bodies, given.seed)
        wrong |= _told(of_bodies.lines(), wrong=bool(of_bodies.faults))
    with served("--clock", "virtual") as server:
        if given.requests:
            found = fuzz(server.port, given.requests, given.seed, given.connections)
            wrong |= _told(found.lines(), wrong=bool(found.faults or found.lost))
        if given.clients:
            of_clients = sockets.fuzz(server.port, server.process, given.clients, given.seed)
            wrong |= _told(of_clients.lines(), wrong=bool(of_clients.faults))
        complaints = server.complaints()
    return 1 if wrong or complaints else 0


def _told(lines: Iterator[str], *, wrong: bool) -> bool:
    """Print the figures of one part."""
    sys.stdout.write("\n".join(lines) + "\n\n")
    sys.stdout.flush()
    return wrong


if __name__ == "__main__":
    raise SystemExit(main())
