"""What belongs to a key, as the checker sees it: lists, policies, aliases of AWS's own."""

import json
import re

import pytest

from kmspec.tables import load
from kmspec_check import trace
from kmspec_check.patterns import Chosen, fit
from kmspec_check.script_boto3 import script
from kmspec_check.target import Answer
from kmspec_check.trace import Difference, Recorded, Trace, TraceStep
from kmspec_model import Items, Mark, Members, Model, Ref, Success, World, command, members
from kmspec_model.outcome import Pattern, Text, Values
from tests.helpers import schemas
from tests.unit.check.support import binding

ALIAS = members(AliasName=Text("alias/aws/[a-z]+"), TargetKeyId=Mark.ABSENT)
LISTED = members(Aliases=Items("AliasName", (), also=(ALIAS,)))
POLICY = Ref("policy", 0)


def mismatches(pattern: Members, body: dict[str, object]) -> list[str]:
    return [one.where for one in fit(Success(pattern), Answer(200, body), binding()).mismatches]


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        (Values(("a", "b")), ["b", "a"], True),
        (Values(("a", "b")), ["a"], False),
        (Values(("a",)), ["a", "a"], False),
        (Values(("a",)), "a", False),
        (Text("[a-z]+"), "abc", True),
        (Text("[a-z]+"), "abc1", False),
        (Text("[a-z]+"), 1, False),
        (POLICY, "nonsense", False),
        (POLICY, "{}", False),
    ],
)
def test_one_value(pattern: Pattern, value: object, fits: bool) -> None:  # noqa: FBT001
    assert (mismatches(members(A=pattern), {"A": value}) == []) is fits


def test_of_a_policy_the_meaning_counts() -> None:
    written = json.dumps(json.loads(binding().value(POLICY)), indent=4, sort_keys=True)
    assert mismatches(members(Policy=POLICY), {"Policy": written}) == []
    for form in ("default", "lockout", "malformed"):
        assert mismatches(members(Policy=Ref("policy", 0, form)), {"Policy": written})
    with pytest.raises(ValueError, match="form 'other'"):
        binding().value(Ref("policy", 0, "other"))


def test_only_what_has_the_form_of_a_predefined_alias_is_listed_on_top() -> None:
    assert mismatches(LISTED, {"Aliases": [{"AliasName": "alias/aws/ebs"}]}) == []
    for wrong in ({"AliasName": "alias/aws/S3"}, {"AliasName": "alias/mine"}):
        assert len(mismatches(LISTED, {"Aliases": [wrong]})) == 1
    used = {"AliasName": "alias/aws/ebs", "TargetKeyId": "k"}
    assert len(mismatches(LISTED, {"Aliases": [used]})) == 1


def one_too_many() -> Trace:
    entry = members(GrantId=Ref("grant", 0), Operations=Values(("Encrypt",)))
    expected = members(Grants=Items("GrantId", (entry,), also=()), More=LISTED)
    step = TraceStep(
        command=command("kms", "ListGrants", KeyId=Ref("key", 0)),
        expected=(Success(expected),),
        rules=("effect/ListGrants/answer",),
        recorded=Recorded(200, {}),
        differences=(Difference("Grants[GrantId='x']", "absent", "{}"),),
        state="",
        view=True,
        names=(),
        paths=(("Grants", Chosen("GrantId", "x")),),
    )
    rule, sentence = "effect/ListGrants/answer", "It lists."
    return Trace(
        rule, "must", sentence, "", "embedded", isolated=True, region="us-east-1", steps=(step,)
    )


def test_a_trace_with_such_patterns_keeps_its_schema_and_is_read_again() -> None:
    found = one_too_many()
    written = trace.to_json(found)
    schemas.validate(written, "trace-2")
    assert trace.to_json(trace.loads(trace.dumps(found))) == written


def test_a_script_counts_what_has_another_name_in_each_run() -> None:
    text = script(one_too_many())
    assert re.search(r"lambda: len\(.*'Grants'.*\), lambda seen: seen <= 1", text)


@pytest.mark.parametrize("target", [{}, {"TargetKeyId": "00000000-0000-4000-8000-000000000000"}])
def test_a_predefined_alias_may_name_a_key_that_an_aws_service_made(target: dict[str, str]) -> None:
    arn = "arn:aws:kms:us-east-1:111122223333:alias/aws/ebs"
    listed = {"Aliases": [{"AliasName": "alias/aws/ebs", "AliasArn": arn, **target}]}
    (only,) = Model(load()).permitted(World(), command("kms", "ListAliases"))
    assert not fit(only.outcome, Answer(200, listed), binding()).mismatches
