"""The load: closed, where each connection waits for its answer, or open, at a steady rate."""

import asyncio
import gc
from collections import deque
from itertools import cycle
from time import perf_counter, process_time
from typing import Final

import uvloop

from benchmarks.load.answers import Answer
from benchmarks.load.connection import Connection
from benchmarks.load.job import SAMPLES, Job, Outcome

PATIENCE: Final = 60
"""Seconds after which answers that do not come are given up."""
TICK: Final = 0.001
"""Seconds between two looks at what is due; the loop knows no shorter time."""
OK: Final = 200


class _Load:
    """What both have in common: it counts."""

    def __init__(self, job: Job) -> None:
        self.outcome = Outcome()
        self.done = asyncio.get_running_loop().create_future()
        self._next = cycle(job.requests).__next__
        self._job = job
        self._begun = 0.0
        self._kept_every = 1
        self._connections: list[Connection] = []

    def ready(self, connection: Connection) -> None:
        """Have a connection that may be given a request."""
        raise NotImplementedError

    async def run(self) -> Outcome:
        """Connect, send, and say what came of it."""
        job, busy = self._job, process_time()
        self._connections = [Connection(self, job.host, job.port) for _ in range(job.connections)]
        await asyncio.gather(*(one.open() for one in self._connections))
        self._begun = perf_counter() + job.lead_in
        self.begin()
        try:
            async with asyncio.timeout(job.lead_in + job.seconds + PATIENCE):
                await self.done
        finally:
            for connection in self._connections:
                connection.close()
        self.outcome.busy = process_time() - busy
        return self.outcome

    def begin(self) -> None:
        """All connections are there."""

    def answered(self, answer: Answer, seconds: float) -> None:
        """Count, and keep some: each one at first, then ever fewer, so that they are of all."""
        if perf_counter() - seconds < self._begun:
            return
        outcome = self.outcome
        outcome.latencies.append(seconds)
        outcome.statuses[answer.status] += 1
        if answer.status != OK:
            if len(outcome.refusals) < SAMPLES:
                outcome.refusals.append(answer.body)
        elif len(outcome.latencies) % self._kept_every == 0:
            outcome.samples.append(answer.body)
            if len(outcome.samples) >= 2 * SAMPLES:
                del outcome.samples[::2]
                self._kept_every *= 2

    def failed(self, error: Exception) -> None:
        """Give up."""
        if not self.done.done():
            self.done.set_exception(error)

    def finish(self) -> None:
        """That is all."""
        self.outcome.seconds = perf_counter() - self._begun
        if not self.done.done():
            self.done.set_result(None)


class _Closed(_Load):
    """Each connection sends the next request when it has been answered."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self._until: float | None = None
        self._left = float("inf") if job.count is None else job.count
        self._waiting = job.connections

    def begin(self) -> None:
        self._until = self._begun + self._job.seconds
        for connection in self._connections:
            self.ready(connection)

    def ready(self, connection: Connection) -> None:
        if self._until is None:
            return
        now = perf_counter()
        if now < self._until and self._left > 0:
            self._left -= 1
            connection.send(self._next(), now)
            return
        self._waiting -= 1
        if not self._waiting:
            self.finish()


class _Open(_Load):
    """Requests are due evenly; each waits for a connection that is free."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        assert job.rate is not None  # noqa: S101 - see `run`
        self._every = 1 / job.rate
        self._all = round((job.seconds + job.lead_in) * job.rate)
        self._free: deque[Connection] = deque()
        self._late: deque[float] = deque()
        self._sent = 0
        self._first = float("inf")

    def begin(self) -> None:
        self._first = self._begun - self._job.lead_in
        self._tick()

    def _tick(self) -> None:
        now = perf_counter()
        while self._sent < self._all and (due := self._first + self._sent * self._every) <= now:
            self._sent += 1
            if self._free:
                self._free.popleft().send(self._next(), due)
            else:
                self._late.append(due)
        if self._sent < self._all:
            asyncio.get_running_loop().call_later(TICK, self._tick)

    def ready(self, connection: Connection) -> None:
        if self._late:
            connection.send(self._next(), self._late.popleft())
            return
        self._free.append(connection)
        if self._sent >= self._all and len(self._free) == self._job.connections:
            self.finish()


def run(job: Job) -> Outcome:
    """Do a job, in this process.

    :raises OSError: the server cannot be reached, or closes every connection.
    :raises TimeoutError: answers did not come.
    """

    async def running() -> Outcome:
        return await (_Closed(job) if job.rate is None else _Open(job)).run()

    gc.freeze()
    return uvloop.run(running())
