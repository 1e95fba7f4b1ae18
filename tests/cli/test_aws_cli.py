"""The AWS CLI, unmodified, against `kmspec serve` after `kmspec keystore up`."""

import base64
import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from tests.helpers.server import done, environment, serving

AWS: Final = str(Path(sys.executable).with_name("aws"))


def aws(words: list[str]) -> dict[str, Any]:
    """What the AWS CLI answers, with no configuration but what the words say."""
    finished = subprocess.run(
        [AWS, "--output", "json", *words],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    answer: dict[str, Any] = json.loads(finished.stdout)
    return answer


@pytest.mark.parametrize("clock", ["real", "virtual"])
def test_the_printed_command_creates_a_key(clock: str, tmp_path: Path) -> None:
    with serving("--clock", clock) as url:
        said = done("keystore", "up", "--endpoint-url", url)
        command = next(line for line in said.splitlines() if line.startswith("next"))
        words = shlex.split(command)[2:]
        key_id = aws(words)["KeyMetadata"]["KeyId"]
        options = words[: words.index("kms")]
        plain, cipher = tmp_path / "plain", tmp_path / "cipher"
        plain.write_text("secret")
        made = aws(
            [*options, *f"kms encrypt --key-id {key_id} --plaintext fileb://{plain}".split()]
        )
        cipher.write_bytes(base64.b64decode(made["CiphertextBlob"]))
        opened = aws([*options, *f"kms decrypt --ciphertext-blob fileb://{cipher}".split()])
    assert base64.b64decode(opened["Plaintext"]) == b"secret"
    assert opened["KeyId"] == made["KeyId"]
