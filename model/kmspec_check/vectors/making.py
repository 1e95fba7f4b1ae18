"""Making vectors: the only place that says which there are.

Of the matrix, for each world two kinds: one that tries all that leaves the world as it is, and
compares the whole state once at its end; and one for each cell that changes the world. Of the
tour, the transitions that those have not taken, one after the other from the world they begin in.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from kmspec.names import Service
from kmspec_check.oracle import Node
from kmspec_check.plan import Plan, Stop
from kmspec_check.run import area_of
from kmspec_check.vectors.walk import VectorStep, Walk, Walks, stayers
from kmspec_model import Command

PHASES = ("matrix", "tour")
_LONG = 60
"""Steps after which the tour begins another vector."""


class Vector(NamedTuple):
    """A sequence of steps from nothing."""

    name: str
    situation: str
    """The situation in which something is tried; of the tour the first of them."""
    rules: tuple[str, ...]
    """What the steps that are tried are about; the way there is not told."""
    steps: tuple[VectorStep, ...]


class Made(NamedTuple):
    """All vectors, and what is not among them."""

    vectors: tuple[Vector, ...]
    cells: int
    transitions: int
    left_out: Mapping[str, int]
    """How many cells and transitions, by the reason."""


class Making:
    """Vectors being made of an explored model."""

    def __init__(self, plan: Plan, areas: Iterable[str] = (), phases: Iterable[str] = ()) -> None:
        self._plan, self._model = plan, plan.oracle.model
        self._areas, self._phases = frozenset(areas), frozenset(phases) or frozenset(PHASES)
        self._walks = Walks(plan.oracle)
        self._taken: set[tuple[Node, Command]] = set()
        self._vectors: list[Vector] = []
        self._left_out: Counter[str] = Counter()
        self._cells = self._transitions = 0

    def made(self) -> Made:
        """Make them."""
        if "matrix" in self._phases:
            self._matrix()
        if "tour" in self._phases:
            for scope in self._plan.graphs:
                self._tour(scope)
        counts = (self._cells, self._transitions, dict(sorted(self._left_out.items())))
        return Made(tuple(self._vectors), *counts)

    def _why_not(self, command: Command) -> str | None:
        """Why a command is not in the vectors; ``None`` where it is not asked for."""
        area = area_of(self._model, command)
        if self._areas and area not in self._areas:
            return None
        if self._model.outside(command):
            return f"kmspec does not offer {area}"
        if command.service == Service.STS:
            return "STS answers in XML"
        return ""

    def _matrix(self) -> None:
        stops: dict[Stop, list[tuple[str, Command]]] = defaultdict(list)
        for stop, probe in self._plan.explored.cells():
            why = self._why_not(probe.command)
            if why:
                self._left_out[why] += 1
            elif why is not None:
                stops[stop].append((probe.label, probe.command))
        for stop, probes in stops.items():
            self._of_world(stop, probes)

    def _of_world(self, stop: Stop, probes: Sequence[tuple[str, Command]]) -> None:
        node, name = self._plan.node(stop), f"matrix/{stop.scope}/{stop.position}"
        staying = stayers(node, [command for _, command in probes])
        walk = self._reached(stop)
        if not walk.is_at(node):
            self._left_out["the world is not reached for certain"] += len(probes)
            return
        self._cells += len(probes)
        taken = self._take_staying(walk, node, staying)
        if taken:
            self._keep(name, node, taken, walk)
        for label, command in probes:
            if command in staying:
                continue
            walk = self._reached(stop)
            walk.step(command)
            walk.look()
            self._keep(f"{name}/{label}", node, [(node, command)], walk)

    def _take_staying(
        self, walk: Walk, node: Node, commands: Sequence[Command]
    ) -> list[tuple[Node, Command]]:
        """Try what leaves a world as it is, and look at the end."""
        for command in commands:
            walk.step(command)
        if commands:
            walk.look()
        return [(node, command) for command in commands]

    def _reached(self, stop: Stop) -> Walk:
        walk = Walk(self._walks)
        walk.go(self._plan.way_to(stop))
        return walk

    def _keep(
        self, name: str, node: Node, tried: Sequence[tuple[Node, Command]], walk: Walk
    ) -> None:
        rules = (
            rule
            for where, command in tried
            for way in where.permitted(command)
            for rule in way.rules
        )
        self._vectors.append(
            Vector(name, str(node.situation), tuple(dict.fromkeys(rules)), tuple(walk.steps))
        )
        self._taken.update(tried)

    def _tour(self, scope: str) -> None:
        graph = self._plan.graphs[scope]
        left: dict[int, list[Command]] = {}
        targets = {}
        for index, edges in enumerate(graph.edges):
            node = self._plan.node(Stop(scope, index))
            for edge in edges:
                why = self._why_not(edge.command)
                if why is None:
                    continue
                if why:
                    self._left_out[why] += 1
                elif (node, edge.command) not in self._taken:
                    left.setdefault(index, []).append(edge.command)
                    targets[index, edge.command] = edge.target
        numbers: Counter[int] = Counter()
        while left:
            index = next(iter(left))
            numbers[index] += 1
            self._tour_from(scope, index, numbers[index], left, targets)

    def _tour_from(
        self,
        scope: str,
        index: int,
        number: int,
        left: dict[int, list[Command]],
        targets: Mapping[tuple[int, Command], int],
    ) -> None:
        """Take transitions from a world, and go on where they lead."""
        plan, first = self._plan, index
        walk = self._reached(Stop(scope, index))
        tried: list[tuple[Node, Command]] = []
        if not walk.is_at(plan.node(Stop(scope, index))):
            self._left_out["the world is not reached for certain"] += len(left.pop(index))
            return
        while (index in left and len(walk.steps) < _LONG) or not tried:
            node, here = plan.node(Stop(scope, index)), left.pop(index)
            staying = stayers(node, here)
            tried += self._take_staying(walk, node, staying)
            rest = [one for one in here if one not in staying]
            leaving = rest.pop(0) if rest and walk.is_at(node) else None
            if rest:
                left[index] = rest
            if leaving is None:
                break
            walk.step(leaving)
            walk.look()
            tried.append((node, leaving))
            index = targets[index, leaving]
            if not walk.is_at(plan.node(Stop(scope, index))):
                break
        self._transitions += len(tried)
        suffix = f"-{number}" if number > 1 else ""
        self._keep(f"tour/{scope}/{first}{suffix}", plan.node(Stop(scope, first)), tried, walk)
