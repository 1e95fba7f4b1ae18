"""The text of a replay: the only place that lays recorded and present side by side."""

from collections.abc import Iterator

from kmspec_check.replay import Again, Ending, Replayed
from kmspec_check.trace import Trace

_FITS = "as expected"


def replay_lines(trace: Trace, replayed: Replayed) -> Iterator[str]:
    """One trace that was run again, line by line."""
    yield f"{replayed.ending.value}: {trace.rule} ({trace.level})"
    yield f"  {trace.sentence}"
    if replayed.reason:
        yield f"  {replayed.reason}"
    widest = max((len(again.recorded) for again in replayed.steps), default=0)
    for again in replayed.steps:
        yield _step(again, widest)
        if not again.same or again.number == len(trace.steps):
            yield from _differences(again)
    yield from _left(trace, replayed)
    if replayed.ending not in (Ending.COULD_NOT_RUN, Ending.AT_ONCE):
        yield _verdict(replayed)


def _verdict(replayed: Replayed) -> str:
    """Whether it is still so, as the last line."""
    if replayed.ending is Ending.REPRODUCED:
        return str(replayed.ending.value)
    return f"no longer so: {replayed.reason or replayed.ending.value}"


def _left(trace: Trace, replayed: Replayed) -> Iterator[str]:
    left = len(trace.steps) - len(replayed.steps)
    if left and replayed.ending is not Ending.FIXED:
        yield f"  {left} steps were not run"


def _step(again: Again, widest: int) -> str:
    sign = "same" if again.same else "DIFFERS"
    then, now = again.recorded.ljust(widest), again.present
    return f"  {again.number:>3}. {sign:<8} recorded {then}  present {now}  {again.step.command}"


def _differences(again: Again) -> Iterator[str]:
    """Each member that is or was not as expected, recorded against present."""
    recorded = {one.where: one for one in again.step.differences}
    present = {one.where: one for one in again.differences}
    for where, one in (recorded | present).items():
        then = recorded[where].observed if where in recorded else _FITS
        now = present[where].observed if where in present else _FITS
        yield f"       {where}: expected {one.expected}, recorded {then}, present {now}"
