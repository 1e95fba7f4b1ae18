"""What the checker does in several Regions."""

import functools
import json

import pytest

from kmspec_check import report_json, script_boto3, script_cli, trace
from kmspec_check.binding import Binding, Place
from kmspec_check.patterns import fit
from kmspec_check.profile import load
from kmspec_check.replay import Ending, replay
from kmspec_check.target import Answer
from kmspec_check.trace import Recorded, Trace, TraceStep
from kmspec_impl.embedded import Embedded
from kmspec_model import Bind, Command, Items, Mark, Ref, Success, command, members
from kmspec_model.outcome import Outcome, Refusal
from tests.unit.check.support import PLACE, binding

KEY = Ref("key", 0)
CREATE = command("kms", "CreateKey", MultiRegion=True)
REPLICATE = command("kms", "ReplicateKey", KeyId=KEY, ReplicaRegion=Ref("region", 1))
LOOK = command("kms", "DescribeKey", KeyId=Ref("key", 0, "arn")).in_region(1)
ELSEWHERE = command("kms", "DescribeKey", KeyId=Ref("key", 0, "arn0")).in_region(1)
NEW = members(KeyMetadata=members(KeyId=Bind(KEY, "mrk-")))
SHOWN = members(KeyMetadata=members(Arn=Ref("key", 0, "arn")))


def step(of: Command, expected: Outcome, status: int = 200, **names: str) -> TraceStep:
    code = {"__type": expected.code} if isinstance(expected, Refusal) else {}
    return TraceStep(
        command=of,
        expected=(expected,),
        rules=("key/exists",),
        recorded=Recorded(status, code),
        differences=(),
        state="",
        view=False,
        names=((KEY, ("KeyMetadata", "KeyId")),) if names else (),
    )


def recorded() -> Trace:
    steps = (
        step(CREATE, Success(NEW), key="named"),
        step(REPLICATE, Success()),
        step(LOOK, Success(SHOWN)),
        step(ELSEWHERE, Refusal("NotFoundException"), 400),
    )
    return Trace(
        rule="key/exists",
        level="must",
        sentence="",
        cell="",
        profile="kmspec",
        isolated=True,
        region="us-east-1",
        steps=steps,
    )


def test_the_text_of_a_command_says_its_region_unless_it_is_the_first() -> None:
    assert str(LOOK) == "DescribeKey(KeyId=key#0.arn) in region#1"
    assert str(REPLICATE) == "ReplicateKey(KeyId=key#0, ReplicaRegion=region#1)"


@pytest.mark.parametrize(
    ("own", "regions"),
    [
        ("us-east-1", ["us-east-1", "eu-west-1", "ap-southeast-2"]),
        ("eu-west-1", ["eu-west-1", "us-east-1", "ap-southeast-2"]),
    ],
)
def test_regions_are_told_apart(own: str, regions: list[str]) -> None:
    bound = Binding(Place("123456789012", own, "test"))
    assert [bound.value(Ref("region", index)) for index in range(3)] == regions


def test_an_arn_is_of_the_region_in_which_it_is_said_unless_it_names_one() -> None:
    bound = binding().extended({KEY: "mrk-1"})
    before = "arn:aws:kms:{}:123456789012:key/mrk-1"
    assert bound.value(Ref("key", 0, "arn")) == before.format("us-east-1")
    there = bound.within(1)
    assert there.value(Ref("key", 0, "arn")) == before.format("eu-west-1")
    assert there.value(Ref("key", 0, "arn0")) == before.format("us-east-1")
    assert there.symbol(before.format("eu-west-1")) == "key#0.arn"
    assert there.symbol(before.format("us-east-1")) == "key#0.arn0"
    assert there.within(0).value(Ref("zone", 0)) == "us-east-1a"
    assert there.value(Ref("zone", 0)) == "eu-west-1a"


@pytest.mark.parametrize(("key_id", "fits"), [("mrk-1", True), ("1", False)])
def test_an_id_begins_as_it_must(key_id: str, fits: bool) -> None:  # noqa: FBT001 - a case
    answer = Answer(200, {"KeyMetadata": {"KeyId": key_id}})
    assert (not fit(Success(NEW), answer, binding()).mismatches) is fits


def test_what_is_listed_too_much_has_its_symbol() -> None:
    bound = binding().extended({KEY: "mrk-1"})
    alias = bound.value(Ref("alias", 3))
    for by, seen, symbol in (("KeyId", "mrk-1", "key#0"), ("AliasName", alias, "alias#3")):
        pattern = Success(members(Found=Items(by, ())))
        found = fit(pattern, Answer(200, {"Found": [{by: seen}]}), bound).mismatches
        assert [one.where for one in found] == [f"Found[{by}={symbol}]"]
        assert found[0].expected is Mark.ABSENT


def test_a_trace_keeps_the_regions() -> None:
    again = trace.loads(trace.dumps(recorded()))
    assert again == recorded()


def test_a_trace_of_the_first_version_is_read() -> None:
    data = json.loads(trace.dumps(recorded()))
    data["version"] = 1
    for one in data["steps"]:
        del one["region"]
    assert {one.command.region for one in trace.loads(json.dumps(data)).steps} == {0}
    assert report_json.schema("trace-1")["properties"]["version"] == {"const": 1}


def test_a_trace_is_replayed_where_it_was_recorded() -> None:
    replayed = replay(recorded(), Embedded(), load("embedded"))
    assert replayed.ending is Ending.FIXED
    assert [one.present for one in replayed.steps] == ["200", "200", "200", "400 NotFoundException"]


def test_the_scripts_say_the_region() -> None:
    program = script_boto3.script(recorded())
    there = "KeyId=arn('kms', 'key/' + key_0, 'eu-west-1')"
    assert f"call(elsewhere(kms, 'eu-west-1'), 'DescribeKey', {there})" in program
    assert "KeyId=arn('kms', 'key/' + key_0))" in program
    compile(program, "script", "exec")
    shell = "\n".join(script_cli.lines(recorded()))
    arn = '"arn:aws:kms:{}:${{account}}:key/${{key_0}}"'
    for region in ("eu-west-1", "us-east-1"):
        line = f"aws kms describe-key --region eu-west-1 --key-id {arn.format(region)}"
        assert line in shell
    assert PLACE.region not in shell.partition("replicate-key")[2].partition("\n")[0]


def test_the_scripts_ask_for_the_account_where_it_is_not_theirs() -> None:
    """A key says it where there is no STS."""
    asked = "account=$(aws sts get-caller-identity --query Account --output text 2> /dev/null ||"
    shared = recorded()._replace(isolated=False)
    assert asked in "\n".join(script_cli.lines(shared))
    assert asked not in "\n".join(script_cli.lines(recorded()))

    program = script_boto3.script(shared)
    functions = program[program.index("@functools.cache") : program.index("def arn(")]
    arn = "arn:aws:kms:us-east-1:111122223333:key/1"
    names = {
        "functools": functools,
        "kms": None,
        "call": lambda *_, **__: {"KeyMetadata": {"KeyId": "1", "Arn": arn}},
    }
    exec(functions, names)  # noqa: S102 - it is our own program; without sts it finds no STS
    assert eval("account()", names) == "111122223333"  # noqa: S307 - the same
