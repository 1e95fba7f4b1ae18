"""A campaign on a Dask cluster of which a worker is killed midway, and the same in one process.

    python -m tests.campaigns.run [--seeds 200] [--workers 4] [--only walks] [--mutant NAME]

Prints what each took and found, and what the scheduler takes for each piece of work. Exit code 1:
they did not find the same, or one of them something twice.
"""

import argparse
import os
import signal
import sys
import warnings
from functools import partial
from time import perf_counter

from distributed import LocalCluster

from kmspec_check.campaign.campaign import PHASE, Campaign
from kmspec_check.campaign.cluster import cluster
from kmspec_check.campaign.workers import Alone, Workers
from kmspec_check.conform import conform
from kmspec_check.events import Event, Listener, Progressed, silent
from kmspec_check.result import Result
from kmspec_impl.embedded import Embedded
from tests.campaigns.support import bytes_of

PIECES = 2000
"""Of a work that does nothing, to see what it takes to hand them out."""


class Killer:
    """Kills a worker when so many seeds are done, once."""

    def __init__(self, pid: int, after: int) -> None:
        self._pid, self._after = pid, after
        self.killed = 0

    def __call__(self, event: Event) -> None:
        """Hear of how far the campaign is."""
        if isinstance(event, Progressed) and event.phase == PHASE and event.done == self._after:
            os.kill(self._pid, signal.SIGKILL)
            self.killed += 1


def campaign(asked: argparse.Namespace, workers: Workers, listener: Listener) -> Result:
    """The campaign that is asked for, by these."""
    made = partial(Embedded, mutant=asked.mutant)
    spread = Campaign(asked.seeds, made, shared=False, workers=workers)
    return conform(made(), only=asked.only, campaign=spread, listener=listener)


def nothing(piece: int) -> int:
    """Do nothing."""
    return piece


def overhead(workers: Workers) -> float:
    """Seconds that it takes to hand out a piece of work and to take what came of it."""
    with workers.doing(nothing) as each:
        assert len(list(each(range(PIECES)))) == PIECES
        began = perf_counter()
        assert len(list(each(range(PIECES)))) == PIECES
        return (perf_counter() - began) / PIECES


def told(name: str, result: Result) -> None:
    """Print what one of them took and found."""
    rules = len({violation.rule for violation in result.violations})
    found = f"{rules} rules violated in {len(result.violations)} cells"
    seeds, seconds = result.identity.seeds, result.seconds
    sys.stdout.write(f"{name}: {seeds} seeds, {result.steps} steps in {seconds:.0f} s, {found}\n")
    sys.stdout.flush()


def twice(result: Result) -> int:
    """How many of its findings it has twice."""
    found = [(violation.rule, violation.cell) for violation in result.violations]
    in_full = [violation.rule for violation in result.violations if violation.trace]
    return len(found) - len(set(found)) + len(in_full) - len(set(in_full))


def main() -> int:
    """Run both and compare; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--mutant", default="cancel-brings-back-policy")
    asked = parser.parse_args()
    asked.only = asked.only or ["walks", "key", "policy"]
    warnings.filterwarnings("ignore", "Do not use the `random` module")  # the scheduler does
    with (
        LocalCluster(
            n_workers=asked.workers, threads_per_worker=1, dashboard_address=None, silence_logs=60
        ) as here,
        cluster(here.scheduler_address) as workers,
    ):
        taken = 1000 * overhead(workers)
        sys.stdout.write(f"{PIECES} pieces of no work: {taken:.2f} ms each\n")
        killer = Killer(here.workers[0].pid, asked.seeds // 2)
        spread = campaign(asked, workers, killer)
    told(f"{asked.workers} workers, {killer.killed} of them killed midway", spread)
    alone = campaign(asked, Alone(), silent)
    told("one process", alone)
    same = bytes_of(spread) == bytes_of(alone)
    sys.stdout.write(f"the reports are {'the same' if same else 'NOT the same'}, byte by byte; ")
    sys.stdout.write(f"{twice(spread)} findings are there twice\n")
    return 0 if same and killer.killed and not twice(spread) and not twice(alone) else 1


if __name__ == "__main__":
    sys.exit(main())
