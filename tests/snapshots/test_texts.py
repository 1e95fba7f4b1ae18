"""What people read is pinned: a violation, an explanation, the page of the state machines.

After a change that is meant: `KMSPEC_SNAPSHOTS=write .venv/bin/pytest tests/snapshots`.
"""

import os
from pathlib import Path

import pytest

from kmspec.tables import load
from kmspec_check.conform import conform
from kmspec_check.violation import lines
from kmspec_impl.embedded import Embedded
from kmspec_model.explain import Question
from kmspec_model.model import Model
from kmspec_model.page import freedom_page, kinds_page, states_page
from kmspec_model.tell import explained
from tests.helpers.machine import explored

HERE = Path(__file__).parent
DOCS = HERE.parent.parent / "docs"


def held(file: Path, text: str) -> None:
    """Compare with the file, or write it where that is asked for."""
    if os.environ.get("KMSPEC_SNAPSHOTS") == "write":
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8"), (
        f"if this is meant, write {file.name} anew (see the top)"
    )


@pytest.mark.parametrize(
    ("mutant", "rule"),
    [
        ("encrypts-with-disabled-key", "key-state/Encrypt/Disabled"),
        ("shares-clusters", "store/cluster-free"),
    ],
)
def test_a_violation(mutant: str, rule: str) -> None:
    result = conform(
        Embedded(mutant=mutant), profile="embedded", rules=(rule,), explored=explored()
    )
    found = next(violation for violation in result.violations if violation.rule == rule)
    held(HERE / f"violation-{mutant}.txt", "\n".join(lines(found)) + "\n")


def test_an_explanation() -> None:
    text = "\n".join(explained(Model(), Question("Encrypt", connection_state="DISCONNECTED")))
    held(HERE / "explain-encrypt-disconnected.txt", text + "\n")


def test_the_page_of_the_state_machines_is_not_stale() -> None:
    held(DOCS / "states.md", states_page(load()))


def test_the_page_of_the_kinds_of_key_is_not_stale() -> None:
    held(DOCS / "kinds.md", kinds_page(load()))


def test_the_page_of_what_is_left_open_is_not_stale() -> None:
    held(DOCS / "freedom.md", freedom_page(load()))
