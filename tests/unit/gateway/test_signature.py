"""In whose name and where: the scope of a signature, and the defaults without one."""

import pytest

from kmspec_impl.caller import Caller
from kmspec_impl.gateway.signature import scope_of

REST = b", SignedHeaders=host;x-amz-date, Signature=abc"
ANYONE = Caller("000000000000", "us-east-1")


def header(scope: bytes) -> bytes:
    """An Authorization header of that scope."""
    return b"AWS4-HMAC-SHA256 Credential=" + scope + REST


def test_an_access_key_of_12_digits_is_the_account() -> None:
    scope = scope_of(header(b"123456789012/20261124/eu-west-1/cloudhsm/aws4_request"), b"")
    assert scope == (Caller("123456789012", "eu-west-1"), "cloudhsm")


@pytest.mark.parametrize("key", [b"AKIAIOSFODNN7EXAMPLE", b"12345678901", b"1234567890123", b"x"])
def test_any_other_access_key_is_the_default_account(key: bytes) -> None:
    scope = scope_of(header(key + b"/20261124/eu-west-1/kms/aws4_request"), b"")
    assert scope.caller == Caller("000000000000", "eu-west-1")


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"Bearer abc",
        b"AWS4-HMAC-SHA256 ",
        b"AWS4-HMAC-SHA256 Credential=",
        header(b"123456789012/20261124/eu-west-1/kms"),
        header(b"123456789012/2026/eu-west-1/kms/aws4_request"),
        header(b"123456789012/20261124/EU WEST/kms/aws4_request"),
        header(b"123456789012/20261124/eu-west-1/kms/aws4_request/more"),
        header(b"123456789012/20261124/" + b"a" * 5000 + b"/kms/aws4_request"),
        b"\xff\x00" * 50,
    ],
)
def test_a_malformed_header_says_nothing(value: bytes) -> None:
    assert scope_of(value, b"") == (ANYONE, None)


def test_unsigned() -> None:
    assert scope_of(None, b"") == (ANYONE, None)


def test_presigned() -> None:
    credential = b"123456789012%2F20261124%2Fap-south-1%2Fsts%2Faws4_request"
    query = b"Action=GetCallerIdentity&X-Amz-Credential=" + credential + b"&X-Amz-Signature=a"
    assert scope_of(None, query) == (Caller("123456789012", "ap-south-1"), "sts")
    assert scope_of(None, b"X-Amz-Credential=nonsense") == (ANYONE, None)
    assert scope_of(None, b"X-Amz-Credential=&X-Amz-Credential=") == (ANYONE, None)
