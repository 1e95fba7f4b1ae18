"""Running vectors: the only place that takes the steps of vectors on a target.

Each begins from nothing, in an account of its own where the target keeps accounts apart. What is
answered must fit one of the accepted answers; where that one ends the vector, it is passed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

from kmspec_check.asking import asked, zones_of
from kmspec_check.binding import Binding
from kmspec_check.patterns import Fit, fit
from kmspec_check.profile import Isolation, Profile
from kmspec_check.run import place
from kmspec_check.target import Answer, Target, Trouble
from kmspec_check.vectors.file import Vectors
from kmspec_check.vectors.making import Vector
from kmspec_check.vectors.walk import VectorStep
from kmspec_check.violation import absent, describe_outcome, wanted


class Ending(Enum):
    """What came of a vector."""

    PASSED = "passed"
    CUT = "passed up to another answer that is accepted"
    FAILED = "failed"
    UNSUPPORTED = "not offered by the target"
    COULD_NOT_RUN = "could not run"


class Ran(NamedTuple):
    """A vector that was run."""

    vector: Vector
    ending: Ending
    number: int
    """Of the last step taken, from 1."""
    rules: tuple[str, ...] = ()
    """Of a failure: the rules of its step, and of the step before where it only looks."""
    lines: tuple[str, ...] = ()
    """Of a failure what was expected and observed, or why it could not run."""


def run(
    vectors: Vectors, chosen: Iterable[int], target: Target, profile: Profile, nonce: str
) -> Iterator[Ran]:
    """Run some of the vectors; ``nonce`` keeps runs against the same target apart."""
    isolated = profile.isolation is not Isolation.NONE
    for number, index in enumerate(chosen, start=1):
        binding = Binding(place(nonce, number, isolated=isolated))
        yield _Running(vectors.vector(index), target, profile, binding).run()


def exit_code(endings: Counter[Ending]) -> int:
    """0 when all that ran passed, 1 when one failed, 2 when one or all could not run."""
    if endings[Ending.COULD_NOT_RUN] or not endings.keys() - {Ending.UNSUPPORTED}:
        return 2
    return 1 if endings[Ending.FAILED] else 0


class _Running:
    """One vector being run."""

    def __init__(self, vector: Vector, target: Target, profile: Profile, binding: Binding) -> None:
        self._vector, self._target, self._profile = vector, target, profile
        self._binding = binding
        self._shared = profile.isolation is Isolation.NONE

    def run(self) -> Ran:
        vector = self._vector
        culprit: VectorStep | None = None
        for number, step in enumerate(vector.steps, start=1):
            if not self._profile.reaches(step.command.service):
                return Ran(vector, Ending.UNSUPPORTED, number)
            try:
                answer = asked(self._target, step.command, self._binding)
            except Trouble as trouble:
                return Ran(vector, Ending.COULD_NOT_RUN, number, (), (str(trouble),))
            if self._profile.does_not_know(answer):
                return Ran(vector, Ending.UNSUPPORTED, number)
            within = self._binding.within(step.command.region)
            fits = [fit(one.outcome, answer, within, shared=self._shared) for one in step.accepted]
            good = [one for one in zip(step.accepted, fits, strict=True) if not one[1].mismatches]
            if not good:
                return self._failed(number, step, culprit, answer, fits)
            goes_on = [found for accepted, found in good if not accepted.ends]
            if not goes_on:
                return Ran(vector, Ending.CUT, number)
            self._binding = self._binding.extended(
                {**goes_on[0].new, **zones_of(step.command, answer, self._binding)}
            )
            culprit = culprit if step.view else step
        return Ran(vector, Ending.PASSED, len(vector.steps))

    def _failed(
        self,
        number: int,
        step: VectorStep,
        culprit: VectorStep | None,
        answer: Answer,
        fits: list[Fit],
    ) -> Ran:
        """The difference from the nearest accepted answer, or all of them where none is near."""
        concerned = [step, culprit] if step.view and culprit is not None else [step]
        rules = (rule for one in concerned for accepted in one.accepted for rule in accepted.rules)
        binding = self._binding.within(step.command.region)
        nearest = min(fits, key=lambda found: (found.hard, len(found.mismatches)))
        lines = [f"expected: {describe_outcome(one.outcome, ('',))}" for one in step.accepted]
        lines.append(f"observed: {_answered(answer)}")
        lines += [
            f"{one.where}: expected {wanted(one.expected, binding)}, "
            f"observed {absent(binding.symbolic(one.observed))}"
            for one in nearest.mismatches
            if one.path != ("error code",)
        ]
        unique = tuple(dict.fromkeys(rules))
        return Ran(self._vector, Ending.FAILED, number, unique, tuple(lines))


def _answered(answer: Answer) -> str:
    if not answer.refused:
        return "success"
    return f"{answer.code or 'no error of AWS'}, HTTP {answer.status}, {answer.message!r}"
