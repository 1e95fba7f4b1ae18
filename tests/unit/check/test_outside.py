"""What is not specified here is listed as unsupported, and no target is ever asked for it."""

from collections.abc import Mapping
from typing import Any

from kmspec_check.cells import Status
from kmspec_check.conform import conform
from kmspec_impl.embedded import Embedded
from tests.helpers.machine import explored
from tests.unit.check.support import Answer

AREA = "external key stores"


class Offering(Embedded):
    """A target that offers external key stores, and notes what it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def call(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        account: str = "000000000000",
        region: str = "us-east-1",
    ) -> Answer:
        """Answer as the emulator does, but for what belongs to external key stores."""
        if "EXTERNAL_KEY_STORE" in parameters.values() or any(
            name.startswith("XksProxy") for name in parameters
        ):
            self.asked.append(operation)
            return 200, {"CustomKeyStoreId": "cks-1"}
        return super().call(service, operation, parameters, account=account, region=region)


def test_external_key_stores_are_unsupported_on_any_target() -> None:
    target = Offering()
    result = conform(target, profile="embedded", only=(AREA, "matrix"), explored=explored())
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
    assert target.asked == []
