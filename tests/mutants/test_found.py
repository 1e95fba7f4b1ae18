"""Every mutant is found for the rule it breaks, and nothing in the emulator as it should be.

The HSMs are what ``KMSPEC_TEST_HSM`` says, such as ``pkcs11``.
"""

import os
import random

import pytest

from kmspec.names import KeyState
from kmspec.tables import load
from kmspec_check.cells import Status
from kmspec_check.conform import conform
from kmspec_impl.embedded import Embedded
from kmspec_impl.mutants.catalogue import CATALOGUE
from kmspec_impl.mutants.mutant import Mutant
from tests.helpers.machine import explored

HSM = os.environ.get("KMSPEC_TEST_HSM")
DRAWN = 8
PHASES = ("matrix", "tour", "values")

SHOWN_AFTER = {
    "tags-of-new-key-lost": "effect/UntagResource/answer",
    "description-not-kept": "effect/UpdateKeyDescription/answer",
    "enable-forgotten-while-unavailable": "transition/key/EnableKey/Unavailable",
    "mute-ListResourceTags": "effect/TagResource/answer",
    "mute-ListRetirableGrants": "effect/CreateGrant/answer",
    "mute-ListHsmKeys": "effect/CreateKey/material",
    "no-time-to-take-type-back": "effect/ModifyCluster/rollback",
    "rotates-on-demand-unseen": "effect/RotateKeyOnDemand/rotation",
}
"""What has to be tried before the rule that these break is seen to be broken."""

TOLD_WITH = frozenset(
    {
        *(f"key-state/DescribeKey/{state}" for state in KeyState),
        "key-state/ListKeyRotations/PendingImport",
        "cluster/UpdateCustomKeyStore/ACTIVE",
        "cluster/ConnectCustomKeyStore/ACTIVE",
        "hsm/DeleteHsm/ACTIVE",
        "hsm/DeleteHsm/DEGRADED",
        "hsm/DeleteHsm/DELETE_IN_PROGRESS",
        "backup/GetResourcePolicy/READY",
        "effect/DescribeCustomKeyStores/answer",
        "effect/DescribeBackups/answer",
        "effect/GetResourcePolicy/answer",
        "effect/EnableKeyRotation/answer",
        "effect/UpdatePrimaryRegion/answer",
        "effect/ConnectCustomKeyStore/answer",
        "effect/DisconnectCustomKeyStore/answer",
        "effect/ActivateCluster/answer",
        "effect/Advance/expiration",
        "effect/CreateGrant/idempotent",
        "effect/DeleteImportedKeyMaterial/replicas",
        "effect/ImportKeyMaterial/replicas",
        "effect/DisableKey/answer",
        "effect/EnableKey/answer",
        "effect/ListResourceTags/answer",
        "effect/ListRetirableGrants/answer",
        "effect/ListHsmKeys/answer",
        "effect/ListUsers/answer",
        "cluster/hsms-at-rest",
        "transition/cluster/ModifyCluster/ACTIVE/rolls-back",
        "transition/backup/retention-ends/READY",
        "transition/connection/connect-fails/CONNECTING",
    }
)
"""Rules that are told of with another: a narrower one, or that of the step which a view shows."""


def test_the_catalogue_speaks_of_rules() -> None:
    rules = load().rules
    assert [one.name for one in CATALOGUE if one.rule not in rules] == []
    assert len(CATALOGUE) >= 45


FOUND = [one for one in CATALOGUE if not one.found_by]
"""Those that only one other phase finds have a test of their own."""


@pytest.mark.parametrize("mutant", FOUND, ids=[one.name for one in FOUND])
def test_a_mutant_is_found(mutant: Mutant) -> None:
    target = Embedded(mutant=mutant.name, hsm=HSM)
    rules = {mutant.rule, SHOWN_AFTER.get(mutant.name, mutant.rule)}
    result = conform(target, rules=rules, only=PHASES, explored=explored())
    named = {violation.rule for violation in result.violations}
    if mutant.rule in TOLD_WITH:
        named |= {rule for violation in result.violations for rule in violation.also}
    assert mutant.rule in named
    assert result.exit_code == 1
    assert result.trouble == ""
    assert result.count(Status.ERROR) == 0


def test_no_mutant_is_none() -> None:
    """With rules drawn from those that are asked for above; what asks for none tries everything."""
    rules = random.Random(DRAWN).sample(sorted({one.rule for one in CATALOGUE}), DRAWN)
    result = conform(Embedded(hsm=HSM), rules=rules, only=PHASES, explored=explored())
    assert [violation.rule for violation in result.violations] == []
    assert result.exit_code == 0
    assert {phase.stopped for phase in result.phases} == {""}


def test_a_check_of_rules_ends_when_they_are_violated() -> None:
    rule = "key-state/Encrypt/Disabled"
    target = Embedded(mutant="encrypts-with-disabled-key")
    result = conform(target, rules=[rule], only=PHASES, explored=explored())
    assert {violation.rule for violation in result.violations} == {rule}
    assert all(phase.stopped for phase in result.phases[1:])
    assert result.steps < 1000
