"""Drawing: the only place that says where walks and races begin, and what a walk takes next.

Each operation is as likely as another, and each kind of outcome about as likely. Everything is
drawn from a generator that is given, so that a seed gives the same again.
"""

import random
from collections.abc import Iterable, Iterator
from contextlib import suppress
from enum import Enum
from typing import NamedTuple

from kmspec.names import Service
from kmspec_check.oracle import Node
from kmspec_check.plan import Plan, Stop
from kmspec_check.run import Run
from kmspec_model import EMPTY, Command, Ref, Refusal, advance
from kmspec_model.explore import Scope
from kmspec_model.probes.wider import wider
from kmspec_model.settled import is_settled
from kmspec_model.setup import PASSWORD
from kmspec_model.world import World

_LONGEST = 30
"""Steps to a world, before which nobody minds waiting."""
_SOON = (0.1, 0.2, 1.0, 1.0, 1.0)
_LATER = (3600.0, 86400.0, 7 * 86400.0, 8 * 86400.0 + 3600, 30 * 86400.0)
"""Seconds: less than a transition, one, more; and the waiting periods."""
_A_WHILE = 600.0
"""Seconds, at most, where there is a cluster: AWS backs it up daily, and names no such backup."""
_UNDER_WAY, _AT_REST = 0.5, 0.12
"""How often a step is one in time, while something is under way and while nothing is."""
_FOCUS = (1.0, 1.0, 0.4)
"""Of the operations so many are taken in one walk: with fewer of them they meet more often."""
_NAMING = ("DescribeKey", "CreateAlias", "UpdateAlias", "DeleteAlias")
"""Operations that may name an AWS managed key that is not there yet."""
_NOBODY = "unknown"
"""In the labels of probes about what does not exist, which the matrix tries everywhere."""
_JUDGED = 40
"""How many commands are drawn to find one of the kind of outcome that is wanted."""


class Start(NamedTuple):
    """Where walks and races begin."""

    scope: Scope
    way: tuple[Command, ...]

    def for_a_walk(self, plan: Plan) -> "Start":
        """The same, or the beginning of its scope where a cluster may have been backed up since."""
        waited = any(float(str(step.get("Seconds", 0))) > _A_WHILE for step in self.way)
        node = plan.oracle.node(EMPTY)
        for step in self.way:
            node = node.permitted(step)[0].node
        barred = waited and _has_clusters(node.world)
        return self._replace(way=_beginning(plan, self.scope.name)) if barred else self


class Kind(Enum):
    """What comes of a command."""

    CHANGES = "leaves another world"
    ANSWERS = "succeeds and leaves the world as it was"
    REFUSED = "is refused"


_KINDS = (tuple(Kind), (*(8 * [Kind.CHANGES]), Kind.ANSWERS, Kind.REFUSED))
"""Of these the kinds of a walk are drawn: each as often, or mostly what changes something."""


def starts(run: Run, plan: Plan, rng: random.Random) -> Iterator[Start]:
    """Worlds and the ways there, without end; each scope as often as another."""
    ways = {name: len(graph.scope.preamble) for name, graph in plan.graphs.items()}
    names = [name for name, length in ways.items() if length <= _LONGEST]
    while names:
        name = rng.choice(names)
        graph = plan.graphs[name]
        way = plan.way_to(Stop(name, rng.randrange(len(graph.worlds))))
        if len(way) > _LONGEST or not all(map(run.offers, way)) or plan.obstacle(way):
            way = _beginning(plan, name)
        yield Start(graph.scope, way)


def _beginning(plan: Plan, name: str) -> tuple[Command, ...]:
    """The way to the first world of a scope; that of nothing where it is barred."""
    preamble = plan.graphs[name].scope.preamble
    return () if plan.obstacle(preamble) else preamble


def by_operation(commands: Iterable[Command]) -> list[list[Command]]:
    """The commands of each operation."""
    of: dict[tuple[str, str], list[Command]] = {}
    for command in commands:
        of.setdefault((command.service, command.operation), []).append(command)
    return list(of.values())


def is_judged(node: Node, command: Command) -> bool:
    """Whether the model can say what must be answered to a command in a world.

    Not so of a wrong password, which counts towards the lock-out though it is refused; of an AWS
    managed key that is made by being used, whose id no answer names; and where it permits nothing.
    """
    if command.operation == "LoginUser":
        return command.get("Password") == _password(node.world, command)
    services = (ref for ref in command.references() if ref.kind == "service")
    made = all(node.world.managed(ref.index) for ref in services)
    return (made or command.operation in _NAMING) and bool(node.permitted(command))


def _password(world: World, command: Command) -> str:
    """The password of the user whom a command names."""
    named = command.get("ClusterId")
    cluster = world.cluster(named.index) if isinstance(named, Ref) else None
    user = cluster.contents.user(str(command.get("UserName"))) if cluster is not None else None
    return user.password if user is not None else PASSWORD


def _has_clusters(world: World) -> bool:
    return any(there.clusters or there.backups for there in (world, *world.others))


class Drawing:
    """What one walk takes."""

    def __init__(self, run: Run, scope: Scope, rng: random.Random) -> None:
        self._run, self._scope, self._rng = run, scope, rng
        self._share, self._salt = rng.choice(_FOCUS), rng.random()
        self._kinds = rng.choice(_KINDS)

    def next(self, node: Node) -> Command | None:
        """A command that the world offers, or a step in time, where there is either."""
        rng = self._rng
        under_way = not is_settled(node.world)
        if rng.random() < (_UNDER_WAY if under_way else _AT_REST):
            soon = under_way and rng.random() < 0.8  # noqa: PLR2004 - mostly
            seconds = rng.choice(_SOON if soon else _LATER)
            moved = advance(min(seconds, _A_WHILE) if _has_clusters(node.world) else seconds)
            if self._run.offers(moved):
                return moved
        wanted = rng.choice(self._kinds)
        found = None
        for command in self._drawn(node):
            found = command
            if kind_of(node, command) is wanted:
                break
        return found

    def _drawn(self, node: Node) -> Iterator[Command]:
        """Commands that can be asked, of one operation after the other."""
        every = by_operation(self._offered(node))
        chosen = [commands for commands in every if self._in_focus(commands[0])]
        judged, rng = 0, self._rng
        for commands in rng.sample(chosen, len(chosen)):
            for command in rng.sample(commands, min(len(commands), 3)):
                if judged < _JUDGED and self._can(node, command):
                    judged += 1
                    yield command

    def _in_focus(self, command: Command) -> bool:
        told = f"{self._salt} {command.service} {command.operation}"
        return random.Random(told).random() < self._share  # noqa: S311 - repeatable

    def _offered(self, node: Node) -> list[Command]:
        offered = [one.command for one in node.probes if _NOBODY not in one.label]
        offered += wider(node.world)
        with suppress(IndexError):  # what the scope counts upon, and this walk has deleted
            offered += self._scope.commands(node.home.world)
        return offered

    def _can(self, node: Node, command: Command) -> bool:
        if command.service in (Service.CLOCK, Service.LOAD):
            return False
        return self._run.asks(command) and self._run.offers(command) and is_judged(node, command)


def kind_of(node: Node, command: Command) -> Kind:
    """What comes of a command here, as our emulator does it."""
    way = node.permitted(command)[0]
    if isinstance(way.outcome, Refusal):
        return Kind.REFUSED
    return Kind.ANSWERS if way.node.home is node.home else Kind.CHANGES
