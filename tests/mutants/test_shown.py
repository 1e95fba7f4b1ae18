"""What is printed of a mutant shows it to anybody: the boto3 script over HTTP, and the trace."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kmspec_check import report_json, trace
from kmspec_check.conform import conform
from kmspec_check.profile import load
from kmspec_check.replay import Ending, replay
from kmspec_impl.embedded import Embedded
from kmspec_impl.mutants.catalogue import find
from tests.helpers.machine import explored
from tests.helpers.server import SECONDS, environment, kmspec, serving

SHOWN = ("lists-keys-of-all-regions", "seals-another-plaintext")
"""Of two areas that may not be among those drawn in test_reproductions."""


def violation(name: str) -> dict[str, Any]:
    rule = find(name).rule
    result = conform(Embedded(mutant=name), rules=[rule], only=["matrix"], explored=explored())
    data = report_json.to_data(result)
    found: dict[str, Any] = next(
        one for one in data["violations"] if one["rule"] == rule and one["boto3"]
    )
    return found


def run(script: Path, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(script), url],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.parametrize("name", SHOWN)
def test_a_violation_is_shown_again(name: str, tmp_path: Path) -> None:
    found = violation(name)
    script, file = tmp_path / "show.py", tmp_path / "trace.json"
    script.write_text(found["boto3"])
    file.write_text(json.dumps(found["trace"]))
    with serving("--clock", "virtual", "--mutant", name) as url:
        shows = run(script, url)
        assert (shows.returncode, shows.stderr) == (1, "")
        twice = run(script, url)
        assert (twice.returncode, twice.stderr) == (1, "")
        again = kmspec("replay", str(file), "--endpoint-url", url)
        assert (again.returncode, again.stderr) == (1, "")
        assert again.stdout.startswith(Ending.REPRODUCED.value)
    with serving("--clock", "virtual") as url:
        shows = run(script, url)
        assert (shows.returncode, shows.stderr) == (0, "")
        again = kmspec("replay", str(file), "--endpoint-url", url)
        assert (again.returncode, again.stderr) == (0, "")
        assert again.stdout.startswith(Ending.FIXED.value)


def test_the_command_prints_the_script_and_writes_the_trace(tmp_path: Path) -> None:
    name = "cancels-what-is-not-pending"
    report = tmp_path / "report.json"
    words = ("--only", "matrix", "--only", "alias", "--only", "key")
    ran = kmspec("conform", "--mutant", name, *words, "--report", f"json={report}")
    assert (ran.returncode, ran.stderr) == (1, "")
    assert find(name).rule in ran.stdout
    assert "reproduce with boto3" in ran.stdout
    again = kmspec("replay", str(report))
    assert again.stdout.startswith(Ending.FIXED.value)


def test_a_message_replays_whatever_the_ids_are() -> None:
    name = "terse-refusal"
    found = violation(name)
    recorded = trace.loads(json.dumps(found["trace"]))
    again = replay(recorded, Embedded(mutant=name), load("embedded"))
    assert again.ending is Ending.REPRODUCED
