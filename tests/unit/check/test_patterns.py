"""Fitting an answer to a pattern: what fits, what is bound, what is told when it does not."""

from collections.abc import Mapping

import pytest

from kmspec_check.patterns import fit
from kmspec_check.target import Answer
from kmspec_model import Bind, Items, Mark, Members, OneOf, Pattern, Ref, Refusal, Success, members
from kmspec_model.outcome import Values
from tests.unit.check.support import binding

KEY = Ref("key", 0)


def _mismatches(pattern: Members, body: Mapping[str, object]) -> list[str]:
    found = fit(Success(pattern), Answer(200, body), binding().extended({KEY: "k-0"}))
    return [mismatch.where for mismatch in found.mismatches]


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        ("Enabled", "Enabled", True),
        ("Enabled", "Disabled", False),
        (True, True, True),
        (True, 1, False),
        (1, 1.0, True),
        (KEY, "k-0", True),
        (KEY, "k-1", False),
        (Ref("key", 0, "arn"), "arn:aws:kms:us-east-1:123456789012:key/k-0", True),
        (OneOf(("a", "b")), "b", True),
        (OneOf(("a", "b")), "c", False),
        (Mark.PRESENT, "", True),
        (Mark.PRESENT, None, False),
        (Mark.ABSENT, None, True),
        (Mark.ABSENT, "x", False),
        (members(B=1), {"B": 1, "C": 2}, True),
        (members(B=1), "text", False),
        (Values(("a", "b")), ["b", "a"], True),
        (Values(("a", "b")), ["a"], False),
        (Values(("a",)), ["a", "a"], False),
        (Values(("a",)), "a", False),
        (Values(("a",)), [1], False),
        (Bind(Ref("key", 1)), "k-1", True),
        (Bind(Ref("key", 1)), "k-0", False),
        (Bind(Ref("key", 1)), "", False),
    ],
)
def test_one_value(pattern: Pattern, value: object, fits: bool) -> None:  # noqa: FBT001
    assert (_mismatches(members(A=pattern), {"A": value}) == []) is fits


def test_reference_bound_in_the_same_answer() -> None:
    new = Ref("key", 1)
    arn = Ref("key", 1, "arn")
    pattern = members(Arn=arn, KeyId=Bind(new))
    good = {"Arn": "arn:aws:kms:us-east-1:123456789012:key/k-1", "KeyId": "k-1"}
    found = fit(Success(pattern), Answer(200, good), binding())
    assert not found.mismatches
    assert found.new == {new: "k-1"}
    assert found.paths == {new: ("KeyId",)}
    assert _mismatches(pattern, {**good, "Arn": "k-1"}) == ["Arn"]


def test_list_in_any_order() -> None:
    entry = members(KeyId=KEY)
    pattern = members(Keys=Items("KeyId", (entry, members(KeyId=Bind(Ref("key", 1))))))
    assert _mismatches(pattern, {"Keys": [{"KeyId": "k-9"}, {"KeyId": "k-0"}]}) == []
    assert _mismatches(pattern, {"Keys": [{"KeyId": "k-0"}]}) == ["Keys[KeyId=a new key (key#1)]"]
    extra = {"Keys": [{"KeyId": "k-0"}, {"KeyId": "k-1"}, {"KeyId": "k-2"}]}
    assert _mismatches(pattern, extra) == ["Keys[KeyId='k-2']"]


def test_other_things_may_be_listed_where_accounts_are_shared() -> None:
    pattern = Success(members(Keys=Items("KeyId", (members(KeyId=KEY),))))
    answer = Answer(200, {"Keys": [{"KeyId": "k-0"}, {"KeyId": "k-2"}]})
    bound = binding().extended({KEY: "k-0"})
    assert fit(pattern, answer, bound).mismatches
    assert not fit(pattern, answer, bound, shared=True).mismatches


@pytest.mark.parametrize(
    ("status", "code", "message", "places", "hard"),
    [
        (400, "DisabledException", "k-0 is disabled.", [], False),
        (400, "ns#DisabledException", "k-0 is disabled.", [], False),
        (409, "DisabledException", "k-0 is disabled.", ["HTTP status"], False),
        (400, "DisabledException", "no", ["message"], False),
        (400, "NotFoundException", "k-0 is disabled.", ["error code"], True),
    ],
)
def test_refusal(
    status: int,
    code: str,
    message: str,
    places: list[str],
    hard: bool,  # noqa: FBT001
) -> None:
    expected = Refusal("DisabledException", "{key#0} is disabled.")
    answer = Answer(status, {"__type": code, "message": message})
    found = fit(expected, answer, binding().extended({KEY: "k-0"}))
    assert [mismatch.where for mismatch in found.mismatches] == places
    assert found.hard is hard


def test_success_instead_of_refusal_and_the_reverse() -> None:
    assert fit(Refusal("X"), Answer(200, {}), binding()).hard
    assert fit(Success(), Answer(400, {"__type": "X"}), binding()).hard
