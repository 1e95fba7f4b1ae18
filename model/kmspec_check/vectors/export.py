"""Exporting: the only place that does what `kmspec vectors export` asks for."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from kmspec.tables import load
from kmspec_check import files
from kmspec_check.conform import PHASES as ALL_PHASES
from kmspec_check.conform import UsageError, areas
from kmspec_check.plan import Explored, Plan
from kmspec_check.vectors.file import Header, counts, text
from kmspec_check.vectors.making import PHASES, Making
from kmspec_model import Model


def export(file: Path, only: Sequence[str]) -> Iterator[str]:
    """Write the vectors of some areas and phases, or of all, and say how many there are.

    :raises kmspec_check.conform.UsageError: the file cannot be written, or there are none.
    """
    spec = load()
    words = [word for word in areas(spec) if word not in ALL_PHASES or word in PHASES]
    unknown = sorted(set(only) - set(words))
    if unknown:
        told = f"there are no vectors of {unknown[0]!r}"
        raise UsageError(f"{told}; choose one of {', '.join(words)}")
    files.writable(file)
    plan = Plan(Explored(Model(spec)))
    phases = set(only) & set(PHASES)
    made = Making(plan, set(only) - phases, phases).made()
    if not made.vectors:
        raise UsageError(f"there are no vectors of {', '.join(only)}; choose other areas")
    header = Header(plan.explored.edition, tuple(sorted(only)), spec)
    files.write(file, "".join(text(made, header)))
    said = counts(made)
    yield f"{said['vectors']} vectors with {said['steps']} steps in {file}"
    cells, transitions = said["cells"], said["transitions"]
    yield f"  {cells} cells of the matrix, {transitions} more transitions of the tour"
    for why, number in made.left_out.items():
        yield f"  {number} left out: {why}"
