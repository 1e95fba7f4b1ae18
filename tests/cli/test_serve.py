"""`kmspec serve`: its one line when ready, its end, and its address."""

import signal
import socket
import subprocess

from tests.helpers.server import KMSPEC, environment, kmspec, serving


def test_ready_line_and_clean_end() -> None:
    with serving() as url:
        assert url.startswith("http://127.0.0.1:")


def test_interrupt_is_quiet() -> None:
    with subprocess.Popen(
        [KMSPEC, "serve", "--port", "0"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=30)
    assert process.returncode in {0, 130}
    assert complaint == ""


def test_a_port_in_use() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        finished = kmspec("serve", "--port", str(taken.getsockname()[1]))
    assert finished.returncode == 2
    assert finished.stderr.startswith("kmspec: cannot listen on 127.0.0.1")
    assert finished.stderr.count("\n") == 1
