"""HTTP servers: what could serve the application, each answering constant bytes."""

from contextlib import ExitStack
from typing import Final

from benchmarks.customers import Customer
from benchmarks.plan import Plan
from benchmarks.results import Section, Table
from benchmarks.servers import emulators
from benchmarks.servers.server import free_port, started
from benchmarks.servers.stacks import CHOSEN, STACKS
from benchmarks.turns import Contender, compare
from benchmarks.workloads import ENCRYPT

CONNECTIONS: Final = (1, 16)
TEXT: Final = """\
Each of them sends the same 333 bytes for an Encrypt request, in one process, without a log. The
last one reads nothing: it is what asyncio and uvloop leave to any server in Python.

kmspec is served by uvicorn with uvloop and httptools. It is the quickest that runs an application
in the event loop that the emulator lives in, pure enough to be extended by a subclass: its
connection class is where our bounds and the shortcut are, and with the shortcut it leaves the
others behind. granian reads HTTP in Rust, and each request crosses over to Python's thread and
back, which costs CPU on a second core; its connections cannot be reached from Python, so that
refusals of broken HTTP in AWS's form, bounds and answers in one piece could not be had. hypercorn
and h11 read HTTP in Python, at several times the cost.
"""


def measure(plan: Plan) -> Section:
    """Measure all of them."""
    rows: dict[str, list[float | str | None]] = {}
    with ExitStack() as opened:
        ours = opened.enter_context(emulators.kmspec("--quotas", "none"))
        requests = ENCRYPT.requests([opened.enter_context(Customer(ours))])
        contenders: dict[str, Contender] = {}
        for name, command in STACKS.items():
            port = free_port()
            server = opened.enter_context(started(command(port), port))
            contenders[name] = Contender(server, requests)
        for connections in CONNECTIONS:
            found = compare(contenders, connections, plan.effort)
            for name, one in found.items():
                row = rows.setdefault(name, [name])
                row += [one.rate, one.latency(0.99), one.cost, one.by(found[CHOSEN])]
        for name, contender in contenders.items():
            rows[name].append(contender.server.memory())
    heads = (f"{CONNECTIONS[0]} connection: requests/s", f"{CONNECTIONS[1]}: requests/s")
    columns = [column for head in heads for column in (head, "p99 ms", "CPU µs", "by the first")]
    return Section(
        name="stacks",
        title="Choice of the HTTP server",
        text=TEXT,
        tables=(
            Table(
                title="Constant bytes",
                columns=("", *columns, "MiB"),
                rows=tuple(map(tuple, rows.values())),
            ),
        ),
    )
