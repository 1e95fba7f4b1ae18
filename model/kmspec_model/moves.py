"""Moves: the only place where the model takes a state to the transition tables."""

from collections.abc import Mapping
from typing import NamedTuple

from kmspec.rules import Transition
from kmspec.tables import Spec
from kmspec_model.outcome import Members
from kmspec_model.world import World


class Change(NamedTuple):
    """What a success may lead to: the next world, the response, and the rules it follows."""

    world: World
    response: Members = Members(())
    rules: tuple[str, ...] = ()
    answer: str = ""
    """The rule of the response, where it is another than that of the operation."""


class Move(NamedTuple):
    """Where a state goes: the states that may be shown, the one remembered, and the rule."""

    states: tuple[str, ...]
    resumes: str | None
    rule: tuple[str, ...]


class Moves(NamedTuple):
    """The transitions of every machine, found by trigger and state."""

    table: Mapping[tuple[str, str, str, str], Transition]
    transient: Mapping[str, frozenset[str]]
    """The states of each machine that pass by themselves."""
    initial: Mapping[str, str]
    """The first state of each machine."""

    def of(self, machine: str, trigger: str, state: str, when: str = "") -> Move:
        """Where ``trigger`` takes ``state``; where no row says so it stays.

        A row for the condition ``when`` goes before one for any.
        """
        row = self.table.get((machine, trigger, state, when))
        if row is None and when:
            row = self.table.get((machine, trigger, state, ""))
        if row is None:
            return Move((state,), None, ())
        return Move((row.to, *row.also), row.resumes, (row.id,))

    def since(self, machine: str, state: str, now: int) -> int | None:
        """What to note as the time a state was entered: ``now`` if it passes by itself."""
        return now if state in self.transient[machine] else None


def compile_moves(spec: Spec) -> Moves:
    """The transitions of the tables."""
    table = {
        (move.machine, move.trigger, move.origin, move.when or ""): move
        for machine in spec.machines.values()
        for move in machine.transitions
    }
    transient = {
        machine.name: frozenset(
            move.origin for move in machine.transitions if move.after is not None
        )
        for machine in spec.machines.values()
    }
    initial = {machine.name: machine.initial[0] for machine in spec.machines.values()}
    return Moves(table, transient, initial)
