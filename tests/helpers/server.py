"""Servers under test: the only place where tests run `kmspec` and speak to its admin routes."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

KMSPEC: Final = str(Path(sys.executable).with_name("kmspec"))
SECONDS: Final = 60


def environment(**more: str) -> dict[str, str]:
    """An environment with nothing of this machine's AWS configuration."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {**kept, **nowhere, **more}


def kmspec(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, whatever its exit code; ``more`` are variables."""
    return subprocess.run(
        [KMSPEC, *words],
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def done(*words: str, **more: str) -> str:
    """Run the command, insist that it succeeds, and return what it printed."""
    finished = kmspec(*words, **more)
    assert finished.returncode == 0, f"kmspec {' '.join(words)}: {finished.stderr}"
    return finished.stdout


class Served(NamedTuple):
    """A running `kmspec serve`."""

    url: str
    process: int
    complaints: Callable[[], str]
    """What it wrote to standard error so far, or, once it has ended, at all."""

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])


@contextlib.contextmanager
def served(
    *options: str, before: Callable[[], None] | None = None, **variables: str
) -> Iterator[Served]:
    """A running `kmspec serve`, which must end cleanly on SIGTERM.

    ``before`` is called in the process that is to become the server; ``variables`` are of its
    environment.
    """
    with (
        tempfile.TemporaryFile("a+") as complaints,
        subprocess.Popen(
            [KMSPEC, "serve", "--port", "0", *options],
            env=environment(**variables),
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            preexec_fn=before,  # noqa: PLW1509 - it only sets a limit
        ) as process,
    ):
        assert process.stdout is not None
        ready = process.stdout.readline()

        def complained() -> str:
            complaints.seek(0)
            return complaints.read()

        try:
            assert ready.startswith("kmspec listening on http://"), ready + complained()
            yield Served(ready.split()[-1], process.pid, complained)
        finally:
            process.terminate()
            code = process.wait(SECONDS)
            sys.stderr.write(complained())
    assert code == 0, "kmspec serve must exit 0 on SIGTERM"


@contextlib.contextmanager
def serving(
    *options: str, before: Callable[[], None] | None = None, **variables: str
) -> Iterator[str]:
    """The URL of a running `kmspec serve`: see :func:`served`."""
    with served(*options, before=before, **variables) as found:
        yield found.url


def admin(url: str, route: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """POST to an admin route of kmspec, such as ``clock/Advance``."""
    request = urllib.request.Request(  # noqa: S310 - the URL of our own server
        f"{url}/_kmspec/{route}",
        data=json.dumps(parameters).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
        body: dict[str, Any] = json.load(answer)
    return body


def pass_time(url: str, seconds: float = 1.0) -> None:
    """Move the virtual clock of a served emulator."""
    admin(url, "clock/Advance", Seconds=seconds)
