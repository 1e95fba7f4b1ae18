"""Which rules a mutant breaks: all but these, and why not these."""

from collections.abc import Mapping

from kmspec.tables import load
from kmspec_impl.mutants.catalogue import CATALOGUE

WITHOUT: Mapping[str, tuple[str, ...]] = {
    "nothing that is answered can break it": (
        "effect/DisableKey/answer",
        "effect/EnableKey/answer",
    ),
    "it accepts every answer that there can be": (
        "cluster/another-type",
        "cluster/hsms-at-rest",
        "cluster/something-to-modify",
        "cluster/type-offered",
        "grant/listed-id",
        "grant/token",
        "managed/use",
        "operator/fault-set",
        "policy/there",
        "quota/busy-cluster",
        "store/connect-active-hsm",
    ),
    "it is told as a fault of the step that a view follows, or of a later one": (
        "cluster/ActivateCluster/INITIALIZED",
        "effect/Advance/backup",
        "effect/ChangePassword/answer",
        "effect/ConnectCustomKeyStore/password",
        "effect/CreateKey/material",
        "effect/CreateUser/answer",
        "effect/DeleteUser/answer",
        "effect/ListHsmKeys/answer",
        "effect/ListResourceTags/answer",
        "effect/ListRetirableGrants/answer",
        "effect/LockUser/answer",
        "effect/LogoutUser/answer",
        "effect/SetLoad/answer",
        "effect/UpdateKeyDescription/answer",
        "transition/cluster/ActivateCluster/INITIALIZED",
        "transition/cluster/ModifyCluster/ACTIVE/rolls-back",
        "transition/hsm/hsm-degraded-cleared/DEGRADED",
        "transition/hsm/hsm-degraded-set/ACTIVE",
        "transition/key/DisableKey/Unavailable",
        "transition/key/EnableKey/Unavailable",
    ),
    "it is reached only where a target takes another documented answer than ours": (
        "transition/cluster/first-HSM-restored/UNINITIALIZED",
        "transition/hsm/DeleteHsm/DELETE_IN_PROGRESS",
        "transition/key/EnableKey/Disabled/material-missing",
        "transition/key/EnableKey/Disabled/store-unavailable",
        "transition/key/store-connects/Disabled",
    ),
    "nobody has written one": (
        "create-key/reachable",
        "effect/CreateGrant/idempotent",
        "effect/DeleteImportedKeyMaterial/materials",
        "effect/DeleteImportedKeyMaterial/replicas",
        "effect/ImportKeyMaterial/replicas",
        "effect/ModifyCluster/rollback",
        "effect/RotateKeyOnDemand/rotation",
        "transition/key/DeleteImportedKeyMaterial/PendingImport",
        "transition/key/ImportKeyMaterial/Disabled",
        "transition/key/store-connects/PendingDeletion",
        "transition/key/store-disconnects/Disabled",
        "transition/key/store-disconnects/Unavailable",
    ),
}


def test_every_other_rule_has_a_mutant() -> None:
    spec = load()
    broken = {one.rule for one in CATALOGUE}
    without = {rule for rule in spec.rules if spec.in_scope(rule)} - broken
    assert without == {rule for rules in WITHOUT.values() for rule in rules}
