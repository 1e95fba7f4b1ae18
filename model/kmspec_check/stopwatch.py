"""Real time: the only place that reads it, and the only one that waits."""

import threading
import time


class _Monotonic:
    """The machine's monotonic clock."""

    def __call__(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Return when so many seconds have passed."""
        threading.Event().wait(seconds)


MONOTONIC = _Monotonic()
