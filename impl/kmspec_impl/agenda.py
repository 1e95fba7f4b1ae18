"""What is due: the only place that says in which order delayed things happen.

Nothing runs by itself. A transition that takes time is noted here with the moment at which it
is due, and happens at the beginning of the first request at or after that moment, as of that
moment. Earlier moments come first; of two things due at one moment, the one noted first.

What is noted is data, so that it outlives the process: the name of what happens, and arguments.
"""

import heapq
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from kmspec_impl.storage.tables import Table

if TYPE_CHECKING:
    from kmspec_impl.realm import Realm

Action: TypeAlias = Callable[..., None]
"""What happens, given the realm, the arguments and the moment. It looks for itself whether there
is still anything to do."""
_SPARE: Final = 64
"""So many entries may be waited for in vain."""
ActionT = TypeVar("ActionT", bound=Action)


class Delayed(StrEnum):
    """Everything that can be due. The values are kept on disk: they are never changed."""

    BACKUP_DAILY = "backup-daily"
    BACKUP_DELETED = "backup-deleted"
    BACKUP_READY = "backup-ready"
    BACKUPS_PURGED = "backups-purged"
    CLUSTER_STATE_ENDS = "cluster-state-ends"
    HSM_TYPE_CHANGED = "hsm-type-changed"
    HSM_TYPE_SETTLED = "hsm-type-settled"
    HSM_LEAVES = "hsm-leaves"
    HSM_UP = "hsm-up"
    KEY_DELETED = "key-deleted"
    MATERIAL_EXPIRES = "material-expires"
    PRIMARY_UPDATED = "primary-updated"
    REGION_SETTLES = "region-settles"
    REPLICA_CREATED = "replica-created"
    ROTATION_COMPLETE = "rotation-complete"
    ROTATION_DUE = "rotation-due"
    STORE_CONNECTED = "store-connected"
    STORE_DISCONNECTED = "store-disconnected"


_ACTIONS: Final[dict[Delayed, tuple[str, str]]] = {}
"""The module and the name there of what does each. Looked up when it happens: a mutant has put
another in its place by then."""


def delayed(name: Delayed) -> Callable[[ActionT], ActionT]:
    """Say of a function that it does what is due by that name."""

    def register(action: ActionT) -> ActionT:
        _ACTIONS[name] = action.__module__, action.__name__
        return action

    return register


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that is due; its id counts what was noted."""

    id: str
    moment: float
    name: Delayed
    arguments: tuple[str | float | None, ...]


_REPEATED: Final = frozenset({Delayed.BACKUPS_PURGED, Delayed.REGION_SETTLES})
"""What may be due for the same at several moments. Of all else only the last one noted counts:
what is due looks whether it is still that moment that it was to happen at."""


class Agenda:
    """Everything that is due some day in one account and Region."""

    def __init__(self, realm: "Realm", entries: Table[Due]) -> None:
        self._realm, self._entries = realm, entries
        self._waiting: list[tuple[float, int]] = []
        self._noted: dict[tuple[object, ...], str] = {}
        """The ids of entries by what they are about."""
        self._last = 0
        entries.watch(self._follow)

    def note(self, moment: float, name: Delayed, *arguments: str | float | None) -> None:
        """Let something happen at a moment; not also when that was noted to happen before."""
        entry = Due(str(self._last + 1), moment, name, arguments)
        superseded = self._noted.get(_about(entry))
        if superseded is not None:
            self._entries.remove(superseded)
        self._entries.put(entry)
        if len(self._waiting) > 2 * len(self._entries) + _SPARE:
            self._waiting = [(one.moment, int(one.id)) for one in self._entries]
            heapq.heapify(self._waiting)

    def _follow(self, before: Due | None, entry: Due | None) -> None:
        """Wait for what is noted, and not for what is no longer."""
        if before is not None and self._noted.get(_about(before)) == before.id:
            del self._noted[_about(before)]
        if entry is not None:
            number = int(entry.id)
            self._last = max(self._last, number)
            self._noted[_about(entry)] = entry.id
            heapq.heappush(self._waiting, (entry.moment, number))

    def settle(self, now: float) -> None:
        """Let everything happen that is due, and what becomes due by it."""
        waiting = self._waiting
        while waiting and waiting[0][0] <= now:
            moment, number = waiting[0]
            entry = self._entries.get(str(number))
            if entry is None or entry.moment != moment:  # gone; the number may be another's now
                heapq.heappop(waiting)
                continue
            self._entries.remove(entry.id)
            heapq.heappop(waiting)
            action(entry.name)(self._realm, *entry.arguments, moment)
            waiting = self._waiting


def _about(entry: Due) -> tuple[object, ...]:
    when = (entry.moment,) if entry.name in _REPEATED else ()
    return (entry.name, *entry.arguments, *when)


def action(name: Delayed) -> Any:  # noqa: ANN401 - the arguments differ
    """What happens when that is due."""
    module, attribute = _ACTIONS[name]
    return getattr(sys.modules[module], attribute)
