"""Pages: the only place where the tables are laid out as documents.

One of the state machines, one of the kinds of key, one of all that AWS's documents leave open.
"""

from collections.abc import Iterator

from kmspec.names import KeyUsage
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
        lines += mermaid(spec, machine.name).splitlines()
        lines += ["```", "", *_states(machine)]
        lines += _cells(spec, machine)
    return "\n".join(lines) + "\n"


def kinds_page(spec: Spec) -> str:
    """Every key spec with its usages and algorithms, and the operations that take each usage."""
    lines = [
        "# Kinds of KMS key",
        "",
        "Made from the tables under `spec/kmspec/tables/`; a test holds that it is not stale. What",
        "each answer of an operation depends on besides is told by `kmspec explain OPERATION`.",
        "",
        "| key spec | usage | algorithms | data key pairs |",
        "|---|---|---|---|",
    ]
    for kind in spec.key_specs.values():
        only = f" (only in {kind.only_in})" if kind.only_in else ""
        pairs = "yes" if kind.data_key_pair else "no"
        for usage, names in kind.usages.items():
            told = ", ".join(
                f"{name} (at most {kind.plaintext[name]} bytes)" if name in kind.plaintext else name
                for name in names
            )
            lines.append(f"| {kind.name}{only} | {usage} | {told} | {pairs} |")
    lines += ["", "| usage | operations |", "|---|---|"]
    for usage in KeyUsage:
        told = ", ".join(row.name for row in spec.operations.values() if row.usage == usage)
        lines.append(f"| {usage} | {told} |")
    lines += ["", "| signing algorithm | bytes of a digest | takes no |", "|---|---|---|"]
    for algorithm in spec.signing_algorithms.values():
        refuses = ", ".join(algorithm.refuses)
        lines.append(f"| {algorithm.name} | {algorithm.digest} | {refuses} |")
    return "\n".join(lines) + "\n"


def freedom_page(spec: Spec) -> str:
    """Every rule that is not simply documented, with every answer that the checker accepts."""
    lines = [
        "# What the documents leave open",
        "",
        "Made from the tables under `spec/kmspec/tables/`; a test holds that it is not stale.",
        "The checker accepts exactly the answers that stand here, the first of which is what our",
        "emulator gives. `must`: documented, though with more than one answer. `should`: inferred",
        "from what is documented, observed, or our default where AWS is silent. The tags are those",
        "of `sources.toml`; INF is an inference, DEF a default of ours.",
        "",
        "Where several rules refuse one request, the answer of any is accepted. What is not found",
        "is asked nothing more, but another thing that the request names is: ReEncrypt from a",
        "disabled key to an unknown one is refused for the one or the other.",
        "",
        "| rule | level | says | accepted | sources |",
        "|---|---|---|---|---|",
    ]
    for rule in spec.rules.values():
        accepted = tuple(answer.code or "success" for answer in getattr(rule, "answers", ()))
        assumed = {"INF", "DEF"} & set(rule.sources)
        if spec.in_scope(rule.id) and (assumed or len(set(accepted)) > 1):
            told = " or ".join(dict.fromkeys(accepted))
            sources = ", ".join(rule.sources)
            lines.append(f"| {rule.id} | {rule.level} | {rule.sentence} | {told} | {sources} |")
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
