"""Options: what `--data-dir`, `--auth sigv4`, `--quotas` and `--hsm pkcs11` cost."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.customers import Customer
from benchmarks.plan import Plan
from benchmarks.results import Bound, Ratio, Section, Table
from benchmarks.servers import emulators
from benchmarks.servers.server import Server
from benchmarks.turns import Measured, asking, compare
from benchmarks.workloads import CREATE_KEY, DECRYPT, ENCRYPT, GENERATE_DATA_KEY

MANY: Final = 16
"""Connections."""
BASE: Final = "in memory, no quotas"
DISK: Final = "--data-dir"
_NO_QUOTAS: Final = ("--quotas", "none")
TEXT: Final = """\
Keys of key stores, {many} connections. The requests are of {accounts} accounts with a store each,
in turns, so that the quota of a store (1,800 a second) is counted and never reached; all requests
are signed, and with `--auth sigv4` the signatures are verified. The data directory is on the disk
of temporary files, and what is answered is on that disk. CPU is for one request.
"""
Seen = dict[str, dict[str, Measured]]


def measure(plan: Plan) -> Section:
    """Measure each option against none."""
    effort, seen = plan.effort, Seen()
    with ExitStack() as opened:
        folder = Path(opened.enter_context(TemporaryDirectory()))
        servers = {name: opened.enter_context(one) for name, one in _servers(folder, plan)}
        customers = {
            name: [opened.enter_context(one) for one in _customers(server, effort.accounts)]
            for name, server in servers.items()
        }
        for workload in (ENCRYPT, DECRYPT, GENERATE_DATA_KEY, CREATE_KEY):
            contenders = {
                name: asking(server, workload, *customers[name])
                for name, server in servers.items()
                if workload is not CREATE_KEY or "quotas" not in name or name == BASE
            }
            found = compare(contenders, MANY, effort, rounds=effort.careful)
            seen[workload.operation] = found
    return Section(
        name="options",
        title="What options cost",
        text=TEXT.format(many=MANY, accounts=effort.accounts),
        tables=tuple(_tables(seen)),
        ratios=tuple(_ratios(seen)),
        bounds=tuple(_bounds(seen)),
    )


def _servers(folder: Path, plan: Plan) -> Iterator[tuple[str, AbstractContextManager[Server]]]:
    kmspec = emulators.kmspec
    yield BASE, kmspec(*_NO_QUOTAS)
    yield DISK, kmspec("--data-dir", str(folder / "data"), *_NO_QUOTAS)
    yield "--auth sigv4", kmspec("--auth", "sigv4", *_NO_QUOTAS)
    yield "--quotas store", kmspec("--quotas", "store")
    yield "--quotas all", kmspec("--quotas", "all")
    if plan.has_tokens:
        yield "--hsm pkcs11", kmspec("--hsm", "pkcs11", *_NO_QUOTAS)


def _customers(server: Server, accounts: int) -> Iterator[Customer]:
    for number in range(accounts):
        yield Customer(server, f"{111122220000 + number}", store=True)


def _tables(seen: Seen) -> Iterator[Table]:
    for operation, found in seen.items():
        base = found[BASE]
        yield Table(
            title=f"{operation}, key of a store",
            columns=("", "requests/s", "p50 ms", "p99 ms", "CPU µs", f"by {BASE}", "CPU by that"),
            rows=tuple(
                (
                    name,
                    one.rate,
                    one.latency(0.5),
                    one.latency(0.99),
                    one.cost,
                    one.by(base),
                    one.cost_by(base),
                )
                for name, one in found.items()
            ),
        )


def _ratios(seen: Seen) -> Iterator[Ratio]:
    for operation, found in seen.items():
        for name, one in found.items():
            if name != BASE:
                what = f"{operation}, {name}, by {BASE}"
                yield Ratio(name=what, value=one.by(found[BASE]))


def _bounds(seen: Seen) -> Iterator[Bound]:
    for workload in (ENCRYPT, DECRYPT, GENERATE_DATA_KEY):
        found = seen[workload.operation]
        name = f"{workload.operation} with SQLite: CPU by that in memory, {MANY} connections"
        cost = found[DISK].cost_by(found[BASE])
        yield Bound(name=name, value=cost, unit="times", at_most=1.05)
    name = f"CreateKey with SQLite, {MANY} connections"
    rate = seen[CREATE_KEY.operation][DISK].rate
    yield Bound(name=name, value=rate, unit="requests/s", at_least=500)
