"""Very many requests of everything, with the same live resources: memory, files, errors.

    python -m tests.soak.run [--requests 1000000] [--data-dir]

Exit code 1: memory, or what is on disk, grew by more than a tenth after the first tenth of the
requests, a request was refused or answered by a fault, or files were left open.
"""

import argparse
import http.client
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from kmspec_impl.client.endpoint import Endpoint
from kmspec_impl.client.keystore import up
from tests.crash.server import Server
from tests.helpers.server import SECONDS
from tests.soak.cycle import Cycle

REQUESTS: Final = 1_000_000
AWAY: Final = 40 * 86_400
"""Seconds that let everything be gone that is to go."""
CYCLES: Final = 25
"""After so many of them time moves on so far."""
GROWTH: Final = 1.1
_TARGETS: Final = {"kms": "TrentService", "cloudhsm": "BaldrApiService"}
_CREDENTIAL: Final = "AWS4-HMAC-SHA256 Credential=000000000000/20260101/{}/{}/aws4_request"


@dataclass
class Found:
    """What came of a run; memory in MB."""

    requests: int = 0
    seconds: float = 0.0
    early: float = 0.0
    late: float = 0.0
    files: tuple[int, int] = (0, 0)
    disk: tuple[float, float] = (0.0, 0.0)
    """All files of the data directory, in MB; nothing without one."""
    faults: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """The figures, for people."""
        yield f"{self.requests} requests in {self.seconds:.0f} s"
        yield f"{len(self.faults)} refused or answered by a fault"
        yield f"memory after a tenth of them {self.early:.1f} MB, at the end {self.late:.1f} MB"
        yield f"open files {self.files[0]}, at the end {self.files[1]}"
        if self.disk[1]:
            yield f"data directory {self.disk[0]:.1f} MB, at the end {self.disk[1]:.1f} MB"
        yield from self.faults[:10]

    @property
    def grew(self) -> bool:
        """Whether something grew that should not."""
        return (
            self.late > GROWTH * self.early
            or self.files[1] > self.files[0]
            or self.disk[1] > GROWTH * self.disk[0]
        )


class Asking:
    """One connection, by which everything is asked."""

    def __init__(self, port: int, found: Found) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        self._found = found

    def kms(
        self,
        operation: str,
        region: str = "us-east-1",
        **parameters: Any,  # noqa: ANN401 - JSON
    ) -> dict[str, Any]:
        """An operation of AWS KMS."""
        return self._aws("kms", operation, region, parameters)

    def hsm(
        self,
        operation: str,
        region: str = "us-east-1",
        **parameters: Any,  # noqa: ANN401 - JSON
    ) -> dict[str, Any]:
        """An operation of AWS CloudHSM v2."""
        return self._aws("cloudhsm", operation, region, parameters)

    def own(self, route: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """An operation that AWS has no API for."""
        return self._ask(f"/_kmspec/{route}", {"Content-Type": "application/json"}, parameters)

    def close(self) -> None:
        """Give it up."""
        self._connection.close()

    def _aws(
        self, service: str, operation: str, region: str, parameters: dict[str, Any]
    ) -> dict[str, Any]:
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"{_TARGETS[service]}.{operation}",
            "Authorization": _CREDENTIAL.format(region, service),
        }
        return self._ask("/", headers, parameters)

    def _ask(
        self, path: str, headers: dict[str, str], parameters: dict[str, Any]
    ) -> dict[str, Any]:
        self._connection.request("POST", path, json.dumps(parameters), headers)
        answer = self._connection.getresponse()
        text = answer.read()
        body: dict[str, Any] = json.loads(text) if text else {}
        self._found.requests += 1
        if answer.status != http.client.OK:
            self._found.faults.append(f"{path} {headers} {parameters}: {answer.status} {body}")
        return body


def soak(requests: int, kept: Path | None = None) -> Found:
    """Make so many requests of a server, which keeps its state in a directory if there is one."""
    found, began = Found(), perf_counter()
    options = ["--clock", "virtual", "--quotas", "none"]
    options += [] if kept is None else ["--data-dir", str(kept)]
    with Server(*options) as server, ExitStack() as ended:
        endpoint = Endpoint(f"http://127.0.0.1:{server.port}")
        made = up(endpoint, "soak", endpoint.pause)
        asking = Asking(server.port, found)
        ended.callback(asking.close)
        store = {"store": made.store_id, "cluster": made.cluster_id}
        cycle = Cycle(asking.kms, asking.hsm, asking.own, store)
        cycles = 0
        while found.requests < requests and not found.faults:
            cycle.once()
            cycles += 1
            if cycles % CYCLES == 0:
                asking.own("clock/Advance", Seconds=AWAY)
            if not found.early and found.requests >= requests / 10:
                found.early, before = server.memory(), server.files()
                found.files, found.disk = (before, before), (_megabytes(kept), 0.0)
        found.late, found.files = server.memory(), (found.files[0], server.files())
        found.disk = found.disk[0], _megabytes(kept)
    found.seconds = perf_counter() - began
    return found


def _megabytes(kept: Path | None) -> float:
    """What the files of a data directory take; it has grown to that, and never shrinks."""
    return sum(file.stat().st_size for file in kept.iterdir()) / 1024**2 if kept else 0.0


def main() -> int:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description="Very many requests of one emulator.")
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--data-dir", action="store_true", help="keep state on disk")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        found = soak(given.requests, Path(directory) if given.data_dir else None)
    sys.stdout.write("\n".join(found.lines()) + "\n")
    return 1 if found.grew or found.faults else 0


if __name__ == "__main__":
    sys.exit(main())
