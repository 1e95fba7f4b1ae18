"""Time: the only place where the emulator learns what time it is.

A clock tells epoch seconds, whole microseconds, and goes back only if it is told to. No other
module reads the time, and none waits: what takes time is due at a moment, and happens when somebody
looks (:mod:`kmspec_impl.agenda`).
"""

import time
from collections.abc import Callable, Mapping
from typing import ClassVar, Final, Protocol

_MICRO: Final = 1_000_000
_DIGITS: Final = 6
"""A float holds today's epoch seconds to better than a microsecond; moments are kept to that."""

START: Final = 1_767_225_600.0
"""Where a virtual clock starts: 2026-01-01T00:00:00Z."""


def after(moment: float, seconds: float) -> float:
    """The moment so many seconds later, as exact as a clock tells it."""
    return round(moment + seconds, _DIGITS)


def wall() -> float:
    """Epoch seconds of this machine: what clients sign by, whatever clock the emulator has."""
    return time.time()


class Clock(Protocol):
    """What tells the time."""

    kind: ClassVar[str]
    """The word for it on the command line."""

    ahead: float
    """Seconds it was moved by."""

    def now(self) -> float:
        """Epoch seconds."""
        ...

    def advance(self, seconds: float) -> None:
        """Move time; ``seconds`` is negative where that it was moved is undone."""
        ...


class RealClock:
    """The wall clock as it was at the start, running steadily, plus what was added to it."""

    kind: ClassVar[str] = "real"

    def __init__(self) -> None:
        self._offset = round(time.time() * _MICRO) - time.monotonic_ns() // 1000
        """In microseconds, like all that is added up here: integers need no rounding."""
        self.ahead = 0.0

    def now(self) -> float:
        """Epoch seconds."""
        return (time.monotonic_ns() // 1000 + self._offset) / _MICRO

    def advance(self, seconds: float) -> None:
        """Be ahead of the wall clock by so much more."""
        self._offset += round(seconds * _MICRO)
        self.ahead = after(self.ahead, seconds)


class VirtualClock:
    """A clock that only :meth:`advance` moves."""

    kind: ClassVar[str] = "virtual"

    def __init__(self, start: float = START) -> None:
        self._now = after(start, 0)
        self.ahead = 0.0

    def now(self) -> float:
        """Epoch seconds."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Be so much later."""
        self._now = after(self._now, seconds)
        self.ahead = after(self.ahead, seconds)


CLOCKS: Final[Mapping[str, Callable[[], Clock]]] = {
    clock.kind: clock for clock in (RealClock, VirtualClock)
}
"""The kinds of clock there are."""
