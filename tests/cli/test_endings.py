"""Endings that are nobody's mistake: an interrupt, and a reader who has seen enough."""

import subprocess
from pathlib import Path
from typing import Final

import pytest

from kmspec_check import conform
from tests.cli.conftest import Command
from tests.helpers.server import KMSPEC, environment

FULL: Final = Path("/dev/full")


def test_an_interrupt_is_one_line(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(conform, "conform", interrupted)
    said = "kmspec: interrupted; no report was written\n"
    assert command("conform") == (130, "", said)


@pytest.mark.parametrize("words", ["explore --scope store", "conform --only smoke", "mutants"])
def test_a_closed_pipe_is_quiet(words: str) -> None:
    with subprocess.Popen(
        [KMSPEC, *words.split()],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        complaint = process.stderr.read()
        code = process.wait(60)
    assert complaint == b""
    assert code == 141, "1 would mean violations"


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("words", ["mutants", "explain Encrypt", "--help"])
def test_an_output_that_is_full(words: str) -> None:
    with FULL.open("w") as full:
        finished = subprocess.run(
            [KMSPEC, *words.split()],
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert finished.returncode == 2
    assert finished.stderr.startswith("kmspec: cannot write the output: No space left on device; ")
    assert finished.stderr.count("\n") == 1


def test_a_run_that_checked_nothing(command: Command) -> None:
    """A run that checked nothing did not succeed."""
    assert command("conform", "--budget", "0").code == 2
