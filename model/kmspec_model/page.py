"""The page of the state machines: the only place where the tables are laid out as a document."""

from collections.abc import Iterator

from kmspec.rules import Cell, Machine
from kmspec.tables import Spec
from kmspec_model.diagrams import mermaid

TITLES = {
    "key": "KMS keys",
    "connection": "The connection of a key store",
    "cluster": "CloudHSM clusters",
    "hsm": "HSMs",
    "backup": "Backups",
}


def states_page(spec: Spec) -> str:
    """Every machine as a diagram, with its states, and what each operation answers in them."""
    lines = [
        "# States",
        "",
        "Made from the tables under `spec/kmspec/tables/`; a test holds that it is not stale.",
        "Where several answers stand in a cell, AWS's documents allow each of them.",
    ]
    for machine in spec.machines.values():
        lines += ["", f"## {TITLES[machine.name]}", "", "```mermaid"]
        lines += mermaid(machine).splitlines()
        lines += ["```", "", *_states(machine)]
        lines += _cells(spec, machine)
    return "\n".join(lines) + "\n"


def _states(machine: Machine) -> Iterator[str]:
    yield "| state | means |"
    yield "|---|---|"
    for state in machine.states:
        yield f"| {state.name} | {state.meaning} |"


def _cells(spec: Spec, machine: Machine) -> Iterator[str]:
    """The rows of the tables that concern a machine, a column a state that something leads to."""
    states = [state.name for state in machine.states if state.reached]
    rows: dict[str, dict[str, Cell]] = {}
    for cell in spec.cells:
        if cell.machine == machine.name:
            rows.setdefault(cell.row, {})[cell.state] = cell
    yield ""
    yield f"| operation | {' | '.join(states)} |"
    yield "|---" * (len(states) + 1) + "|"
    for row, cells in rows.items():
        told = " | ".join(_answers(cells[state]) for state in states)
        yield f"| {row} | {told} |"


def _answers(cell: Cell) -> str:
    return " or ".join(dict.fromkeys(answer.code or "success" for answer in cell.answers))
