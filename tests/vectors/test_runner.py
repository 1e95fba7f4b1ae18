"""A second program runs the vectors: it knows nothing of ours but the documentation of the file."""

import json
import shutil
from pathlib import Path
from typing import Any, Final

import pytest

from kmspec_impl.mutants.catalogue import CATALOGUE
from kmspec_impl.mutants.mutant import Mutant
from tests.helpers.catalogue import drawn
from tests.helpers.source import ROOT
from tests.helpers.warm import Warm
from tests.vectors.support import data

NODE: Final = shutil.which("node")
RUNNER: Final = ROOT / "tests" / "vectors" / "runner.mjs"
EVERY: Final = 25
MOST: Final = 40
"""Vectors about the rule of a mutant that are run."""
DRAWN: Final = 10
TOLD_OTHERWISE: Final = frozenset(
    {
        *("request/constraint-of-cloudhsm", "effect/GetCallerIdentity/answer"),
        *("effect/Advance/answer", "effect/CreateKey/answer", "effect/DeleteAlias/answer"),
    }
)
"""Rules that no vector is about, or whose breach shows as that of another."""

TOLD: Final = [one for one in CATALOGUE if one.rule not in TOLD_OTHERWISE]

pytestmark = pytest.mark.skipif(NODE is None, reason="Node is not installed: the runner needs it")


def run(
    warm: Warm, url: str, vectors: list[dict[str, Any]], folder: Path
) -> tuple[int, list[dict[str, Any]], dict[str, int]]:
    """The exit code, the failures, and the counts."""
    some = folder / "vectors.json"
    some.write_text(json.dumps({**data(), "vectors": vectors}))
    ran = warm.run(str(NODE), str(RUNNER), str(some), url)
    assert ran.stderr == ""
    *failures, counts = map(json.loads, ran.stdout.splitlines())
    return ran.returncode, failures, counts


def test_it_is_short() -> None:
    assert len(RUNNER.read_text().splitlines()) < 150


def test_a_part_passes(warm: Warm, tmp_path: Path) -> None:
    vectors = data()["vectors"][::EVERY]
    with warm.serving("--clock", "virtual") as url:
        code, failures, counts = run(warm, url, vectors, tmp_path)
    assert (code, failures) == (0, [])
    assert counts["passed"] > len(vectors) * 0.95


@pytest.mark.parametrize("mutant", drawn(TOLD, DRAWN), ids=lambda one: one.name)
def test_a_wrong_emulator_fails_in_a_vector_about_the_rule(
    mutant: Mutant, warm: Warm, tmp_path: Path
) -> None:
    about = [one for one in data()["vectors"] if mutant.rule in one["rules"]]
    vectors = about[:: max(1, len(about) // MOST)]
    with warm.serving("--clock", "virtual", "--mutant", mutant.name) as url:
        code, failures, _ = run(warm, url, vectors, tmp_path)
    assert code == 1
    assert [one for one in failures if mutant.rule in one["rules"]]
