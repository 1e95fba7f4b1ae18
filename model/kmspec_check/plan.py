"""Plans: the only place that says which cells and transitions there are, and how to get there."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from kmspec.tables import Spec
from kmspec_check.cells import Cell
from kmspec_check.oracle import Node, Oracle
from kmspec_check.run import Run
from kmspec_model import EMPTY, Command, Model
from kmspec_model.explore import Graph, OutOfReachError, explore
from kmspec_model.probes import Probe
from kmspec_model.scopes import DEFAULT, SCOPES


def edition(spec: Spec) -> str:
    """Twelve hex digits that are others when a rule is."""
    text = "\n".join(repr(rule) for _, rule in sorted(spec.rules.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class Stop(NamedTuple):
    """One world of a scope's graph."""

    scope: str
    position: int
    """The index of the world."""


class Entry(NamedTuple):
    """One cell of the matrix and the command that is tried for it."""

    cell: Cell
    probe: Probe


class Explored:
    """A model and its explored scopes: made once, it serves any number of runs."""

    def __init__(self, model: Model, names: Iterable[str] = DEFAULT) -> None:
        self.oracle = Oracle(model)
        self.graphs: dict[str, Graph] = {}
        self._nodes: dict[str, tuple[Node, ...]] = {}
        self._cells: tuple[tuple[Stop, Probe], ...] | None = None
        self._about: dict[str, list[int]] = {}
        for name in names:
            # Edited tables may refuse the way to a scope; another then shows what they refuse.
            with suppress(OutOfReachError):
                self.graphs[name] = explore(model, SCOPES[name])

    def node(self, stop: Stop) -> Node:
        """The node of a stop."""
        nodes = self._nodes.get(stop.scope)
        if nodes is None:
            nodes = tuple(map(self.oracle.node, self.graphs[stop.scope].worlds))
            self._nodes[stop.scope] = nodes
        return nodes[stop.position]

    def stops(self) -> Iterator[Stop]:
        """Every world of every scope."""
        for name, graph in self.graphs.items():
            for index in range(len(graph.worlds)):
                yield Stop(name, index)

    @cached_property
    def edition(self) -> str:
        """What tells the tables from others."""
        return edition(self.oracle.model.spec)

    @cached_property
    def situations(self) -> frozenset[str]:
        """Every situation there is."""
        return frozenset(str(self.node(stop).situation) for stop in self.stops())

    def cells(self) -> tuple[tuple[Stop, Probe], ...]:
        """Each (situation, probe) once, at the first stop that has both."""
        if self._cells is None:
            found: dict[tuple[str, str], tuple[Stop, Probe]] = {}
            for stop in self.stops():
                node = self.node(stop)
                situation = str(node.situation)
                for probe in node.probes:
                    found.setdefault((situation, probe.label), (stop, probe))
            self._cells = tuple(found.values())
        return self._cells

    def cells_about(self, rules: Iterable[str]) -> tuple[tuple[Stop, Probe], ...]:
        """The cells of which one of these rules says something, in their order."""
        cells = self.cells()
        if not self._about:
            index = defaultdict(list)
            for number, (stop, probe) in enumerate(cells):
                for rule in self.node(stop).rules(probe.command):
                    index[rule].append(number)
            self._about = dict(index)
        numbers = {number for rule in rules for number in self._about.get(rule, ())}
        return tuple(cells[number] for number in sorted(numbers))


OFTEN = 3
"""So often the same deviation tells enough: to see more of it costs a session each time."""


@dataclass
class Plan:
    """What a run goes by: the explored scopes, and what the run found impassable."""

    explored: Explored
    broken: dict[tuple[Node, Command], str] = field(default_factory=dict)
    """Steps at which the target deviates, and the rule; no path goes over them."""
    deviations: Counter[str] = field(default_factory=Counter)
    """How many transitions of the tour deviated from each rule."""
    costly: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often an operation, where a rule decides, deviated so that its session was lost."""

    @property
    def oracle(self) -> Oracle:
        """The model that is asked."""
        return self.explored.oracle

    @property
    def graphs(self) -> Mapping[str, Graph]:
        """The graphs of the scopes, by name."""
        return self.explored.graphs

    def node(self, stop: Stop) -> Node:
        """The node of a stop."""
        return self.explored.node(stop)

    def way_to(self, stop: Stop) -> tuple[Command, ...]:
        """A shortest way there from nothing."""
        graph = self.graphs[stop.scope]
        return (*graph.scope.preamble, *graph.path(stop.position))

    def obstacle(self, commands: Sequence[Command]) -> str:
        """The rule that is violated on a way, or nothing when none is known to be."""
        if not self.broken:
            return ""
        node = self.oracle.node(EMPTY)
        for command in commands:
            rule = self.broken.get((node.home, command))
            if rule is not None:
                return rule
            node = node.permitted(command)[0].node
        return ""

    def stops(self) -> Iterable[Stop]:
        """Every world of every scope."""
        return self.explored.stops()

    def transitions(self, run: Run) -> int:
        """How many transitions are of the areas that were asked for."""
        if not run.areas:
            return sum(graph.transitions for graph in self.graphs.values())
        every = (edge for graph in self.graphs.values() for edges in graph.edges for edge in edges)
        return sum(run.asks(edge.command) for edge in every)


def matrix_cells(run: Run, plan: Plan, phase: str) -> Mapping[Stop, list[Entry]]:
    """The cells that are asked for, by the stop at which each is tried.

    When rules are asked for, what they decide comes before what they are only concerned with.
    """
    found: dict[Stop, list[Entry]] = defaultdict(list)
    explored = plan.explored
    cells = explored.cells_about(run.rules) if run.rules else explored.cells()
    asked = [(stop, probe) for stop, probe in cells if run.asks(probe.command)]
    if run.rules:
        asked.sort(key=lambda one: not _decided(run, plan.node(one[0]), one[1]))
    for stop, probe in asked:
        found[stop].append(Entry(Cell(phase, str(plan.node(stop).situation), probe.label), probe))
    return found


def _decided(run: Run, node: Node, probe: Probe) -> bool:
    return node.permitted(probe.command)[0].rules[:1] in {(rule,) for rule in run.rules}


def label_of(node: Node, command: Command) -> str:
    """The label of a command among the probes of a world, or else its operation."""
    for probe in node.probes:
        if probe.command == command:
            return probe.label
    return command.operation


def rules_of(plan: Plan, chosen: Callable[[Probe], bool]) -> set[str]:
    """The rules that decide the chosen ones among all cells."""
    cells = ((plan.node(stop), probe) for stop, probe in plan.explored.cells())
    return {
        rule
        for node, probe in cells
        if chosen(probe)
        for way in node.permitted(probe.command)
        for rule in way.rules
    }


def situations(run: Run, plan: Plan) -> set[str]:
    """The situations in which there is something to try of the areas that were asked for."""
    if not run.areas:
        return set(plan.explored.situations)
    cells = plan.explored.cells()
    return {str(plan.node(stop).situation) for stop, probe in cells if run.asks(probe.command)}
