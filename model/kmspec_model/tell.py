"""Telling: the only place that lays out for people what the model knows.

What `kmspec explain` and `kmspec explore` print, line by line.
"""

import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby

from kmspec_model.diagrams import mermaid
from kmspec_model.explain import Explained, Question, explain, permitted_answers
from kmspec_model.explore import Graph
from kmspec_model.invariants import INVARIANTS, broken, required_witnesses, witnesses
from kmspec_model.model import Model
from kmspec_model.scopes import SCOPES

WIDTH = 98
NAME = max(len(name) for name in SCOPES)
"""Characters of the longest name of a scope."""


def explained(model: Model, question: Question) -> Iterator[str]:
    """What must happen there, and why.

    :raises kmspec_model.explain.Unknown: an operation or state that the tables do not know.
    """
    found = explain(model.spec, question)
    asked = [
        f"{machine} {question.state_of(machine)}"
        for machine in model.spec.machines
        if question.state_of(machine) is not None
    ]
    yield ", ".join([question.operation, *asked])
    answers = permitted_answers(model.spec, question)
    if answers:
        yield f"  answers with {' or '.join(answers)}"
    for part, group in groupby(found, lambda one: one.part):
        yield ""
        yield part
        for one in group:
            yield from _rule(one)


def _rule(one: Explained) -> Iterator[str]:
    yield f"  {one.rule.id} ({one.rule.level})"
    yield from _folded(one.rule.sentence)
    if one.remedy:
        yield from _folded(f"Remedy: {one.remedy}")
    for source in one.sources:
        yield f"    source: {source.title}, {source.where}"


def _folded(text: str) -> Iterator[str]:
    yield from textwrap.wrap(text, WIDTH, initial_indent="    ", subsequent_indent="    ")


def explored(model: Model, graphs: Iterable[Graph], *, whole: bool) -> Iterator[str]:
    """What exploring found: counts, invariants, witnesses, diagrams.

    :param whole: every scope was explored, so what is not witnessed is missing.
    """
    seen: set[str] = set()
    worlds = transitions = broken_ones = 0
    yield f"{'scope':<{NAME}} {'worlds':>8} {'transitions':>12}"
    for graph in graphs:
        yield (
            f"{graph.scope.name:<{NAME}} {len(graph.worlds):>8,} {graph.transitions:>12,}"
            f"  {graph.scope.about}"
        )
        for found in broken(model, graph):
            broken_ones += 1
            yield f"  BROKEN: {found.invariant}"
        seen.update(witnesses(graph))
        worlds += len(graph.worlds)
        transitions += graph.transitions
    yield f"{'in all':<{NAME}} {worlds:>8,} {transitions:>12,}"
    yield ""
    yield f"{len(INVARIANTS) + 1} invariants held in every world, {broken_ones} times broken"
    yield from (f"  {sentence}" for sentence in INVARIANTS)
    yield "  Encrypt succeeds exactly under the four conditions"
    wanted = required_witnesses(model)
    yield ""
    yield f"{len(wanted & seen)} of {len(wanted)} witnesses reached"
    if whole:
        yield from (f"  missing: {name}" for name in sorted(wanted - seen))
    yield from _diagrams(model)


def _diagrams(model: Model) -> Iterator[str]:
    for machine in model.spec.machines.values():
        yield ""
        yield f"{machine.name} states, as a Mermaid diagram"
        yield from mermaid(model.spec, machine.name).splitlines()
