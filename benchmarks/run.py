"""The command of `make bench`: the only place that reads its options."""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from time import perf_counter
from typing import Final

from rich.console import Console

from benchmarks import machine, report, stored
from benchmarks.effort import EFFORTS, FULL, QUICK
from benchmarks.plan import Plan
from benchmarks.results import Results, Section
from benchmarks.sections import (
    checker,
    growth,
    hsms,
    operations,
    options,
    stacks,
    starting,
    steady,
)
from benchmarks.servers.emulators import peers
from kmspec_check.endpoint import Endpoint
from kmspec_impl.mutants.catalogue import CATALOGUE

SECTIONS: Final[Mapping[str, Callable[[Plan], Section]]] = {
    "operations": operations.measure,
    "options": options.measure,
    "steady": steady.measure,
    "growth": growth.measure,
    "stacks": stacks.measure,
    "hsms": hsms.measure,
    "starting": starting.measure,
    "checker": checker.measure,
}
"""In the order of the report."""
WIDTH: Final = 150
"""Columns of what is printed."""


def measured(plan: Plan, only: list[str], console: Console) -> Results:
    """Measure the sections that are asked for, or all."""
    begun = perf_counter()
    described = machine.described({name: _version(one.url) for name, one in plan.peers.items()})
    sections = []
    for name in only or SECTIONS:
        start = perf_counter()
        section = SECTIONS[name](plan)
        report.tell(section, perf_counter() - start, console)
        sections.append(section)
    return Results(
        effort=plan.effort.name,
        machine=described,
        seconds=perf_counter() - begun,
        sections=tuple(sections),
    )


def _version(url: str) -> str:
    with Endpoint(url) as endpoint:
        return endpoint.version() or "of unknown version"


def main() -> int:
    """Measure and tell; 0 if nothing is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_const", dest="effort", const=QUICK.name, default=FULL.name)
    add("--effort", choices=EFFORTS, help="how much is measured")
    add("--only", nargs="+", choices=SECTIONS, default=[], help="these sections")
    add("--peers", default="", help="emulators that run already: 'NAME=URL ...'")
    add("--mutants", choices=["all"], help="look for every mutant of the catalogue")
    add("--store", action="store_true", help="keep the results and write docs/benchmarks.md")
    given = parser.parse_args()
    if given.store and given.only:
        parser.error("--store keeps a whole run: leave --only out")
    effort = EFFORTS[given.effort]
    if given.mutants:
        effort = replace(effort, mutants=len(CATALOGUE))
    try:
        plan = Plan(effort, peers(given.peers))
    except ValueError as error:
        parser.error(str(error))
    console = Console(highlight=False, markup=False, width=WIDTH)
    results = measured(plan, given.only, console)
    report.conclude(results, stored.load(), console)
    if given.store:
        stored.store(results)
        report.write(results)
    return int(any(bound.missed for bound in results.bounds()))


if __name__ == "__main__":
    sys.exit(main())
