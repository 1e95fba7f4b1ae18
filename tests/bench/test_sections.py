"""Every section of the benchmarks measures something, and says it; how much is nobody's concern."""

from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import report, run, stored
from benchmarks.effort import TINY
from benchmarks.plan import Plan
from benchmarks.results import Results, Section

PLAN = Plan(TINY, with_moto=False, with_tokens=False)
LONG = ("stacks",)
"""Sections of servers that are not ours, which take longer to start than they show here."""


@pytest.mark.parametrize("name", [name for name in run.SECTIONS if name not in LONG])
def test_a_section_measures_and_is_told(name: str, tmp_path: Path) -> None:
    with Path(tmp_path / "told").open("w+", encoding="utf-8") as file:
        results = run.measured(PLAN, [name], Console(file=file, width=run.WIDTH))
        report.conclude(results, results, Console(file=file, width=run.WIDTH))
        file.seek(0)
        told = file.read()
    (section,) = results.sections
    assert section.name == name
    assert section.title in told
    assert all(ratio.value > 0 for ratio in section.ratios)
    assert all(bound.name in told for bound in section.bounds)
    assert figures(section)
    assert "worse than stored" not in told, "a run is not worse than itself"
    kept = tmp_path / "results.json"
    stored.store(results, kept)
    assert stored.load(kept) == results
    report.write(results, tmp_path)
    pictures = {plot.name for plot in section.plots}
    assert {file.stem for file in tmp_path.glob("benchmarks/*.svg")} == pictures


def figures(section: Section) -> bool:
    """Whether each row of each table has a figure that is more than nothing."""
    return all(
        any(isinstance(cell, float) and cell > 0 for cell in row)
        for table in section.tables
        for row in table.rows
    )


def test_the_page_is_that_of_the_stored_results() -> None:
    kept = stored.load()
    assert kept is not None, "run `make bench ARGS=--store`"
    text = report.PAGE.read_text("utf-8")
    assert report.page(kept) == text, "run `python -m benchmarks.report`"
    drawn = {file.stem for file in (report.DOCS / report.PICTURES).glob("*.svg")}
    assert drawn == {plot.name for section in kept.sections for plot in section.plots}


def test_what_is_stored_is_of_the_whole() -> None:
    kept = stored.load()
    assert isinstance(kept, Results)
    assert [section.name for section in kept.sections] == list(run.SECTIONS)
