"""The embedded emulator against the model: everything of the default scope, no difference."""

import pytest

from kmspec_check.cells import Status
from kmspec_check.conform import conform
from kmspec_impl.embedded import Embedded
from tests.helpers.machine import explored


@pytest.mark.slow
def test_the_emulator_does_what_the_model_says() -> None:
    result = conform(Embedded(), budget=120, explored=explored())
    assert [(one.rule, str(one.cell), one.observed) for one in result.violations] == []
    assert result.exit_code == 0
    assert {phase.stopped for phase in result.phases} == {""}
    assert result.count(Status.SKIP) == 0
    assert result.coverage.situations.missing == ()
    assert result.coverage.missed_transitions == ()
    assert result.coverage.transitions.reached == result.coverage.transitions.total
