"""Starting: how long one waits, and what memory a server has that has done nothing."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final, TypeAlias

from benchmarks.apart import apart
from benchmarks.plan import MOTO, OURS, Plan
from benchmarks.results import Bound, Ratio, Section, Table
from benchmarks.servers import emulators
from benchmarks.servers.server import Server, tool
from kmspec.names import Service
from kmspec_impl.emulator import Emulator, Settings
from kmspec_impl.storage.durable import Durable

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
    running = [(name, None, None, server.memory()) for name, server in plan.peers.items()]
    ours, bare = median(seconds[OURS]), median(seconds[PYTHON])
    helped = median(seconds[HELP])
    return Section(
        name="starting",
        title="Start and memory",
        text=TEXT.format(runs=runs),
        tables=(
            Table(
                title="Start",
                columns=("", "seconds", "best", "MiB"),
                rows=(*rows, *running),
            ),
            Table(
                title="Start with keys in the data directory",
                columns=("keys", "seconds", "MiB", "MiB on disk"),
                rows=tuple(map(_kept, plan.effort.sizes)),
            ),
        ),
        ratios=(
            Ratio(name=f"{HELP} by {PYTHON}", value=helped / bare, more_is_better=False),
            Ratio(name=f"start of kmspec by {PYTHON}", value=ours / bare, more_is_better=False),
        ),
        bounds=(
            Bound(name="Ready to listen", value=ours, unit="s", at_most=0.6),
            Bound(name="Memory after start", value=memory[OURS], unit="MiB", at_most=90),
            Bound(name=HELP, value=helped, unit="s", at_most=0.25),
        ),
    )


def _ending(*command: str) -> float:
    start = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - start


def _kept(keys: int) -> tuple[str, float | None, float | None, float]:
    """What a start with so many keys takes."""
    with TemporaryDirectory() as folder:
        apart(keep, Path(folder), keys)
        size = sum(file.stat().st_size for file in Path(folder).iterdir()) / 1024**2
        with emulators.kmspec("--data-dir", folder) as server:
            return f"{keys:,}", server.ready, server.memory(), size


def keep(folder: Path, keys: int) -> None:
    """Fill a data directory."""
    storage = Durable(folder)
    emulator = Emulator(Settings(), storage)
    for _ in range(keys):
        emulator.handle(Service.KMS, "CreateKey", {})
    emulator.commit()
    emulator.close()
