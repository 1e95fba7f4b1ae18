"""The AWS CLI, unmodified, against `kmspec serve` after `kmspec keystore up`."""

import base64
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import boto3
import pytest

from tests.helpers.server import done, environment, serving
from tests.model.test_whole_api import MISSING

AWS: Final = str(Path(sys.executable).with_name("aws"))


def aws(words: list[str]) -> dict[str, Any]:
    """What the AWS CLI answers, with no configuration but what the words say."""
    finished = subprocess.run(
        [AWS, "--output", "json", *words],
        env=environment(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test"),
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


SIGNING = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}
FAMILIES: Final[dict[str, tuple[dict[str, Any], str, str]]] = {
    "kms:Sign": (SIGNING, "--message aGk= --signing-algorithm ECDSA_SHA_256", "Signature"),
    "kms:GetParametersForImport": (
        {"Origin": "EXTERNAL"},
        "--wrapping-algorithm RSAES_OAEP_SHA_256 --wrapping-key-spec RSA_2048",
        "ImportToken",
    ),
    "kms:RotateKeyOnDemand": ({}, "", "KeyId"),
    "kms:CreateGrant": (
        {},
        "--grantee-principal arn:aws:iam::000000000000:root --operations Encrypt Decrypt",
        "GrantToken",
    ),
    "kms:GetKeyPolicy": ({}, "", "Policy"),
    "kms:ListResourceTags": ({"Tags": [{"TagKey": "a", "TagValue": "b"}]}, "", "Tags"),
    "kms:ReplicateKey": ({"MultiRegion": True}, "--replica-region eu-west-1", "ReplicaKeyMetadata"),
}
"""An operation of each family: the key it is asked of, more words, and what it answers."""


@pytest.mark.parametrize("operation", [name for name in FAMILIES if name not in MISSING])
def test_a_command_of_each_family(url: str, operation: str) -> None:
    key, words, answered = FAMILIES[operation]
    session = boto3.Session("test", "test", region_name="us-east-1")
    kms = session.client("kms", endpoint_url=url)
    key_id = kms.create_key(**key)["KeyMetadata"]["KeyId"]
    kms.close()
    command = re.sub(r"(?<!^)(?=[A-Z])", "-", operation.partition(":")[2]).lower()
    answer = aws([*options(url), "kms", command, "--key-id", key_id, *words.split()])
    assert answer[answered]


def test_a_command_of_cloudhsm(url: str) -> None:
    subnets = "subnet-0123456789abcdef0 subnet-0fedcba9876543210"
    create = f"cloudhsmv2 create-cluster --hsm-type hsm2m.medium --subnet-ids {subnets}"
    made = aws([*options(url), *create.split(), "--tag-list", "Key=a,Value=b"])["Cluster"]
    assert made["TagList"] == [{"Key": "a", "Value": "b"}]


def options(url: str) -> list[str]:
    """Where to ask; the credentials are in the environment."""
    return ["--endpoint-url", url, "--region", "us-east-1"]
