"""The figures of `make bench`: each measured, and beside it what we hold ourselves to.

Times are the best of several runs, which is what a quiet machine does; rates are of one run.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Final, NamedTuple

KMSPEC: Final = str(Path(sys.executable).with_name("kmspec"))
RUNS: Final = 5


class Figure(NamedTuple):
    """One measurement, in ``unit``, and what it is to be at most or at least."""

    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    def __str__(self) -> str:
        met, wanted = True, ""
        if self.at_most is not None:
            met, wanted = self.value <= self.at_most, f"at most {self.at_most:,g}"
        elif self.at_least is not None:
            met, wanted = self.value >= self.at_least, f"at least {self.at_least:,g}"
        verdict = "" if met else "  MISSED"
        return f"{self.name:<44} {self.value:>10,.2f} {self.unit:<14} {wanted}{verdict}".rstrip()


def best(measure: Callable[[], float]) -> float:
    """The shortest of several runs, in seconds."""
    return min(measure() for _ in range(RUNS))


def ending(*command: str) -> float:
    """Seconds until a command has ended."""
    start = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - start


def ready() -> float:
    """Seconds until `kmspec serve` says that it listens."""
    start = perf_counter()
    with subprocess.Popen(
        [KMSPEC, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None  # noqa: S101 - what Popen was asked for
        process.stdout.readline()
        seconds = perf_counter() - start
        process.terminate()
    return seconds


def figures() -> list[Callable[[], Figure]]:
    """Every figure, in the order printed."""
    return [
        lambda: Figure("kmspec --help", best(lambda: ending(KMSPEC, "--help")), "s", at_most=0.3),
        lambda: Figure("kmspec serve, ready", best(ready), "s", at_most=0.7),
    ]


def main() -> None:
    """Measure and print."""
    for figure in figures():
        print(figure(), flush=True)


if __name__ == "__main__":
    main()
