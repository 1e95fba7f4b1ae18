"""Concurrent histories over HTTP, held against the model, with kills among them.

    python -m tests.crash.histories [--histories 2000] [--seed 0] [--memory] [--kills 0.003]
                                    [--processes 3]

With several processes they share a database of PostgreSQL, each request goes to one of them, and
one of them is killed each time.

A kill comes when all that was asked at once has been answered, and before anybody looks at what
it left. Exit code 1: a history has no order that explains it.
"""

import argparse
import itertools
import random
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from time import perf_counter
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from benchmarks.servers import postgres
from kmspec_check.conform import conform
from kmspec_check.endpoint import Endpoint
from kmspec_check.plan import Explored
from kmspec_check.races import HISTORIES
from kmspec_model import Model
from tests.crash.server import Server

SHARE: Final = 0.003
"""Before how many of the requests that are made alone the server is killed."""


class Found(NamedTuple):
    """What came of a run."""

    histories: int
    overlapped: int
    kills: int
    seconds: float
    violations: tuple[str, ...]
    trouble: str

    def lines(self) -> Iterator[str]:
        """The figures, for people."""
        yield f"{self.histories} histories in {self.seconds:.0f} s, {self.kills} kills among them"
        yield f"{self.overlapped} of them with requests under way at the same time"
        yield f"{len(self.violations)} violations {' '.join(self.violations)}{self.trouble}"


class Killing(Endpoint):
    """Servers of one state, of which one answers each request.

    One is killed before some of the requests that are made while nobody else asks.
    """

    def __init__(self, servers: Sequence[Server], share: float, seed: int) -> None:
        urls = [f"http://127.0.0.1:{server.port}" for server in servers]
        super().__init__(urls[0])
        self._servers, self._share = servers, share
        self._rng = random.Random(seed)
        self._ends = [Endpoint(url) for url in urls]
        self._others = itertools.cycle(self._ends)
        self.kills = 0
        self._last: tuple[str, str | None] = ("", None)
        self._hurried: set[str | None] = set()
        """Accounts that asked the same again and again: how fast requests came is not kept, so
        that a crash forgives it."""

    def call(
        self, service: str, operation: str, parameters: Mapping[str, Any], **place: str
    ) -> tuple[int, dict[str, Any]]:
        """Perform one operation, perhaps after a crash."""
        asked = (operation, place.get("account"))
        if asked == self._last:
            self._hurried.add(asked[1])
        self._last = asked
        if self._rng.random() < self._share and asked[1] not in self._hurried:
            self.kills += 1
            server = self._rng.choice(self._servers)
            server.end()
            server.start()
        return self._rng.choice(self._ends).call(service, operation, parameters, **place)

    def another(self) -> Endpoint:
        """Another client, of the next server."""
        return next(self._others).another()

    def close(self) -> None:
        """End all connections."""
        super().close()
        for end in self._ends:
            end.close()


def judge(
    explored: Explored,
    histories: int,
    *words: str,
    seed: int = 0,
    share: float = 0.0,
    processes: int = 1,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> Found:
    """Let clients ask at once so often, of `kmspec serve` with those options."""
    began, told, violations, trouble = perf_counter(), [0, 0], list[str](), ""
    with ExitStack() as running:
        servers = [
            running.enter_context(Server("--clock", "virtual", *words, **variables))
            for _ in range(processes)
        ]
        target = running.enter_context(Killing(servers, share, seed))
        while told[0] < histories and not violations and not trouble:
            result = conform(target, only=["races"], explored=explored, seed=seed + told[0])
            trouble = result.trouble
            violations += [violation.rule for violation in result.violations]
            for cell in result.cells:
                if cell.cell.probe == "several clients at once":
                    some = map(int, re.findall(r"\d+", cell.reason)[:2])
                    told = [have + more for have, more in zip(told, some, strict=True)]
    return Found(told[0], told[1], target.kills, perf_counter() - began, tuple(violations), trouble)


def main() -> int:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description="Histories of several clients at once.")
    parser.add_argument("--histories", type=int, default=10 * HISTORIES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--memory", action="store_true", help="keep nothing, and do not kill")
    parser.add_argument("--kills", type=float, default=SHARE)
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args()
    with ExitStack() as running:
        words: tuple[str, ...] = ()
        variables: Mapping[str, str] = {}
        if given.processes > 1:
            database = running.enter_context(postgres.started(hurried=True))
            words, variables = ("--data-url", database.database()), database.key()
        elif not given.memory:
            words = ("--data-dir", running.enter_context(tempfile.TemporaryDirectory()))
        found = judge(
            Explored(Model()),
            given.histories,
            *words,
            seed=given.seed,
            share=given.kills if words else 0.0,
            processes=given.processes,
            variables=variables,
        )
    sys.stdout.write("\n".join(found.lines()) + "\n")
    return 1 if found.violations or found.trouble else 0


if __name__ == "__main__":
    sys.exit(main())
