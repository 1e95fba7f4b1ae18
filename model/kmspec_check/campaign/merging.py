"""Merging: the only place that adds what seeds came by to what was found before.

In the order of the seeds, whoever was done first. A violation is kept once for each rule and cell,
and each rule is told in full once, by the fewest steps that any seed needed.
"""

from collections.abc import Iterable

from kmspec_check.campaign.seeds import Seeded
from kmspec_check.result import PhaseDone
from kmspec_check.run import Run
from kmspec_check.violation import Violation


def merge(run: Run, seeded: Seeded) -> None:
    """Add what one seed came by."""
    for decided in seeded.cells:
        run.decide(*decided)
    for violation in seeded.violations:
        _keep(run, violation)
    run.reached.rules.update(seeded.rules)
    run.reached.situations.update(seeded.situations)
    run.steps += seeded.steps


def _keep(run: Run, violation: Violation) -> None:
    found = run.violations
    told = next((n for n, one in enumerate(found) if one.rule == violation.rule and one.trace), -1)
    if told >= 0 and violation.trace is not None:
        if _length(violation) < _length(found[told]):
            found[told] = found[told]._replace(trace=None)
        else:
            violation = violation._replace(trace=None)
    same = next((n for n, one in enumerate(found) if violation.same_as(one)), -1)
    if same < 0:
        run.found(violation)
    elif violation.trace is not None:
        found[same] = violation


def _length(violation: Violation) -> int:
    return len(violation.trace.steps) if violation.trace is not None else 0


def added_up(phases: Iterable[PhaseDone], stopped: str) -> tuple[PhaseDone, ...]:
    """The phases of all seeds, each once: steps and seconds of all together.

    ``stopped`` says why there are not more seeds, if there are not.
    """
    sums: dict[str, PhaseDone] = {}
    for one in phases:
        so_far = sums.get(one.name, PhaseDone(one.name, 0, 0.0, ""))
        sums[one.name] = PhaseDone(
            one.name,
            so_far.steps + one.steps,
            so_far.seconds + one.seconds,
            stopped or so_far.stopped or one.stopped,
        )
    return tuple(sums.values())
