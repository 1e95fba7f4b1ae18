"""The cluster: the only place that speaks with Dask.

A work is sent to each worker once and kept there. What a lost worker had to do, the scheduler gives
to others.
"""

import asyncio
import contextlib
import logging
import pickle
import queue
import threading
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from functools import lru_cache
from typing import Any, NamedTuple

from distributed import Client, Future, rpc
from distributed.scheduler import KilledWorker

from kmspec_check.campaign.installed import Installed, installed
from kmspec_check.campaign.workers import Done, Piece, Spread, Work
from kmspec_check.target import Trouble

_CONNECT_WITHIN = 5.0
_WORKERS_WITHIN = 10.0
_NOBODY_FOR = 60.0
"""Seconds."""
_START = "start one with `dask scheduler`, and give the address that it prints"
_INSTALL = "install the same everywhere, and start the workers again"


class Cluster:
    """The workers of a Dask scheduler."""

    several = True
    here = False

    def __init__(self, client: Client, address: str) -> None:
        self._client, self._address = client, address

    @contextlib.contextmanager
    def doing(self, work: Work[Piece, Done]) -> Iterator[Spread[Piece, Done]]:
        """Have a work done there.

        :raises Trouble: whoever does a piece ends, or nobody is left.
        """
        yield _Crew(self._client, self._address, work).each


@contextlib.contextmanager
def cluster(address: str) -> Iterator[Cluster]:
    """The workers of the scheduler at an address.

    :raises Trouble: there is none, it has no workers, or they would find something else.
    """
    with _quiet():
        _refuse_no_scheduler(address)
        with Client(address, timeout=_CONNECT_WITHIN, set_as_default=False) as client:
            try:
                client.wait_for_workers(1, timeout=_WORKERS_WITHIN)
            except TimeoutError as fault:
                start = f"start some: dask worker {address} --nworkers 4 --nthreads 1"
                raise Trouble(f"the Dask scheduler at {address} has no workers", start) from fault
            _refuse_others(client)
            yield Cluster(client, address)


class _Sent(NamedTuple):
    """A work on its way, and what it takes."""

    pickled: bytes
    takes: Installed


class _Crew:
    """The workers that do one work."""

    def __init__(self, client: Client, address: str, work: Work[Any, Any]) -> None:
        self._client, self._address = client, address
        # Made by a task, it is made again where the workers that have it are lost.
        self._work = client.submit(_Sent, pickle.dumps(work), installed(), pure=False)

    def each(self, pieces: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Do pieces of the work.

        :raises Trouble: a piece ends whoever does it, or nobody is left.
        """
        futures = self._client.map(_do, [self._work] * len(pieces), pieces, pure=False)
        left = {future: number for number, future in enumerate(futures)}
        finished: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
        try:
            for future in futures:
                future.add_done_callback(finished.put)
            while left:
                done = [self._next(finished)]
                while not finished.empty():
                    done.append(finished.get())
                numbers = [left.pop(future) for future in done]
                yield from zip(numbers, self._client.gather(done), strict=True)
        except CancelledError as fault:
            raise self._went_away() from fault
        except KilledWorker as fault:
            raise Trouble(
                f"workers of {self._address} ended one after the other at the same piece of work",
                "look for the reason in their logs, such as too little memory",
            ) from fault
        finally:
            if self._client.status == "running":
                self._client.cancel(list(left))

    def _next(self, finished: queue.SimpleQueue[Future[Any]]) -> Future[Any]:
        """One that is done."""
        waited = 0.0
        while waited < _NOBODY_FOR:
            with contextlib.suppress(queue.Empty):
                return finished.get(timeout=_WORKERS_WITHIN)
            if self._client.status != "running":
                raise self._went_away()
            there = self._client.scheduler_info(n_workers=-1)["workers"]
            waited = 0.0 if there else waited + _WORKERS_WITHIN
        raise Trouble(f"no worker is left at {self._address}", "start some, and begin again")

    def _went_away(self) -> Trouble:
        return Trouble(f"the Dask scheduler at {self._address} went away", _START)


def _refuse_no_scheduler(address: str) -> None:
    """Refuse an address at which something else answers, or nothing.

    :raises Trouble: it is so.
    """
    try:
        kind = asyncio.run(_kind(address))
    except (OSError, ValueError) as fault:
        raise Trouble(f"no Dask scheduler answers at {address}", _START) from fault
    if kind != "Scheduler":
        raise Trouble(f"what answers at {address} is a Dask {kind.lower()}", _START)


async def _kind(address: str) -> str:
    async with asyncio.timeout(_CONNECT_WITHIN), rpc(address) as there:
        return str((await there.identity())["type"])


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let nothing of what Dask tells of connections come between what we tell."""
    names = [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]
    before = {logger: logger.level for logger in map(logging.getLogger, names)}
    try:
        for logger in before:
            logger.setLevel(logging.CRITICAL + 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in before.items():
            logger.setLevel(level)


def _refuse_others(client: Client) -> None:
    """Refuse workers that would find something else, or nothing.

    :raises Trouble: there are such.
    """
    for worker, theirs in sorted(client.run(installed, on_error="return").items()):
        if isinstance(theirs, Installed):
            _refuse_other(worker, installed(), theirs)
        else:
            raise Trouble(f"worker {worker} has no kmspec: {theirs}", _INSTALL)


def _refuse_other(worker: str, ours: Installed, theirs: Installed) -> None:
    difference = ours.difference(theirs)
    if difference:
        raise Trouble(f"worker {worker} has {difference}", _INSTALL)


# ---- in the workers ---------------------------------------------------------------------------

_one_at_a_time = threading.Lock()
"""A worker may have threads, and what it explores is for one."""


def _do(sent: _Sent, piece: Any) -> Any:  # noqa: ANN401 - of whatever work it is
    _refuse_other("that came later", sent.takes, installed())
    with _one_at_a_time:
        return _opened(sent.pickled)(piece)


@lru_cache(1)
def _opened(pickled: bytes) -> Work[Any, Any]:
    work: Work[Any, Any] = pickle.loads(pickled)  # noqa: S301 - of a client of the same scheduler
    return work
