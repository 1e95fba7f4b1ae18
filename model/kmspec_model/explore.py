"""Exploration: the only place where every world of a scope is visited.

Breadth-first, so that the path to a world is a shortest one. The graph it yields is what the
tour walks, the situations are found in and the diagrams are drawn from.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from kmspec_model.command import Command
from kmspec_model.model import Model
from kmspec_model.outcome import Refusal
from kmspec_model.rebasing import rebased
from kmspec_model.world import EMPTY, World


class OutOfReachError(Exception):
    """The tables refuse a step of a scope's preamble: the scope has no first world."""


class Scope(NamedTuple):
    """A part of the machine that is small enough to be visited whole.

    ``preamble`` leads from nothing to its first world; ``commands`` are those tried in a world.
    """

    name: str
    about: str
    preamble: tuple[Command, ...]
    commands: Callable[[World], Iterable[Command]]


class Edge(NamedTuple):
    """A command tried in a world, and the index of the world it leads to."""

    command: Command
    target: int
    refused: bool


class Graph(NamedTuple):
    """Every world of a scope, the first one at index 0, and the edges out of each."""

    scope: Scope
    worlds: tuple[World, ...]
    edges: tuple[tuple[Edge, ...], ...]
    parents: tuple[tuple[int, Command] | None, ...]

    @property
    def transitions(self) -> int:
        """How many edges there are."""
        return sum(len(edges) for edges in self.edges)

    def path(self, index: int) -> tuple[Command, ...]:
        """A shortest way from the first world to this one."""
        steps: list[Command] = []
        parent = self.parents[index]
        while parent is not None:
            steps.append(parent[1])
            parent = self.parents[parent[0]]
        return tuple(reversed(steps))


def first_world(model: Model, preamble: Iterable[Command]) -> World:
    """The world that a preamble leads to.

    :raises OutOfReachError: a step of the preamble is refused.
    """
    world = EMPTY
    for step in preamble:
        permitted = model.permitted(world, step)[0]
        if isinstance(permitted.outcome, Refusal):
            message = f"the step {step} on the way is refused with {permitted.outcome.code}"
            raise OutOfReachError(message)
        world = permitted.world
    return rebased(world)


def explore(model: Model, scope: Scope, *, everything: bool = False) -> Graph:
    """Visit every world of a scope.

    :param everything: follow every outcome that is permitted, not only the one that our
        emulator chooses where the documents leave freedom.
    :raises OutOfReachError: a step of the scope's preamble is refused.
    """
    start = first_world(model, scope.preamble)
    worlds = [start]
    index = {start: 0}
    parents: list[tuple[int, Command] | None] = [None]
    edges: list[tuple[Edge, ...]] = []
    todo = deque([0])
    while todo:
        here = todo.popleft()
        world = worlds[here]
        out: list[Edge] = []
        for command in scope.commands(world):
            permitted = model.permitted(world, command)
            for one in permitted if everything else permitted[:1]:
                refused = isinstance(one.outcome, Refusal)
                target = here
                if not refused:
                    after = rebased(one.world)
                    known = index.get(after)
                    if known is None:
                        known = index[after] = len(worlds)
                        worlds.append(after)
                        parents.append((here, command))
                        todo.append(known)
                    target = known
                out.append(Edge(command, target, refused))
        edges.append(tuple(out))
    return Graph(scope, tuple(worlds), tuple(edges), tuple(parents))
