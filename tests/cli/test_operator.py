"""`kmspec hsm` and `kmspec call` against a served emulator."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.server import done, kmspec, serving


@pytest.fixture(scope="module")
def made(url: str) -> dict[str, Any]:
    """A connected key store, as `keystore up` reports it."""
    said = done("keystore", "up", "--endpoint-url", url, "--name", "operator", "--json")
    report: dict[str, Any] = json.loads(said)
    return report


@pytest.fixture(scope="module")
def key(url: str, made: dict[str, Any]) -> dict[str, Any]:
    """A key of that store."""
    answer = call(
        url, "CreateKey", "Origin=AWS_CLOUDHSM", f"CustomKeyStoreId={made['CustomKeyStoreId']}"
    )
    metadata: dict[str, Any] = answer["KeyMetadata"]
    return metadata


def call(url: str, *words: str) -> dict[str, Any]:
    """What `kmspec call` prints."""
    answer: dict[str, Any] = json.loads(done("call", *words, "--endpoint-url", url))
    return answer


def hsm(url: str, *words: str) -> str:
    """What `kmspec hsm` prints; the endpoint comes from the environment."""
    return done("hsm", *words, AWS_ENDPOINT_URL=url)


def test_a_name_is_taken_once(url: str, made: dict[str, Any]) -> None:
    assert made["CustomKeyStoreName"] == "operator"
    again = kmspec("keystore", "up", "--endpoint-url", url, "--name", "operator")
    assert again.returncode == 2
    assert "named operator already; choose another --name" in again.stderr


def test_a_full_account_says_how_to_go_on() -> None:
    with serving("--clock", "virtual") as url:
        for name in ("one", "two", "three"):
            done("keystore", "up", "--endpoint-url", url, "--name", name)
        refused = kmspec("keystore", "up", "--endpoint-url", url, "--name", "four")
        clusters = call(url, "DescribeClusters")["Clusters"]
    assert refused.returncode == 2
    assert "has 3 of 4 clusters, 6 of 6 HSMs" in refused.stderr
    assert "use another account" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert len(clusters) == 3, "nothing was made"


def test_remedies_are_words_of_the_command(url: str, made: dict[str, Any]) -> None:
    cluster = made["CloudHsmClusterId"]
    remedies = {
        ("user", "lock", cluster, "nobody"): "kmspec hsm user add",
        ("user", "logout", cluster, "kmsuser"): "kmspec hsm user login",
        ("key", "delete", cluster, "999999"): "kmspec hsm key list",
        ("user", "lock", "cluster-abcdefghijk", "anna"): "kmspec keystore up",
    }
    for words, remedy in remedies.items():
        refused = kmspec("hsm", *words, AWS_ENDPOINT_URL=url)
        assert refused.returncode == 2
        assert remedy in refused.stderr


def test_call_round_trip(url: str, key: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"\x00secret")
    words = (f"KeyId={key['KeyId']}", 'EncryptionContext={"a": "b"}')
    made = call(url, "Encrypt", *words, f"Plaintext=@{tmp_path / 'plain'}")
    opened = call(url, "Decrypt", *words, f"CiphertextBlob={made['CiphertextBlob']}")
    assert base64.b64decode(opened["Plaintext"]) == b"\x00secret"


def test_a_refused_call_exits_1(url: str) -> None:
    finished = kmspec("call", "DescribeKey", "KeyId=alias/none", "--endpoint-url", url)
    assert finished.returncode == 1
    assert finished.stderr.startswith("kmspec: DescribeKey was refused: NotFoundException")
    assert finished.stderr.count("\n") == 1


def test_call_without_a_url_keeps_nothing() -> None:
    finished = kmspec("call", "CreateKey")
    assert finished.returncode == 0
    assert json.loads(finished.stdout)["KeyMetadata"]["KeyState"] == "Enabled"
    assert "state is not kept" in finished.stderr


def test_services_are_found_by_operation(url: str) -> None:
    assert call(url, "GetCallerIdentity")["Account"] == "000000000000"
    assert "Clusters" in call(url, "DescribeClusters")


def test_users(url: str, made: dict[str, Any]) -> None:
    cluster = made["CloudHsmClusterId"]
    assert "is a crypto user" in hsm(url, "user", "add", cluster, "anna", "--password", "secret12")
    login = ("hsm", "user", "login", cluster, "anna")
    assert "is logged in" in done(*login, AWS_ENDPOINT_URL=url, KMSPEC_PASSWORD="secret12")
    assert "is logged out" in hsm(url, "user", "logout", cluster, "anna")
    assert "is locked" in hsm(url, "user", "lock", cluster, "anna")
    locked = kmspec(
        "hsm", "user", "login", cluster, "anna", "--password", "secret12", AWS_ENDPOINT_URL=url
    )
    assert (locked.returncode, locked.stdout) == (2, "")
    assert "kmspec hsm user password" in locked.stderr
    said = hsm(url, "user", "password", cluster, "anna")
    assert said.startswith("password of anna: ")
    assert "KeyStorePassword" in said.splitlines()[0]
    secret = said.split()[3]
    hsm(url, "user", "login", cluster, "anna", "--password", secret)
    hsm(url, "user", "logout", cluster, "anna")
    assert "is no user" in hsm(url, "user", "remove", cluster, "anna")


def test_keys(url: str, made: dict[str, Any], key: dict[str, Any]) -> None:
    cluster = made["CloudHsmClusterId"]
    rows = json.loads(hsm(url, "key", "list", cluster, "--json"))["Keys"]
    row = next(row for row in rows if row["Label"] == key["Arn"])
    assert row["Owner"] == "kmsuser"
    assert f"{row['Handle']}" in hsm(url, "key", "list", cluster)


def test_faults(url: str, made: dict[str, Any]) -> None:
    cluster, first = made["CloudHsmClusterId"], made["HsmIds"][0]
    assert hsm(url, "fault", "list", cluster) == "none\n"
    hsm(url, "fault", "set", cluster, "network")
    hsm(url, "fault", "set", cluster, "hsm-degraded", "--hsm", first)
    listed = hsm(url, "fault", "list", cluster)
    assert "network" in listed
    assert first in listed
    hsm(url, "fault", "clear", cluster, "hsm-degraded", "--hsm", first)
    hsm(url, "fault", "clear", cluster, "network")
    assert hsm(url, "fault", "list", cluster) == "none\n"


def test_load(url: str, made: dict[str, Any]) -> None:
    assert "2000 other operations" in hsm(url, "load", made["CloudHsmClusterId"], "2000")
    assert "0 other operations" in hsm(url, "load", made["CloudHsmClusterId"], "0")
