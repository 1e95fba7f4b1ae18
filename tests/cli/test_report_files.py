"""Files of reports: several in one run, each whole or not there, and expected violations."""

import functools
import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from kmspec_check import conform, files, reports
from tests.cli.conftest import Command
from tests.helpers import results
from tests.helpers.machine import explored

FULL: Final = Path("/dev/full")
BEGINNINGS: Final = {
    "json": "{\n",
    "junit": '<?xml version="1.0" encoding="UTF-8"?>\n',
    "html": "<!doctype html>\n",
    "markdown": "## kmspec: 0 violations",
    "badge": "<svg ",
    "expected": "# Violations that are known",
}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command makes no check of its own: it has this result."""
    monkeypatch.setattr(conform, "conform", lambda *_, **__: results.clean())


@pytest.mark.usefixtures("made")
def test_several_reports_in_one_run(command: Command, tmp_path: Path) -> None:
    words = [f"--report={name}={tmp_path / name}" for name in reports.FORMATS]
    finished = command("conform", *words, "--write-expected", str(tmp_path / "expected"))
    assert (finished.code, finished.complaint) == (0, "")
    assert {file.name for file in tmp_path.iterdir()} == BEGINNINGS.keys(), "nothing else is left"
    for name, beginning in BEGINNINGS.items():
        assert (tmp_path / name).read_text().startswith(beginning)


def test_what_is_not_asked_for_is_not_imported() -> None:
    names = ", ".join(f"'kmspec_check.report_{name}'" for name in reports.FORMATS)
    program = f"import sys, kmspec_check.reports; print({{'jinja2', {names}}} & sys.modules.keys())"
    command = [sys.executable, "-c", program]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout == "set()\n"


@pytest.mark.usefixtures("made")
def test_a_report_takes_the_place_of_an_older_one(command: Command, tmp_path: Path) -> None:
    file, link = tmp_path / "report.json", tmp_path / "link.json"
    file.write_text("older")
    file.chmod(0o640)
    link.symlink_to(file)
    assert command("conform", "--report", f"json={link}").code == 0
    assert json.loads(file.read_text())["format"] == "kmspec-report"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert link.is_symlink()


def test_what_cannot_be_written_whole_leaves_the_older(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "report.json"
    file.write_text("older")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(conform.UsageError, match=r"report\.json: No space left on device; give"):
        files.write(file, "newer")
    assert file.read_text() == "older"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
@pytest.mark.usefixtures("made")
def test_a_failure_of_one_report_keeps_the_others(command: Command, tmp_path: Path) -> None:
    good = tmp_path / "badge.svg"
    finished = command("conform", "--report", f"json={FULL}", "--report", f"badge={good}")
    said = f"kmspec: cannot write {FULL}: No space left on device; give another file\n"
    assert (finished.code, finished.complaint) == (2, said)
    assert finished.output.startswith("0 violations\n"), "the text is printed all the same"
    assert good.exists()


def test_a_run_writes_what_the_next_expects(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An emulator that is wrong adopts the check in two runs: the second is green."""
    quicker = functools.partial(conform.conform, explored=explored())
    monkeypatch.setattr(conform, "conform", quicker)
    file = str(tmp_path / "expected.txt")
    words = ("conform", "--mutant", "last-use-not-noted", "--only", "usage", "--only", "matrix")
    assert command(*words, "--write-expected", file).code == 1
    assert "\neffect/GetKeyLastUsage/answer to be explained\n" in Path(file).read_text()
    green = command(*words, "--expect", file)
    assert (green.code, green.complaint) == (0, "")
    assert green.output.startswith("0 violations\n")


def test_nothing_is_written_of_a_check_that_could_not_run(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conform, "conform", lambda *_, **__: results.troubled())
    file = tmp_path / "expected.txt"
    finished = command("conform", "--write-expected", str(file))
    assert finished.code == 2
    assert f"{file} was not written" in finished.complaint
    assert not file.exists()
