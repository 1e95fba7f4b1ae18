"""The figures of `make bench`: each measured, and beside it what we hold ourselves to.

Times are the best of several runs, which is what a quiet machine does; rates are of one run.
"""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Final, NamedTuple

from benchmarks import http_encrypt
from kmspec.tables import load
from kmspec_check.conform import conform
from kmspec_check.endpoint import Endpoint
from kmspec_check.target import Target
from kmspec_impl.embedded import Embedded
from kmspec_model import Model
from kmspec_model.explore import explore
from kmspec_model.scopes import SCOPES

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


@contextlib.contextmanager
def served(*options: str) -> Iterator[str]:
    """The URL of a running `kmspec serve`."""
    with subprocess.Popen(
        [KMSPEC, "serve", "--port", "0", *options], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None  # noqa: S101 - what Popen was asked for
        yield process.stdout.readline().split()[-1]
        process.terminate()


def ready() -> float:
    """Seconds until `kmspec serve` says that it listens."""
    start = perf_counter()
    with served():
        return perf_counter() - start


def starting() -> Iterator[Figure]:
    """How long one waits for the command, also beside what Python itself takes."""
    bare = best(lambda: ending(sys.executable, "-c", "pass"))
    help_text = best(lambda: ending(KMSPEC, "--help"))
    yield Figure("kmspec --help", help_text, "s", at_most=0.3)
    yield Figure("kmspec --help, by an empty Python", help_text / bare, "times")
    yield Figure("kmspec serve until ready", best(ready), "s", at_most=0.7)


def exploring() -> Iterator[Figure]:
    """How fast the model is explored, all scopes together."""
    model = Model(load())
    start = perf_counter()
    transitions = sum(explore(model, scope).transitions for scope in SCOPES.values())
    rate = transitions / (perf_counter() - start)
    yield Figure("explore, all scopes", rate, "transitions/s", at_least=10_000)


def checking() -> Iterator[Figure]:
    """How fast the checker is with the cells of cryptography, in process and over HTTP."""
    embedded = steps_per_second(Embedded())
    yield Figure("matrix, embedded", embedded, "steps/s", at_least=1_500)
    with served("--clock", "virtual") as url, Endpoint(url) as endpoint:
        over_http = steps_per_second(endpoint)
    yield Figure("matrix, over HTTP", over_http, "steps/s", at_least=400)
    yield Figure("matrix, over HTTP by embedded", over_http / embedded, "times")


def steps_per_second(target: Target) -> float:
    """The speed of the matrix phase on a target, which must be without violation."""
    result = conform(target, only=("matrix", "cryptography"))
    if result.exit_code:
        raise RuntimeError(f"the target is not as it should be: exit code {result.exit_code}")
    matrix = next(phase for phase in result.phases if phase.name == "matrix")
    return matrix.steps / matrix.seconds


def encrypting() -> Iterator[Figure]:
    """Encrypt over HTTP by the same server answering constant bytes."""
    figures = http_encrypt.measure(seconds=5.0, connections=8)
    yield Figure("Encrypt over HTTP", figures.encrypt, "requests/s")
    name = "Encrypt over HTTP by constant bytes"
    yield Figure(name, figures.ratio, "times", at_least=http_encrypt.WANTED)


def main() -> None:
    """Measure and print."""
    for figures in (starting, exploring, checking, encrypting):
        for figure in figures():
            print(figure, flush=True)


if __name__ == "__main__":
    main()
