"""Starting: how long one waits, and what memory a server has that has done nothing."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from statistics import median
from time import perf_counter
from typing import Final, TypeAlias

from benchmarks.plan import MOTO, OURS, Plan
from benchmarks.results import Bound, Ratio, Section, Table
from benchmarks.servers import emulators
from benchmarks.servers.server import Server, tool

Start: TypeAlias = Callable[[], AbstractContextManager[Server]]
PYTHON: Final = "python -c pass"
HELP: Final = "kmspec --help"
TEXT: Final = """\
Seconds until a command has ended, or until a server takes connections; the median of {runs} runs
in turns, and the best, which is what a quiet machine does. Memory is what is resident when the
server takes connections. Peers that run already are looked at as they are.
"""


def measure(plan: Plan) -> Section:
    """Start each several times."""
    runs = plan.effort.starts
    commands = {PYTHON: (sys.executable, "-c", "pass"), HELP: (tool("kmspec"), "--help")}
    servers: dict[str, Start] = {
        OURS: emulators.kmspec,
        "kmspec --data-dir": emulators.durable,
    }
    if plan.with_moto:
        servers[MOTO] = emulators.moto
    seconds: dict[str, list[float]] = {name: [] for name in (*commands, *servers)}
    memory: dict[str, float | None] = {}
    for _ in range(runs):
        for name, command in commands.items():
            seconds[name].append(_ending(*command))
        for name, start in servers.items():
            with start() as server:
                seconds[name].append(server.ready or 0.0)
                memory[name] = server.memory()
    rows = [(name, median(all_), min(all_), memory.get(name)) for name, all_ in seconds.items()]
    ours = median(seconds[OURS])
    return Section(
        name="starting",
        title="Start and memory",
        text=TEXT.format(runs=runs),
        tables=(
            Table(
                title="Start",
                columns=("", "seconds", "best", "MiB"),
                rows=(*rows, *_running(plan)),
            ),
        ),
        ratios=(
            Ratio(
                name=f"{HELP} by {PYTHON}",
                value=median(seconds[HELP]) / median(seconds[PYTHON]),
                more_is_better=False,
            ),
            Ratio(
                name=f"start of kmspec by {PYTHON}",
                value=ours / median(seconds[PYTHON]),
                more_is_better=False,
            ),
        ),
        bounds=(
            Bound(name="Ready to listen", value=ours, unit="s", at_most=0.6),
            Bound(name="Memory after start", value=memory[OURS], unit="MiB", at_most=90),
            Bound(name=HELP, value=median(seconds[HELP]), unit="s", at_most=0.25),
        ),
    )


def _running(plan: Plan) -> list[tuple[str, None, None, float | None]]:
    return [(name, None, None, server.memory()) for name, server in plan.peers.items()]


def _ending(*command: str) -> float:
    start = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - start
