"""Concurrent histories over HTTP, held against the model, with kills among them.

    python -m tests.crash.histories [--histories 2000] [--seed 0] [--memory] [--kills 0.003]

A kill comes when all that was asked at once has been answered, and before anybody looks at what
it left. Exit code 1: a history has no order that explains it.
"""

import argparse
import random
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from time import perf_counter
from typing import Any, Final, NamedTuple

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
    """A server that is killed before some of the requests that are made while nobody else asks."""

    def __init__(self, server: Server, share: float, seed: int) -> None:
        super().__init__(f"http://127.0.0.1:{server.port}")
        self._server, self._share = server, share
        self._rng = random.Random(seed)
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
            self._server.end()
            self._server.start()
        return super().call(service, operation, parameters, **place)


def judge(
    explored: Explored,
    histories: int,
    *words: str,
    seed: int = 0,
    share: float = 0.0,
) -> Found:
    """Let clients ask at once so often, of `kmspec serve` with those options."""
    began, told, violations, trouble = perf_counter(), [0, 0], list[str](), ""
    with Server("--clock", "virtual", *words) as server, Killing(server, share, seed) as target:
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
    given = parser.parse_args()
    explored = Explored(Model())
    with tempfile.TemporaryDirectory() as directory:
        words = () if given.memory else ("--data-dir", directory)
        share = 0.0 if given.memory else given.kills
        found = judge(explored, given.histories, *words, seed=given.seed, share=share)
    sys.stdout.write("\n".join(found.lines()) + "\n")
    return 1 if found.violations or found.trouble else 0


if __name__ == "__main__":
    sys.exit(main())
