"""Exploration: the only place where every world of a scope is visited.

Breadth-first, so that the path to a world is a shortest one. The graph it yields is what the
tour walks, the situations are found in and the diagrams are drawn from. What is tried in worlds
can be tried anywhere; worlds are told apart, and numbered, in one place.
"""

from collections.abc import Callable, Iterable, Sequence
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


Tried = tuple[Command, World | None]
"""A command, and the world it leads to, or ``None`` where it is refused."""
Trying = Callable[[Sequence[World]], Iterable[Sequence[Tried]]]
"""Tries in each of these worlds, in their order, what the scope tries there."""


def tried(
    model: Model, scope: Scope, world: World, *, everything: bool = False
) -> tuple[Tried, ...]:
    """What a scope tries in a world, and where it leads."""
    return tuple(
        (command, None if isinstance(one.outcome, Refusal) else rebased(one.world))
        for command in scope.commands(world)
        for one in model.permitted(world, command)[: None if everything else 1]
    )


def explore(
    model: Model, scope: Scope, *, everything: bool = False, trying: Trying | None = None
) -> Graph:
    """Visit every world of a scope.

    :param everything: follow every outcome that is permitted, not only the one that our
        emulator chooses where the documents leave freedom.
    :param trying: who tries what is to be tried, if it is not to be done here.
    :raises OutOfReachError: a step of the scope's preamble is refused.
    """

    def here(worlds: Sequence[World]) -> Iterable[Sequence[Tried]]:
        return (tried(model, scope, world, everything=everything) for world in worlds)

    growing = _Growing(first_world(model, scope.preamble))
    while len(growing.edges) < len(growing.worlds):
        for found in (trying or here)(growing.worlds[len(growing.edges) :]):
            growing.add(found)
    return Graph(scope, tuple(growing.worlds), tuple(growing.edges), tuple(growing.parents))


class _Growing:
    """A graph that is not yet whole: of the first worlds the edges are known."""

    def __init__(self, start: World) -> None:
        self.worlds = [start]
        self.edges: list[tuple[Edge, ...]] = []
        self.parents: list[tuple[int, Command] | None] = [None]
        self._index = {start: 0}

    def add(self, found: Sequence[Tried]) -> None:
        """Note what was tried in the first world whose edges are not known."""
        here = len(self.edges)
        self.edges.append(
            tuple(
                Edge(
                    command, here if after is None else self._target(after, command), after is None
                )
                for command, after in found
            )
        )

    def _target(self, world: World, command: Command) -> int:
        known = self._index.get(world)
        if known is None:
            known = self._index[world] = len(self.worlds)
            self.worlds.append(world)
            self.parents.append((len(self.edges), command))
        return known
