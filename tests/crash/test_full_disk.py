"""A disk that takes no more: nothing is answered that is not kept, and what is kept can be read."""

import resource
from pathlib import Path

import pytest

from tests.crash.server import Client
from tests.helpers.server import serving

LIMIT = 200_000
"""Bytes that a file may have."""
ENOUGH = 1000


def limit() -> None:
    """Let files be no longer than that; Python ignores the signal that tells of it."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, resource.RLIM_INFINITY))


def keys(client: Client) -> list[str]:
    """The ids of all keys."""
    return [key["KeyId"] for key in client.ask("ListKeys", Limit=1000)["Keys"]]


def test_what_a_full_disk_does_not_take_is_refused_and_undone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    made: list[str] = []
    with serving("--data-dir", str(tmp_path), before=limit) as url:
        client = Client(int(url.rpartition(":")[2]))
        for _ in range(ENOUGH):
            answer = client.ask("CreateKey", Description="x" * 1000)
            if "__type" in answer:
                break
            made.append(answer["KeyMetadata"]["KeyId"])
        assert answer == {
            "__type": "KMSInternalException",
            "message": "kmspec could not keep what this request changed, and has undone it.",
        }
        assert made
        assert keys(client) == sorted(made)
        assert client.ask("DescribeKey", KeyId=made[0])["KeyMetadata"]["Enabled"]
        client.close()
    told = capfd.readouterr().err
    assert "cannot be written: disk i/o error; what was asked for is undone and refused" in told
    assert "Traceback" not in told
    with serving("--data-dir", str(tmp_path)) as url:
        client = Client(int(url.rpartition(":")[2]))
        assert keys(client) == sorted(made)
        client.close()
