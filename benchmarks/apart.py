"""Processes apart: the only place that runs what is measured outside of the benchmark's own."""

import gc
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from typing import ParamSpec, TypeVar

from benchmarks.load.generator import run
from benchmarks.load.job import Job, Outcome

P = ParamSpec("P")
T = TypeVar("T")


def send(job: Job) -> Outcome:
    """Send requests, from a process that does nothing else and is kept for the next job."""
    return _sender().submit(run, job).result()


def apart(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What a function returns in a new process, where garbage is collected as `kmspec` does."""
    with _pool() as pool:
        return pool.submit(function, *args, **kwargs).result()


@cache
def _sender() -> ProcessPoolExecutor:
    return _pool()


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), gc.set_threshold, (50_000,))
