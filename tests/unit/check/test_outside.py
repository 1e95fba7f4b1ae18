"""What is not specified here is listed as unsupported, and no target is ever asked for it."""

from collections.abc import Mapping
from typing import Any

from kmspec_check.cells import Status
from kmspec_check.conform import conform
from tests.helpers.machine import explored
from tests.unit.check.support import Altered, Answer

AREA = "external key stores"


def test_external_key_stores_are_unsupported_on_any_target() -> None:
    offered: list[str] = []

    def offering(operation: str, parameters: Mapping[str, Any], answer: Answer) -> Answer:
        """Offer external key stores, and note what is asked for."""
        if "EXTERNAL_KEY_STORE" in parameters.values() or any(
            name.startswith("XksProxy") for name in parameters
        ):
            offered.append(operation)
            return 200, {"CustomKeyStoreId": "cks-1"}
        return answer

    result = conform(
        Altered(offering), profile="embedded", only=(AREA, "matrix"), explored=explored()
    )
    cells = [one for one in result.cells if one.cell.phase == "matrix"]
    asked = {one.cell.probe for one in cells}
    assert asked == {
        "CreateCustomKeyStore/external",
        "UpdateCustomKeyStore/external",
        "CreateKey/external",
    }
    assert {one.status for one in cells} == {Status.UNSUPPORTED}
    assert all("does not offer external key stores" in one.reason for one in cells)
    assert not result.violations
    assert offered == []
