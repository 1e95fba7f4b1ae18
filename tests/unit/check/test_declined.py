"""What a target says it does not offer is not asked for again and again on the way to more."""

from collections.abc import Mapping
from typing import Any

from kmspec_check.conform import conform
from kmspec_check.profile import Unsupported, load
from tests.helpers.machine import explored
from tests.unit.check.support import Altered, Answer

REFUSED = "this key spec is not offered"
MOST = 3_000
"""Steps: about the ten-fold of what the tour takes."""


def test_the_tour_goes_no_way_over_what_is_not_offered() -> None:
    steps = 0

    def declining(operation: str, parameters: Mapping[str, Any], answer: Answer) -> Answer:
        """Offer symmetric keys alone."""
        nonlocal steps
        steps += 1
        assert steps < MOST, "the tour asks for what is not offered again and again"
        if operation == "CreateKey" and "KeySpec" in parameters:
            return 400, {"__type": "ValidationException", "message": REFUSED}
        return answer

    unsupported = (Unsupported(operation="CreateKey", member="KeySpec", text=REFUSED),)
    profile = load("embedded").model_copy(update={"unsupported": unsupported})
    result = conform(
        Altered(declining), profile=profile, only=("alias", "tour"), explored=explored()
    )
    assert not result.violations
    assert result.exit_code == 0
