"""A server that is killed: the only place that starts one on a data directory and takes it away."""

import http.client
import json
import re
import signal
import subprocess
from pathlib import Path
from typing import Any, Final, Self

from tests.helpers.server import KMSPEC, SECONDS, environment

_HEADERS: Final = {"Content-Type": "application/x-amz-json-1.1"}
_CREDENTIAL: Final = "AWS4-HMAC-SHA256 Credential=000000000000/20260101/{}/kms/aws4_request"


class Gone(Exception):
    """The server was killed before it answered."""


class Server:
    """`kmspec serve` with options and variables, which is started again and again."""

    def __init__(self, *options: str, **variables: str) -> None:
        self._options, self._variables = options, variables
        self.port = 0
        """Where it listens; the same after a crash."""
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end(signal.SIGTERM)

    def start(self) -> None:
        """Start it, and wait until it listens."""
        words = [KMSPEC, "serve", "--port", str(self.port), *self._options]
        self._process = subprocess.Popen(
            words, env=environment(**self._variables), stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        ready = self._process.stdout.readline()
        assert ready.startswith("kmspec listening on"), f"it did not start again: {ready!r}"
        self.port = int(ready.rpartition(":")[2])

    def end(self, number: int = signal.SIGKILL) -> None:
        """End it by a signal, at once unless another one is given."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(SECONDS)
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def memory(self) -> float:
        """Resident memory, in MB."""
        text = self._told("status").read_text(encoding="ascii")
        (kilobytes,) = re.findall(r"VmRSS:\s+(\d+) kB", text)
        return int(kilobytes) / 1024

    def files(self) -> int:
        """How many files it has open, sockets among them."""
        return len(list(self._told("fd").iterdir()))

    def _told(self, what: str) -> Path:
        assert self._process is not None
        return Path("/proc", str(self._process.pid), what)

    def connect(self) -> "Client":
        """A connection to it."""
        return Client(self.port)


class Client:
    """One connection to a server."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)

    def ask(
        self,
        operation: str,
        region: str = "us-east-1",
        **parameters: Any,  # noqa: ANN401 - JSON
    ) -> dict[str, Any]:
        """What AWS KMS answers; an error has ``__type``.

        :raises Gone: there was no answer.
        """
        headers = {
            **_HEADERS,
            "X-Amz-Target": f"TrentService.{operation}",
            "Authorization": _CREDENTIAL.format(region),
        }
        try:
            self._connection.request("POST", "/", json.dumps(parameters), headers)
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as gone:
            self.close()
            raise Gone from gone
        body: dict[str, Any] = json.loads(text) if text else {}
        return body

    def close(self) -> None:
        """Give it up."""
        self._connection.close()
