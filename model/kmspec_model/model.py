"""The model: the only place where what may happen is put together.

``Model.permitted`` is the whole interface: a pure function from a world and a command to
everything that may be answered, each answer with the rules that permit it and the next world.
"""

from typing import NamedTuple

from kmspec.rules import Answer, Operation
from kmspec.tables import Spec, load
from kmspec_model import constraints
from kmspec_model.case import Case, case_of
from kmspec_model.command import Command, Ref
from kmspec_model.effects import EFFECTS
from kmspec_model.effects.stores import same_as_existing
from kmspec_model.guards import Finding, compile_guards
from kmspec_model.kinds import words
from kmspec_model.moves import Change, compile_moves
from kmspec_model.outcome import Members, Outcome, Refusal, Success
from kmspec_model.predicates import OF_CASE
from kmspec_model.time import Clockwork, Timing
from kmspec_model.usage import noted
from kmspec_model.world import EMPTY, NONE, World

_OF_CONSTRAINT = "{constraint}"
"""Stands in answers.toml for what AWS says of the demand that a request breaks."""


class Permitted(NamedTuple):
    """One outcome that is permitted: by which rules, and what the world is then."""

    outcome: Outcome
    rules: tuple[str, ...]
    world: World


class Model:
    """The reference state machine of one set of tables and one target's timing."""

    def __init__(self, spec: Spec | None = None, timing: Timing | None = None) -> None:
        """Compile the tables; without arguments those of the package and our emulator's timing."""
        self.spec = load() if spec is None else spec
        self.timing = Timing() if timing is None else timing
        self.moves = compile_moves(self.spec)
        self._guards = compile_guards(self.spec)
        self._operations: dict[tuple[str, str], Operation] = {}
        self._outside = tuple(
            (row.outside, frozenset(row.operations), OF_CASE[str(row.when)])
            for row in self.spec.conditions
            if row.outside is not None
        )
        self._partly_outside = frozenset(
            (self.spec.operations[name].service, self.spec.operations[name].called)
            for _, operations, _ in self._outside
            for name in operations
        )
        self._clockwork = Clockwork(self.moves, self.spec.connection_errors, self.timing)
        self._answers = {
            name: tuple(effect.id for effect in self.spec.effects if effect.operation == name)[:1]
            for name in self.spec.operations
        }

    def permitted(self, world: World, command: Command) -> tuple[Permitted, ...]:
        """Everything that may follow a command, what our emulator does first; never empty.

        :raises KeyError: the command's operation is in no table.
        """
        operation = self._operation(command)
        if operation.resource == "time":
            return self._advanced(world, command)
        case = case_of(world.seen_from(command.region), command, operation)
        repeated = same_as_existing(case)
        if repeated:
            return tuple(self._success(world, change, ()) for change in repeated)
        verdict = self._guards[operation.name].judge(case)
        successes: list[Permitted] = []
        if verdict.allowed:
            changes = noted(case, EFFECTS[operation.name](self.moves, case))
            usual = self._answers[operation.name]
            for change in changes:
                answer = (change.answer,) if change.answer else usual
                successes.append(self._success(world, change, (*verdict.rules, *answer)))
        refusals = [
            Permitted(_refusal(case, one, finding), (finding.rule,), world)
            for one, finding in verdict.refusals
        ]
        return (*successes, *refusals)

    def concerned(self, world: World, command: Command) -> tuple[str, ...]:
        """The rules that say something of a command in a world, whatever they say."""
        operation = self._operation(command)
        if operation.resource == "time":
            return ()
        case = case_of(world.seen_from(command.region), command, operation)
        return self._guards[operation.name].judge(case).concerned

    def outside(self, command: Command) -> str:
        """The area of a command that is not specified here, or nothing when it is specified."""
        if (command.service, command.operation) not in self._partly_outside:
            return ""
        operation = self._operation(command)
        for area, operations, holds in self._outside:
            if operation.name in operations and holds(case_of(EMPTY, command, operation)):
                return area
        return ""

    def _operation(self, command: Command) -> Operation:
        asked = (command.service, command.operation)
        found = self._operations.get(asked)
        if found is None:
            found = self._operations[asked] = self.spec.operation(*asked)
        return found

    def _advanced(self, world: World, command: Command) -> tuple[Permitted, ...]:
        seconds = command.get("Seconds")
        if not isinstance(seconds, int | float):
            message = f"Advance needs Seconds, a number; got {seconds!r}"
            raise TypeError(message)
        changes = self._clockwork.advance(world, seconds)
        rules = self._answers["Advance"]
        return tuple(
            Permitted(Success(), (*change.rules, *rules), change.world) for change in changes
        )

    @staticmethod
    def _success(world: World, change: Change, rules: tuple[str, ...]) -> Permitted:
        response: Members = change.response
        after = change.world.seen_from(world.region)
        return Permitted(Success(response), (*rules, *change.rules), after)


def _refusal(case: Case, answer: Answer, finding: Finding) -> Refusal:
    """The refusal of an answer, its message about the KMS key and the request at hand."""
    message = answer.message
    if message == _OF_CONSTRAINT:
        return Refusal(answer.code or "", constraints.message(case.command), answer.status)
    if message is not None and "{" in message:
        index, form = finding.key, "arn"
        if index == NONE and case.key is not None:
            index = case.key.index
        if finding.region not in (None, case.world.region):
            form = f"arn{finding.region}"
        for word, text in words(case, case.world.key(index)).items():
            message = message.replace(word, text)
        message = message.replace("{key.arn}", f"{{{Ref('key', index, form)}}}")
    return Refusal(answer.code or "", message, answer.status)
