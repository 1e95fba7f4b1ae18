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
