"""The text of a replay: the only place that lays recorded and present side by side."""

from collections.abc import Iterator

from kmspec_check.replay import Again, Ending, Replayed
from kmspec_check.trace import Trace


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
    left = len(trace.steps) - len(replayed.steps)
    if left and replayed.ending is not Ending.FIXED:
        yield f"  {left} steps were not run"


def _step(again: Again, widest: int) -> str:
    sign = "same" if again.same else "DIFFERS"
    then, now = again.recorded.ljust(widest), again.present
    return f"  {again.number:>3}. {sign:<8} recorded {then}  present {now}  {again.step.command}"


def _differences(again: Again) -> Iterator[str]:
    for one in again.differences:
        yield f"       {one.where}: expected {one.expected}, observed {one.observed}"
