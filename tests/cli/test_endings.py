"""Endings that are nobody's mistake: an interrupt, and a reader who has seen enough."""

import subprocess

import pytest

from kmspec_check import conform
from tests.cli.conftest import Command
from tests.helpers.server import KMSPEC, environment


def test_an_interrupt_is_quiet(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(conform, "conform", interrupted)
    assert command("conform") == (130, "", "")


def test_a_closed_pipe_is_quiet() -> None:
    with subprocess.Popen(
        [KMSPEC, "explore"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        complaint = process.stderr.read()
    assert complaint == b""


def test_a_run_that_checked_nothing(command: Command) -> None:
    """A run that checked nothing did not succeed."""
    assert command("conform", "--budget", "0").code == 2
