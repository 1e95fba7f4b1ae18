"""What the checker says of a target that is wrong: report, replay, and programs that show it."""

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kmspec_check import report_json, trace
from kmspec_check.cells import Status
from kmspec_check.conform import conform
from kmspec_check.profile import load
from kmspec_check.replay import Ending, replay
from kmspec_check.replay_text import replay_lines
from kmspec_check.report_text import report_lines
from kmspec_check.result import Result
from kmspec_check.violation import Violation
from kmspec_impl.embedded import Embedded
from tests.helpers import schemas
from tests.helpers.machine import explored
from tests.helpers.server import environment, serving
from tests.unit.check.support import Altered, wrong_code

RULE = "key-state/Encrypt/Disabled"


@pytest.fixture(scope="module")
def wrong() -> Result:
    return conform(Altered(wrong_code), only=["matrix", "cryptography"], explored=explored())


@pytest.fixture(scope="module")
def violation(wrong: Result) -> Violation:
    return next(one for one in wrong.violations if one.trace is not None)


@pytest.fixture(scope="module")
def healthy() -> Iterator[str]:
    with serving("--clock", "virtual") as url:
        yield url


def test_exactly_the_wrong_rule_fails(wrong: Result) -> None:
    assert {one.rule for one in wrong.violations} == {RULE}
    assert wrong.exit_code == 1
    assert wrong.count(Status.ERROR) == 0
    assert {cell.rules for cell in wrong.cells if cell.status is Status.FAIL} == {(RULE,)}


def test_a_violation_is_told_in_full(violation: Violation) -> None:
    assert violation.level == "must"
    assert violation.sentence
    assert violation.sources
    assert "Disabled" in violation.situation
    assert any("DisabledException" in text for text in violation.expected)
    assert any("KMSInvalidStateException" in text for text in violation.observed)


def test_the_text_has_everything_in_order(wrong: Result) -> None:
    text = "\n".join(report_lines(wrong))
    words = [
        RULE,
        "source:",
        "situation:",
        "expected:",
        "observed:",
        "steps:",
        "reproduce with boto3",
        "reproduce with the AWS CLI",
        "replay:",
    ]
    places = [text.index(word) for word in words]
    assert places == sorted(places)


def test_reports_and_traces_keep_their_schemas(wrong: Result) -> None:
    schemas.validate(json.loads(report_json.dumps(wrong)), "report-1")


def test_a_trace_is_read_as_it_was_written(violation: Violation) -> None:
    assert violation.trace is not None
    again = trace.loads(trace.dumps(violation.trace))
    assert trace.to_json(again) == trace.to_json(violation.trace)
    bare = tuple(step._replace(paths=()) for step in violation.trace.steps)
    assert again.steps == bare


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "kmspec-trace", "version": 9}'])
def test_what_is_no_trace(text: str) -> None:
    with pytest.raises(trace.TraceError):
        trace.loads(text)


def test_a_trace_replays(violation: Violation) -> None:
    assert violation.trace is not None
    profile = load("embedded")
    assert replay(violation.trace, Altered(wrong_code), profile).ending is Ending.REPRODUCED
    fixed = replay(violation.trace, Embedded(), profile)
    assert fixed.ending is Ending.FIXED
    assert fixed.exit_code == 0
    last = violation.trace.steps[-1]
    other = last._replace(recorded=last.recorded._replace(body={"__type": "Other"}))
    moved = violation.trace._replace(steps=(*violation.trace.steps[:-1], other))
    assert replay(moved, Altered(wrong_code), profile).ending is Ending.DIFFERENT


def _run(file: Path, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(file), url],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_boto3_script_runs(wrong: Result, healthy: str, tmp_path: Path) -> None:
    """Against a healthy emulator the fault does not show; against the wrong rule it would."""
    data = report_json.to_data(wrong)
    source = next(one["boto3"] for one in data["violations"] if one["boto3"])
    file = tmp_path / "show.py"
    file.write_text(source)
    ran = _run(file, healthy)
    assert ran.stderr == ""
    assert ran.returncode == 0
    assert ran.stdout.splitlines()[0].startswith("expected: DisabledException")
    assert ran.stdout.splitlines()[1].startswith("observed: DisabledException")
    assert "could not go on" in _run(file, "http://127.0.0.1:1").stderr
    turned = source.replace("('DisabledException',)", "('OtherException',)")
    assert turned != source
    file.write_text(turned)
    again = subprocess.run([sys.executable, str(file), healthy], env=environment(), check=False)
    assert again.returncode == 1


def test_expected_violations_are_strict_both_ways(tmp_path: Path) -> None:
    file = tmp_path / "expected"
    file.write_text(f"{RULE} known\n")
    only = ["matrix", "cryptography"]
    known = conform(Altered(wrong_code), only=only, expect=file, explored=explored())
    assert known.exit_code == 0
    assert known.count(Status.EXPECTED_FAIL)
    text = list(report_lines(known))
    assert text[0] == text[-1] == "0 violations"
    assert "expected violation 1 of 1" in text
    assert "violation 1 of 1" not in text
    elsewhere = conform(Embedded(), only=["matrix", "alias"], expect=file, explored=explored())
    assert (elsewhere.exit_code, elsewhere.unexpected_passes) == (0, ())
    kept = conform(Embedded(), only=only, expect=file, explored=explored())
    assert kept.exit_code == 1
    assert kept.unexpected_passes == (RULE,)
    assert RULE in next(report_lines(kept))
    assert kept.count(Status.UNEXPECTED_PASS)


def test_a_budget_is_kept() -> None:
    result = conform(Embedded(), budget=0.0, explored=explored())
    assert result.exit_code == 2
    assert {phase.stopped for phase in result.phases} == {"the budget was used up"}


def test_a_check_cut_short_says_so() -> None:
    seconds = itertools.count()

    class Ticking:
        """A clock that is a second later at each look."""

        def __call__(self) -> float:
            return float(next(seconds))

        def wait(self, seconds: float) -> None:
            """Nobody waits here."""

    result = conform(Embedded(), budget=300.0, clock=Ticking(), explored=explored())
    assert result.out_of_time
    headline = next(report_lines(result))
    assert headline.startswith("0 violations so far: the budget was used up, ")
    assert headline.endswith(" situations reached")


def test_smoke_alone_checks_no_rule() -> None:
    result = conform(Embedded(), only=["smoke"], explored=explored())
    assert result.exit_code == 2
    assert result.steps >= result.count(Status.PASS) > 0
    assert next(report_lines(result)).startswith("nothing ran")


def test_coverage_is_of_what_was_asked() -> None:
    result = conform(Embedded(), only=["tour", "alias"], explored=explored())
    assert result.coverage.transitions.reached == result.coverage.transitions.total
    assert 0 < result.coverage.transitions.total < 2000
    assert "key-state/Encrypt/Disabled" not in result.coverage.rules.missing


def test_a_replay_tells_recorded_against_present(violation: Violation) -> None:
    assert violation.trace is not None
    profile = load("embedded")
    shown = replay(violation.trace, Altered(wrong_code), profile)
    again = list(replay_lines(violation.trace, shown))
    assert again[-1] == "the violation shows again"
    fixed = replay(violation.trace, Embedded(), profile)
    text = list(replay_lines(violation.trace, fixed))
    assert text[-1].startswith("no longer so: ")
    assert any("recorded 'KMSInvalidStateException', present as expected" in line for line in text)


def test_flickering_is_an_error_and_not_a_violation() -> None:
    seen: list[str] = []

    def once(operation: str, parameters: object, answer: object) -> object:
        found = wrong_code(operation, parameters, answer)  # type: ignore[arg-type]
        if found is not answer and not seen:
            seen.append(operation)
            return found
        return answer

    target = Altered(once)  # type: ignore[arg-type]
    result = conform(target, only=["matrix", "cryptography"], explored=explored())
    assert not result.violations
    assert result.count(Status.ERROR) == 1
    assert result.exit_code == 2
