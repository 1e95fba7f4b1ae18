"""Phases: the only place that runs one and says how it ended."""

from collections.abc import Callable

from kmspec_check.events import PhaseEnded, PhaseStarted
from kmspec_check.result import PhaseDone
from kmspec_check.run import ENOUGH, SPENT, EnoughError, OutOfTimeError, Run


def timed(run: Run, name: str, work: Callable[[], object], total: int | None = None) -> PhaseDone:
    """Do the work of a phase, unless there is no time or nothing left to do, and tell.

    :param total: how many cells or transitions it means to try, if known.
    :raises kmspec_check.target.Trouble: it could not be done.
    """
    began, steps, stopped = run.clock(), run.steps, ""
    run.tell(PhaseStarted(name, total))
    try:
        run.check_time()
        work()
    except OutOfTimeError:
        stopped = SPENT
    except EnoughError:
        stopped = ENOUGH
    done = PhaseDone(name, run.steps - steps, run.clock() - began, stopped)
    run.tell(PhaseEnded(*done))
    return done
