"""The text of vectors that were run: the only place that tells of their failures."""

from collections import Counter
from collections.abc import Iterator

from kmspec_check.vectors.running import Ending, Ran
from kmspec_check.violation import printable


def failure(ran: Ran) -> Iterator[str]:
    """What failed, line by line."""
    step = ran.vector.steps[ran.number - 1]
    yield printable(f"failed: {ran.vector.name}, step {ran.number} of {len(ran.vector.steps)}")
    yield printable(f"  {ran.vector.situation}")
    yield printable(f"  {'look: ' if step.view else ''}{step.command}")
    for line in ran.lines:
        yield printable(f"  {line}")
    for rule in ran.rules:
        yield printable(f"  rule: {rule}")


def summary(endings: Counter[Ending]) -> str:
    """How many vectors ended how."""
    told = ", ".join(f"{endings[one]} {one.value}" for one in Ending if endings[one])
    return f"{endings.total()} vectors: {told}"
