"""Clients we did not write, and our own, against an endpoint that verifies what they sign."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.helpers.server import done, environment, kmspec, serving
from tests.helpers.source import ROOT
from tests.story.customer import Customer, new_customer

AWS: Final = str(Path(sys.executable).with_name("aws"))
NPM: Final = shutil.which("npm")
NODE: Final = shutil.which("node")
PACKAGE: Final = "@aws-sdk/client-kms@3.1164.0"
KEYS: Final = """
[AKIDEXAMPLE]
secret_access_key = "example-secret"
account = "111122223333"

["*"]
secret_access_key = "secret"
"""
ME: Final = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example-secret"}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    keys = tmp_path_factory.mktemp("keys") / "keys.toml"
    keys.write_text(KEYS)
    with serving("--auth", "sigv4", "--credentials", str(keys), "--clock", "virtual") as served:
        yield served


def aws(url: str, words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    where = ["--endpoint-url", url, "--region", "eu-west-1", "--output", "json"]
    return subprocess.run(
        [AWS, *where, *words.split()],
        env=environment(**(variables or ME)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_aws_cli(url: str) -> None:
    identity = json.loads(aws(url, "sts get-caller-identity").stdout)
    assert identity["Account"] == "111122223333"
    arn = json.loads(aws(url, "kms create-key").stdout)["KeyMetadata"]["Arn"]
    assert arn.startswith("arn:aws:kms:eu-west-1:111122223333:key/")


@pytest.mark.parametrize(
    ("words", "variables", "code"),
    [
        ("kms list-keys", {**ME, "AWS_SECRET_ACCESS_KEY": "x"}, "InvalidSignatureException"),
        ("kms list-keys", {**ME, "AWS_ACCESS_KEY_ID": "x"}, "UnrecognizedClientException"),
        ("kms list-keys --no-sign-request", ME, "MissingAuthenticationTokenException"),
        ("sts get-caller-identity", {**ME, "AWS_ACCESS_KEY_ID": "x"}, "InvalidClientTokenId"),
    ],
)
def test_the_aws_cli_is_refused(url: str, words: str, variables: dict[str, str], code: str) -> None:
    finished = aws(url, words, **variables)
    assert finished.returncode != 0
    assert f"({code})" in finished.stderr


@pytest.mark.skipif(not (NPM and NODE), reason="Node and npm are not installed")
def test_the_javascript_sdk(url: str, tmp_path: Path) -> None:
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"]
    try:
        subprocess.run(
            [str(NPM), "install", "--fetch-retries=0", *options, PACKAGE],
            cwd=tmp_path,
            capture_output=True,
            timeout=60,
            check=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip(f"npm cannot install {PACKAGE} here")
    program = shutil.copy(ROOT / "tests" / "programs" / "sdk.mjs", tmp_path)
    ran = subprocess.run(
        [str(NODE), program, url],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["arn"].startswith("arn:aws:kms:eu-west-1:111122223333:key/")
    assert said["plaintext"] == "secret"
    assert said["wrong"] == ["InvalidSignatureException", 400]
    assert said["late"] == ["InvalidSignatureException", 400]


def test_our_own_clients(url: str) -> None:
    variables = {"AWS_ACCESS_KEY_ID": "444455556666", "AWS_SECRET_ACCESS_KEY": "secret"}
    made = json.loads(done("keystore", "up", "--endpoint-url", url, "--json", **variables))
    listed = done("hsm", "key", "list", made["CloudHsmClusterId"], "--endpoint-url", url)
    assert listed == "none\n"
    asked = json.loads(done("call", "ListKeys", "--endpoint-url", url, **variables))
    assert asked["Keys"] == []
    refused = kmspec("call", "ListKeys", "--endpoint-url", url)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "MissingAuthenticationTokenException" in refused.stderr


def test_the_checker_signs_for_every_account(url: str) -> None:
    words = ["conform", "--endpoint-url", url, "--only", "smoke"]
    finished = kmspec(*words, AWS_SECRET_ACCESS_KEY="secret")
    assert re.search("cells +[1-9][0-9]* pass\n", finished.stdout), finished.stdout
    refused = kmspec(*words, AWS_SECRET_ACCESS_KEY="another")
    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert "InvalidSignatureException" in refused.stdout + refused.stderr


@pytest.fixture(scope="module")
def owner(url: str) -> Iterator[Customer]:
    with new_customer(url) as made:
        made.everything()
        yield made


def test_nothing_shows_in_another_account(url: str, owner: Customer) -> None:
    """Neither is it listed, nor does who knows its name get at it; each kind of thing once."""
    key = owner.create_key()
    arn = key["Arn"]
    owner.kms.create_alias(AliasName="alias/mine", TargetKeyId=key["KeyId"])
    me = f"arn:aws:iam::{key['AWSAccountId']}:root"
    grant = owner.kms.create_grant(
        KeyId=arn, GranteePrincipal=me, RetiringPrincipal=me, Operations=["Encrypt"]
    )
    ciphertext = owner.kms.encrypt(KeyId=arn, Plaintext=b"mine")["CiphertextBlob"]
    backup = owner.hsm.describe_backups()["Backups"][0]
    with new_customer(url) as other:
        kms, hsm = other.kms, other.hsm
        assert kms.list_keys()["Keys"] == []
        assert not [one for one in kms.list_aliases()["Aliases"] if "alias/mine" in str(one)]
        assert kms.list_retirable_grants(RetiringPrincipal=me)["Grants"] == []
        assert kms.describe_custom_key_stores()["CustomKeyStores"] == []
        assert hsm.describe_clusters()["Clusters"] == []
        assert hsm.describe_backups()["Backups"] == []
        named: tuple[tuple[Callable[..., Any], dict[str, Any]], ...] = (
            (kms.describe_key, {"KeyId": arn}),
            (kms.describe_key, {"KeyId": key["KeyId"]}),
            (kms.describe_key, {"KeyId": "alias/mine"}),
            (kms.encrypt, {"KeyId": arn, "Plaintext": b"x"}),
            (kms.decrypt, {"CiphertextBlob": ciphertext}),
            (kms.list_grants, {"KeyId": arn}),
            (kms.revoke_grant, {"KeyId": arn, "GrantId": grant["GrantId"]}),
            (kms.retire_grant, {"GrantToken": grant["GrantToken"]}),
            (kms.schedule_key_deletion, {"KeyId": arn}),
            (kms.describe_custom_key_stores, {"CustomKeyStoreId": owner.store_id}),
            (kms.disconnect_custom_key_store, {"CustomKeyStoreId": owner.store_id}),
            (hsm.delete_cluster, {"ClusterId": owner.cluster_id}),
            (hsm.delete_backup, {"BackupId": backup["BackupId"]}),
            (hsm.list_tags, {"ResourceId": owner.cluster_id}),
        )
        for call, parameters in named:
            with pytest.raises(ClientError):
                call(**parameters)
        restoring = {"HsmType": "hsm2m.medium", "SubnetIds": ["subnet-0123456789abcdef0"]}
        with pytest.raises(ClientError):
            hsm.create_cluster(**restoring, SourceBackupId=backup["BackupId"])
        account = kms.create_key()["KeyMetadata"]["AWSAccountId"]
        policy = {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                "Action": "cloudhsm:CreateCluster",
                "Resource": backup["BackupArn"],
            },
        }
        owner.hsm.put_resource_policy(ResourceArn=backup["BackupArn"], Policy=json.dumps(policy))
        restored = hsm.create_cluster(**restoring, SourceBackupId=backup["BackupArn"])
        assert restored["Cluster"]["SourceBackupId"] in backup["BackupArn"]
    assert owner.kms.decrypt(CiphertextBlob=ciphertext)["Plaintext"] == b"mine"


def test_the_same_name_in_two_accounts(url: str) -> None:
    """Two access keys, two accounts: what one makes is not in the way of the other."""
    session = boto3.Session("AKIDEXAMPLE", "example-secret", region_name="us-east-1")
    with new_customer(url) as other:
        mine = session.client("kms", endpoint_url=url)
        for kms in (mine, other.kms):
            key = kms.create_key()["KeyMetadata"]["KeyId"]
            kms.create_alias(AliasName="alias/same", TargetKeyId=key)
        arns = [
            kms.describe_key(KeyId="alias/same")["KeyMetadata"]["Arn"] for kms in (mine, other.kms)
        ]
        assert arns[0] != arns[1]
        mine.close()
