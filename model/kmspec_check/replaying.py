"""Replaying: the only place that does what `kmspec replay` asks for."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from kmspec_check import files, replay_text
from kmspec_check.conform import UsageError
from kmspec_check.profile import Isolation, Profile
from kmspec_check.replay import Ending, replay
from kmspec_check.run import place
from kmspec_check.target import Target
from kmspec_check.trace import Trace
from kmspec_check.vectors import running, running_text
from kmspec_check.vectors.file import Vectors

Targets = Callable[[], tuple[Target, Profile]]
"""Makes a target, and says what is particular of it."""


class Telling(NamedTuple):
    """How to say what happens, and what keeps the rest from being run."""

    tell: Callable[[str], object]
    complain: Callable[[str], object]


def again(file: Path, name: str | None, targets: Targets, telling: Telling, nonce: str) -> int:
    """Run again what a file holds: traces, or vectors, or the one vector of that name.

    The exit code is 0 when all is as it must be, 1 when something is not, 2 when a target could
    not be asked.

    :raises kmspec_check.conform.UsageError: the file cannot be read, or has no such vector.
    """
    held = files.recorded(file)
    if isinstance(held, Vectors):
        return _vectors(held, _chosen(held, name, file), targets, telling, nonce)
    if name is not None:
        raise UsageError(f"{file} holds no vectors; leave --vector out")
    numbered = enumerate(held, start=1)
    return max(_trace(trace, targets, telling, f"{nonce} {number}") for number, trace in numbered)


def _trace(trace: Trace, targets: Targets, telling: Telling, nonce: str) -> int:
    target, profile = targets()
    isolated = profile.isolation is not Isolation.NONE
    replayed = replay(trace, target, profile, account=place(nonce, 1, isolated=isolated).account)
    telling.tell("\n".join(replay_text.replay_lines(trace, replayed)))
    if replayed.ending is Ending.COULD_NOT_RUN:
        telling.complain(f"could not run: {replayed.reason}")
    return replayed.exit_code


def _chosen(vectors: Vectors, name: str | None, file: Path) -> range:
    if name is None:
        return range(len(vectors.names))
    if name not in vectors.names:
        raise UsageError(f"{file} has no vector {name!r}; give the id of one")
    index = vectors.names.index(name)
    return range(index, index + 1)


def _vectors(
    vectors: Vectors, chosen: range, targets: Targets, telling: Telling, nonce: str
) -> int:
    endings: Counter[running.Ending] = Counter()
    for ran in running.run(vectors, chosen, *targets(), nonce):
        endings[ran.ending] += 1
        if ran.ending is running.Ending.FAILED:
            telling.tell("\n".join(running_text.failure(ran)))
        if ran.ending is running.Ending.COULD_NOT_RUN:
            telling.complain(f"could not run {ran.vector.name}, step {ran.number}: {ran.lines[0]}")
            break
    telling.tell(running_text.summary(endings))
    return running.exit_code(endings)
