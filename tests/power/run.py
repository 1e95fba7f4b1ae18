"""Mutants of the guards of the emulator, made by a tool, and how many of them the checker finds.

    python -m tests.power.run [--first N] [--seed 0] [--jobs 2] [--module NAME]... FILE

All mutants are drawn in an order by seed, so that the first N are a sample. FILE takes a line of
JSON for each; what stands there already is not tried again.
"""

import argparse
import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from kmspec_check.plan import Explored
from kmspec_model.model import Model
from tests.power.judge import Judged, Reached, judge
from tests.power.sites import GUARDS, Site, sites


def drawn(modules: Iterable[str], seed: int) -> list[Site]:
    """All mutants of modules, in an order by seed."""
    every = [site for module in modules for site in sites(module)]
    return random.Random(seed).sample(every, len(every))


def judged(chosen: list[Site], seed: int, jobs: int) -> Iterator[Judged]:
    """What came of each."""
    explored = Explored(Model())
    reached = Reached(explored)
    asked = partial(judge, explored=explored, reached=reached, seed=seed)
    with get_context("fork").Pool(jobs, _keep, (asked,), maxtasksperchild=1) as pool:
        yield from pool.imap_unordered(_asked, chosen)


_kept: list[partial[Judged]] = []
"""What a forked process calls: too large to be sent to it."""


def _keep(asked: partial[Judged]) -> None:
    _kept[:] = [asked]


def _asked(site: Site) -> Judged:
    return _kept[0](site)


def read(file: Path) -> list[Judged]:
    """What a file says of mutants."""
    rows = (json.loads(line) for line in file.read_text().splitlines()) if file.exists() else ()
    return [Judged(Site(*site), *rest) for site, *rest in rows]


def table(done: Iterable[Judged]) -> Iterator[str]:
    """The figures of each module, in Markdown."""
    of: dict[str, Counter[str]] = defaultdict(Counter)
    for one in done:
        of[one.site.module][one.verdict] += 1
    yield "| module | mutants | killed | by a violation | otherwise | survived |"
    yield "|---|---|---|---|---|---|"
    for name, found in (*sorted(of.items()), ("in all", sum(of.values(), Counter()))):
        survived = found["survived"]
        total, violated = found.total(), found["violation"]
        killed = total - survived
        yield f"| {name} | {total} | {killed} | {violated} | {killed - violated} | {survived} |"


def main() -> None:
    """Judge, and print the figures."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--first", type=int)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--module", action="append", default=[])
    options.add_argument("file", type=Path)
    given = options.parse_args()
    chosen = drawn(given.module or GUARDS, given.seed)[: given.first]
    known = {one.site for one in read(given.file)}
    todo = [site for site in chosen if site not in known]
    with given.file.open("a") as out:
        for one in judged(todo, given.seed, given.jobs):
            out.write(json.dumps(one) + "\n")
            out.flush()
            if one.verdict == "survived":
                where = f"{one.site.module}:{one.site.line} {one.site.change()} {one.by}"
                sys.stdout.write(f"survived {where}\n")
                sys.stdout.flush()
    done = [one for one in read(given.file) if one.site in set(chosen)]
    sys.stdout.write("\n".join(table(done)) + "\n")


if __name__ == "__main__":
    main()
