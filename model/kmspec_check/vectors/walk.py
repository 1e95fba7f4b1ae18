"""Walks of the model: the only place that says what each step of a vector accepts.

A vector goes on where our emulator goes. An answer that is permitted, and by which another world
is reached that no answer to this step can be mistaken for, ends it there.
"""

from collections.abc import Iterable
from typing import NamedTuple

from kmspec_check.oracle import Node, Oracle
from kmspec_check.patterns import binds
from kmspec_model import EMPTY, Command, Ref, Success
from kmspec_model.outcome import Items, Mark, Members, OneOf, Outcome, Pattern


class Accepted(NamedTuple):
    """An answer that a step accepts."""

    outcome: Outcome
    rules: tuple[str, ...]
    ends: bool
    """Whether nothing is said of what comes after it."""


class VectorStep(NamedTuple):
    """One step of a vector."""

    command: Command
    view: bool
    accepted: tuple[Accepted, ...]


class _Taken(NamedTuple):
    """A command in possible worlds: what is accepted, where that leads, and what it names."""

    accepted: tuple[Accepted, ...]
    nodes: tuple[Node, ...]
    names: tuple[Ref, ...]


class Walks:
    """Where walks come from, and what they have in common: most begin alike."""

    def __init__(self, oracle: Oracle) -> None:
        self.start: tuple[Node, ...] = (oracle.node(EMPTY),)
        self._taken: dict[tuple[tuple[Node, ...], Command], _Taken] = {}

    def take(self, nodes: tuple[Node, ...], command: Command) -> _Taken:
        """Take a command in one of several worlds."""
        taken = self._taken.get((nodes, command))
        if taken is None:
            taken = self._taken[nodes, command] = _take(nodes, command)
        return taken


def _take(nodes: tuple[Node, ...], command: Command) -> _Taken:
    ways = nodes[0].permitted(command)
    if len(nodes) == len(ways) == 1:  # mostly
        (way,) = ways
        return _Taken(
            (Accepted(way.outcome, tuple(dict.fromkeys(way.rules)), ends=False),),
            (way.node,),
            _names(way.outcome),
        )
    found: dict[Outcome, tuple[dict[str, None], dict[Node, None]]] = {}
    for node in nodes:
        for way in node.permitted(command):
            rules, led = found.setdefault(way.outcome, ({}, {}))
            rules.update(dict.fromkeys(way.rules))
            led[way.node] = None
    usual = next(iter(found))
    ahead = {
        node: None
        for outcome, (_, led) in found.items()
        if outcome is usual or may_be_both(usual, outcome)
        for node in led
    }
    accepted = tuple(
        Accepted(outcome, tuple(rules), not led.keys() <= ahead.keys())
        for outcome, (rules, led) in found.items()
    )
    return _Taken(accepted, tuple(ahead), _names(usual))


def _names(outcome: Outcome) -> tuple[Ref, ...]:
    return tuple(binds(outcome.response)) if isinstance(outcome, Success) else ()


class Walk:
    """Steps from nothing, and the worlds that are possible after them."""

    def __init__(self, walks: Walks) -> None:
        self._walks = walks
        self.nodes = walks.start
        self.steps: list[VectorStep] = []
        self._named: set[Ref] = set()

    def is_at(self, node: Node) -> bool:
        """Whether this is the only possible world, apart from when it is."""
        return all(one.home is node for one in self.nodes)

    def go(self, commands: Iterable[Command]) -> None:
        """Take steps, and after each the looks that name what it made or that tell where it led."""
        for command in commands:
            self.step(command)
            self._name_new()

    def _name_new(self) -> None:
        """Look at what names something new; at everything where several worlds are possible."""
        if len(self.nodes) > 1:
            self.look()
            return
        for view in self.nodes[0].views:
            if not self._named.issuperset(view.binds):
                self.step(view.command, view=True)

    def look(self) -> None:
        """Look at everything that can be seen."""
        for command in dict.fromkeys(view.command for node in self.nodes for view in node.views):
            self.step(command, view=True)

    def step(self, command: Command, *, view: bool = False) -> None:
        """Take one step."""
        taken = self._walks.take(self.nodes, command)
        self.nodes = taken.nodes
        self.steps.append(VectorStep(command, view, taken.accepted))
        self._named.update(taken.names)


def stayers(node: Node, commands: Iterable[Command]) -> list[Command]:
    """The commands that leave a vector where it is, those last that may end it."""
    found = {command: _take((node,), command) for command in commands}
    staying = [
        command for command, taken in found.items() if all(one.home is node for one in taken.nodes)
    ]
    return sorted(staying, key=lambda one: any(way.ends for way in found[one].accepted))


def may_be_both(one: Outcome, other: Outcome) -> bool:
    """Whether one answer may fit both of two outcomes."""
    if isinstance(one, Success) and isinstance(other, Success):
        return not _differ(one.response, other.response)
    if isinstance(one, Success) or isinstance(other, Success):
        return False
    return one.code == other.code


def _differ(  # noqa: PLR0911 - one for each form of pattern
    one: Pattern, other: Pattern
) -> bool:
    """Whether no value can fit both patterns; ``False`` where that is not plain to see."""
    match one, other:
        case OneOf(), _:
            return all(_differ(option, other) for option in one.options)
        case _, OneOf():
            return _differ(other, one)
        case Members(), Members():
            theirs = dict(other.fields)
            return any(
                name in theirs and _differ(inner, theirs[name]) for name, inner in one.fields
            )
        case Items(), Items():
            return _lists_differ(one, other)
        case Mark(), Mark():
            return one is not other
        case (Mark.ABSENT, other_one) | (other_one, Mark.ABSENT):
            return not isinstance(other_one, Items)
        case (str() | bool() | int() | bytes(), str() | bool() | int() | bytes()):
            return one != other
    return False


def _lists_differ(one: Items, other: Items) -> bool:
    """Whether an item that both must list cannot be both."""
    theirs = {dict(entry.fields)[other.by]: entry for entry in other.entries}
    return any(
        _differ(entry, theirs[name])
        for entry in one.entries
        for name in (dict(entry.fields)[one.by],)
        if name in theirs
    )
