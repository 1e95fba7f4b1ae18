"""Targets that are wrong in a known way, a run of one, and a place to bind symbols in."""

from collections.abc import Callable, Mapping
from typing import Any

from kmspec.tables import load as load_tables
from kmspec_check.binding import Binding, Place
from kmspec_check.profile import load as load_profile
from kmspec_check.run import Run
from kmspec_check.stopwatch import MONOTONIC
from kmspec_check.target import Target
from kmspec_impl.embedded import Embedded
from tests.helpers.machine import explored

PLACE = Place("123456789012", "us-east-1", "test")
Answer = tuple[int, dict[str, Any]]
Change = Callable[[str, Mapping[str, Any], Answer], Answer]


def binding() -> Binding:
    """Nothing bound yet."""
    return Binding(PLACE)


def run_of(target: Target) -> Run:
    """A run of a target, about everything."""
    return Run(
        target=target,
        profile=load_profile("embedded"),
        oracle=explored().oracle,
        spec=load_tables(),
        clock=MONOTONIC,
    )


class Altered:
    """An emulator whose answers are changed on their way out."""

    def __init__(self, change: Change, inner: Embedded | None = None) -> None:
        self._inner = inner or Embedded()
        self._change = change

    def call(
        self, service: str, operation: str, parameters: Mapping[str, Any], **where: str
    ) -> Answer:
        """Answer as the emulator does, changed."""
        answer = self._inner.call(service, operation, parameters, **where)
        return self._change(operation, parameters, answer)


def wrong_code(operation: str, parameters: Mapping[str, Any], answer: Answer) -> Answer:
    """Encrypt under a disabled key is refused with the code of another state."""
    del parameters
    status, body = answer
    if operation == "Encrypt" and body.get("__type") == "DisabledException":
        return status, {**body, "__type": "KMSInvalidStateException"}
    return answer
