"""Files of access keys: what they may say, and one line for each way to be wrong."""

import json
from pathlib import Path

import pytest

from kmspec_impl.gateway.credentials import Credential, CredentialsError, admin_token, read

SECRET = "very-secret-indeed"
GOOD = f"""
[AKIDEXAMPLE]
secret_access_key = "{SECRET}"
account = "111122223333"
session_token = "token"

[222233334444]
secret_access_key = "{SECRET}"

["*"]
secret_access_key = "of all"
"""


def test_toml_and_json(tmp_path: Path) -> None:
    as_toml, as_json = tmp_path / "keys.toml", tmp_path / "keys.json"
    as_toml.write_text(GOOD)
    members = {
        "AKIDEXAMPLE": {
            "secret_access_key": SECRET,
            "account": "111122223333",
            "session_token": "token",
        },
        "222233334444": {"secret_access_key": SECRET},
        "*": {"secret_access_key": "of all"},
    }
    as_json.write_text(json.dumps(members))
    for file in (as_toml, as_json):
        found = read(file)
        assert found.find("AKIDEXAMPLE") == Credential("111122223333", SECRET, "token")
        assert found.find("222233334444") == Credential("222233334444", SECRET)
        assert found.find("333344445555") == Credential("333344445555", "of all")
        assert found.find("AKIDNOBODY") is None
        assert found.find("*") is None


def test_nothing_shows_a_secret(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(GOOD)
    assert SECRET not in f"{read(file)!r} {vars(read(file))!r}"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[A\n", "is no TOML"),
        (f'A = "{SECRET}"', "it has no members"),
        ("", "has no access key"),
        ("[A]\naccount = '111122223333'", "it has no secret_access_key"),
        (f"[A]\nsecret_access_key = '{SECRET}'\naccount = '1'", "the account is not 12 digits"),
        (f"[A]\nsecret_access_key = '{SECRET}'\naccount = 111122223333", "account is no text"),
        (f"[A]\nsecret = '{SECRET}'", "there is no member 'secret'; use secret_access_key"),
        (f"['A/B']\nsecret_access_key = '{SECRET}'", "this is no access key id"),
        (f"['*']\nsecret_access_key = '{SECRET}'\naccount = '111122223333'", "stands for all"),
        (f'[A]\nsecret_access_key = "{SECRET}\\u0000"', "secret_access_key is no text"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, content: str, expected: str) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(content)
    with pytest.raises(CredentialsError) as caught:
        read(file)
    said = str(caught.value)
    assert expected in said
    assert ";" in said
    assert "\n" not in said
    assert SECRET not in said
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("content", ["{", "[]", '"x"', "[" * 100_000, "\udcff"])
def test_json_that_is_none(tmp_path: Path, content: str) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(CredentialsError):
        read(file)


def test_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(CredentialsError, match="--auth sigv4 needs credentials; give"):
        read(None)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    assert read(None).find("AKIDEXAMPLE") == Credential("000000000000", SECRET)
    assert read(None).find("111122223333") == Credential("111122223333", SECRET)
    assert read(None).find("AKIDNOBODY") is None


def test_an_admin_token_is_long_and_plain() -> None:
    assert admin_token(None) is None
    assert admin_token("") is None
    assert admin_token("0123456789abcdef") == "0123456789abcdef"
    for wrong in ("short", "0123456789abcde ", "\u00e4" * 20):
        with pytest.raises(CredentialsError) as caught:
            admin_token(wrong)
        assert wrong not in str(caught.value)
