"""What requests may hold and may not: what is tried of it, and how a deviation is told."""

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kmspec.names import Service
from kmspec.rules import Operation
from kmspec.shapes import Kind, Shape, input_of
from kmspec.tables import load
from kmspec_check import proofs, report_json
from kmspec_check.cells import Status
from kmspec_check.conform import conform
from kmspec_check.malformed import malformed
from kmspec_check.values import well_formed
from kmspec_impl.embedded import Embedded
from kmspec_model.command import Command, Pairs, written
from kmspec_model.constraints import broken, message
from tests.helpers import schemas
from tests.helpers.machine import explored
from tests.helpers.server import environment, serving
from tests.unit.check.support import Altered, Answer

OPERATIONS = [
    one for one in load().operations.values() if one.service in (Service.KMS, Service.CLOUDHSM)
]


def demands(shape: Shape) -> set[str]:
    """What can be wrong with a value of a shape; longer than 200,000 is not tried."""
    found = {"too low"} if shape.kind is Kind.INTEGER and shape.low is not None else set()
    if shape.kind is Kind.INTEGER and shape.high is not None:
        found.add("too high")
    if shape.kind in (Kind.STRING, Kind.BLOB):
        found |= {"too short"} if shape.low else set()
        found |= {"too long"} if shape.high is not None and shape.high < 262_144 else set()
    return found | ({"not listed"} if shape.enum else set())


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_every_member_is_broken_in_every_way(operation: Operation) -> None:
    service, called = Service(operation.service), operation.called
    made = list(malformed(service, called, well_formed(service, called)))
    labels = {one.label for one in made}
    for name, shape, required in input_of(service, called).members:
        path = name[0].lower() + name[1:]
        wanted = demands(shape) | ({"missing"} if required else set())
        assert {f"{path}/{fault}" for fault in wanted} <= labels
    assert all(broken(one.command) for one in made)


def test_nothing_is_wrong_with_what_is_well_formed() -> None:
    for operation in OPERATIONS:
        given = well_formed(Service(operation.service), operation.called)
        command = Command(operation.service, operation.called, tuple(given.items()))
        assert broken(command) == ()


def test_the_words_of_aws() -> None:
    random = Command("kms", "GenerateRandom", (("NumberOfBytes", 1025),))
    assert message(random) == (
        "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy "
        "constraint: Member must have value less than or equal to 1024"
    )
    tags = (Pairs((("TagKey", "k" * 129), ("TagValue", ""))),)
    told = message(Command("kms", "CreateKey", (("Tags", tags),))) or ""
    assert "at 'tags.1.member.tagKey' failed" in told
    unlisted = Command("kms", "CreateKey", (("KeySpec", "DES"),))
    assert broken(unlisted)
    assert message(unlisted) is None


def test_the_emulator_keeps_every_constraint_and_returns_what_was_encrypted() -> None:
    result = conform(Embedded(), only=["values"], explored=explored())
    tried = [one for one in result.cells if one.cell.phase == "values"]
    assert len(tried) > 600
    assert {one.status for one in tried} == {Status.PASS, Status.UNSUPPORTED}
    assert result.violations == ()


def long_descriptions(operation: str, parameters: Mapping[str, Any], answer: Answer) -> Answer:
    """Descriptions of any length are taken."""
    if operation == "UpdateKeyDescription" and len(parameters.get("Description", "")) > 8192:
        return 200, {}
    return answer


def test_a_long_value_is_told_in_short(tmp_path: Path) -> None:
    only = ["values", "key"]
    result = conform(Altered(long_descriptions), only=only, explored=explored())
    data = report_json.to_data(result)
    schemas.validate(data, "report-1")
    (found,) = data["violations"]
    assert found["rule"] == "request/constraint"
    assert found["observed"] == ["success: {}"]
    schemas.validate(found["trace"], "trace-2")
    assert "'a' * 8193" in found["boto3"]
    script = tmp_path / "show.py"
    script.write_text(found["boto3"])
    with serving("--clock", "virtual") as url:
        ran = subprocess.run([sys.executable, str(script), url], env=environment(), check=False)
    assert ran.returncode == 0


def test_what_people_are_shown_of_a_long_value() -> None:
    assert written("a" * 8193) == f"'{'a' * 20}'... (8193 characters)"
    assert written(bytes(4097)).endswith("... (4097 bytes)")
    assert written("short") == "'short'"


def test_what_is_computed_is_proved() -> None:
    result = conform(Embedded(), only=["values"], explored=explored())
    proved = Counter(
        decided.cell.probe.partition("/")[0]
        for decided in result.cells
        if decided.cell.probe.endswith("/proof")
    )
    assert proved.keys() == proofs.OPERATIONS
    assert proved["Sign"] >= 64
