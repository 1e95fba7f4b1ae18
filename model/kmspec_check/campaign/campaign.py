"""A campaign: the only place that has seeds done and what they found added up."""

from collections.abc import Callable
from typing import NamedTuple

from kmspec_check.campaign.carried import Carried
from kmspec_check.campaign.ground import Ground
from kmspec_check.campaign.merging import added_up, merge
from kmspec_check.campaign.seeds import Asked, Seeded, Seeds, Share
from kmspec_check.campaign.workers import Alone, Work, Workers, in_order
from kmspec_check.events import PROGRESS, Listener, PhaseEnded, PhaseStarted, Progressed, silent
from kmspec_check.phases import timed
from kmspec_check.plan import Plan
from kmspec_check.profile import Isolation
from kmspec_check.result import PhaseDone
from kmspec_check.run import ENOUGH, SPENT, Run
from kmspec_check.target import Target, Trouble

PHASE = "seeds"
"""What progress calls it."""


class Campaign(NamedTuple):
    """So many seeds in a row, and who does them."""

    seeds: int
    target: Callable[[], Target]
    """Makes the target, in whatever process."""
    shared: bool
    """Whether what it makes is only another way to the same target."""
    workers: Workers = Alone()


def refuse_crowd(run: Run, asked: Campaign, *, movable: bool) -> None:
    """Refuse several workers where one would see what another does.

    :raises Trouble: it is so.
    """
    if not (asked.shared and asked.workers.several):
        return
    if run.profile.isolation is Isolation.NONE:
        raise Trouble(
            f"profile {run.profile.name} keeps no accounts apart, so workers would see each other",
            "leave out --workers and --scheduler",
        )
    if movable:
        raise Trouble(
            "the target has one clock, which every worker would move",
            "leave out --workers and --scheduler",
        )


class Outcome(NamedTuple):
    """What came of the seeds."""

    seeds: int
    """How many were done; those that come first."""
    phases: tuple[PhaseDone, ...]
    """Of all of them together."""
    trouble: str
    """Why it could not go on, or empty."""


def do_seeds(run: Run, plan: Plan, asked: Campaign, phases: tuple[str, ...]) -> Outcome:
    """Have the seeds done, and add up in the run what they found.

    :raises Trouble: there is nobody to do it.
    """
    if _ended(run):
        return Outcome(0, tuple(timed(run, name, lambda: None) for name in phases), "")
    numbers = range(1, asked.seeds + 1)
    shares = [Share(run.seed + n - 1, n if asked.shared else 0) for n in numbers]
    told = Asked(**{name: getattr(run, name) for name in Asked._fields})
    told = told._replace(listener=_progress(run) if isinstance(asked.workers, Alone) else silent)
    if not asked.workers.here:
        told = told._replace(deadline=None)
    ground, carried = Ground.of(plan.explored), Carried.of(run, plan)
    work: Work[Share, Seeded] = Seeds(asked.target, phases, told, ground, carried)
    began, steps, done, number = run.clock(), run.steps, list[PhaseDone](), 0
    trouble = stopped = ""
    run.tell(PhaseStarted(PHASE, len(shares)))
    with asked.workers.doing(work) as each:
        for number, seeded in enumerate(in_order(each(shares)), start=1):
            merge(run, seeded)
            done += seeded.phases
            run.tell(Progressed(PHASE, number))
            trouble = seeded.trouble
            stopped = "" if number == len(shares) else _ended(run)
            if trouble or stopped:
                break
    run.tell(PhaseEnded(PHASE, run.steps - steps, run.clock() - began, stopped))
    return Outcome(number, added_up(done, stopped), trouble)


def _progress(run: Run) -> Listener:
    """Hears of one seed only how far it is; what it found is told when it is added up."""
    return lambda event: run.tell(event) if isinstance(event, PROGRESS) else None


def _ended(run: Run) -> str:
    """Why no more is to be done, or nothing."""
    if run.has_enough:
        return ENOUGH
    return SPENT if run.spent else ""
