"""The account of a target that keeps none apart and has no STS."""

from collections.abc import Mapping
from typing import Any

from kmspec_check.conform import conform
from kmspec_check.profile import Isolation, load
from kmspec_impl.embedded import Embedded
from tests.helpers.machine import explored


class _OneAccount:
    """Everything happens in one account, and nobody says in which."""

    def __init__(self) -> None:
        self._inner = Embedded()

    def call(
        self, service: str, operation: str, parameters: Mapping[str, Any], **where: str
    ) -> tuple[int, dict[str, Any]]:
        """Perform in the one account."""
        if service == "sts":
            return 501, {"__type": "", "message": ""}
        where["account"] = "111122223333"
        return self._inner.call(service, operation, parameters, **where)


def test_a_target_that_does_not_say_its_account_is_not_accused_of_it() -> None:
    generic = load("generic")
    update = {
        "isolation": Isolation.NONE,
        "unknown_operation": generic.unknown_operation,
        "areas": ("identity", "key", "cryptography"),
    }
    profile = load("embedded").model_copy(update=update)
    rules = ["key-state/Encrypt/Disabled", "effect/Encrypt/answer", "effect/ListKeys/answer"]
    target = _OneAccount()
    result = conform(target, profile=profile, only=["matrix"], rules=rules, explored=explored())
    assert not result.violations, result.violations[0]
    assert result.exit_code == 0
