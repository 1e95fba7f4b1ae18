"""The checker: steps a second embedded and over HTTP, each phase, exploration, mutants."""

import gc
import json
import random
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final, NamedTuple

from benchmarks.apart import apart
from benchmarks.plan import Plan
from benchmarks.results import Bound, Plot, Ratio, Section, Table, line
from benchmarks.servers import emulators
from benchmarks.servers.server import tool
from kmspec_check.conform import conform
from kmspec_check.plan import Explored
from kmspec_impl.embedded import Embedded
from kmspec_impl.mutants.catalogue import CATALOGUE
from kmspec_model import Model
from kmspec_model.explore import explore
from kmspec_model.scopes import SCOPES

STEPS: Final = 10_000
SEED: Final = 0
"""Of which mutants are looked for."""
DRAWN: Final = 50
"""Transitions of a scope that is drawn; smaller ones are over before they can be timed."""
SHOWN: Final = 10
"""Mutants."""
PHASES: Final = ("matrix", "tour", "values")
TEXT: Final = """\
`kmspec conform` as it is run by hand, in one process: a step is one request and the comparison of
its answer with the model. Over HTTP the matrix was given {budget:.0f} seconds, at `kmspec serve
--clock virtual`.

Exploration visits every world of a scope in the model alone. A mutant is looked for by the rule
that it breaks, {mutants} of {all} of them, in a process that has explored the model before; those
that only walks or races find are looked for by these.
"""


class Explored1(NamedTuple):
    """One scope explored."""

    scope: str
    worlds: int
    transitions: int
    seconds: float


class Sought(NamedTuple):
    """One mutant looked for."""

    name: str
    found: bool
    steps: int
    seconds: float


def measure(plan: Plan) -> Section:
    """Measure the checker."""
    effort = plan.effort
    only = [word for name in effort.only for word in ("--only", name)]
    embedded = _conform(*only)
    with emulators.kmspec("--clock", "virtual", "--delay", "0.2") as server:
        matrix = [*only, "--only", "matrix"] if "matrix" not in only else only
        url = ("--endpoint-url", server.url, "--budget", str(effort.budget))
        over_http = _conform(*matrix, *url)
    scopes = apart(explored, effort.scopes)
    sought = apart(found, effort.mutants)
    steps = _rate(embedded, "matrix")
    http = _rate(over_http, "matrix")
    transitions = sum(one.transitions for one in scopes) / sum(one.seconds for one in scopes)
    return Section(
        name="checker",
        title="The checker",
        text=TEXT.format(budget=effort.budget, mutants=len(sought), all=len(CATALOGUE)),
        tables=tuple(_tables(embedded, over_http, scopes, sought)),
        plots=(_explored(scopes), _found(sought)),
        ratios=(Ratio(name="matrix over HTTP by embedded", value=http / steps),),
        bounds=(
            Bound(name="Explore", value=transitions, unit="transitions/s", at_least=20_000),
            Bound(name="Matrix, embedded", value=steps, unit="steps/s", at_least=3_000),
            Bound(name=f"{STEPS:,} steps over HTTP", value=STEPS / http, unit="s", at_most=25),
        ),
    )


Report = dict[str, Any]


def _conform(*options: str) -> Report:
    """What a check reports.

    :raises RuntimeError: it found our own emulator wrong.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.json"
        command = [tool("kmspec"), "conform", "--report", f"json={file}", *options]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise RuntimeError(f"{command} exits with {ended.returncode}: {ended.stderr}")
        report: Report = json.loads(file.read_text("utf-8"))
    return report


def _rate(report: Report, phase: str) -> float:
    """Steps a second."""
    (done,) = (one for one in report["phases"] if one["name"] == phase)
    return float(done["steps"] / done["seconds"])


def explored(names: Sequence[str]) -> list[Explored1]:
    """Explore scopes, one after another."""
    model = Model()
    return list(_explored_each(model, names or tuple(SCOPES)))


def _explored_each(model: Model, names: Sequence[str]) -> Iterator[Explored1]:
    for name in names:
        begun = perf_counter()
        graph = explore(model, SCOPES[name])
        yield Explored1(name, len(graph.worlds), graph.transitions, perf_counter() - begun)
        del graph
        gc.collect()


def found(count: int) -> list[Sought]:
    """Look for so many mutants, drawn by seed."""
    model = Explored(Model())
    drawn = random.Random(SEED)  # noqa: S311 - no secret
    sought: list[Sought] = []
    for mutant in drawn.sample(CATALOGUE, min(count, len(CATALOGUE))):
        begun = perf_counter()
        result = conform(
            Embedded(mutant=mutant.name),
            only=(mutant.found_by,) if mutant.found_by else PHASES,
            rules={mutant.rule},
            explored=model,
        )
        seconds = perf_counter() - begun
        sought.append(Sought(mutant.name, bool(result.violations), result.steps, seconds))
    return sought


def _tables(
    embedded: Report, over_http: Report, scopes: Sequence[Explored1], sought: Sequence[Sought]
) -> Iterator[Table]:
    yield Table(
        title="Phases",
        columns=("", "steps", "seconds", "steps/s"),
        rows=tuple(
            (f"{one['name']}{where}", one["steps"], one["seconds"], one["steps"] / one["seconds"])
            for where, report in (("", embedded), (", over HTTP", over_http))
            for one in report["phases"]
        ),
    )
    yield Table(
        title="Exploration",
        columns=("scope", "worlds", "transitions", "seconds", "transitions/s"),
        rows=tuple((*one, one.transitions / one.seconds) for one in scopes),
    )
    slowest = sorted(sought, key=lambda one: one.seconds, reverse=True)[:SHOWN]
    yield Table(
        title="The mutants that took longest",
        columns=("", "found", "seconds", "steps"),
        rows=tuple(
            (one.name, "yes" if one.found else "no", one.seconds, one.steps) for one in slowest
        ),
    )
    seconds = sorted(one.seconds for one in sought)
    yield Table(
        title="Mutants",
        columns=("looked for", "found", "median seconds", "most", "median steps", "most"),
        rows=(
            (
                str(len(sought)),
                str(sum(one.found for one in sought)),
                median(seconds),
                seconds[-1],
                median(one.steps for one in sought),
                max(one.steps for one in sought),
            ),
        ),
    )


def _explored(scopes: Sequence[Explored1]) -> Plot:
    ordered = sorted(one for one in scopes if one.transitions >= DRAWN)
    return Plot(
        name="exploration",
        title="Exploration by size of the scope",
        x="transitions of the scope",
        y="transitions/s",
        log_x=True,
        points=True,
        lines=(
            line(
                "one process",
                [one.transitions for one in ordered],
                [one.transitions / one.seconds for one in ordered],
            ),
        ),
    )


def _found(sought: Sequence[Sought]) -> Plot:
    seconds = sorted(one.seconds for one in sought)
    parts = [(index + 1) / len(seconds) for index in range(len(seconds))]
    return Plot(
        name="mutants",
        title="Time to find a mutant",
        x="part of the mutants",
        y="found within, s",
        log_y=True,
        lines=(line("one process", parts, seconds),),
    )
