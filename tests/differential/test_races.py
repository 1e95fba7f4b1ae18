"""Several clients of `kmspec serve` at once, and emulators that are wrong only then."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from kmspec_check import report_json
from kmspec_check.cells import Status
from kmspec_check.conform import conform
from kmspec_check.endpoint import Endpoint
from kmspec_impl.mutants.catalogue import CATALOGUE
from tests.helpers.machine import explored
from tests.helpers.server import SECONDS, environment, serving

AREAS = {
    "alias-checked-then-made": ["alias", "key"],
    "store-checked-then-made": ["store"],
    "key-written-whole": ["key", "tag"],
}
"""Where to look for each, so that it is found among 200 histories."""
LONGEST = 12
"""Steps of what is told, those before and the looks afterwards with them."""


def test_the_catalogue_has_those() -> None:
    assert {one.name for one in CATALOGUE if one.found_by == "races"} == set(AREAS)


def test_what_clients_see_has_an_order() -> None:
    with serving("--clock", "virtual") as url, Endpoint(url) as target:
        result = conform(target, only=["races"], explored=explored())
    assert [violation.rule for violation in result.violations] == []
    assert result.exit_code == 0
    (told,) = [one.reason for one in result.cells if one.cell.probe == "several clients at once"]
    histories, overlapped = map(int, re.findall(r"\d+", told))
    assert histories >= 200
    assert overlapped >= 100


@pytest.mark.parametrize("name", AREAS)
def test_a_race_is_found_and_shown_again(name: str, tmp_path: Path) -> None:
    with serving("--clock", "virtual", "--mutant", name) as url, Endpoint(url) as target:
        result = conform(
            target,
            only=["races", *AREAS[name]],
            rules=["race/linearizable"],
            explored=explored(),
        )
        assert {violation.rule for violation in result.violations} == {"race/linearizable"}
        in_error = [one.reason for one in result.cells if one.status is Status.ERROR]
        assert all(reason.startswith("not confirmed") for reason in in_error), "seen only once"
        found = next(one for one in report_json.to_data(result)["violations"] if one["boto3"])
        assert len(found["trace"]["steps"]) <= LONGEST
        script = tmp_path / "show.py"
        script.write_text(found["boto3"])
        assert shown(script, url, 500).returncode == 1


def shown(script: Path, url: str, tries: int) -> subprocess.CompletedProcess[str]:
    """Run what reproduces a race, so many times at most."""
    return subprocess.run(
        [sys.executable, str(script), url, str(tries)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
