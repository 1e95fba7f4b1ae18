"""Plans: what a run of the benchmarks was asked for, and what all its sections share."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from typing import Final

from benchmarks.effort import Effort
from benchmarks.servers import emulators
from benchmarks.servers.server import Server
from kmspec_impl.hsm.library import softhsm

MOTO: Final = f"moto {metadata.version('moto')}"
OURS: Final = "kmspec"
STORE: Final = "kmspec, key store"
TOKENS: Final = "kmspec, key store of tokens"
UVICORN: Final = "constant bytes"
SHORTCUT: Final = "constant bytes, our shortcut"
SEALING: Final = "JSON and AES-GCM, our shortcut"


@dataclass(frozen=True)
class Plan:
    """How much is done, and with whom else."""

    effort: Effort
    peers: Mapping[str, Server] = field(default_factory=dict)
    with_moto: bool = True
    with_tokens: bool = True

    @property
    def has_tokens(self) -> bool:
        """Whether HSMs that are tokens are measured: where this machine has them."""
        return self.with_tokens and softhsm() is not None

    @contextmanager
    def others(self) -> Iterator[dict[str, Server]]:
        """The emulators that we did not write, by name."""
        if self.with_moto:
            with emulators.moto() as server:
                yield {MOTO: server, **self.peers}
        else:
            yield dict(self.peers)
