"""Steady rates: requests that come whether or not the last was answered, at a store's quota."""

from typing import Final

from benchmarks.apart import send
from benchmarks.customers import Customer
from benchmarks.load.job import Job, Outcome
from benchmarks.plan import Plan
from benchmarks.results import Bound, Cell, Plot, Section, Table, line
from benchmarks.servers import emulators
from benchmarks.servers.server import Server
from benchmarks.turns import MILLISECONDS
from benchmarks.workloads import ENCRYPT, require
from kmspec.limits import CUSTOM_KEY_STORE_RATE

CONNECTIONS: Final = 32
THROTTLED: Final = b"ThrottlingException"
OK: Final = 200
LEAD_IN: Final = 2.0
"""Seconds in which a store uses up what it may at once."""
PARTS: Final = (0.5, 0.9, 0.99, 0.999, 1.0)
TEXT: Final = """\
Encrypt on the key of one store, as `kmspec serve` is by default: with the quota of a store,
{rate:,} requests a second. Requests are due evenly, over {connections} connections, whatever the
answers do, and a latency counts from the moment a request was due. A store may use one second's
worth at once: that is used up before twice the quota is measured. Of {tries} tries the one with
the best p99 is shown.
"""


def measure(plan: Plan) -> Section:
    """Ask at the quota, and at twice the quota."""
    quota = CUSTOM_KEY_STORE_RATE
    seconds = plan.effort.steady
    with emulators.kmspec() as server, Customer(server, store=True) as customer:
        requests = ENCRYPT.requests([customer])
        tries = range(plan.effort.tries)
        steady = _best([_asked(server, requests, quota, seconds, 0.0) for _ in tries])
        twice = _best([_asked(server, requests, 2 * quota, seconds, LEAD_IN) for _ in tries])
    rows = (_row(quota, steady, seconds), _row(2 * quota, twice, seconds))
    admitted = twice.rate / quota
    throttled = sum(steady.statuses.values()) - steady.statuses[OK]
    return Section(
        name="steady",
        title="Steady rates",
        text=TEXT.format(rate=quota, connections=CONNECTIONS, tries=len(tries)),
        tables=(
            Table(
                title="Latency in ms",
                columns=(
                    "offered",
                    "answered a second",
                    "admitted a second",
                    "throttled",
                    *("p50", "p90", "p99", "p99.9", "most"),
                ),
                rows=rows,
            ),
        ),
        plots=(_plot(quota, steady, twice),),
        bounds=(
            Bound(
                name=f"Steady {quota:,.0f}/s: p99",
                value=_within(steady, 0.99),
                unit="ms",
                at_most=10,
            ),
            Bound(
                name=f"Steady {quota:,.0f}/s: throttled",
                value=throttled,
                unit="requests",
                at_most=0,
            ),
            Bound(
                name=f"{2 * quota:,.0f}/s offered: admitted by the quota, off 1 by",
                value=abs(admitted - 1),
                unit="",
                at_most=0.01,
            ),
        ),
    )


def _asked(
    server: Server, requests: tuple[bytes, ...], rate: float, seconds: float, lead_in: float
) -> Outcome:
    outcome = send(Job(server.port, requests, CONNECTIONS, seconds, rate=rate, lead_in=lead_in))
    require(set(outcome.statuses) <= {OK, 400}, f"steady: {outcome.statuses}")
    require(all(THROTTLED in body for body in outcome.refusals), f"steady: {outcome.refusals}")
    return outcome


def _row(rate: float, outcome: Outcome, seconds: float) -> tuple[Cell, ...]:
    refused = float(len(outcome.latencies) - outcome.statuses[OK])
    latencies = (_within(outcome, part) for part in PARTS)
    answered = outcome.answered / seconds
    return (f"{rate:,.0f} a second", answered, outcome.rate, refused, *latencies)


def _best(outcomes: list[Outcome]) -> Outcome:
    return min(outcomes, key=lambda one: _within(one, 0.99))


def _within(outcome: Outcome, part: float) -> float:
    ordered = sorted(outcome.latencies)
    return ordered[min(int(part * len(ordered)), len(ordered) - 1)] * MILLISECONDS


def _plot(quota: float, *outcomes: Outcome) -> Plot:
    points = [0.0, *(one / 100 for one in range(5, 100, 5)), 0.98, 0.99, 0.995, 0.999]
    return Plot(
        name="steady",
        title="Latency at a steady rate",
        x="part of the requests",
        y="answered within, ms",
        log_y=True,
        lines=tuple(
            line(f"{rate:,.0f} a second", points, [_within(one, part) for part in points])
            for rate, one in zip((quota, 2 * quota), outcomes, strict=True)
        ),
    )
