"""Plans: the only place that says which cells and transitions there are, and how to get there."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from kmspec_check.cells import Cell
from kmspec_check.oracle import Node, Oracle
from kmspec_check.run import Run
from kmspec_model import EMPTY, Command
from kmspec_model.explore import Graph, OutOfReachError, explore
from kmspec_model.probes import Probe
from kmspec_model.scopes import DEFAULT, SCOPES


class Stop(NamedTuple):
    """One world of a scope's graph."""

    scope: str
    position: int
    """The index of the world."""


class Entry(NamedTuple):
    """One cell of the matrix and the command that is tried for it."""

    cell: Cell
    probe: Probe


@dataclass
class Plan:
    """The explored graphs of the scopes that a run uses, and what the run found impassable."""

    oracle: Oracle
    graphs: Mapping[str, Graph]
    broken: dict[tuple[Node, Command], str] = field(default_factory=dict)
    """Steps at which the target deviates, and the rule; no path goes over them."""

    def node(self, stop: Stop) -> Node:
        """The node of a stop."""
        return self.oracle.node(self.graphs[stop.scope].worlds[stop.position])

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
        for name, graph in self.graphs.items():
            for index in range(len(graph.worlds)):
                yield Stop(name, index)

    def transitions(self) -> int:
        """How many transitions there are in all."""
        return sum(len(edges) for graph in self.graphs.values() for edges in graph.edges)


def make(oracle: Oracle, names: Iterable[str] = DEFAULT) -> Plan:
    """Explore the scopes."""
    graphs = {}
    for name in names:
        # Edited tables may refuse the way to a scope; another scope then shows what they refuse.
        with suppress(OutOfReachError):
            graphs[name] = explore(oracle.model, SCOPES[name])
    return Plan(oracle, graphs)


def matrix_cells(run: Run, plan: Plan, phase: str) -> Mapping[Stop, list[Entry]]:
    """Each (situation, probe) once, at the first stop that has both."""
    found: dict[Stop, list[Entry]] = defaultdict(list)
    seen: set[tuple[str, str]] = set()
    for stop in plan.stops():
        node = plan.node(stop)
        situation = str(node.situation)
        for probe in node.probes:
            key = (situation, probe.label)
            if key not in seen and _asked_for(run, probe.command):
                seen.add(key)
                found[stop].append(Entry(Cell(phase, situation, probe.label), probe))
    return found


def _asked_for(run: Run, command: Command) -> bool:
    return not run.areas or run.area(command.operation) in run.areas


def label_of(node: Node, command: Command) -> str:
    """The label of a command among the probes of a world, or else its operation."""
    for probe in node.probes:
        if probe.command == command:
            return probe.label
    return command.operation
