"""Processes: the only place that has work done by other processes of this machine.

Where the system can fork they share what this one has explored. They leave interrupts to this
process, and end when it does.
"""

import contextlib
import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import Any

from kmspec_check.campaign.workers import MOST_LOSSES, Done, Piece, Spread, Work, lost

_START = "fork" if sys.platform == "linux" else "spawn"


class Processes:
    """So many processes."""

    here = True

    def __init__(self, count: int) -> None:
        self._count = count

    @property
    def several(self) -> bool:
        """Whether they work at the same time."""
        return self._count > 1

    @contextlib.contextmanager
    def doing(self, work: Work[Piece, Done]) -> Iterator[Spread[Piece, Done]]:
        """Have a work done there."""
        pool = _Pool(self._count, work)
        try:
            yield pool.each
        finally:
            pool.end()


class _Pool:
    """The processes that do one work. When one is lost the others are given up with it."""

    def __init__(self, count: int, work: Work[Any, Any]) -> None:
        self._count, self._work = count, work
        self._executor: ProcessPoolExecutor | None = None

    def each(self, pieces: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Do pieces of the work.

        :raises Trouble: processes are lost all the time.
        """
        left = dict(enumerate(pieces))
        losses = 0
        while left:
            executor = self._executor = self._executor or self._begun()
            try:
                futures = {executor.submit(_do, piece): number for number, piece in left.items()}
                for future in as_completed(futures):
                    done = future.result()
                    number = futures.pop(future)
                    del left[number]
                    losses = 0
                    yield number, done
            except BrokenProcessPool as fault:
                self.end()
                losses += 1
                if losses == MOST_LOSSES:
                    raise lost("worker processes") from fault

    def _begun(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._count,
            mp_context=multiprocessing.get_context(_START),
            initializer=_begin,
            initargs=(self._work,),
        )

    def end(self) -> None:
        """End the processes, whatever they are doing."""
        executor, self._executor = self._executor, None
        if executor is None:
            return
        processes = list((executor._processes or {}).values())  # noqa: SLF001 - public from 3.14
        executor.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


# ---- in the processes -------------------------------------------------------------------------

_works: list[Work[Any, Any]] = []
"""The work that this process does."""


def _begin(work: Work[Any, Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # what was there before is never looked through, and so stays shared
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _works.append(work)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _do(piece: Any) -> Any:  # noqa: ANN401 - of whatever work this process does
    return _works[-1](piece)
