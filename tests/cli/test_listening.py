"""Where `kmspec serve` listens, and for whom."""

import socket
from urllib.error import HTTPError

import pytest

from tests.helpers.server import admin, kmspec, served

TOKEN = "0123456789abcdef"
OTHERS = ("--host", "0.0.0.0", "--allow-unauthenticated")  # noqa: S104 - what is tested


def address() -> str:
    """An address of this machine that others have a way to."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unsent:
        try:
            unsent.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            pytest.skip("this machine has no way to others, and so no address for them")
        return str(unsent.getsockname()[0])


def test_others_are_let_in_by_name_and_administer_by_the_token() -> None:
    with served(*OTHERS, KMSPEC_ADMIN_TOKEN=TOKEN) as server:
        url = f"http://{address()}:{server.port}"
        assert kmspec("call", "ListKeys", "--endpoint-url", url).returncode == 0
        with pytest.raises(HTTPError) as refused:
            admin(url, "clock/Now")
        assert refused.value.code == 403
        refused.value.close()
        words = ("hsm", "load", "cluster-none", "1", "--endpoint-url", url)
        assert "needs the admin token" in kmspec(*words).stderr
        wrong = kmspec(*words, KMSPEC_ADMIN_TOKEN=TOKEN + "x").stderr
        assert "not the admin token that the server was given" in wrong
        assert "there is no cluster" in kmspec(*words, KMSPEC_ADMIN_TOKEN=TOKEN).stderr
