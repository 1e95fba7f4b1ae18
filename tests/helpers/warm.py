"""Warm programs: the only place that runs commands in copies of a process that has read them.

To start Python and to read boto3 or the AWS CLI takes longer than what they are asked for. Here
processes have read them; each command runs in a fork of one, with arguments, environment, folder
and open files of its own. For a shell there are executables of these names, which do no more than
hand over what they are called with.
"""

import contextlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from tests.helpers.server import SECONDS, environment
from tests.helpers.source import ROOT

_CALLED: Final = {"aws": "aws", "kmspec": "kmspec", "python3": "kmspec"}
"""The commands, and which of the two processes runs each."""
_MOST: Final = 1 << 20
"""Bytes of what a command is called with."""
_SHIM: Final = """\
#!{python} -SE
import json, os, re, socket, sys
fds = [0, 1, 2, *(int(n) for n in re.findall("/dev/fd/([0-9]+)", " ".join(sys.argv)))]
said = {{"argv": [{name!r}, *sys.argv[1:]], "env": dict(os.environ), "cwd": os.getcwd()}}
with socket.socket(socket.AF_UNIX) as there:
    there.connect({address!r})
    socket.send_fds(there, [json.dumps({{**said, "fds": fds}}).encode()], fds)
    there.shutdown(socket.SHUT_WR)
    sys.exit(int(there.makefile().read().split()[1]))
"""


class Warm:
    """The two processes, and what runs in copies of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        for name, runs in _CALLED.items():
            shim = self.bin / name
            address = str(folder / runs)
            shim.write_text(_SHIM.format(python=sys.executable, name=name, address=address))
            shim.chmod(0o755)
        self._kept = [_kept(runs, folder / runs) for runs in sorted(set(_CALLED.values()))]

    def close(self) -> None:
        """End the processes."""
        for process in self._kept:
            with process:
                process.terminate()

    def run(self, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, these first on PATH."""
        return subprocess.run(
            words if words[0] not in _CALLED else [str(self.bin / words[0]), *words[1:]],
            env=environment(PATH=f"{self.bin}{os.pathsep}{os.environ['PATH']}"),
            cwd=cwd or self._folder,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    @contextlib.contextmanager
    def serving(self, *options: str) -> Iterator[str]:
        """The URL of a running `kmspec serve`, which must end cleanly on SIGTERM."""
        ours, theirs = os.pipe()
        with Path(os.devnull).open("r+b") as nothing, socket.socket(socket.AF_UNIX) as there:
            there.settimeout(SECONDS)
            there.connect(str(self._folder / "kmspec"))
            argv = ["kmspec", "serve", "--port", "0", *options]
            fds = [0, 1, 2]
            said = {"argv": argv, "env": environment(), "cwd": str(self._folder), "fds": fds}
            sent = [nothing.fileno(), theirs, 2]
            socket.send_fds(there, [json.dumps(said).encode()], sent)
            there.shutdown(socket.SHUT_WR)
            os.close(theirs)
            with there.makefile() as answer, os.fdopen(ours) as output:
                process = int(answer.readline())
                ready = output.readline()
                try:
                    assert ready.startswith("kmspec listening on http://"), ready
                    yield ready.split()[-1]
                finally:
                    os.kill(process, signal.SIGTERM)
                    code = answer.readline().strip()
        assert code == "0", "kmspec serve must exit 0 on SIGTERM"


def _kept(runs: str, address: Path) -> subprocess.Popen[str]:
    """A process that has read its programs and waits."""
    code = f"from tests.helpers import warm; warm.keep({runs!r}, {str(address)!r})"
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


# ---- in the process that waits ----------------------------------------------------------------


def keep(runs: str, address: str) -> None:
    """Read the programs, then run a copy of this process for each command that is sent."""
    program = _aws() if runs == "aws" else _kmspec()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as here:
        here.bind(address)
        here.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            asked, _ = here.accept()
            with asked:
                if os.fork() == 0:
                    here.close()
                    _answer(asked, program)


def _answer(asked: socket.socket, program: Callable[[list[str]], int]) -> None:
    """Run the program as it was called, and say how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    text, fds, _, _ = socket.recv_fds(asked, _MOST, 32)
    while more := asked.recv(_MOST):
        text += more
    said: dict[str, Any] = json.loads(text)
    asked.sendall(f"{os.getpid()}\n".encode())
    for given, number in zip(fds, said["fds"], strict=True):
        os.dup2(given, number)
    os.environ.clear()
    os.environ.update(said["env"])
    os.chdir(said["cwd"])
    sys.argv = said["argv"]
    try:
        code = program(said["argv"])
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001 - as the interpreter does at the end of a program
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    asked.sendall(f"{code}\n".encode())
    os._exit(0)


def _aws() -> Callable[[list[str]], int]:
    """The AWS CLI, which has done something, so that it has read all it needs."""
    from awscli.clidriver import (  # type: ignore[import-untyped] # noqa: PLC0415 - not for both
        create_clidriver,
    )

    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_DEFAULT_REGION": "us-east-1"}
    names = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
    os.environ.update({**nowhere, **names, "AWS_MAX_ATTEMPTS": "1", "AWS_PAGER": ""})
    driver = create_clidriver()
    with Path(os.devnull).open("w") as nothing, contextlib.redirect_stderr(nothing):
        driver.main(["kms", "list-keys"])
        driver.main(["cloudhsmv2", "describe-clusters"])

    def program(argv: list[str]) -> int:
        driver.session._credentials = None  # noqa: SLF001 - those of the command are to be found
        return int(driver.main(argv[1:]))

    return program


def _kmspec() -> Callable[[list[str]], int]:
    """`kmspec`, and Python with boto3."""
    import boto3  # noqa: PLC0415 - not for both

    import typer_cli  # noqa: PLC0415 - not for both

    boto3.client("kms", region_name="us-east-1")

    def program(argv: list[str]) -> int:
        if argv[0] == "kmspec":
            return typer_cli.main()
        sys.argv = argv[1:]
        if argv[1] == "-c":
            sys.argv = ["-c", *argv[3:]]
            exec(argv[2], {"__name__": "__main__"})  # noqa: S102 - as `python3 -c` does
        else:
            runpy.run_path(argv[1], run_name="__main__")
        return 0

    return program
