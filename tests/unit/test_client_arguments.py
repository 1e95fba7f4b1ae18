"""NAME=VALUE of `kmspec call`: read by the type the service model gives a parameter."""

import json
from pathlib import Path

import pytest

from kmspec_impl.client import arguments
from kmspec_impl.client.errors import UseError


def read(operation: str, *pairs: str) -> dict[str, object]:
    """The parameters of an operation as it would be called with them."""
    return arguments.parameters(arguments.operation(operation), pairs)


def test_text_stands_for_itself() -> None:
    assert read("DescribeKey", "KeyId=alias/a=b") == {"KeyId": "alias/a=b"}
    assert read("CreateKey", "Description=12") == {"Description": "12"}


def test_all_else_is_json() -> None:
    assert read("ListKeys", "Limit=5") == {"Limit": 5}
    assert read("CreateKey", 'Tags=[{"TagKey": "a", "TagValue": "b"}]') == {
        "Tags": [{"TagKey": "a", "TagValue": "b"}]
    }


def test_a_time_is_a_number_or_iso_8601() -> None:
    rest = ("KeyId=k", "ImportToken=AA==", "EncryptedKeyMaterial=AA==")
    for text in ("1798761600", "2027-01-01", "2027-01-01T00:00:00Z", "2027-01-01T01:00:00+01:00"):
        assert read("ImportKeyMaterial", *rest, f"ValidTo={text}")["ValidTo"] == 1798761600.0


def test_binary_data_is_base64() -> None:
    assert read("Decrypt", "CiphertextBlob=AAEC") == {"CiphertextBlob": b"\x00\x01\x02"}


def test_binary_data_inside_a_structure_is_base64_too() -> None:
    recipient = json.dumps({"AttestationDocument": "AAEC"})
    found = read("GenerateRandom", f"Recipient={recipient}")
    assert found == {"Recipient": {"AttestationDocument": b"\x00\x01\x02"}}


def test_a_file_gives_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"\xff\x00")
    found = read("Encrypt", "KeyId=k", f"Plaintext=@{tmp_path / 'plain'}")
    assert found["Plaintext"] == b"\xff\x00"


def test_a_file_gives_its_text(tmp_path: Path) -> None:
    (tmp_path / "anchor").write_text("@certificate")
    found = read("CreateKey", f"Description=@{tmp_path / 'anchor'}")
    assert found == {"Description": "@certificate"}


def test_two_at_signs_are_one() -> None:
    assert read("CreateKey", "Description=@@home") == {"Description": "@home"}


def test_a_service_can_be_named() -> None:
    assert arguments.operation("cloudhsm:TagResource").service == "cloudhsm"
    assert arguments.operation("cloudhsmv2:TagResource").service == "cloudhsm"
    assert arguments.operation("kms:TagResource").service == "kms"


def test_a_service_nobody_has() -> None:
    with pytest.raises(UseError, match="no operation s3:ListBuckets"):
        arguments.operation("s3:ListBuckets")


def test_answers_are_printed_as_they_are_read() -> None:
    body = {"CiphertextBlob": b"\x00\x01\x02", "CreationDate": 1.5}
    assert json.loads(arguments.printed(body)) == {"CiphertextBlob": "AAEC", "CreationDate": 1.5}
