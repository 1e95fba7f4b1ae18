"""Which rules a mutant breaks: all but these, and why not these."""

import os
from collections import Counter
from collections.abc import Mapping
from typing import Any

from kmspec.tables import load
from kmspec_check.conform import conform
from kmspec_impl.mutants.catalogue import CATALOGUE
from tests.helpers.machine import explored
from tests.helpers.source import ROOT
from tests.unit.check.support import Altered, Answer

WITHOUT: Mapping[str, tuple[str, ...]] = {
    "it is told as a fault of a later step, or of the view that should show it": (
        "effect/ConnectCustomKeyStore/password",
        "effect/RotateKeyOnDemand/rotation",
        "effect/SetLoad/answer",
        "effect/UpdateKeyDescription/answer",
        "quota/busy-cluster",
    ),
    "only walks come there, with a target that takes another documented answer than ours; in a key "
    "store, by some 20 steps at least": (
        "transition/key/EnableKey/Disabled/store-unavailable",
        "transition/key/store-connects/Disabled",
    ),
    "the same, and what a walk tells is the answer to the next CreateHsm": (
        "transition/cluster/first-HSM-restored/UNINITIALIZED",
    ),
}


def test_every_other_rule_has_a_mutant() -> None:
    spec = load()
    broken = {one.rule for one in CATALOGUE}
    without = {rule for rule in spec.rules if spec.in_scope(rule)} - broken
    assert without == {rule for rules in WITHOUT.values() for rule in rules}


LISTED: Mapping[str, tuple[str, ...]] = {
    "store CONNECTED without a cluster": ("connects-without-cluster",),
    "store CONNECTED without an HSM": ("connects-to-no-hsm",),
    "store CONNECTED without the user": ("connects-without-user",),
    "store without the trust anchor": ("any-trust-anchor",),
    "instant connect": ("connects-at-once",),
    "key of a disconnected store stays Enabled": ("never-unavailable",),
    "CreateKey in an unknown or unconnected store": (
        "key-in-unknown-store",
        "key-in-disconnected-store",
    ),
    "deleting a store that holds keys, or a connected one": (
        "deletes-store-with-keys",
        "deletes-connected-store",
    ),
    "wrong error for that": ("keys-are-wrong-state",),
    "Connect refused when CONNECTED": ("contrary-store-Connect-CONNECTED",),
    "password or cluster updated while connected": ("updates-connected-store",),
    "unknown store described as an empty list": ("unknown-store-is-empty-list",),
    "one cluster behind two stores": ("shares-clusters",),
    "Encrypt with a disabled or pending key": (
        "encrypts-with-disabled-key",
        "contrary-key-state-Encrypt-PendingDeletion",
    ),
    "DisabledException where PendingDeletion asks for another": ("pending-is-disabled",),
    "CancelKeyDeletion to Enabled, or on a key not pending": (
        "cancel-enables",
        "cancels-what-is-not-pending",
    ),
    "EnableKey reviving a pending key": ("enable-revives",),
    "windows under 7 days, or a second scheduling": ("any-waiting-period", "schedules-twice"),
    "EXTERNAL key Enabled before import": ("enabled-before-import",),
    "rotation enabled on a disabled key": ("enables-rotation-of-disabled-key",),
    "DryRun ignored": ("dry-run-ignored",),
    "GenerateRandom with a made-up store": ("random-of-any-store",),
    "cluster ACTIVE at birth": ("cluster-born-active",),
}
"""Wrong behaviours of emulators that people use, and the mutants that are wrong like that."""


def test_what_emulators_do_wrong_is_in_the_catalogue() -> None:
    names = {one.name for one in CATALOGUE}
    assert {name for listed in LISTED.values() for name in listed} - names == set()


def crashing(operation: str, _: Mapping[str, Any], answer: Answer) -> Answer:
    """Answer 500 to an operation that it does not know."""
    unknown = operation.endswith("ImportedKeyMaterial")
    return (500, {"__type": "InternalError", "message": "unexpected"}) if unknown else answer


def test_an_unknown_operation_as_500_is_told() -> None:
    result = conform(Altered(crashing), only=["smoke"], explored=explored())
    assert result.exit_code != 0


def figures() -> str:
    """The table of the catalogue: by the first words of the rules, then in all."""
    spec = load()
    rules = Counter(rule.partition("/")[0] for rule in spec.rules if spec.in_scope(rule))
    mutants = Counter(one.rule.partition("/")[0] for one in CATALOGUE)
    exempt = Counter(rule.partition("/")[0] for named in WITHOUT.values() for rule in named)
    rows = [
        f"| {area} | {rules[area]} | {mutants[area]} | {exempt[area]} |" for area in sorted(rules)
    ]
    total = f"| in all | {rules.total()} | {mutants.total()} | {exempt.total()} |"
    return "\n".join(("| rules of | rules | mutants | exempt |", "|---|---|---|---|", *rows, total))


def test_the_figures_in_the_documents_are_fresh() -> None:
    page = ROOT / "docs" / "power.md"
    text = page.read_text()
    if os.environ.get("KMSPEC_SNAPSHOTS") == "write":
        start, end = text.index("| rules of"), text.index("\n\nExempt")
        text = text[:start] + figures() + text[end:]
        page.write_text(text)
    assert figures() in text, "run this test once with KMSPEC_SNAPSHOTS=write"
