"""The oracle: the only place of the checker that asks the model.

Worlds are interned as nodes, so that a world is hashed once, and what is permitted in it is
computed once for each command however often a run comes by.
"""

from typing import NamedTuple

from kmspec_check.patterns import binds
from kmspec_model import Command, Model, Ref, Success, World
from kmspec_model.outcome import Refusal
from kmspec_model.probes import Probe, probes
from kmspec_model.rebasing import rebased
from kmspec_model.situations import Situation, situation
from kmspec_model.views import views


class Way(NamedTuple):
    """One permitted outcome and where it leads."""

    outcome: Success | Refusal
    rules: tuple[str, ...]
    """The rules that permit it, the most specific first."""
    node: "Node"


class View(NamedTuple):
    """A command that shows part of the observable state, and what its answer would bind."""

    command: Command
    binds: tuple[Ref, ...]


class Node:
    """A world and what is known of it. Compared by identity: the oracle makes one for each."""

    __slots__ = ("_home", "_oracle", "_probes", "_rules", "_situation", "_views", "_ways", "world")

    def __init__(self, oracle: "Oracle", world: World) -> None:
        self.world = world
        self._oracle = oracle
        self._ways: dict[Command, tuple[Way, ...]] = {}
        self._rules: dict[Command, frozenset[str]] = {}
        self._views: tuple[View, ...] | None = None
        self._probes: tuple[Probe, ...] | None = None
        self._situation: Situation | None = None
        self._home: Node | None = None

    @property
    def home(self) -> "Node":
        """The node of the same world in the explored graphs, where every world begins at 0."""
        if self._home is None:
            self._home = self._oracle.node(rebased(self.world))
        return self._home

    def permitted(self, command: Command) -> tuple[Way, ...]:
        """What may be answered to a command here."""
        ways = self._ways.get(command)
        if ways is None:
            found = self._oracle.model.permitted(self.world, command)
            ways = tuple(Way(one.outcome, one.rules, self._oracle.node(one.world)) for one in found)
            self._ways[command] = ways
        return ways

    def rules(self, command: Command) -> frozenset[str]:
        """Every rule that says something of a command here."""
        rules = self._rules.get(command)
        if rules is None:
            found = set(self._oracle.model.concerned(self.world, command))
            found.update(rule for way in self.permitted(command) for rule in way.rules)
            rules = self._rules[command] = frozenset(found)
        return rules

    @property
    def views(self) -> tuple[View, ...]:
        """The commands whose answers are the observable state."""
        if self._views is None:
            self._views = tuple(
                View(command, self._bound_by(command)) for command in views(self.world)
            )
        return self._views

    def _bound_by(self, command: Command) -> tuple[Ref, ...]:
        first = self.permitted(command)[0].outcome
        return tuple(binds(first.response)) if isinstance(first, Success) else ()

    @property
    def probes(self) -> tuple[Probe, ...]:
        """What the matrix tries here."""
        if self._probes is None:
            self._probes = self._oracle.shared(probes(self.world))
        return self._probes

    @property
    def situation(self) -> Situation:
        """Key kind, key state, connection state, cluster condition."""
        if self._situation is None:
            self._situation = situation(self.world)
        return self._situation


class Oracle:
    """The model, remembering."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._nodes: dict[World, Node] = {}
        self._probes: dict[Probe, Probe] = {}

    def node(self, world: World) -> Node:
        """The node of a world."""
        node = self._nodes.get(world)
        if node is None:
            node = self._nodes[world] = Node(self, world)
        return node

    def shared(self, made: tuple[Probe, ...]) -> tuple[Probe, ...]:
        """The same probes, each held once: most are tried in many worlds."""
        return tuple(self._probes.setdefault(probe, probe) for probe in made)
