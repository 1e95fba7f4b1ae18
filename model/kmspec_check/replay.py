"""Replay: the only place that runs a recorded trace again and compares then with now."""

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from kmspec_check import proofs
from kmspec_check.asking import asked, zones_of
from kmspec_check.binding import Binding, Place
from kmspec_check.patterns import Fit, fit
from kmspec_check.profile import Isolation, Profile
from kmspec_check.target import Answer, Target, Trouble
from kmspec_check.trace import Difference, Trace, TraceStep
from kmspec_check.violation import absent, wanted
from kmspec_model import Success

if TYPE_CHECKING:
    from kmspec_model import Ref


class Ending(Enum):
    """What a trace shows when it is run again."""

    REPRODUCED = "the violation shows again"
    FIXED = "the last step now fits what is expected"
    DIFFERENT = "something else happens than was recorded"
    AT_ONCE = "the steps were taken one after the other, where it takes several clients at once"
    COULD_NOT_RUN = "the target could not be asked"


class Again(NamedTuple):
    """One step, then and now."""

    number: int
    step: TraceStep
    recorded: str
    present: str
    differences: tuple[Difference, ...]
    """From what is expected, now."""
    same: bool


class Replayed(NamedTuple):
    """A trace that was run again."""

    ending: Ending
    steps: tuple[Again, ...]
    reason: str = ""

    @property
    def exit_code(self) -> int:
        """0 when it is fixed, 1 when the violation or another one shows, 2 otherwise."""
        return {Ending.FIXED: 0, Ending.COULD_NOT_RUN: 2, Ending.AT_ONCE: 2}.get(self.ending, 1)


def replay(trace: Trace, target: Target, profile: Profile, *, account: str = "") -> Replayed:
    """Run a trace on a target.

    ``account`` is where, 12 digits; by default one of its own where accounts are kept apart.
    """
    isolated = profile.isolation is not Isolation.NONE
    account = account or ("100000000002" if isolated else "000000000000")
    binding = Binding(Place(account, trace.region, "replay"))
    done: list[Again] = []
    for number, step in enumerate(trace.steps, start=1):
        try:
            answer = asked(target, step.command, binding)
        except Trouble as trouble:
            return Replayed(Ending.COULD_NOT_RUN, tuple(done), str(trouble))
        found, binding = _held(step, answer, binding, shared=not isolated)
        again = _compared(number, step, answer, found, binding.within(step.command.region))
        done.append(again)
        if trace.at_once is None and number < len(trace.steps) and not again.same:
            reason = f"step {number} is answered otherwise than was recorded"
            return Replayed(Ending.DIFFERENT, tuple(done), reason)
    if trace.at_once is not None:
        return Replayed(Ending.AT_ONCE, tuple(done), "run the boto3 script that the report has")
    return Replayed(_ending(done[-1]), tuple(done))


def _ending(last: Again) -> Ending:
    if not last.differences:
        return Ending.FIXED
    return Ending.REPRODUCED if last.same else Ending.DIFFERENT


def _held(
    step: TraceStep, answer: Answer, binding: Binding, *, shared: bool
) -> tuple[Fit, Binding]:
    """The nearest of the expected outcomes, and the symbols it bound."""
    within = binding.within(step.command.region)
    alike = [one for one in step.expected if isinstance(one, Success) != answer.refused]
    fits = [
        proofs.proved(fit(one, answer, within, shared=shared), step.command, answer, within)
        for one in alike or step.expected
    ]
    nearest = min(fits, key=lambda found: (found.hard, len(found.mismatches)))
    new: Mapping[Ref, Any] = nearest.new if not nearest.hard else {}
    zones = zones_of(step.command, answer, binding)
    return nearest, binding.extended({**new, **zones, **proofs.learned(step.command, answer)})


def _compared(number: int, step: TraceStep, answer: Answer, found: Fit, binding: Binding) -> Again:
    differences = tuple(
        Difference(one.where, wanted(one.expected, binding), absent(binding.symbolic(one.observed)))
        for one in found.mismatches
    )
    recorded = _summary(step.recorded.status, step.recorded.body)
    present = _summary(answer.status, answer.body)
    same = recorded == present and differences == step.differences
    return Again(number, step, recorded, present, differences, same)


def _summary(status: int, body: Mapping[str, Any]) -> str:
    """An answer in a few words: status, and the code of an error."""
    code = str(body.get("__type") or "").rpartition("#")[2]
    return f"{status} {code}".strip()
