"""Events: the only place that says what something under way is, and when it may end."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from kmspec_model.moves import Change
from kmspec_model.world import World

Fire: TypeAlias = Callable[[World], tuple[Change, ...]]


class Timing(NamedTuple):
    """How long a target takes, in seconds.

    What passes by itself lasts at least ``low`` and at most ``high``; a key may be deleted up to
    ``deletion_slack`` later than its waiting period ends (AWS: 24 hours).
    """

    low: float = 0.2
    high: float = 0.2
    deletion_slack: float = 0.0


class Event(NamedTuple):
    """Something under way: between when it may end, and the worlds its end leads to.

    ``rank`` orders what may end at the same moment as our emulator does.
    """

    earliest: int
    latest: int
    rank: int
    fire: Fire

    @classmethod
    def passing(cls, since: int, timing: Timing, rank: int, fire: Fire) -> "Event":
        """The end of a state that passes by itself, entered at ``since``."""
        low, high = round(timing.low * 1000), round(timing.high * 1000)
        return cls(since + low, since + high, rank, fire)
