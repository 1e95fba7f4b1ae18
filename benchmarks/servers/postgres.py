"""PostgreSQL: the only place that finds, starts and stops a server of it."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

import psycopg

from kmspec_impl.storage import sealing

_DEBIAN: Final = Path("/usr/lib/postgresql")
_USER: Final = "postgres"
_COUNT: Final = count()
WHY: Final = "needs PostgreSQL; on Debian: apt-get install postgresql"
"""Why what needs it is left out where it is not."""


class Postgres:
    """A server of this process alone, reached by a socket in its directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def database(self) -> str:
        """The URL of a new database."""
        name = f"kmspec_{next(_COUNT)}"
        self.execute(f"CREATE DATABASE {name}")
        return self._url(name)

    def execute(self, statement: str) -> None:
        """Do something as its administrator."""
        with psycopg.connect(self._url(_USER), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _url(self, name: str) -> str:
        return f"postgresql://{_USER}@/{name}?host={self._directory}"

    def key(self) -> dict[str, str]:
        """The variable that names a file for the key of its databases."""
        return {sealing.KEY_FILE: str(self._directory / "key")}


def is_here() -> bool:
    """Whether this machine has it."""
    return _programs() is not None


@contextlib.contextmanager
def started(*, hurried: bool = False) -> Iterator[Postgres]:
    """A running server; one that is ``hurried`` loses what it has when power goes.

    :raises RuntimeError: there is none on this machine.
    """
    programs = _programs()
    if programs is None:
        raise RuntimeError(f"it {WHY}")
    owner = _USER if os.geteuid() == 0 else None  # it does not run as root
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        if owner is not None:
            shutil.chown(directory, owner)
        data = directory / "data"
        making = ("--pgdata", data, "--username", _USER, "--auth", "trust", "--no-sync")
        subprocess.run([programs / "initdb", *making], check=True, capture_output=True, user=owner)
        listening = ("-c", "listen_addresses=", "-c", f"unix_socket_directories={directory}")
        fsync = ("-c", f"fsync={'off' if hurried else 'on'}")
        process = subprocess.Popen(
            [programs / "postgres", "-D", data, *listening, *fsync],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            user=owner,
        )
        said = process.stderr
        try:
            for line in said or ():
                if "ready to accept connections" in line:
                    break
            yield Postgres(directory)
        finally:
            process.send_signal(signal.SIGQUIT)  # at once, whoever is connected
            if said is not None:
                said.close()
            process.wait()


def _programs() -> Path | None:
    found = shutil.which("initdb")
    directories = [Path(found).resolve().parent] if found else _DEBIAN.glob("*/bin")
    return next((one for one in sorted(directories) if (one / "postgres").exists()), None)
