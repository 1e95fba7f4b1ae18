"""Jobs: what passes between a benchmark and the process that sends the requests."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

SAMPLES: Final = 32
"""Answers of a job that are kept, to be looked at afterwards."""


@dataclass(frozen=True)
class Job:
    """Requests to be sent to one server.

    The ``requests`` are sent in turns, whichever connection comes to it. Without a ``rate`` each
    connection sends the next as soon as it is answered, for so many ``seconds``, or until ``count``
    were sent; with a ``rate`` so many are sent a second, evenly, whatever the answers do.
    What is answered in the first seconds of ``lead_in`` does not count.
    """

    port: int
    requests: tuple[bytes, ...]
    connections: int = 1
    seconds: float = 1.0
    count: int | None = None
    rate: float | None = None
    lead_in: float = 0.0
    host: str = "127.0.0.1"


@dataclass
class Outcome:
    """What came of a job."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    """Of each answer, in seconds: since it was sent, or since it was due to be."""
    statuses: Counter[int] = field(default_factory=Counter)
    samples: list[bytes] = field(default_factory=list)
    """Some bodies, of success, from all over the time."""
    refusals: list[bytes] = field(default_factory=list)
    """Some bodies, of others."""
    busy: float = 0.0
    """Seconds of CPU that the load generator used."""

    @property
    def answered(self) -> int:
        """How many answers there were."""
        return len(self.latencies)

    @property
    def rate(self) -> float:
        """Successes a second."""
        return self.statuses[200] / self.seconds
