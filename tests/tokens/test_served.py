"""`kmspec serve --hsm pkcs11`: what outlives it, and what it is told by the environment."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from kmspec_impl.hsm import library
from tests.helpers.server import done, kmspec, serving

PIN: Final = "planted-user-pin"
SO_PIN: Final = "planted-officer-pin"


def call(url: str, *words: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(done("call", *words, "--endpoint-url", url))
    return answer


def key_in_a_store(url: str) -> str:
    made = json.loads(done("keystore", "up", "--endpoint-url", url, "--json"))
    store = f"CustomKeyStoreId={made['CustomKeyStoreId']}"
    created = call(url, "CreateKey", "Origin=AWS_CLOUDHSM", store)
    return str(created["KeyMetadata"]["KeyId"])


def test_keys_outlive_process_and_tokens(tmp_path: Path) -> None:
    options = ("--data-dir", str(tmp_path), "--delay", "0")
    with serving("--hsm", "pkcs11", *options) as url:
        key_id = key_in_a_store(url)
        sealed = call(url, "Encrypt", f"KeyId={key_id}", "Plaintext=c2VjcmV0")["CiphertextBlob"]
    named = (f"KeyId={key_id}", "--data-dir", str(tmp_path))
    shown = json.loads(done("call", "DescribeKey", *named))["KeyMetadata"]
    assert shown["KeyState"] == "Enabled", "a command takes the backend there is"
    refused = kmspec("serve", "--port", "0", *options)
    assert refused.returncode == 2
    assert "made by --hsm pkcs11; use --hsm pkcs11, or" in refused.stderr
    with serving("--hsm", "pkcs11", *options) as url:
        for cluster in call(url, "DescribeClusters")["Clusters"]:
            first = cluster["Hsms"][0]["HsmId"]
            assert call(url, "Decrypt", f"CiphertextBlob={sealed}")["Plaintext"] == "c2VjcmV0"
            lost = ("fault", "set", cluster["ClusterId"], "hsm-lost", "--hsm", first)
            done("hsm", *lost, "--endpoint-url", url)
        assert call(url, "Decrypt", f"CiphertextBlob={sealed}")["Plaintext"] == "c2VjcmV0"


def test_what_software_made_is_not_opened_by_tokens(tmp_path: Path) -> None:
    options = ("--port", "0", "--data-dir", str(tmp_path))
    with serving("--data-dir", str(tmp_path)):
        pass
    refused = kmspec("serve", "--hsm", "pkcs11", *options)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "made by --hsm software; use --hsm software, or" in refused.stderr


@pytest.fixture
def tokens(tmp_path: Path) -> dict[str, str]:
    """Tokens of somebody's own, and the environment that names them."""
    (tmp_path / "tokens").mkdir()
    (tmp_path / "conf").write_text(f"directories.tokendir = {tmp_path / 'tokens'}\n")
    (tmp_path / "pin").write_text(PIN + "\n")
    variables = {"SOFTHSM2_CONF": str(tmp_path / "conf")}
    for label in ("first", "second"):
        words = ("softhsm2-util", "--init-token", "--free", "--label", label)
        pins = ("--pin", PIN, "--so-pin", SO_PIN)
        subprocess.run([*words, *pins], env={**os.environ, **variables}, check=True)
    return {
        **variables,
        library.TOKENS: "first, second",
        f"{library.PIN}_FILE": str(tmp_path / "pin"),
    }


def test_tokens_that_are_named_are_used(tokens: dict[str, str]) -> None:
    """With and without their security officer; what one process leaves does not hinder another."""
    for more in ({}, {library.SO_PIN: SO_PIN}):
        with serving("--hsm", "pkcs11", "--delay", "0", before=None, **tokens, **more) as url:
            key_id = key_in_a_store(url)
            sealed = call(url, "Encrypt", f"KeyId={key_id}", "Plaintext=c2VjcmV0")
            blob = sealed["CiphertextBlob"]
            assert call(url, "Decrypt", f"CiphertextBlob={blob}")["Plaintext"] == "c2VjcmV0"


def test_without_a_token_left_an_hsm_is_out_of_reach(tokens: dict[str, str]) -> None:
    tokens = {**tokens, library.TOKENS: "missing"}
    with serving("--hsm", "pkcs11", "--delay", "0", before=None, **tokens) as url:
        made = json.loads(done("keystore", "up", "--endpoint-url", url, "--json"))
        store = f"CustomKeyStoreId={made['CustomKeyStoreId']}"
        words = ("call", "CreateKey", "Origin=AWS_CLOUDHSM", store, "--endpoint-url", url)
        refused = kmspec(*words)
    assert refused.returncode != 0
    assert "KMSInternalException" in refused.stdout + refused.stderr


def test_without_the_package_it_is_one_line() -> None:
    hidden = "import sys; sys.modules['pkcs11'] = None; import typer_cli as t; sys.exit(t.main())"
    words = (sys.executable, "-c", hidden, "serve", "--port", "0", "--hsm", "pkcs11")
    refused = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "needs the package python-pkcs11; install it" in refused.stderr


WRONG: Final = {
    "KMSPEC_PKCS11_LIBRARY=/nowhere.so": "/nowhere.so cannot be used",
    "KMSPEC_PKCS11_SESSIONS=none": "KMSPEC_PKCS11_SESSIONS is 'none'; give a number, 1 or more",
    "KMSPEC_PKCS11_TOKENS=one": "KMSPEC_PKCS11_TOKENS has no PIN; give it by KMSPEC_PKCS11_PIN",
    "KMSPEC_PKCS11_PIN_FILE=/nowhere KMSPEC_PKCS11_TOKENS=one": "/nowhere cannot be read; mend",
}


@pytest.mark.parametrize("variables", WRONG)
def test_a_wrong_environment_is_one_line(variables: str) -> None:
    given = dict(one.split("=") for one in variables.split())
    refused = kmspec("serve", "--port", "0", "--hsm", "pkcs11", **given)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert WRONG[variables] in refused.stderr
