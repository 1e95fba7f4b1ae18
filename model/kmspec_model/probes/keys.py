"""Probes about a KMS key and its aliases."""

from collections.abc import Iterator

from kmspec_model.command import Ref
from kmspec_model.probes.probe import (
    Probe,
    kms,
)
from kmspec_model.setup import (
    schedule,
)
from kmspec_model.world import Key, World


def of_key(key: Key) -> Iterator[Probe]:
    """What is done with a key itself."""
    named = Ref("key", key.index)
    yield kms("", "DescribeKey", KeyId=named)
    for operation in ("EnableKey", "DisableKey", "CancelKeyDeletion"):
        yield kms("", operation, KeyId=named)
    yield kms("", "UpdateKeyDescription", KeyId=named, Description="other")
    yield Probe("ScheduleKeyDeletion", schedule(key.index))
    yield kms("key", "ListAliases", KeyId=named)


def in_other_forms(key: Key) -> Iterator[Probe]:
    """The same by ARN, and other waiting periods."""
    arn = Ref("key", key.index, "arn")
    for operation in ("DescribeKey", "DisableKey"):
        yield kms("arn", operation, KeyId=arn)
    yield Probe("ScheduleKeyDeletion/30-days", schedule(key.index, 30))
    yield Probe("ScheduleKeyDeletion/6-days", schedule(key.index, 6))


def deleted_key(world: World) -> Iterator[Probe]:
    """What is asked of a key that is gone, and of what it encrypted."""
    gone = Ref("key", world.made.keys - 1)
    yield kms("deleted", "DescribeKey", KeyId=gone)
    yield kms("deleted", "CancelKeyDeletion", KeyId=gone)
    yield kms("deleted", "Encrypt", KeyId=gone, Plaintext=Ref("plaintext", 0))
    for ciphertext in world.ciphertexts[:1]:
        blob = Ref("ciphertext", ciphertext.index)
        yield kms("deleted", "Decrypt", CiphertextBlob=blob, EncryptionContext=Ref("context", 0))


def aliases(world: World, key: Key) -> Iterator[Probe]:
    """Aliases of a key, and the key by its alias."""
    named = Ref("key", key.index)
    plaintext = Ref("plaintext", 0)
    yield kms("new", "CreateAlias", AliasName=Ref("alias", 1), TargetKeyId=named)
    yield kms("unknown", "UpdateAlias", AliasName=Ref("alias", 1), TargetKeyId=named)
    if len(world.aliases) > 1:
        for variant, limit in (("page", 1), ("largest-page", 100)):
            yield kms(variant, "ListAliases", KeyId=named, Limit=limit)
    for alias in world.aliases[:1]:
        name = Ref("alias", alias.index)
        yield kms("taken", "CreateAlias", AliasName=name, TargetKeyId=named)
        yield kms("", "UpdateAlias", AliasName=name, TargetKeyId=named)
        yield kms("", "DeleteAlias", AliasName=name)
        yield kms("by-alias", "CreateAlias", AliasName=Ref("alias", 1), TargetKeyId=name)
        for variant, form in (("alias", ""), ("alias-arn", "arn")):
            by_alias = Ref("alias", alias.index, form)
            yield kms(variant, "DescribeKey", KeyId=by_alias)
            yield kms(variant, "Encrypt", KeyId=by_alias, Plaintext=plaintext)
            yield kms(variant, "GenerateDataKey", KeyId=by_alias, KeySpec="AES_256")
            yield kms(variant, "DisableKey", KeyId=by_alias)
            yield kms(variant, "EnableKey", KeyId=by_alias)
