"""Contention: the only place that says what several clients ask at the same time.

It follows from the model: a client asks what changes something, another what is answered otherwise
before and after that, or leaves something else behind. Which of all that is drawn by a seed.
"""

import itertools
import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from kmspec.names import Service
from kmspec_check.drawing import by_operation, is_judged
from kmspec_check.oracle import Node
from kmspec_check.renaming import made, renaming
from kmspec_check.run import Run
from kmspec_model import Command, Ref, Success
from kmspec_model.command import MADE
from kmspec_model.outcome import Bind, Outcome, Refusal

_TRIES = 30
"""How many commands are drawn to find one that suits."""
_SAME = 0.4
"""How often another client asks the same, where that matters."""
_CLIENTS = (2, 2, 3, 3, 4)
_REQUESTS = (1, 1, 2, 2, 3)
"""How many there are; what stands here twice is drawn twice as often."""
_ASIDE = (Service.CLOCK, Service.LOAD, Service.STS)
"""Time is everybody's, a burst is many requests, and an identity never changes."""
APART = 1000
"""So far are symbols of what is not there from those of what may be made meanwhile."""
_LOOKED_UP = frozenset({"certificate", "handle", "moment", "attestation"})
"""Symbols for which the target would have to be asked first."""


class Contention(NamedTuple):
    """What clients ask at once.

    ``programs`` has the commands of each client, in the symbols of a world where nobody else asks.
    """

    programs: tuple[tuple[Command, ...], ...]

    @property
    def label(self) -> str:
        """The operations that meet, as a probe of a cell is written."""
        first, *others = sorted(program[0].operation for program in self.programs)
        return f"{first}/at once with {' and '.join(dict.fromkeys(others))}"

    @property
    def size(self) -> int:
        """How many requests there are."""
        return sum(map(len, self.programs))


def contention(run: Run, node: Node, rng: random.Random) -> Contention | None:
    """What clients may ask at once in a world, if there is anything that matters."""
    first = _drawn(run, node, rng, lambda command: changes(node, command))
    if first is None:
        return None
    programs = [_program(run, node, first, rng)]
    for _ in range(rng.choice(_CLIENTS) - 1):
        rival = first
        if rng.random() > _SAME or not conflicting(node, first, first):
            found = _drawn(run, node, rng, lambda command: conflicting(node, first, command))
            if found is None:
                break
            rival = found
        programs.append(_program(run, node, rival, rng))
    return Contention(tuple(programs)) if len(programs) > 1 else None


def _drawn(
    run: Run, node: Node, rng: random.Random, suits: Callable[[Command], bool]
) -> Command | None:
    """One of the commands that suit, each operation as likely as another."""
    operations = by_operation(probe.command for probe in node.probes)
    for _ in range(_TRIES if operations else 0):
        command = rng.choice(rng.choice(operations))
        if _usable(run, node, command) and suits(command):
            return command
    return None


def _program(run: Run, node: Node, first: Command, rng: random.Random) -> tuple[Command, ...]:
    """What one client asks, one after the other: a walk through the model."""
    program, here = [first], node
    for _ in range(rng.choice(_REQUESTS) - 1):
        here = here.permitted(program[-1])[0].node
        further = _drawn(run, here, rng, lambda _: True)
        if further is not None:
            program.append(further)
    return tuple(program)


def _usable(run: Run, node: Node, command: Command) -> bool:
    """Whether a command is to be asked here: nothing in it is known to be answered wrongly."""
    if command.service in _ASIDE or command.keep:
        return False
    if command.operation == "LoginUser" or not is_judged(node, command):
        return False  # meanwhile the password may have become a wrong one
    if any(ref.kind in _LOOKED_UP for ref in command.references()):
        return False
    if not (run.asks(command) and run.offers(command)):
        return False
    rules = {rule for way in node.permitted(command) for rule in way.rules}
    return run.violated_rules.isdisjoint(rules)


def changes(node: Node, command: Command) -> bool:
    """Whether a command leaves a world as another one."""
    return any(way.node.home is not node.home for way in node.permitted(command))


def conflicting(node: Node, one: Command, other: Command) -> bool:
    """Whether it matters which of two commands comes first."""
    then, before = node.permitted(one)[0].node, node.permitted(other)[0].node
    return (
        _told(then, other) != _told(node, other)
        or _told(before, one) != _told(node, one)
        or then.permitted(other)[0].node.home is not before.permitted(one)[0].node.home
    )


def meeting(node: Node, programs: Sequence[Sequence[Command]]) -> object:
    """What is the same where the same is at stake: who is refused what, alone or after another."""
    firsts = [program[0] for program in programs]
    return (
        [_code(node, first) for first in firsts],
        [
            (_code(node.permitted(one)[0].node, other), conflicting(node, one, other))
            for one, other in itertools.permutations(firsts, 2)
        ],
    )


def _code(node: Node, command: Command) -> str:
    """The error code of what is answered, if it is one."""
    outcome = node.permitted(command)[0].outcome
    return outcome.code if isinstance(outcome, Refusal) else ""


def _told(node: Node, command: Command) -> Outcome | object:
    """What is answered; not which symbol a new thing has."""
    outcome = node.permitted(command)[0].outcome
    return _unnamed(outcome.response) if isinstance(outcome, Success) else outcome


def _unnamed(pattern: object) -> object:
    if isinstance(pattern, Bind):
        return pattern.ref.kind
    if isinstance(pattern, tuple):
        return tuple(map(_unnamed, pattern))
    return pattern


def in_order(
    node: Node, planned: Contention, turns: Sequence[int], known: Callable[[Ref], bool]
) -> tuple[Command, ...]:
    """The same requests one after the other, in the symbols of the model.

    ``turns`` says which client is next, from 0, and ``known`` what was there before.
    """
    alone = [node] * len(planned.programs)
    named: list[dict[Ref, Ref]] = [{} for _ in planned.programs]
    waiting = [list(program) for program in planned.programs]
    commands, here = [], node
    for client in turns:
        asked = waiting[client].pop(0)
        own = {
            ref: named[client].get(ref, ref._replace(index=ref.index + APART))
            for ref in (one.plain for one in asked.references())
            if ref.kind in MADE and not known(ref)
        }
        command = renaming(asked, own)
        expected, way = alone[client].permitted(asked)[0], here.permitted(command)[0]
        named[client].update(zip(made(expected.outcome), made(way.outcome), strict=False))
        alone[client], here = expected.node, way.node
        commands.append(command)
    return tuple(commands)
