"""What is due: the only place that says in which order delayed things happen.

Nothing runs by itself. A transition that takes time is noted here with the moment at which it
is due, and happens at the beginning of the first request at or after that moment, as of that
moment. Earlier moments come first; of two things due at one moment, the one noted first.
"""

import heapq
from collections.abc import Callable
from itertools import count
from typing import TypeAlias

Action: TypeAlias = Callable[[float], None]
"""What happens, given the moment. It looks for itself whether there is still anything to do:
what was noted is never struck out."""


class Agenda:
    """Everything that is due some day in one account and Region."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, Action]] = []
        self._order = count()

    def note(self, due: float, action: Action) -> None:
        """Let ``action`` happen at the moment ``due``."""
        heapq.heappush(self._entries, (due, next(self._order), action))

    def settle(self, now: float) -> None:
        """Let everything happen that is due, and what becomes due by it."""
        entries = self._entries
        while entries and entries[0][0] <= now:
            due, _, action = heapq.heappop(entries)
            action(due)
