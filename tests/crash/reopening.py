"""An emulator that crashes while the checker holds it against the model."""

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kmspec_impl import integrity
from kmspec_impl.clock import VirtualClock
from kmspec_impl.embedded import Embedded
from kmspec_impl.emulator import KINDS
from kmspec_impl.storage import rows
from kmspec_impl.storage.durable import Durable


class Reopening:
    """A target of the checker: an emulator that crashes between and inside steps, by a seed.

    Between steps: what was answered must be there. Inside: the request was carried out and not
    yet kept, so nothing of it may be there, and it is made once more.
    """

    def __init__(self, directory: Path, seed: int, share: float, mutant: str | None = None) -> None:
        self._directory, self._share, self._mutant = directory, share, mutant
        self._rng = random.Random(seed)
        self.crashes = 0
        self.flaws: list[str] = []
        """What did not hold together of what was found after a crash."""
        self._open()

    def _open(self) -> None:
        self._durable = Durable(self._directory)
        kept = {
            place: rows.from_bytes(KINDS[place.kind], content)
            for place, content in self._durable.contents()
        }
        self.flaws += integrity.flaws(kept)
        self._embedded = Embedded(mutant=self._mutant, storage=self._durable, clock=VirtualClock())

    def crash(self) -> None:
        """End without a word, as a process does that is killed, and begin again."""
        self.crashes += 1
        self._durable.abandon()
        self._open()

    def call(
        self, service: str, operation: str, parameters: Mapping[str, Any], **place: str
    ) -> tuple[int, dict[str, Any]]:
        """Perform one operation, perhaps after a crash, perhaps twice because of one."""
        drawn = self._rng.random()
        if drawn < self._share:
            self.crash()
        elif drawn < 2 * self._share:
            self._durable.commit = _nothing  # type: ignore[method-assign]
            self._embedded.call(service, operation, parameters, **place)
            self.crash()
        return self._embedded.call(service, operation, parameters, **place)

    def advance(self, seconds: float) -> None:
        """Move time."""
        self._embedded.advance(seconds)

    def close(self) -> None:
        """End as one should."""
        self._embedded.close()


def _nothing() -> None:
    """What a process does that is dead."""
