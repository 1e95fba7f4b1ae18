"""Usage: the only place that says which operations count as a use of a KMS key."""

from kmspec_model.case import Case
from kmspec_model.moves import Change

TRACKED = frozenset(
    {
        "Decapsulate",
        "Decrypt",
        "DeriveSharedSecret",
        "Encapsulate",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateMac",
        "ReEncrypt",
        "Sign",
        "Verify",
        "VerifyMac",
    }
)
"""What GetKeyLastUsage tells."""


def noted(case: Case, changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """What a success changes, and that it has used the keys of the request."""
    if case.operation.name not in TRACKED:
        return changes
    return tuple(_noted(case, change) for change in changes)


def _noted(case: Case, change: Change) -> Change:
    world = change.world
    for used in case.keys:
        key = world.key(used.index)
        if key is not None and key.used != case.operation.name:
            world = world.with_key(key._replace(used=case.operation.name))
    return change._replace(world=world)
