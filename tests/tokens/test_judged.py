"""The checker judges an emulator whose HSMs are tokens, and mutants of it."""

import random
from typing import Final

import pytest

from kmspec.tables import load
from kmspec_check.conform import conform
from kmspec_impl.embedded import Embedded
from kmspec_impl.mutants.catalogue import find
from tests.helpers.machine import explored

DRAWN: Final = 4
PHASES: Final = ("matrix", "tour", "values")
MUTANTS: Final = (
    "caches-material",
    "degraded-hsm-serves",
    "new-hsm-is-empty",
    "other-plaintext",
    "shows-the-data-key",
)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_found(name: str) -> None:
    mutant = find(name)
    target = Embedded(hsm="pkcs11", mutant=name)
    result = conform(target, rules={mutant.rule}, only=PHASES, explored=explored())
    assert mutant.rule in {violation.rule for violation in result.violations}
    assert result.trouble == ""


def test_nothing_is_wrong_with_tokens() -> None:
    """Rules of stores, clusters and cryptography, some by chance and those of the mutants."""
    areas = ("crypto/", "store/", "cluster/", "effect/")
    rules = sorted(rule for rule in load().rules if rule.startswith(areas))
    drawn = random.Random(DRAWN).sample(rules, DRAWN)
    asked = {*drawn, *(find(name).rule for name in MUTANTS)}
    result = conform(Embedded(hsm="pkcs11"), rules=asked, only=PHASES, explored=explored())
    assert [violation.rule for violation in result.violations] == []
    assert result.exit_code == 0
