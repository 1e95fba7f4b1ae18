"""Growth: how cost grows with the keys of an account, and with the connections."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Final

from benchmarks.customers import Customer
from benchmarks.plan import STORE, UVICORN, Plan
from benchmarks.results import Bound, Cell, Plot, Ratio, Section, Table, line
from benchmarks.servers import emulators, limits
from benchmarks.servers.server import Server, free_port, started
from benchmarks.turns import Contender, Measured, asking, compare, fill
from benchmarks.workloads import (
    DESCRIBE_KEY,
    ENCRYPT,
    LIST_FIRST,
    LIST_MIDDLE,
    SHORT_PAGE,
    Workload,
)

MANY: Final = 16
"""Connections."""
PATIENCE: Final = 300
"""Seconds for making the keys."""
WORKLOADS: Final = {
    "Encrypt": ENCRYPT,
    "DescribeKey": DESCRIBE_KEY,
    "ListKeys, first page": LIST_FIRST,
    "ListKeys, a page in the middle": LIST_MIDDLE,
}
TEXT: Final = """\
An account with more and more ordinary keys, each size in a server of its own, asked in turns with
{many} connections. A page of ListKeys has {page} keys, so that all pages are as long. `fill` is
CreateKey, {many} connections, until that many keys are there.

Encrypt with more and more connections, all to one server process.
"""
Sizes = Mapping[int, tuple[Server, Customer]]


def measure(plan: Plan) -> Section:
    """Measure with more keys, then with more connections."""
    by_keys, fills, memory = _with_keys(plan)
    by_connections = _with_connections(plan)
    return Section(
        name="growth",
        title="How cost grows",
        text=TEXT.format(many=MANY, page=SHORT_PAGE),
        tables=(_keys(by_keys, fills, memory), *_connections(by_connections)),
        plots=(_keys_plot(by_keys), *_connections_plots(by_connections)),
        ratios=tuple(_ratios(by_keys)),
        bounds=tuple(_bounds(by_keys)),
    )


Grown = dict[str, dict[str, Measured]]
"""By workload and number of keys."""


def _with_keys(plan: Plan) -> tuple[Grown, list[float], list[float | None]]:
    effort = plan.effort
    fills: list[float] = []
    with ExitStack() as opened:
        sizes: dict[int, tuple[Server, Customer]] = {}
        for size in effort.sizes:
            server = opened.enter_context(emulators.kmspec("--quotas", "none"))
            sizes[size] = server, opened.enter_context(Customer(server))
            fills.append(fill(*sizes[size], size, PATIENCE).rate)
        memory = [server.memory() for server, _ in sizes.values()]
        found = {
            name: compare(_contenders(workload, sizes), MANY, effort)
            for name, workload in WORKLOADS.items()
        }
    return found, fills, memory


def _contenders(workload: Workload, sizes: Sizes) -> dict[str, Contender]:
    return {
        f"{size:,}": asking(server, workload, customer)
        for size, (server, customer) in sizes.items()
    }


def _with_connections(plan: Plan) -> dict[int, dict[str, Measured]]:
    with ExitStack() as opened:
        ours = opened.enter_context(emulators.kmspec("--quotas", "none"))
        customer = opened.enter_context(Customer(ours, store=True))
        port = free_port()
        limit = opened.enter_context(started(limits.uvicorn(port), port))
        contenders = {
            UVICORN: Contender(limit, ENCRYPT.requests([customer])),
            STORE: asking(ours, ENCRYPT, customer),
        }
        for name, server in opened.enter_context(plan.others()).items():
            contenders[name] = asking(server, ENCRYPT, opened.enter_context(Customer(server)))
        return {
            connections: compare(contenders, connections, plan.effort)
            for connections in plan.effort.connections
        }


def _keys(grown: Grown, fills: list[float], memory: list[float | None]) -> Table:
    sizes = list(next(iter(grown.values())))
    rows: list[tuple[Cell, ...]] = []
    for index, size in enumerate(sizes):
        figures: list[Cell] = []
        for found in grown.values():
            figures += [found[size].rate, found[size].cost]
        rows.append((size, *figures, fills[index], memory[index]))
    heads = (head for name in grown for head in (f"{name}: requests/s", "CPU µs"))
    columns = ("keys", *heads, "fill: keys/s", "MiB")
    return Table(title="Keys", columns=columns, rows=tuple(rows))


def _connections(grown: Mapping[int, Mapping[str, Measured]]) -> Iterator[Table]:
    names = list(next(iter(grown.values())))
    heads = (head for name in names for head in (f"{name}: requests/s", "p50 ms", "p99 ms"))
    yield Table(
        title="Connections",
        columns=("connections", *heads),
        rows=tuple(
            (
                str(connections),
                *(
                    figure
                    for one in found.values()
                    for figure in (one.rate, one.latency(0.5), one.latency(0.99))
                ),
            )
            for connections, found in grown.items()
        ),
    )


def _keys_plot(grown: Grown) -> Plot:
    return Plot(
        name="keys",
        title=f"Requests per second by keys of the account, {MANY} connections",
        x="keys",
        y="requests/s",
        log_x=True,
        log_y=True,
        lines=tuple(
            line(
                name,
                [float(size.replace(",", "")) for size in found],
                [one.rate for one in found.values()],
            )
            for name, found in grown.items()
        ),
    )


def _connections_plots(grown: Mapping[int, Mapping[str, Measured]]) -> Iterator[Plot]:
    names = list(next(iter(grown.values())))
    for name, unit, part in (("Encrypt", "requests/s", None), ("p99 of Encrypt", "ms", 0.99)):
        yield Plot(
            name="latency" if part else "connections",
            title=f"{name} by connections",
            x="connections",
            y=unit,
            log_x=True,
            log_y=True,
            lines=tuple(
                line(
                    which,
                    list(grown),
                    [
                        found[which].latency(part) if part else found[which].rate
                        for found in grown.values()
                    ],
                )
                for which in names
            ),
        )


def _ratios(grown: Grown) -> Iterator[Ratio]:
    for name, found in grown.items():
        sizes = list(found)
        what = f"{name}, {MANY} connections, {sizes[-1]} keys by {sizes[0]}"
        yield Ratio(name=what, value=found[sizes[-1]].by(found[sizes[0]]))


def _bounds(grown: Grown) -> Iterator[Bound]:
    for name, found in grown.items():
        sizes = list(found)
        most, least = found[sizes[-1]], found[sizes[0]]
        what = f"{name}: time with {sizes[-1]} keys by {sizes[0]}"
        yield Bound(name=what, value=least.by(most), unit="times", at_most=1.5)
