"""Diagrams: the only place where a state machine is drawn, from its rows."""

from kmspec.rules import Transition
from kmspec.tables import Spec


def mermaid(spec: Spec, name: str) -> str:
    """One machine as a Mermaid state diagram: an arrow for each transition that is permitted."""
    machine, moves = spec.machines[name], spec.permitted_moves(name)
    lines = ["stateDiagram-v2"]
    lines += [f"    [*] --> {state}" for state in machine.initial]
    drawn = {state for move in moves for state in (move.origin, move.to, *move.also)}
    lines += [
        f"    {state.name}: {state.name} (nothing in scope leads here)"
        for state in machine.states
        if state.name not in drawn and state.name not in machine.initial
    ]
    for move in moves:
        lines += [f"    {move.origin} --> {target}: {_label(move)}" for target in _targets(move)]
    return "\n".join(lines) + "\n"


def _targets(move: Transition) -> tuple[str, ...]:
    """Where an arrow ends: ``gone`` is the end of the diagram, ``resumed`` what is remembered."""
    if move.to == "gone":
        return ("[*]",)
    if move.to == "resumed":
        return ("Enabled", "Disabled")
    return (move.to, *move.also)


def _label(move: Transition) -> str:
    details = [detail for detail in (move.when, move.resumes and f"then {move.resumes}") if detail]
    return f"{move.trigger} ({', '.join(details)})" if details else move.trigger
