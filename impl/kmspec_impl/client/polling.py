"""Polling: the only place that waits for an endpoint, always within a bound."""

import time
from collections.abc import Callable
from typing import Final

from kmspec_impl.client.errors import UseError

PROBES: Final = 600
"""How often a state is looked at before we give up."""
PAUSE: Final = 0.05
"""Seconds of real time between two looks."""


def until(probe: Callable[[], bool], what: str, pause: Callable[[], None]) -> None:
    """Return once ``probe`` holds, calling ``pause`` after each look that found it does not.

    :raises UseError: it did not hold within the bound; ``what`` says what was waited for.
    """
    for _ in range(PROBES):
        if probe():
            return
        pause()
    message = f"waited in vain for {what}"
    raise UseError(message, "look at the state with `kmspec call`, or serve with a shorter --delay")


def moment() -> None:
    """Let a moment of real time pass."""
    time.sleep(PAUSE)
