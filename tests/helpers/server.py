"""Servers under test: the only place where tests run `kmspec` and speak to its admin routes."""

import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

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


@contextlib.contextmanager
def serving(*options: str, before: Callable[[], None] | None = None, **more: str) -> Iterator[str]:
    """The URL of a running `kmspec serve`, which must end cleanly on SIGTERM.

    ``before`` is called in the process that is to become the server; ``more`` are variables.
    """
    with subprocess.Popen(
        [KMSPEC, "serve", "--port", "0", *options],
        env=environment(**more),
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=before,  # noqa: PLW1509 - it only sets a limit
    ) as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        try:
            assert ready.startswith("kmspec listening on http://"), ready
            yield ready.split()[-1]
        finally:
            process.terminate()
            code = process.wait(SECONDS)
    assert code == 0, "kmspec serve must exit 0 on SIGTERM"


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
