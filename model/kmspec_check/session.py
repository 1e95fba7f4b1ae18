"""Sessions: the only place where a target and the model take a step together.

A session begins from nothing, in an account of its own where the target keeps accounts apart,
and carries the worlds that are possible after all that was answered. :meth:`Session.step` is
the one funnel: it resolves, calls, and keeps the worlds that the answer fits. When none is left,
the target deviates.
"""

import math
from collections.abc import Iterable, Mapping
from enum import Enum
from http import HTTPStatus
from typing import NamedTuple

from kmspec_check import proofs
from kmspec_check.asking import asked, zones_of
from kmspec_check.binding import Binding
from kmspec_check.oracle import Node, Way
from kmspec_check.patterns import Fit, Mismatch, Path, fit
from kmspec_check.run import Run
from kmspec_check.target import Answer, Trouble, untyped
from kmspec_model import EMPTY, Bind, Command, Items, Mark, Members, Ref, Refusal, Success, advance
from kmspec_model.blame import rule_of_state, violated_rule

_TICK = 0.001
"""Seconds; the model knows no shorter time."""
_STATE = frozenset(
    {
        "KeyState",
        "Enabled",
        "DeletionDate",
        "ConnectionState",
        "ConnectionErrorCode",
        "State",
        "BackupState",
        "DeleteTimestamp",
        "TargetKeyId",
        "CloudHsmClusterId",
        "CustomKeyStoreId",
        "Locked",
        "LoggedIn",
        "Throttled",
        "Operation",
        "Policy",
        "TagValue",
        "CurrentKeyMaterialId",
        "KeyMaterialId",
        "KeyMaterialState",
        "ImportState",
        "ExpirationModel",
        "KeyRotationEnabled",
        "OnDemandRotationStartDate",
        "MultiRegion",
        "MultiRegionKeyType",
        "PrimaryKey",
        "ReplicaKeys",
        "PendingDeletionWindowInDays",
        "Value",
        "NeverExpires",
        "SourceBackup",
        "HsmType",
        "HsmTypeRollbackExpiration",
    }
)
"""Members that show a state."""
_RELIED_UPON = frozenset(
    {
        "Plaintext",
        "CiphertextBlob",
        "PrivateKeyPlaintext",
        "PrivateKeyCiphertextBlob",
        "PublicKey",
        "Signature",
        "SignatureValid",
        "Mac",
        "MacValid",
        "SharedSecret",
        "SharedSecretCiphertextBlob",
        "Policy",
    }
)
"""Members without which an operation has not done its work."""
_NOT_NEEDED = frozenset({"keymaterial"})
"""Kinds of names that hardly a request needs: a target that does not tell one is gone on with."""
_LONG_LISTS = frozenset({"ListKeys", "ListAliases"})
"""Not looked at after each step in an account where what the whole run made piles up."""


class Possible(NamedTuple):
    """A world that fits everything answered so far, and what the symbols stand for in it."""

    node: Node
    binding: Binding


Tried = tuple[Possible, Way, Fit]
"""An answer held against one way out of one possible world."""


class Verdict(Enum):
    """How a step ended."""

    FITS = "fits"
    DEVIATES = "deviates"
    UNSUPPORTED = "unsupported"
    TROUBLE = "trouble"


class Finding(NamedTuple):
    """A way in which a target deviates."""

    rules: tuple[str, ...]
    """The rule that is violated, then the others that are concerned."""
    level: str
    mismatches: tuple[Mismatch, ...]

    @property
    def rule(self) -> str:
        """The rule that is violated."""
        return self.rules[0]


class Step(NamedTuple):
    """One step taken."""

    command: Command
    before: Node
    ways: tuple[Way, ...]
    """What was permitted."""
    answer: Answer
    fits: tuple[Mismatch, ...]
    """How the answer differs from the nearest of the ways; empty when it fits."""
    binding: Binding
    """After the step."""
    binds: Mapping[Ref, Path]
    """What the answer named, and where in it."""
    node: Node
    """A world possible after the step; the one before it when the target deviates."""
    view: bool


class Result(NamedTuple):
    """What came of a step or of several."""

    verdict: Verdict
    finding: Finding | None = None
    """For a deviation; also for an answer that fits but for its message or HTTP status."""
    reason: str = ""

    @property
    def fits(self) -> bool:
        """Whether the session can go on."""
        return self.verdict is Verdict.FITS


FITS = Result(Verdict.FITS)


class Session:
    """A target and the model from nothing, in lockstep."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.binding = run.fresh()
        self.possible: tuple[Possible, ...] = (Possible(run.oracle.node(EMPTY), self.binding),)
        self.steps: list[Step] = []
        self.asides: list[tuple[Command, Finding]] = []
        """Views that deviate in what says nothing of the state."""
        self._told = run.clock()

    @property
    def node(self) -> Node:
        """A world that is possible now; the only one, mostly."""
        return self.possible[0].node

    @property
    def certain(self) -> bool:
        """Whether only one world is possible."""
        return len(self.possible) == 1

    def go_on(self, possible: tuple[Possible, ...]) -> None:
        """Go on from worlds of which is known, by more than single steps, that they are possible.

        There must be one.
        """
        self.possible, self.binding = _distinct(possible), possible[0].binding
        self._told = self.run.clock()

    def strike(self) -> None:
        """Forget the last step, which deviated and changed nothing: no way on needs it."""
        self.steps.pop()

    def step(self, command: Command, *, view: bool = False) -> Result:
        """Take one step: the one way in which anything is asked of the target."""
        run = self.run
        lacking = run.lacking(command) or self._nameless(command)
        if lacking:
            return Result(Verdict.UNSUPPORTED, reason=lacking)
        try:
            self._let_time_pass()
            answer = asked(run.target, command, self.possible[0].binding)
        except Trouble as trouble:
            run.unanswered(trouble)
            return Result(Verdict.TROUBLE, reason=str(trouble))
        run.answered()
        known = (command.service, command.operation) in run.known
        if not known and run.does_not_know(command.service, command.operation, answer):
            run.unsupported.add((command.service, command.operation))
            return Result(Verdict.UNSUPPORTED, reason=f"the target has no {command.operation}")
        if run.profile.declines(command.operation, dict(command.arguments), answer):
            return Result(Verdict.UNSUPPORTED, reason=f"the target says: {answer.message}"[:120])
        crashed = known and answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        if answer.refused and not answer.code and not crashed:
            reason = f"{command.operation} was answered {untyped(answer)}"
            return Result(Verdict.TROUBLE, reason=reason)
        run.steps += 1
        return self._narrow(command, answer, view=view)

    def _let_time_pass(self) -> None:
        """Tell the model that the target's time went by, where it does by itself."""
        if not self.run.flowing:
            return
        now = self.run.clock()
        moved = advance(max(_TICK, math.ceil((now - self._told) / _TICK) * _TICK))
        self._told = now
        self.possible = _distinct(
            Possible(way.node, possible.binding)
            for possible in self.possible
            for way in possible.node.permitted(moved)
        )

    def _narrow(self, command: Command, answer: Answer, *, view: bool) -> Result:
        """Keep the worlds that the answer fits."""
        shared = not self.run.isolated
        tried = [
            (possible, way, found)
            for possible in self.possible
            for within in (possible.binding.within(command.region),)
            for way in possible.node.permitted(command)
            for found in (fit(way.outcome, answer, within, shared=shared),)
        ]
        if self.run.proving:
            tried = [(one, way, self._proved(found, command, answer)) for one, way, found in tried]
        before = self.node
        ways = tuple(way for _, way, _ in tried)
        kept = [one for one in tried if not one[2].mismatches]
        finding = None
        if not kept and not (answer.refused and not answer.code):  # a crash leaves who knows what
            kept, finding = self._forgiven(command, tried)
        if not kept:
            return self._deviates(command, answer, before, tried, view=view)
        if finding is not None and any(not one.soft for one in finding.mismatches):
            rules = self._pointed_at(command, before, finding.rules, answer)
            finding = finding._replace(rules=rules, level=self._level(rules[0]))
        learned = {**zones_of(command, answer, self.binding), **proofs.learned(command, answer)}
        self.possible = _distinct(
            Possible(way.node, possible.binding.extended({**found.new, **learned}))
            for possible, way, found in kept
        )
        self.binding = self.possible[0].binding
        found = kept[0][2]
        self.steps.append(
            Step(
                command,
                before,
                ways,
                answer,
                found.mismatches,
                self.binding.within(command.region),
                found.paths,
                self.node,
                view,
            )
        )
        self._reach([way for _, way, _ in kept], before, command.operation)
        if finding is not None and self.run.heeds(finding.level):
            return Result(Verdict.FITS, finding)
        return FITS

    def _proved(self, found: Fit, command: Command, answer: Answer) -> Fit:
        return proofs.proved(found, command, answer, self.binding.within(command.region))

    def _forgiven(self, command: Command, tried: list[Tried]) -> tuple[list[Tried], Finding | None]:
        """What the session can go on with although it deviates: it says nothing of the state.

        A message, an HTTP status, the wrong code of a refusal, or a member that shows no state.
        """
        kept = [one for one in tried if not one[2].hard]
        if kept:
            return kept, Finding(kept[0][1].rules, "should", kept[0][2].mismatches)
        near = [one for one in tried if _forgivable(one[2])]
        if not near:
            return [], None
        fewest = min(len(one[2].mismatches) for one in near)
        kept = [one for one in near if len(one[2].mismatches) == fewest]
        self.run.untold.update(
            (command.operation, mismatch.expected.ref.kind)
            for mismatch in kept[0][2].mismatches
            if isinstance(mismatch.expected, Bind)
        )
        rules = kept[0][1].rules
        return kept, Finding(rules, self._level(rules[0]), kept[0][2].mismatches)

    def _reach(self, ways: list[Way], before: Node, operation: str) -> None:
        """Note what was come by: the rules of the first way that fits, as kept those of each."""
        reached = self.run.reached
        reached.rules.update(ways[0].rules)
        reached.kept[operation].update(set(ways[0].rules).intersection(*(w.rules for w in ways)))
        for node in (before, self.node):
            if node not in reached.nodes:
                reached.nodes.add(node)
                reached.situations.add(str(node.situation))

    def _deviates(
        self,
        command: Command,
        answer: Answer,
        before: Node,
        tried: list[Tried],
        *,
        view: bool,
    ) -> Result:
        """None of the possible worlds permits the answer."""
        ways = tuple(way for _, way, _ in tried)
        alike = [one for one in tried if isinstance(one[1].outcome, Success) != answer.refused]
        _, nearest, found = min(alike or tried, key=lambda one: len(one[2].mismatches))
        rules = tuple(
            dict.fromkeys(rule for way in (tried[0][1], nearest, *ways) for rule in way.rules)
        )
        binding = self.binding.within(command.region)
        self.steps.append(
            Step(command, before, ways, answer, found.mismatches, binding, {}, before, view)
        )
        rules = self._pointed_at(command, before, rules, answer)
        return Result(Verdict.DEVIATES, Finding(rules, self._level(rules[0]), found.mismatches))

    def _pointed_at(
        self, command: Command, before: Node, rules: tuple[str, ...], answer: Answer
    ) -> tuple[str, ...]:
        """The rules of what was expected, with the one first that the answer violates."""
        concerned = self.run.oracle.model.concerned(before.world, command)
        code = answer.code if answer.refused else None
        kept = self.run.reached.kept[command.operation]
        rule = violated_rule(self.run.spec, rules, concerned, code, kept)
        return tuple(dict.fromkeys((rule, *rules)))

    def _level(self, rule: str) -> str:
        known = self.run.spec.rules.get(rule)
        return known.level if known else "must"

    def observe(self) -> Result:
        """Compare the whole observable state; what deviates is blamed on the step before."""
        before = self.node.home
        result = self._looked(self._views())
        if result.fits and self.node.home is before:  # time may have gone on to another
            self.run.reached.looked.add(before)
        return result

    def name_new(self) -> Result:
        """Look at those views only that name something made by the step before."""
        return self._looked(
            view.command
            for view in self.node.views
            if any(self._tells(view.command, ref) for ref in view.binds)
        )

    def _tells(self, view: Command, ref: Ref) -> bool:
        """Whether the answer to a view may name what has no name yet."""
        told = (view.operation, ref.kind) not in self.run.untold
        return told and not self.binding.known(ref)

    def _nameless(self, command: Command) -> str:
        """What a command names and the target never told the name of, though it is there."""
        for ref in command.references():
            unknown = ref.kind in _NOT_NEEDED and not self.binding.known(ref)
            if unknown and self.node.world.shows_material(ref.index):
                return f"the target did not tell the id of {ref}"
        return ""

    def _looked(self, commands: Iterable[Command]) -> Result:
        culprit = self.steps[-1] if self.steps else None
        for command in commands:
            if not self.run.offers(command):
                continue
            result = self.step(command, view=True)
            if not result.fits:
                return self._blamed(result, culprit)
            if result.finding is not None:
                self.asides.append((command, result.finding))
        return FITS

    def _views(self) -> tuple[Command, ...]:
        found = dict.fromkeys(
            view.command for possible in self.possible for view in possible.node.views
        )
        if self.run.isolated:
            return tuple(found)
        return tuple(view for view in found if view.operation not in _LONG_LISTS)

    def _blamed(self, result: Result, culprit: Step | None) -> Result:
        """A view that deviates shows what the step before it did, so that one is at fault.

        Not so where the state before that step was never seen to be right; nothing at all is right.
        """
        finding = result.finding
        refusing = all(isinstance(way.outcome, Refusal) for way in self.steps[-1].ways)
        if finding is None or culprit is None or culprit.view or refusing:
            return result
        before = culprit.before
        if before.world != EMPTY and before.home not in self.run.reached.looked:
            return result
        taken = next((way for way in culprit.ways if way.node is self.node), culprit.ways[0])
        view = self.steps[-1].command.operation
        taken_rules = rule_of_state(self.run.spec, taken.rules, view)
        rules = tuple(dict.fromkeys((*taken_rules, *finding.rules)))
        level = self._level(rules[0])
        return result._replace(finding=finding._replace(rules=rules, level=level))


def _forgivable(found: Fit) -> bool:
    """Whether nothing that an answer gets wrong shows or names a state."""
    return all(mismatch.soft or says_no_state(mismatch) for mismatch in found.mismatches)


def says_no_state(mismatch: Mismatch) -> bool:
    """Whether what is wrong in an answer says nothing of the state."""
    if mismatch.path == ("error code",):
        return "none" not in (mismatch.expected, mismatch.observed)
    expected, absent = mismatch.expected, mismatch.observed is Mark.ABSENT
    if absent and isinstance(expected, Bind) and expected.ref.kind in _NOT_NEEDED:
        return True
    last = mismatch.path[-1] if mismatch.path else None
    if not isinstance(last, str) or isinstance(expected, Bind | Items | Members):
        return False
    return (absent and last not in _RELIED_UPON) or last not in _STATE | _RELIED_UPON


def _distinct(found: Iterable[Possible]) -> tuple[Possible, ...]:
    """Each world once; the first binding under which it is possible is kept."""
    seen: dict[int, Possible] = {}
    for possible in found:
        seen.setdefault(id(possible.node), possible)
    return tuple(seen.values())
