"""Targets that are wrong in a known way, and a place to bind symbols in."""

from collections.abc import Callable, Mapping
from typing import Any

from kmspec_check.binding import Binding, Place
from kmspec_impl.embedded import Embedded

PLACE = Place("123456789012", "us-east-1", "test")
Answer = tuple[int, dict[str, Any]]
Change = Callable[[str, Mapping[str, Any], Answer], Answer]


def binding() -> Binding:
    """Nothing bound yet."""
    return Binding(PLACE)


class Altered:
    """An embedded emulator whose answers are changed on their way out."""

    def __init__(self, change: Change) -> None:
        self._inner = Embedded()
        self._change = change

    def call(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        account: str = "000000000000",
        region: str = "us-east-1",
    ) -> Answer:
        """Answer as the emulator does, changed."""
        answer = self._inner.call(service, operation, parameters, account=account, region=region)
        return self._change(operation, parameters, answer)


def wrong_code(operation: str, parameters: Mapping[str, Any], answer: Answer) -> Answer:
    """Encrypt under a disabled key is refused with the code of another state."""
    del parameters
    status, body = answer
    if operation == "Encrypt" and body.get("__type") == "DisabledException":
        return status, {**body, "__type": "KMSInvalidStateException"}
    return answer
