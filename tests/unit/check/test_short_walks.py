"""A deviation that takes many steps of a walk is told with the few that it needs."""

from collections.abc import Mapping
from typing import Any

from kmspec_check.cells import Cell
from kmspec_check.confirm import Looking, play, report
from kmspec_check.walks import _SHORT_ENOUGH
from kmspec_model.command import Command, command
from kmspec_model.setup import STORE_KEY, create_alias, encrypt, of_key
from tests.unit.check.support import Altered, Answer, run_of

CREATE = command("kms", "CreateKey")


def wrong_from_the_fourth_key_on() -> Altered:
    """The state of KMS keys is told wrongly from the fourth on that is in no key store."""
    made: dict[str, int] = {}

    def altered(operation: str, parameters: Mapping[str, Any], answer: Answer) -> Answer:
        status, body = answer
        plain = "CustomKeyStoreId" not in parameters
        if operation == "CreateKey" and plain and "KeyMetadata" in body:
            account = body["KeyMetadata"]["AWSAccountId"]
            made[account] = made.get(account, 0) + 1
            if made[account] >= 4:
                told = {**body["KeyMetadata"], "KeyState": "Disabled", "Enabled": False}
                return status, {**body, "KeyMetadata": told}
        return answer

    return Altered(altered)


def test_steps_that_are_not_needed_are_left_out() -> None:
    run = run_of(wrong_from_the_fourth_key_on())
    between = (of_key("DisableKey", 0), create_alias(1, 0), encrypt(0, keep=False))
    walk: tuple[Command, ...] = (*STORE_KEY, *between, CREATE, CREATE, CREATE, CREATE)
    session, result = play(run, walk, Looking.LAST)
    assert result.finding is not None
    walk = tuple(step.command for step in session.steps if not step.view)
    report(run, Cell("walks", "-", "CreateKey"), result.finding, walk, short_enough=_SHORT_ENOUGH)
    (violation,) = run.violations
    assert violation.trace is not None
    assert len(violation.trace.steps) <= _SHORT_ENOUGH < len(walk)
    assert [step.command.operation for step in violation.trace.steps].count("CreateKey") == 4
