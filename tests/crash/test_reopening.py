"""What the model says holds across crashes, between steps and inside them."""

from pathlib import Path

import pytest

from kmspec_check.conform import conform
from tests.crash.reopening import Reopening
from tests.helpers.machine import explored

SHARE = 0.004
"""How many of the steps there is a crash before, and how many there is one inside."""


@pytest.mark.parametrize("only", [["walks"], ["tour", "alias"]], ids=" ".join)
def test_an_emulator_that_crashes_is_as_the_model_says(tmp_path: Path, only: list[str]) -> None:
    target = Reopening(tmp_path, 0, SHARE)
    result = conform(target, only=only, explored=explored())
    target.close()
    assert [str(violation) for violation in result.violations] == []
    assert result.exit_code == 0
    assert target.flaws == []
    assert target.crashes > 10
