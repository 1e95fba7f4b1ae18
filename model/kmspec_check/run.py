"""A run: the only place for what the phases of one check share.

What is asked of which target, how time and accounts are handed out, and everything that was
found: cells, violations, what was reached.
"""

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from kmspec.names import Service
from kmspec.tables import Spec
from kmspec_check.binding import REGIONS, Binding, Place
from kmspec_check.cells import Board, Cell, Status
from kmspec_check.events import CellDecided, Event, Listener, ViolationFound, silent
from kmspec_check.oracle import Node, Oracle
from kmspec_check.profile import Isolation, Profile
from kmspec_check.target import Answer, Clock, Target, TimedOut, Trouble
from kmspec_check.violation import Violation
from kmspec_model import Command, Model

LEVELS = ("may", "should", "must")
ENOUGH = "every rule that was asked for is violated"
SPENT = "the budget was used up"
NO_ACCOUNT = "000000000000"
_MOST_TROUBLED = 25
"""So many cells in a row that end in the same trouble, and there is no sense in going on."""
_MOST_UNANSWERED = 3
"""So many requests in a row that are not answered in time: each costs many seconds."""
_TAKING = ("CreateKey", "GenerateRandom")
"""Operations with parameters that are of another area."""
_AREA_OF = {
    "CustomKeyStoreId": "store",
    "XksKeyId": "store",
    "Origin=AWS_CLOUDHSM": "store",
    "Origin=EXTERNAL": "import",
    "MultiRegion": "region",
    "Policy": "policy",
    "Tags": "tag",
}
"""What parameters, or single values of them, are of."""


class OutOfTimeError(Exception):
    """The budget is used up; phases end, nothing is held against the target."""


class Stuck(Trouble):
    """One cell after the other ends in the same trouble."""


class EnoughError(Exception):
    """Every rule that was asked for is found violated; there is nothing left to do."""


@dataclass
class Reached:
    """What a run came by."""

    rules: set[str] = field(default_factory=set)
    kept: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By operation, for one may keep a rule that another does not: rules that alone explain what
    was answered. Where several do, none is seen to be kept."""
    situations: set[str] = field(default_factory=set)
    nodes: set[Node] = field(default_factory=set)
    """Whose situations these are."""
    edges: set[tuple[Node, Command]] = field(default_factory=set)
    """Steps whose answer and the state after which were compared."""
    looked: set[Node] = field(default_factory=set)
    """Worlds whose whole observable state was once seen to be as it must."""


@dataclass
class Run:
    """One check of one target."""

    target: Target
    profile: Profile
    oracle: Oracle
    spec: Spec
    clock: Clock
    level: str = "should"
    seed: int = 0
    said: str = ""
    """What tells this run from earlier ones against the same target."""
    apart: int = 0
    """What tells it from others of which the same is said."""
    region: str = REGIONS[0]
    account: str = NO_ACCOUNT
    """Where everything happens when accounts are not kept apart."""
    flowing: bool = False
    """Whether the target's time passes by itself."""
    deadline: float | None = None
    listener: Listener = silent
    board: Board = field(default_factory=Board)
    reached: Reached = field(default_factory=Reached)
    violations: list[Violation] = field(default_factory=list)
    violated_rules: set[str] = field(default_factory=set)
    unsupported: set[tuple[str, str]] = field(default_factory=set)
    expected: frozenset[str] = frozenset()
    """Rules whose violation is expected."""
    known: set[tuple[str, str]] = field(default_factory=set)
    """Operations that the target answered as one who knows them."""
    nonsense: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    """How each service refused an operation that AWS does not have."""
    untold: set[tuple[str, str]] = field(default_factory=set)
    """Operations, each with a kind of name that the target does not tell in their answers."""
    areas: frozenset[str] = frozenset()
    """Only these areas; empty: all."""
    rules: frozenset[str] = frozenset()
    """Only what these rules say something of, until each is violated; empty: all."""
    proving: bool = False
    """Whether what a target computes is computed here too."""
    steps: int = 0
    """Calls that were answered."""
    _troubled: list[str] = field(default_factory=list)
    """The kinds of trouble of the last cells, while they are the same."""
    _unanswered: int = 0
    """How many requests in a row were not answered in time."""
    _lacking: dict[tuple[str, str], str] = field(default_factory=dict)
    _numbers: Iterable[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def isolated(self) -> bool:
        """Whether a fresh account can be had at any time."""
        return self.profile.isolation is not Isolation.NONE

    def fresh(self) -> Binding:
        """A place where nothing is yet, or at least nothing of the same name."""
        number = next(iter(self._numbers))
        here = place(self.said, number, isolated=self.isolated, apart=self.apart)
        account = here.account if self.isolated else self.account
        return Binding(here._replace(account=account, region=self.region))

    def check_time(self) -> None:
        """Let a phase end when the budget is used up, or when there is nothing left to do.

        :raises OutOfTimeError: the budget is used up.
        :raises EnoughError: every rule that was asked for is violated.
        """
        if self.has_enough:
            raise EnoughError
        if self.spent:
            raise OutOfTimeError

    @property
    def spent(self) -> bool:
        """Whether the budget is used up."""
        return self.deadline is not None and self.clock() >= self.deadline

    @property
    def has_enough(self) -> bool:
        """Whether every rule that was asked for is violated."""
        return bool(self.rules) and self.rules <= self.violated_rules

    def wants(self, node: Node, command: Command) -> bool:
        """Whether a command in a world is about a rule that was asked for."""
        return not self.rules or not self.rules.isdisjoint(node.rules(command))

    def asks(self, command: Command) -> bool:
        """Whether a command is of an area that was asked for."""
        return not self.areas or self.area(command) in self.areas

    def heeds(self, level: str) -> bool:
        """Whether a deviation of this level counts."""
        return LEVELS.index(level) >= LEVELS.index(self.level)

    def area(self, command: Command) -> str:
        """The area of a command: of its operation, or what it asks for that is not specified."""
        return area_of(self.oracle.model, command)

    def does_not_know(self, service: str, operation: str, answer: Answer) -> bool:
        """Whether the answer says that the target does not know the operation."""
        if self.profile.does_not_know(answer):
            return True
        return answer.refused and self.nonsense.get(service) == saying(answer, operation)

    def offers(self, command: Command) -> bool:
        """Whether the target may be able to perform a command at all."""
        return not self.lacking(command)

    def lacking(self, command: Command) -> str:
        """Why the target cannot perform a command, or is not asked to, or nothing."""
        outside = self.oracle.model.outside(command)
        if outside:
            return f"kmspec does not offer {outside}, and asks no target for them"
        barred = self._barred(command) or self._unclaimed(command)
        if barred:
            return barred
        key = (command.service, command.operation)
        known = self._lacking.get(key)
        if known is None or (not known and key in self.unsupported):
            known = self._lacking[key] = self._why_lacking(command)
        return known

    def _barred(self, command: Command) -> str:
        """What of a command the profile says is not to be asked there."""
        profile = self.profile
        if profile.attestation == "genuine" and _presents_document(command):
            return f"profile {profile.name} accepts genuine attestation documents only"
        if profile.attestation == "none" and command.get("Recipient") is not None:
            return f"profile {profile.name} has no Recipient"
        if profile.regions == "one" and command.region:
            return f"profile {profile.name} has one Region"
        return self._not_to_be_asked(command) if profile.operations else ""

    def _not_to_be_asked(self, command: Command) -> str:
        """What of a command could make or change something where nothing may be made."""
        if not self.profile.allows(command.operation):
            return f"profile {self.profile.name} does not ask for {command.operation}"
        if any(ref.kind == "service" for ref in command.references()):
            return f"profile {self.profile.name} asks for no AWS managed keys, which makes them"
        return ""

    def _unclaimed(self, command: Command) -> str:
        """What a command asks for that is of an area of which the target has no operation.

        Parameters of such an area are often ignored, and nobody was promised otherwise.
        """
        if command.operation not in _TAKING:
            return ""
        for member, value in command.arguments:
            area = _AREA_OF.get(member) or _AREA_OF.get(f"{member}={value!s}")
            if area and value is not False and self._has_none_of(area):
                return f"the target has no operation of the area {area}, which {member} is of"
        return ""

    def _has_none_of(self, area: str) -> bool:
        found = (one for one in self.spec.operations.values() if one.resource == area)
        asked = {(one.service, one.called) for one in found}
        return area not in self.profile.areas and asked <= self.unsupported

    def _why_lacking(self, command: Command) -> str:
        area, profile = self.area(command), self.profile
        if (command.service, command.operation) in self.unsupported:
            return f"the target has no {command.operation}"
        if not profile.reaches(command.service):
            return f"profile {profile.name} has no way to the {command.service}"
        if profile.areas and area not in profile.areas and command.service != Service.CLOCK:
            return f"{area} is no area of profile {profile.name}"
        return ""

    def decide(
        self, cell: Cell, status: Status, reason: str = "", rules: Iterable[str] = ()
    ) -> None:
        """Raise the status of a cell and tell."""
        if Status.PASS <= status < Status.ERROR:
            self._troubled.clear()
        decided = self.board.decide(cell, status, reason, rules)
        self.tell(CellDecided(cell, decided.status))

    def troubled(self, cell: Cell, reason: str) -> None:
        """Note that a cell ended in trouble; the words after the first say of which kind.

        :raises Stuck: the same happens all the time.
        """
        self.decide(cell, Status.ERROR, reason)
        kind = reason.partition(" ")[2]
        if self._troubled[-1:] != [kind]:
            self._troubled.clear()
        self._troubled.append(kind)
        if len(self._troubled) >= _MOST_TROUBLED:
            raise Stuck(f"{_MOST_TROUBLED} cells in a row ended in the same trouble: {reason}")

    def answered(self) -> None:
        """Note that a request was answered, whatever the answer."""
        self._unanswered = 0

    def unanswered(self, trouble: Trouble) -> None:
        """Note that a request was not answered, or what came was no answer.

        :raises Stuck: the target only lets us wait.
        """
        self._unanswered = self._unanswered + 1 if isinstance(trouble, TimedOut) else 0
        if self._unanswered >= _MOST_UNANSWERED:
            raise Stuck(f"{_MOST_UNANSWERED} requests in a row: {trouble}") from trouble

    def found(self, violation: Violation) -> None:
        """Keep a violation, once for each rule and cell, and tell."""
        if not any(violation.same_as(known) for known in self.violations):
            self.violations.append(violation)
            self.violated_rules.add(violation.rule)
            self.tell(ViolationFound(violation))

    def failed(self, cell: Cell, rule: str) -> None:
        """Note that a rule is violated in a cell."""
        expected = rule in self.expected
        self.decide(cell, Status.EXPECTED_FAIL if expected else Status.FAIL, rules=(rule,))

    def tell(self, event: Event) -> None:
        """Tell whoever listens."""
        self.listener(event)


def place(said: str, number: int, *, isolated: bool, apart: int = 0) -> Place:
    """The place of one of many sessions: apart from those of runs of which something else is said.

    Where accounts are not kept apart it is always the same.
    """
    drawn = int(hashlib.sha256(said.encode()).hexdigest()[:8], 16) + apart
    own = f"{100_000 + drawn % 900_000}{number:06d}"
    return Place(own if isolated else NO_ACCOUNT, REGIONS[0], f"{drawn:08x}-{number}")


def area_of(model: Model, command: Command) -> str:
    """The area of a command: of its operation, or what it asks for that is not specified."""
    outside = model.outside(command)
    return outside or model.spec.operation(command.service, command.operation).resource


def saying(answer: Answer, operation: str) -> tuple[int, str, str]:
    """How an operation is refused, whatever its name."""
    return answer.status, answer.code, (answer.message or "").replace(operation, "")


def _presents_document(command: Command) -> bool:
    """Whether a command has an attestation document with which nothing is wrong but its root."""
    return any(ref.kind == "attestation" and not ref.form for ref in command.references())
