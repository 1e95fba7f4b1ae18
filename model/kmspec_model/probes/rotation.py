"""Probes about the rotation of a key."""

from collections.abc import Iterator

from kmspec_model.command import Ref, Value
from kmspec_model.probes.probe import Probe, kms
from kmspec_model.world import NONE, Key


def rotation(key: Key) -> Iterator[Probe]:
    """What can be tried with the rotation of a key, whether it can rotate or not."""
    named = Ref("key", key.index)
    for operation in (
        "GetKeyRotationStatus",
        "ListKeyRotations",
        "EnableKeyRotation",
        "DisableKeyRotation",
        "RotateKeyOnDemand",
    ):
        yield kms("", operation, KeyId=named)
    if key.store != NONE:
        return
    arn = Ref("key", key.index, "arn")
    yield kms("arn", "GetKeyRotationStatus", KeyId=arn)
    everything = "ALL_KEY_MATERIAL"
    yield kms("all", "ListKeyRotations", KeyId=named, IncludeKeyMaterial=everything)
    for variant, limit in (("page", 1), ("largest-page", 1000)):
        asked: dict[str, Value] = {"IncludeKeyMaterial": everything, "Limit": limit}
        if len(key.materials) > 1:
            yield kms(variant, "ListKeyRotations", KeyId=named, **asked)
    for days in () if key.role else (89, 90, 2560, 2561):
        yield kms(f"{days}-days", "EnableKeyRotation", KeyId=named, RotationPeriodInDays=days)
