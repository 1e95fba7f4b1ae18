"""Side by side: every operation, every contender, one connection and many."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Final

from benchmarks.customers import Customer
from benchmarks.effort import Effort
from benchmarks.plan import MOTO, OURS, SEALING, SHORTCUT, STORE, TOKENS, UVICORN, Plan
from benchmarks.results import Bound, Cell, Plot, Ratio, Section, Table, line
from benchmarks.servers import emulators, limits
from benchmarks.servers.server import Server, free_port, started
from benchmarks.turns import Contender, Measured, asking, compare, fill
from benchmarks.workloads import CREATE_KEY, ENCRYPT, LIST_KEYS, PAGE, WORKLOADS, Workload

MANY: Final = 16
"""Connections."""
LIMITS: Final = {
    UVICORN: limits.uvicorn,
    SHORTCUT: limits.sending_by_shortcut,
    SEALING: limits.sealing_by_shortcut,
}
UNLISTED: Final = (STORE, TOKENS)
"""Who is not asked to list keys: it has nothing to do with stores."""
TEXT: Final = """\
Every contender is asked the same by the same load generator, in turns, and what it answers is
read afterwards: ciphertexts give back the plaintext, key ids are new. `constant bytes` is the
limit: uvicorn with uvloop and httptools, which our server is built on, sending as many bytes as
kmspec answers. With `our shortcut` the same is done by our server class, which sends an answer in
one piece without a task; `JSON and AES-GCM` does beside that only what an Encrypt must. kmspec
keeps its state in memory here and enforces no quota, which one account could not ask beyond; a
`key store of tokens` is in SoftHSM 2 by PKCS #11.

CPU is the server's, for one request, with {many} connections. Peers have no key stores that do
anything, so that their keys are ordinary ones. ListKeys asks for {page} of {effort.listed:,}
keys, or of as many as a contender made within {effort.patience:.0f} seconds; moto, where
CreateKey is slow, knows no pages and sends all. The load generator worked {load:.0%} of the time at
most, so that it bounds no figure here.
"""


Customers = dict[str, tuple[Server, Customer]]
Seen = dict[tuple[str, int], dict[str, Measured]]
"""By operation and number of connections."""


def measure(plan: Plan) -> Section:
    """Measure all operations."""
    effort, seen = plan.effort, Seen()
    with ExitStack() as servers:
        limiting = {name: _started(servers, command) for name, command in LIMITS.items()}
        customers = _customers(plan, servers)
        for workload in (*(one for one in WORKLOADS if one is not CREATE_KEY), CREATE_KEY):
            if workload is LIST_KEYS:
                keys = _fill(customers, effort)
            contenders = _contenders(workload, limiting, customers)
            for connections in (1, MANY):
                found = compare(contenders, connections, effort)
                seen[workload.operation, connections] = found
        load = max(one.busiest for found in seen.values() for one in found.values())
        memory = [
            (name, keys.get(name), server.memory()) for name, (server, _) in customers.items()
        ]
    return Section(
        name="operations",
        title="Side by side",
        text=TEXT.format(many=MANY, page=PAGE, effort=effort, load=load),
        tables=(*_tables(seen), _memory(memory)),
        plots=(_plot(seen),),
        ratios=tuple(_ratios(seen)),
        bounds=tuple(_bounds(seen, plan)),
    )


def _customers(plan: Plan, servers: ExitStack) -> Customers:
    enter = servers.enter_context
    ours = enter(emulators.kmspec("--quotas", "none"))
    found = {
        OURS: (ours, enter(Customer(ours))),
        STORE: (ours, enter(Customer(ours, "111122223333", store=True))),
    }
    if plan.has_tokens:
        tokens = enter(emulators.kmspec("--quotas", "none", "--hsm", "pkcs11"))
        found[TOKENS] = tokens, enter(Customer(tokens, store=True))
    for name, server in enter(plan.others()).items():
        found[name] = server, enter(Customer(server))
    return found


def _started(servers: ExitStack, command: Callable[[int], list[str]]) -> Server:
    port = free_port()
    return servers.enter_context(started(command(port), port))


def _contenders(
    workload: Workload, limiting: Mapping[str, Server], customers: Customers
) -> dict[str, Contender]:
    """All, with what they are to be asked; the limits first, which answer as much as we do."""
    _, customer = customers[OURS]
    requests = limits.of_length(workload.requests([customer]), workload.length(customer))
    found = {
        name: Contender(server, requests)
        for name, server in limiting.items()
        if name != SEALING or workload is ENCRYPT
    }
    for name, (server, one) in customers.items():
        if workload is not LIST_KEYS or name not in UNLISTED:
            found[name] = asking(server, workload, one)
    return found


def _tables(seen: Seen) -> Iterator[Table]:
    for workload in WORKLOADS:
        one, many = seen[workload.operation, 1], seen[workload.operation, MANY]
        yield Table(
            title=workload.operation,
            columns=(
                "",
                "1 connection: requests/s",
                "p50 ms",
                "p99 ms",
                f"{MANY}: requests/s",
                "p50 ms",
                "p99 ms",
                "CPU µs",
                "by constant bytes",
            ),
            rows=tuple(
                (name, *_speed(one[name]), *_speed(many[name]), many[name].cost, _by(many, name))
                for name in one
            ),
        )


def _speed(measured: Measured) -> tuple[Cell, ...]:
    return measured.rate, measured.latency(0.5), measured.latency(0.99)


def _by(found: Mapping[str, Measured], name: str) -> float:
    return found[name].by(found[UVICORN])


def _fill(customers: Customers, effort: Effort) -> dict[str, float]:
    """Make keys for each who is asked to list them; how many there are."""
    return {
        name: 2 + fill(server, customer, effort.listed, effort.patience).answered
        for name, (server, customer) in customers.items()
        if name not in UNLISTED
    }


def _memory(memory: list[tuple[str, float | None, float | None]]) -> Table:
    columns = ("", "keys when they were listed", "MiB at the end")
    return Table(title="Keys and memory", columns=columns, rows=tuple(memory))


def _plot(seen: Seen) -> Plot:
    operations = [workload.operation for workload in WORKLOADS]
    names = seen[ENCRYPT.operation, MANY]
    return Plot(
        name="operations",
        title=f"Requests per second, {MANY} connections",
        x="",
        y="requests/s",
        bars=True,
        log_y=True,
        lines=tuple(
            line(
                name,
                [one for one in operations if name in seen[one, MANY]],
                [seen[one, MANY][name].rate for one in operations if name in seen[one, MANY]],
            )
            for name in names
            if name not in {SHORTCUT, SEALING}
        ),
    )


def _ratios(seen: Seen) -> Iterator[Ratio]:
    for (operation, connections), found in seen.items():
        for name in (OURS, STORE, TOKENS):
            if name in found:
                what = f"{operation}, {connections} connections, {name}, by {UVICORN}"
                yield Ratio(name=what, value=_by(found, name))


def _bounds(seen: Seen, plan: Plan) -> Iterator[Bound]:
    found = seen[ENCRYPT.operation, MANY]
    ours = f"Encrypt on a store's key, {MANY} connections, by"
    yield Bound(name=f"{ours} {UVICORN}", value=_by(found, STORE), unit="times", at_least=0.6)
    for name, least in ((MOTO, 25), ("ministack", 4)):
        value = found[STORE].by(found[name]) if name in found else None
        yield Bound(name=f"{ours} {name}", value=value, unit="times", at_least=least)
    for name in plan.peers:
        if name != "ministack":
            value = found[STORE].by(found[name])
            yield Bound(name=f"{ours} {name}", value=value, unit="times", at_least=1)
