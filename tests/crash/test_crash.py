"""What a kill at any moment leaves behind, and that it is noticed when something is lost."""

from pathlib import Path

from tests.crash.run import crash

KILLS = 12
CLIENTS = 4


def test_nothing_that_was_answered_is_lost(tmp_path: Path) -> None:
    found = crash(KILLS, CLIENTS, 0, "--data-dir", str(tmp_path / "data"))
    assert found.faults == []
    assert found.kills == KILLS
    assert found.answered > 10 * KILLS


def test_an_answer_before_the_commit_is_noticed(tmp_path: Path) -> None:
    words = ("--data-dir", str(tmp_path / "data"), "--mutant", "answers-before-commit")
    found = crash(KILLS, CLIENTS, 0, *words)
    assert any(fault.startswith("lost") for fault in found.faults)
