"""The HTML report: the only place that lays out a result as one page for people to explore.

One file: no network, no font, nothing that is loaded later; its policy (Content-Security-Policy)
allows its own style and script and nothing else. The violations are in the page as text. The
matrix, which is large, is packed as data that the script of the page unpacks; what a target
answered is escaped by the template, and set as text by the script.
"""

import base64
import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kmspec.tables import load
from kmspec_check.cells import Cell, Status
from kmspec_check.result import Result
from kmspec_check.script_boto3 import script
from kmspec_check.script_cli import lines as cli_lines
from kmspec_check.summary import (
    Violated,
    by_reason,
    clipped,
    headline,
    identity_lines,
    violated,
)
from kmspec_check.tour import reasons
from kmspec_check.trace import to_json
from kmspec_check.violation import printable, told_steps

_FOLDER: Final = "html"
_MOST_NAMES: Final = 500
"""The most names of one list."""
_MOST_TEXTS: Final = 20
"""The most alternatives that are shown of what was expected or observed."""
_STORIES: Final = 350_000
"""About how many characters the violations may take that are told in full."""
_PROGRAMS: Final = 6_000_000
"""How many characters the programs may have; packed they take less than a tenth of it."""
_CELL_TEXTS: Final = 1_000_000
"""How many characters may be said of single cells; packed they take about a fifth of it."""
_IN_CELL: Final = 500
"""The most characters of one text of a single cell."""


def dumps(result: Result) -> str:
    """The HTML report."""
    environment = Environment(
        loader=PackageLoader("kmspec_check", _FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters.update(apart=_apart, kept=_kept, steps=told_steps)
    rules = violated(result)
    css, program = _file("report.css"), _file("report.js")
    page = environment.get_template("report.html.jinja").render(
        headline=headline(result),
        verdict={0: "good", 1: "bad"}.get(result.exit_code, "unknown"),
        identity=result.identity,
        lines=tuple(identity_lines(result)),
        statuses=[one.word for one in _seen(result)],
        phases=list(_phases(result)),
        coverage=[
            (name, counted)
            for name in ("rules", "situations", "transitions")
            if (counted := getattr(result.coverage, name)).total
        ],
        rules=rules,
        known=sum(bool(one.reason) for one in rules),
        full=frozenset(_full(rules)),
        reasons=list(_reasons(result)),
        lists=list(_lists(result)),
        most=_MOST_NAMES,
        exit_code=result.exit_code,
        policy=_policy(css, program),
        css=Markup(css),  # noqa: S704 - our own file
        script=Markup(program),  # noqa: S704 - our own file
        data=Markup(_packed(_Data(result, rules).data())),  # noqa: S704 - base64
    )
    return page + "\n"


def _file(name: str) -> str:
    return resources.files("kmspec_check").joinpath(_FOLDER, name).read_text("utf-8")


def _policy(css: str, program: str) -> str:
    """What the page may load and run: its own style and script, and nothing else."""
    style, run = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (css, program)
    )
    return (
        f"default-src 'none'; script-src 'sha256-{run}'; style-src 'sha256-{style}';"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )


def _packed(data: dict[str, Any]) -> str:
    """Data as the script unpacks it; it holds letters, digits, ``+``, ``/`` and ``=`` only."""
    text = json.dumps(data, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _shown(value: object) -> object:
    """What the template writes: a text without what does not print; it is escaped after that."""
    return printable(clipped(value)) if type(value) is str else value


def _apart(source: str) -> tuple[str, str]:
    """The words of a source and its address, which may be empty."""
    words, _, address = source.rpartition(", ")
    return (words, address) if address.startswith("https://") else (source, "")


def _kept(texts: Sequence[str]) -> list[str]:
    left = len(texts) - _MOST_TEXTS
    more = [f"and {left} more, in the JSON report"] if left > 0 else []
    return [*texts[:_MOST_TEXTS], *more]


def _seen(result: Result) -> list[Status]:
    """The statuses that some cell has, the worst first."""
    found = {one.status for one in result.cells}
    return [status for status in reversed(Status) if status in found]


def _phases(result: Result) -> Iterator[dict[str, Any]]:
    found = Counter((one.cell.phase, one.status) for one in result.cells)
    seen = _seen(result)
    for phase in result.phases:
        yield {**phase._asdict(), "counts": [found[phase.name, status] for status in seen]}


def _full(rules: Sequence[Violated]) -> Iterator[int]:
    """The rules for which there is room to tell a violation in full."""
    room = _STORIES
    for index, rule in enumerate(rules):
        told = rule.told
        texts = (*told.sources, *_kept(told.expected), *_kept(told.observed))
        room -= sum(min(len(text), _IN_CELL * 4) for text in texts)
        if told.trace is not None:
            room -= sum(len(text) for step in told_steps(told.trace) for text in step)
        if room < 0:
            return
        yield index


def _reasons(result: Result) -> Iterator[tuple[str, str, list[tuple[str, int]]]]:
    """Why nothing is said of some cells and transitions."""
    for title, status in (
        ("Errors: nothing is said of the target there", Status.ERROR),
        ("Cells skipped", Status.SKIP),
        ("Cells unsupported", Status.UNSUPPORTED),
    ):
        found = by_reason(one for one in result.cells if one.status is status)
        if found:
            yield title, "cells", found
    missed = reasons(result.coverage.missed_transitions).most_common()
    if missed:
        yield "Transitions not taken", "transitions", missed


def _lists(result: Result) -> Iterator[tuple[str, Sequence[str]]]:
    coverage = result.coverage
    for title, names in (
        ("Expected to be violated, and kept", result.unexpected_passes),
        ("Situations not reached", coverage.situations.missing),
        ("Rules not reached", coverage.rules.missing),
        ("Met, and left open by AWS's documents", coverage.silent),
    ):
        if names:
            yield title, names


class _Numbers(dict[Any, int]):
    """A number for each thing, in the order of asking."""

    def __missing__(self, thing: object) -> int:
        self[thing] = number = len(self)
        return number


class _Data:
    """The matrix as the script reads it: every name once, then numbers."""

    def __init__(self, result: Result, rules: Sequence[Violated]) -> None:
        self._result, self._rules = result, rules
        self._situations, self._probes, self._reasons = _Numbers(), _Numbers(), _Numbers()
        self._verdicts, self._sets, self._ids = _Numbers(), _Numbers(), _Numbers()
        self._texts, self._phases = _Numbers(), _Numbers()
        self._room = _CELL_TEXTS

    def data(self) -> dict[str, Any]:
        """The whole of it."""
        rows, places = self._rows()
        operations = self._operations()
        numbers = {name: number for number, (name, _) in enumerate(operations)}
        return {
            "rows": rows,
            "violations": [list(one) for one in self._violations(places)],
            "programs": list(self._programs()),
            "violated": [{"rule": one.rule, "told": str(one.told.cell)} for one in self._rules],
            "statuses": [status.word for status in Status],
            "phases": list(self._phases),
            "situations": list(self._situations),
            "probes": [[probe, numbers[operation]] for probe, operation in self._probes],
            "operations": operations,
            "reasons": [printable(clipped(reason)) for reason in self._reasons],
            "verdicts": list(self._verdicts),
            "ruleSets": list(self._sets),
            "rules": list(self._ids),
            "texts": list(self._texts),
        }

    def _rows(self) -> tuple[list[list[int]], dict[Cell, int]]:
        """A row of numbers for each situation of a phase, and the place of each cell in them."""
        rows: dict[tuple[int, int], list[int]] = {}
        order: dict[tuple[int, int], list[Cell]] = {}
        for decided in self._result.cells:
            cell = decided.cell
            key = self._phases[cell.phase], self._situations[cell.situation]
            held = self._sets[tuple(self._ids[rule] for rule in decided.rules)]
            verdict = self._verdicts[int(decided.status), self._reasons[decided.reason], held]
            probe = self._probes[cell.probe, cell.operation]
            rows.setdefault(key, list(key)).extend((probe, verdict))
            order.setdefault(key, []).append(cell)
        cells = (cell for row in order.values() for cell in row)
        return list(rows.values()), {cell: place for place, cell in enumerate(cells)}

    def _operations(self) -> list[tuple[str, str]]:
        """Each operation and its area, side by side those of one area."""
        known = load().operations
        phases = {one.cell.operation: one.cell.phase for one in self._result.cells}
        found = dict.fromkeys(operation for _, operation in self._probes)
        areas = {one: known[one].resource if one in known else phases[one] for one in found}
        return sorted(areas.items(), key=lambda one: (one[1], one[0]))

    def _violations(self, places: dict[Cell, int]) -> Iterator[tuple[Any, ...]]:
        """For each violation the place of its cell, its rule, and what was said of it."""
        for number, rule in enumerate(self._rules):
            for one in rule.violations:
                if one.cell in places:
                    texts = (self._said(one.expected), self._said(one.observed))
                    yield places[one.cell], number, *texts

    def _said(self, texts: Sequence[str]) -> list[int]:
        said = [printable(clipped(text, _IN_CELL)) for text in _kept(texts)]
        self._room -= sum(len(text) for text in said if text not in self._texts)
        if self._room < 0:
            said = ["there was no room for it; see the JSON report"]
        return [self._texts[text] for text in said]

    def _programs(self) -> Iterator[tuple[str, str, str] | None]:
        """What reproduces the violation of each rule that was told in full."""
        room = _PROGRAMS
        for rule in self._rules:
            trace = rule.told.trace
            if trace is None or room < 0:
                yield None
                continue
            commands = "\n".join(cli_lines(trace))
            made = script(trace), commands, json.dumps(to_json(trace), indent=1)
            room -= sum(map(len, made))
            yield made if room >= 0 else None
