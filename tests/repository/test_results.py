"""The pages of results: they name rules, areas and profiles that exist."""

import re
from pathlib import Path

import pytest

from kmspec.tables import load
from kmspec_check.profile import names
from tests.helpers.source import ROOT

FOLDER = ROOT / "docs" / "results"
PAGES = sorted(FOLDER.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_rules_that_exist(page: Path) -> None:
    rows = re.findall(r"^\| `([a-z-]+/[^`]+)` \|", page.read_text("utf-8"), re.MULTILINE)
    assert page.stem == "README" or rows
    unknown = sorted(set(rows) - load().rules.keys())
    assert not unknown, f"{page.name} names rules that are gone: {unknown}; make the page again"


def test_each_page_is_of_a_profile_and_in_the_index() -> None:
    index = (FOLDER / "README.md").read_text("utf-8")
    stems = {page.stem for page in PAGES} - {"README"}
    assert stems <= set(names())
    assert all(f"]({stem}.md)" in index for stem in stems)
