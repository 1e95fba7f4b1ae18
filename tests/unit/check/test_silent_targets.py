"""Targets that leave something out of their answers: they are held to all else."""

from collections.abc import Mapping
from typing import Any

from kmspec_check.cells import Status
from kmspec_check.conform import conform
from tests.helpers.machine import explored
from tests.unit.check.support import Altered, Answer


def without_material_ids(_: str, __: Mapping[str, Any], answer: Answer) -> Answer:
    """No key material id is told anywhere."""
    status, body = answer
    metadata = {k: v for k, v in body.get("KeyMetadata", {}).items() if "KeyMaterialId" not in k}
    kept = {k: v for k, v in body.items() if "KeyMaterialId" not in k}
    return status, {**kept, **({"KeyMetadata": metadata} if metadata else {})}


def test_a_target_that_tells_no_key_material_id_is_gone_on_with() -> None:
    only = ["matrix", "cryptography"]
    result = conform(Altered(without_material_ids), only=only, explored=explored())
    named = {one.rule for one in result.violations}
    assert "effect/CreateKey/answer" in named
    assert all(rule.startswith("effect/") for rule in named)
    assert result.count(Status.ERROR) == 0
    assert result.count(Status.SKIP) < result.count(Status.PASS) / 50


def never_in_lists(operation: str, parameters: Mapping[str, Any], answer: Answer) -> Answer:
    """The ids are not even told of each rotation."""
    status, body = without_material_ids(operation, parameters, answer)
    rotations = [
        {name: value for name, value in one.items() if name != "KeyMaterialId"}
        for one in body.get("Rotations", ())
    ]
    return status, {**body, **({"Rotations": rotations} if rotations else {})}


def not_of_imports(operation: str, _: Mapping[str, Any], answer: Answer) -> Answer:
    """One operation does not tell what all others do."""
    status, body = answer
    left_out = "KeyMaterialId" if operation == "ImportKeyMaterial" else ""
    return status, {name: value for name, value in body.items() if name != left_out}


AREAS = ["matrix", "import"]


def test_nobody_is_accused_of_not_knowing_an_id_that_was_never_told() -> None:
    result = conform(Altered(never_in_lists), only=AREAS, explored=explored())
    assert {one.rule.partition("/")[0] for one in result.violations} == {"effect"}
    reasons = {one.reason for one in result.cells if one.status is Status.UNSUPPORTED}
    assert reasons
    assert all(one.startswith("the target did not tell the id of keymaterial#") for one in reasons)


def test_what_one_operation_leaves_out_costs_nothing_elsewhere() -> None:
    result = conform(Altered(not_of_imports), only=AREAS, explored=explored())
    assert {one.rule for one in result.violations} == {"effect/ImportKeyMaterial/answer"}
    assert result.count(Status.UNSUPPORTED) == result.count(Status.SKIP) == 0
