"""Processes: what several `kmspec serve` over one PostgreSQL do together."""

import os
from contextlib import ExitStack
from typing import Final

from benchmarks.customers import Customer
from benchmarks.plan import Plan
from benchmarks.results import Bound, Ratio, Section, Table
from benchmarks.servers import emulators, postgres
from benchmarks.turns import Measured, asking, compare
from benchmarks.workloads import CREATE_KEY, ENCRYPT

MANY: Final = 16
"""Connections."""
COUNTS: Final = (1, 2, 3)
ALONE: Final = "in memory"
CORES: Final = 5
"""Three processes, the database and the load generator."""
TEXT: Final = """\
Encrypt and CreateKey on ordinary keys, {many} connections, which go to all processes in turns;
`--quotas none`. Before it answers each process asks PostgreSQL, which is on the same machine and
writes to its disk, whether another one has changed anything. This machine has {cores} cores for
them all, the database and the load generator.
"""


def measure(plan: Plan) -> Section:
    """Measure one, two and three of them, beside one in memory."""
    seen = _seen(plan) if postgres.is_here() else {}
    enough = (os.cpu_count() or 1) >= CORES
    encrypt = seen.get(ENCRYPT.operation)
    times = None if encrypt is None else encrypt[_name(3)].by(encrypt[_name(1)])
    name = f"Encrypt, three processes by one, where there are {CORES} cores"
    missing = "" if seen else f"\nNot measured: it {postgres.WHY}.\n"
    return Section(
        name="processes",
        title="Several processes",
        text=TEXT.format(many=MANY, cores=os.cpu_count()) + missing,
        tables=tuple(_table(operation, found) for operation, found in seen.items()),
        ratios=tuple(
            Ratio(name=f"{operation}, {name} by one {ALONE}", value=one.by(found[ALONE]))
            for operation, found in seen.items()
            for name, one in found.items()
            if name != ALONE
        ),
        bounds=(Bound(name=name, value=times if enough else None, unit="times", at_least=1.6),),
    )


def _seen(plan: Plan) -> dict[str, dict[str, Measured]]:
    with ExitStack() as opened:
        database = opened.enter_context(postgres.started())
        quotas = ("--quotas", "none")
        servers = {ALONE: opened.enter_context(emulators.kmspec(*quotas))}
        for count in COUNTS:
            together = emulators.together(count, database, *quotas)
            servers[_name(count)] = opened.enter_context(together)
        customers = {
            name: opened.enter_context(Customer(server)) for name, server in servers.items()
        }
        return {
            workload.operation: compare(
                {name: asking(one, workload, customers[name]) for name, one in servers.items()},
                MANY,
                plan.effort,
            )
            for workload in (ENCRYPT, CREATE_KEY)
        }


def _name(count: int) -> str:
    return f"{count} process{'es' if count > 1 else ''}, PostgreSQL"


def _table(operation: str, found: dict[str, Measured]) -> Table:
    one = found[_name(1)]
    return Table(
        title=operation,
        columns=("", "requests/s", "p50 ms", "p99 ms", "CPU µs", "by one process"),
        rows=tuple(
            (name, seen.rate, seen.latency(0.5), seen.latency(0.99), seen.cost, seen.by(one))
            for name, seen in found.items()
        ),
    )
