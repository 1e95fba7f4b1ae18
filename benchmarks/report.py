"""The report: the only place that writes docs/benchmarks.md and says results on a terminal.

`python -m benchmarks.report` writes the page anew from the stored results.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table as Shown

from benchmarks import stored
from benchmarks.plots import draw
from benchmarks.results import Bound, Results, Section, Table, shown

DOCS: Final = Path(__file__).parent.parent / "docs"
PAGE: Final = DOCS / "benchmarks.md"
PICTURES: Final = "benchmarks"
"""The folder of the plots, beside the page."""
_START: Final = """# Benchmarks

What one process of `kmspec serve` does, beside what its HTTP server could do at best and beside
emulators that we did not write; and how quick the checker is. This page is written by

```
make bench ARGS=--store PEERS="ministack=http://127.0.0.1:4566"
```

from what it measured, and so are the plots. `make bench` alone measures the same and says which
ratio is worse by a fifth than the one stored in `benchmarks/results.json`; `ARGS=--quick` takes
under two minutes, `ARGS="--only steady"` one section, `ARGS="--mutants all"` looks for all of
them. moto is started by it; another emulator is one that runs already, by its URL. It exits with
1 when something below is missed, and only then.

## How it is measured

Everything runs on one machine: a server has a core and the load generator another. That one is a
process of its own, with raw sockets on uvloop, and sends requests recorded from boto3 again and
again, the same for all. Where a server closes the connection after each answer, as moto does, to
connect again is a part of the request. Servers are measured in turns, in many short rounds, so
that all have the same luck. What else the machine does makes nothing quicker: figures are of the
best quarter of a server's rounds, but for the latencies, which are those of all rounds.
"""


def page(results: Results) -> str:
    """The page, as Markdown."""
    return "\n".join(_page(results))


def write(results: Results, folder: Path = DOCS) -> None:
    """Write the page and its plots, and nothing else in the folder of the plots."""
    pictures = folder / PICTURES
    for old in pictures.glob("*.svg"):
        old.unlink()
    for section in results.sections:
        for plot in section.plots:
            draw(plot, pictures / f"{plot.name}.svg")
    (folder / PAGE.name).write_text(page(results), "utf-8")


def _page(results: Results) -> Iterator[str]:
    yield _START
    yield from _markdown(("seen on", f"in a {results.effort} run"), results.machine)
    yield from ("", "## What we hold ourselves to", "")
    rows = [(one.name, _seen(one), one.wanted, _verdict(one)) for one in results.bounds()]
    yield from _markdown(("", "seen", "wanted", ""), rows)
    for section in results.sections:
        yield from ("", f"## {section.title}", "", section.text.strip())
        for plot in section.plots:
            yield from ("", f"![{plot.title}]({PICTURES}/{plot.name}.svg)")
        for table in section.tables:
            yield from ("", f"### {table.title}", "")
            yield from _markdown(table.columns, [tuple(map(shown, row)) for row in table.rows])
    yield ""


def _markdown(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    columns = tuple(columns)
    yield f"| {' | '.join(columns)} |"
    yield f"|---|{'---:|' * (len(columns) - 1)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _seen(bound: Bound) -> str:
    return "not measured" if bound.value is None else f"{shown(bound.value)} {bound.unit}".strip()


def _verdict(bound: Bound) -> str:
    return "" if bound.value is None else "missed" if bound.missed else "met"


def tell(section: Section, seconds: float, console: Console) -> None:
    """Say what one section shows, as soon as it is measured."""
    console.rule(f"{section.title}, {seconds:.0f} s", align="left")
    for table in section.tables:
        console.print(_told(table))


def conclude(results: Results, before: Results | None, console: Console) -> None:
    """Say what is missed, and what is worse than before."""
    console.rule("What we hold ourselves to", align="left")
    bounds = results.bounds()
    rows = tuple((one.name, _seen(one), one.wanted, _verdict(one)) for one in bounds)
    columns = ("", "seen", "wanted", "")
    console.print(_told(Table(title="", columns=columns, rows=rows)))
    for line in stored.worse(results, before) if before else ():
        console.print(f"worse than stored: {line}", soft_wrap=True)
    missed = [one for one in bounds if one.missed]
    console.print(f"{len(missed)} missed of {len(bounds)}; {results.seconds:.0f} s")
    for one in missed:
        console.print(f"MISSED: {one.name}: {_seen(one)}, {one.wanted} wanted", soft_wrap=True)


def _told(table: Table) -> Shown:
    found = Shown(title=table.title or None, title_justify="left", box=None, pad_edge=False)
    for index, column in enumerate(table.columns):
        found.add_column(column, justify="right" if index else "left")
    for row in table.rows:
        found.add_row(*map(shown, row))
    return found


if __name__ == "__main__":
    kept = stored.load()
    if kept is None:
        raise SystemExit("nothing is stored; run `make bench ARGS=--store`")
    write(kept)
