"""Turns: the only place that measures servers against each other.

Each server has a turn in each of many short rounds, so that all have the same luck. What else the
machine does makes nothing quicker: figures are of the best quarter of a server's rounds, but for
the latencies, which are those of all rounds together.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import mean
from typing import Final

from benchmarks.apart import send
from benchmarks.customers import Customer
from benchmarks.effort import Effort
from benchmarks.load.job import Job, Outcome
from benchmarks.servers.server import Server
from benchmarks.workloads import CREATE_KEY, Workload

MICROSECONDS: Final = 1e6
MILLISECONDS: Final = 1e3
FILLING: Final = 16
"""Connections by which keys are made that are to be there."""


@dataclass
class Contender:
    """A server, what it is asked, and what looks at its answers."""

    server: Server
    requests: tuple[bytes, ...]
    check: Callable[[Sequence[bytes]], None] = lambda _: None

    def job(self, connections: int, seconds: float) -> Job:
        """Ask it for so long."""
        server = self.server
        return Job(server.port, self.requests, connections, seconds, host=server.host)


def asking(server: Server, workload: Workload, *customers: Customer) -> Contender:
    """A server that is asked by customers in turns, and whose answers are read."""
    requests = workload.requests(customers)
    return Contender(server, requests, lambda bodies: workload.check(customers, bodies))


@dataclass
class Measured:
    """What was seen of one server."""

    rates: list[float] = field(default_factory=list)
    """Requests a second, of each round."""
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    costs: list[float] = field(default_factory=list)
    """Seconds of CPU for a request, of each round; empty where they cannot be seen."""
    load: list[float] = field(default_factory=list)
    """What part of the time the load generator worked, of each round."""

    @property
    def rate(self) -> float:
        """Requests a second."""
        return best(self.rates, most=True)

    @property
    def cost(self) -> float | None:
        """Microseconds of CPU for a request."""
        return best(self.costs, most=False) * MICROSECONDS if self.costs else None

    @property
    def busiest(self) -> float:
        """What part of the time the load generator worked, in the round in which it did most."""
        return max(self.load)

    def latency(self, part: float) -> float:
        """Milliseconds within which that part of the requests was answered."""
        ordered = sorted(self.latencies)
        return ordered[min(int(part * len(ordered)), len(ordered) - 1)] * MILLISECONDS

    def by(self, other: "Measured") -> float:
        """How many times as quick as another that was measured with it."""
        return self.rate / other.rate

    def cost_by(self, other: "Measured") -> float | None:
        """How many times the CPU of another that was measured with it."""
        return self.cost / other.cost if self.cost and other.cost else None

    def add(self, outcome: Outcome, busy: float | None) -> None:
        """One more round; ``busy`` is the server's CPU."""
        self.rates.append(outcome.rate)
        self.latencies.extend(outcome.latencies)
        self.statuses += outcome.statuses
        self.load.append(outcome.busy / outcome.seconds)
        if busy is not None and outcome.answered:
            self.costs.append(busy / outcome.answered)


def best(figures: Sequence[float], *, most: bool) -> float:
    """The mean of the best quarter, which are the greatest or the smallest."""
    ordered = sorted(figures, reverse=most)
    return mean(ordered[: math.ceil(len(ordered) / 4)])


def compare(
    contenders: Mapping[str, Contender],
    connections: int,
    effort: Effort,
    *,
    rounds: int | None = None,
) -> dict[str, Measured]:
    """Measure servers against each other.

    :raises benchmarks.workloads.WrongAnswerError: what one of them answers is not true.
    :raises RuntimeError: one of them refused.
    """
    found = {name: Measured() for name in contenders}
    for contender in contenders.values():
        send(contender.job(connections, effort.seconds))
    for _ in range(effort.rounds if rounds is None else rounds):
        for name, contender in contenders.items():
            outcome, busy = watched(contender.server, contender.job(connections, effort.seconds))
            if outcome.refusals:
                raise RuntimeError(f"{name} refused: {outcome.refusals[0]!r}")
            contender.check(outcome.samples)
            found[name].add(outcome, busy)
    return found


def watched(server: Server, job: Job) -> tuple[Outcome, float | None]:
    """Do a job, and say how many seconds of CPU the server used for it."""
    before = server.busy()
    outcome = send(job)
    after = server.busy()
    return outcome, None if before is None or after is None else after - before


def fill(server: Server, customer: Customer, keys: int, patience: float) -> Outcome:
    """Have so many keys made, by many connections, or as many as there are after some seconds.

    Two are there before: the customer's, and that of which the request was recorded.

    :raises RuntimeError: it was refused.
    """
    job = asking(server, CREATE_KEY, customer).job(FILLING, patience)
    outcome = send(replace(job, count=max(keys - 2, 1)))
    if outcome.refusals:
        raise RuntimeError(f"refused: {outcome.refusals[0]!r}")
    return outcome
