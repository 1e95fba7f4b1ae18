"""Probes about multi-Region keys, and about other Regions than the first."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from kmspec_model.command import Ref, Value
from kmspec_model.probes.probe import UNKNOWN_KEY, Probe, kms
from kmspec_model.settled import is_settled
from kmspec_model.setup import schedule
from kmspec_model.states import is_creating
from kmspec_model.world import NONE, Key, World

SECOND: Value = Ref("region", 1)
THIRD: Value = Ref("region", 2)
FEW = 2
"""So many Regions, and all that can be done in them is tried."""
NO_REGION: Value = "eu-nowhere-9"
_MEMBERS = {"ReplicateKey": "ReplicaRegion", "UpdatePrimaryRegion": "PrimaryRegion"}
_OF_REPLICA = frozenset(
    {
        "CancelKeyDeletion",
        "Decapsulate",
        "Decrypt",
        "Decrypt/key",
        "DeleteImportedKeyMaterial",
        "DeleteImportedKeyMaterial/waiting",
        "DeriveSharedSecret/again",
        "DescribeKey",
        "DescribeKey/arn",
        "DisableKey",
        "EnableKey",
        "EnableKeyRotation",
        "Encrypt",
        "GenerateDataKey",
        "GenerateMac/right",
        "GetKeyRotationStatus",
        "GetPublicKey",
        "ImportKeyMaterial",
        "ImportKeyMaterial/another",
        "ImportKeyMaterial/new",
        "ListAliases/key",
        "ListKeyRotations/all",
        "ReEncrypt",
        "RotateKeyOnDemand",
        "ScheduleKeyDeletion",
        "Sign/ECDSA_SHA_256",
        "UpdateKeyDescription",
        "Verify/right",
        "VerifyMac/right",
    }
)
"""What is tried of a related key in its Region; all else is tried with the key in the first.

Only in another Region a key can be Creating: there everything is tried.
"""

About: TypeAlias = Callable[[World, Key], Iterator[Probe]]


def regions(world: World, key: Key | None, about: About) -> Iterator[Probe]:
    """What a key does in other Regions, and what it does not; ``about`` is all that a key does."""
    if key is not None:
        yield from _of_role(key)
    yield from _elsewhere(world, about)
    alone = not any(other.keys for other in world.others)
    if key is not None and alone and is_settled(world) and not world.stores:
        yield from _nowhere_else(world, key)


def of_another_kind(world: World, key: Key, about: About) -> Iterator[Probe]:
    """The same of a multi-Region key that is not for symmetric encryption."""
    if key.role:
        yield from _of_role(key)
        yield from _elsewhere(world, about)


def _elsewhere(world: World, about: About) -> Iterator[Probe]:
    """What a related key does in its own Region, the first of them."""
    replicas = [one for other in world.others for one in other.keys]
    for one in replicas[:1]:
        there = world.seen_from(one.region)
        tried = (probe for probe in about(there, one) if _is_tried(one, probe))
        yield from _of_replica(one, tried)


def _of_role(key: Key) -> Iterator[Probe]:
    """The two operations on multi-Region keys, on a key of any kind."""
    named: Value = Ref("key", key.index)
    for operation, member in _MEMBERS.items():
        yield kms("", operation, **{"KeyId": named, member: SECOND})
        if key.store == NONE:
            yield kms("third-region", operation, **{"KeyId": named, member: THIRD})
            yield kms("same-region", operation, **{"KeyId": named, member: Ref("region", 0)})
            yield kms("no-region", operation, **{"KeyId": named, member: NO_REGION})
            yield kms("unknown", operation, **{"KeyId": UNKNOWN_KEY, member: SECOND})


def of_relatives(world: World) -> Iterator[Probe]:
    """What several replica keys make a difference to."""
    for key in world.keys[:1]:
        yield from _of_role(key)
        yield kms("", "DescribeKey", KeyId=Ref("key", key.index))
        yield Probe("ScheduleKeyDeletion", schedule(key.index))


def _is_tried(key: Key, probe: Probe) -> bool:
    return is_creating(key) or probe.label in _OF_REPLICA


def _of_replica(key: Key, about: Iterator[Probe]) -> Iterator[Probe]:
    """A related key in its own Region."""
    tried = list(about)
    named: Value = Ref("key", key.index)
    back: Value = Ref("region", 0)
    tried += [
        kms("", operation, **{"KeyId": named, member: back})
        for operation, member in _MEMBERS.items()
    ]
    first_arn = Ref("key", key.index, "arn0")
    tried.append(kms("arn-of-another-region", "DescribeKey", KeyId=first_arn))
    tried.append(kms("alias", "CreateAlias", AliasName=Ref("alias", 0), TargetKeyId=named))
    for probe in tried:
        yield Probe(f"{probe.label}@replica", probe.command.in_region(key.region))


def _nowhere_else(world: World, key: Key) -> Iterator[Probe]:
    """A key, its aliases and its ciphertexts are unknown in another Region."""
    named = Ref("key", key.index)
    tried = [
        kms("", "DescribeKey", KeyId=named),
        kms("arn", "DescribeKey", KeyId=Ref("key", key.index, "arn0")),
        kms("", "DisableKey", KeyId=named),
        kms("", "Encrypt", KeyId=named, Plaintext=Ref("plaintext", 0)),
        kms("", "ListKeys"),
    ]
    for alias in world.aliases[:1]:
        tried.append(kms("", "ListAliases"))
        tried.append(kms("alias", "DescribeKey", KeyId=Ref("alias", alias.index)))
    for ciphertext in world.ciphertexts[:1]:
        blob, context = Ref("ciphertext", ciphertext.index), Ref("context", 0)
        tried.append(kms("", "Decrypt", CiphertextBlob=blob, EncryptionContext=context))
    for probe in tried:
        yield Probe(f"{probe.label}@another-region", probe.command.in_region(1))
