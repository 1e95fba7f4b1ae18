"""What was stored: the results of the last run that was kept, and what is worse than there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.results import Results

FILE: Final = Path(__file__).with_name("results.json")
WORSE: Final = 0.2
"""By what part a ratio may be worse without being told of."""


def load(file: Path = FILE) -> Results | None:
    """The results that were stored, if there are any."""
    return Results.model_validate_json(file.read_bytes()) if file.exists() else None


def store(results: Results, file: Path = FILE) -> None:
    """Keep them."""
    file.write_text(results.model_dump_json(indent=1) + "\n", "utf-8")


def worse(results: Results, stored: Results) -> Iterator[str]:
    """A line for each ratio that is worse than the stored one of that name."""
    before = stored.ratios()
    for name, ratio in results.ratios().items():
        if name in before and (by := ratio.worse_than(before[name])) > WORSE:
            was = before[name].value
            yield f"{name}: {ratio.value:.3g}, was {was:.3g}, {by:.0%} worse"
