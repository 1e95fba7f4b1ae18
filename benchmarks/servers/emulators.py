"""Emulators: ours with its options, moto, and whatever listens at a URL."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from benchmarks.servers.server import Server, free_port, reached, started, tool

SECRET: Final = os.environ.get("AWS_SECRET_ACCESS_KEY", "kmspec")
"""Of all accounts; the checker signs with the same."""
_QUICK: Final = ("--delay", "0")


def environment(**more: str) -> dict[str, str]:
    """An environment without this machine's configuration of AWS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {**kept, **nowhere, **more}


@contextlib.contextmanager
def kmspec(*options: str) -> Iterator[Server]:
    """A running `kmspec serve`; what takes time otherwise takes none."""
    port = free_port()
    command = [tool("kmspec"), "serve", "--port", str(port), *_QUICK, *options]
    more = environment(AWS_ACCESS_KEY_ID="000000000000", AWS_SECRET_ACCESS_KEY=SECRET)
    with started(command, port, more) as server:
        yield server


@contextlib.contextmanager
def durable(*options: str) -> Iterator[Server]:
    """The same with a data directory, a new one."""
    with (
        tempfile.TemporaryDirectory() as folder,
        kmspec("--data-dir", str(Path(folder) / "data"), *options) as server,
    ):
        yield server


@contextlib.contextmanager
def moto() -> Iterator[Server]:
    """A running moto server, as its authors would run it."""
    port = free_port()
    with started([tool("moto_server"), "-p", str(port)], port, environment()) as server:
        yield server


def peers(given: str) -> Mapping[str, Server]:
    """What is given by ``NAME=URL``, several with blanks between.

    :raises ValueError: it is not written so.
    """
    pairs = [word.partition("=") for word in given.split()]
    if not all(name and url.startswith("http://") for name, _, url in pairs):
        raise ValueError(f"write NAME=http://HOST:PORT, not {given!r}")
    return {name: reached(url) for name, _, url in pairs}
