"""How values travel: base64, timestamps, null members, and bodies that are no JSON object."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kmspec.names import ErrorCode, Service
from kmspec_impl.errors import ServiceError
from kmspec_impl.gateway.codec import from_json, json_decoder, json_writer, to_json
from kmspec_impl.gateway.exchange import NESTING_LIMIT
from kmspec_impl.gateway.service_model import operation


def decoded(name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Parameters of an operation of KMS as a handler gets them."""
    return dict(json_decoder(operation(Service.KMS, name).input)(parameters))


def encoded(name: str, answer: dict[str, Any]) -> dict[str, Any]:
    """An answer of KMS as a client reads it."""
    output = operation(Service.KMS, name).output
    assert output is not None
    return dict(json.loads(json_writer(output)(answer)))


def unreadable(body: bytes) -> str:
    """Why a body is refused."""
    with pytest.raises(ServiceError) as caught:
        from_json(body)
    assert caught.value.code is ErrorCode.SERIALIZATION
    assert caught.value.message is not None
    return caught.value.message


@settings(derandomize=True, deadline=None)
@given(st.binary(max_size=64))
def test_blobs_travel_as_base64(blob: bytes) -> None:
    text = base64.b64encode(blob).decode()
    assert decoded("Encrypt", {"Plaintext": text})["Plaintext"] == blob
    assert encoded("Encrypt", {"CiphertextBlob": blob}) == {"CiphertextBlob": text}


@pytest.mark.parametrize("text", ["a", "ab=", "YQ", "YQ==YQ==", "Y Q==", "YQ==\n", "é", "-_-_"])
def test_what_is_no_base64_is_refused(text: str) -> None:
    with pytest.raises(ServiceError) as caught:
        decoded("Encrypt", {"Plaintext": text})
    assert caught.value.code is ErrorCode.SERIALIZATION


def test_a_blob_that_is_no_string_is_left_to_validation() -> None:
    assert decoded("Encrypt", {"Plaintext": 1}) == {"Plaintext": 1}


def test_blobs_inside_structures() -> None:
    given_recipient = {"AttestationDocument": "YQ=="}
    assert decoded("Decrypt", {"Recipient": given_recipient}) == {
        "Recipient": {"AttestationDocument": b"a"}
    }


def test_null_members_are_absent_but_null_in_a_list_is_not() -> None:
    parameters = {"KeyId": None, "Tags": [{"TagKey": "a", "TagValue": None}, None]}
    assert decoded("TagResource", parameters) == {"Tags": [{"TagKey": "a"}, None]}
    assert encoded("DescribeKey", {"KeyMetadata": {"KeyId": "k", "Arn": None}}) == {
        "KeyMetadata": {"KeyId": "k"}
    }


def test_an_encryption_context_is_read_as_strings() -> None:
    context = {"a": 1, "b": True, "c": 1.5, "d": "e"}
    assert decoded("Encrypt", {"EncryptionContext": context})["EncryptionContext"] == {
        "a": "1",
        "b": "true",
        "c": "1.5",
        "d": "e",
    }


def test_timestamps_have_milliseconds() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
    for given_moment in (moment, moment.timestamp()):
        answer = {"KeyMetadata": {"CreationDate": given_moment}}
        assert encoded("DescribeKey", answer) == {"KeyMetadata": {"CreationDate": 1767323045.679}}


@settings(derandomize=True, deadline=None, max_examples=200)
@given(data=st.data())
def test_what_is_written_is_what_json_would_write(data: st.DataObject) -> None:
    """Outputs without blobs and timestamps, of every kind of member, against the library."""
    word = st.text(max_size=8)
    grant = st.fixed_dictionaries(
        {"KeyId": word, "Operations": st.lists(word, max_size=2)},
        optional={
            "Constraints": st.fixed_dictionaries(
                {"EncryptionContextSubset": st.dictionaries(word, word, max_size=3)}
            )
        },
    )
    answer = data.draw(
        st.fixed_dictionaries(
            {"Grants": st.lists(grant, max_size=3), "Truncated": st.booleans(), "NextMarker": word}
        )
    )
    assert encoded("ListGrants", answer) == answer
    days = data.draw(st.integers())
    assert encoded("ScheduleKeyDeletion", {"PendingWindowInDays": days}) == {
        "PendingWindowInDays": days
    }


def test_members_the_model_does_not_have_are_left_out() -> None:
    assert encoded("ListKeys", {"Truncated": True, "Note": object()}) == {"Truncated": True}


def test_encoding_leaves_the_answer_alone() -> None:
    answer = {"Keys": [{"KeyId": "k", "KeyArn": None}], "Truncated": False}
    encoded("ListKeys", answer)
    assert answer == {"Keys": [{"KeyId": "k", "KeyArn": None}], "Truncated": False}


def test_bodies_are_ascii() -> None:
    assert to_json({"a": "é\ud800"}) == b'{"a":"\\u00e9\\ud800"}'


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b" {} "])
def test_no_members(body: bytes) -> None:
    assert from_json(body) == {}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": NaN}', "NaN is no JSON number"),
        (b'{"a": -Infinity}', "-Infinity is no JSON number"),
        (b'{"a": 1} {}', "not JSON"),
        (b'{"a": "\n"}', "not JSON"),
        (b'{"a": ' + b"1" * 5000 + b"}", "more digits than any member takes"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"\\udc00": 1}', "surrogate"),
        (b"\xff\xfe{\x00}\x00", "not UTF-8"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b"[]", "Start of list"),
        (b'"a"', "Expected structure"),
        (b"1", "Expected structure"),
    ],
)
def test_bodies_that_are_no_json_object(body: bytes, reason: str) -> None:
    assert reason in unreadable(body)


def test_surrogates_in_pairs_are_one_character() -> None:
    assert from_json(b'{"a": "\\ud83d\\ude00"}') == {"a": "\N{GRINNING FACE}"}


def test_of_a_member_given_twice_the_last_counts() -> None:
    assert from_json(b'{"a": 1, "a": 2}') == {"a": 2}


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_nesting_is_bounded(opening: bytes, closing: bytes) -> None:
    inside = NESTING_LIMIT - 1
    from_json(b'{"a":' + opening * inside + b"1" + closing * inside + b"}")
    for depth in (NESTING_LIMIT, 1000, 200_000):
        assert "nest" in unreadable(b'{"a":' + opening * depth + b"1" + closing * depth + b"}")
        assert "nest" in unreadable(b'{"a":' + opening * depth)


def test_brackets_in_strings_do_not_nest() -> None:
    text = '[{"\\' * 500
    body = json.dumps({"a": text, "b": [[]] * 500}).encode()
    assert from_json(body)["a"] == text


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.binary(max_size=40) | st.text('[]{}":,\\u0d8nNaI1e9- ', max_size=40).map(str.encode))
def test_any_bytes_are_an_object_or_refused(body: bytes) -> None:
    try:
        assert isinstance(from_json(body), dict)
    except ServiceError as error:
        assert error.code is ErrorCode.SERIALIZATION  # noqa: PT017 - or no error at all
