"""Scopes of what belongs to a KMS key, and of the keys that belong to AWS."""

from collections.abc import Iterator

from kmspec import limits
from kmspec_model.command import Command, Ref, advance, command
from kmspec_model.explore import Scope
from kmspec_model.scopes.steps import is_waiting, key_life
from kmspec_model.settled import is_settled
from kmspec_model.setup import (
    ALMOST,
    SETTLE,
    STORE_KEY,
    WAIT,
    create_grant,
    decrypt,
    encrypt,
    of_key,
    of_store,
    schedule,
    tag,
    tags,
)
from kmspec_model.world import World

_MOST_GRANTS = 2
_MOST_MATERIALS = 2
_NEARLY_A_YEAR = advance((limits.DEFAULT_ROTATION_PERIOD_DAYS - 5) * limits.DAY)


def _grants(world: World) -> Iterator[Command]:
    for key in world.keys:
        if world.made.grants < _MOST_GRANTS:
            yield create_grant()
        if world.made.grants < _MOST_GRANTS or any("Name" in dict(g.given) for g in world.grants):
            yield create_grant(Name="first")
        if world.made.grants:
            yield create_grant(DryRun=True)
        yield from key_life(key.index)
    for grant in world.grants:
        named = {"KeyId": Ref("key", grant.key), "GrantId": Ref("grant", grant.index)}
        yield command("kms", "RetireGrant", GrantToken=Ref("granttoken", grant.index))
        yield command("kms", "RevokeGrant", **named)
        yield command("kms", "RevokeGrant", **named, DryRun=True)
    if is_waiting(world):
        yield WAIT


def _tags(world: World) -> Iterator[Command]:
    for key in world.keys:
        named = Ref("key", key.index)
        for value in ("1", "2"):
            yield tag(key.index, ("a", value))
        yield command("kms", "UntagResource", KeyId=named, TagKeys=("a", "absent"))
        yield command("kms", "PutKeyPolicy", KeyId=named, Policy=Ref("policy", 1))
        yield encrypt(key.index, keep=False)
        data_key = command("kms", "GenerateDataKey", KeyId=named, KeySpec="AES_256")
        yield data_key
        yield data_key._replace(arguments=(*data_key.arguments, ("DryRun", True)))
        yield decrypt()
        yield of_key("EnableKey", key.index)
        yield of_key("DisableKey", key.index)


_TAGGED_KEYS = (
    command("kms", "CreateKey", Tags=tags(("a", "1")), Policy=Ref("policy", 0)),
    encrypt(),
)


def _full(_world: World) -> Iterator[Command]:
    yield tag(0, ("one more", ""))
    yield tag(0, ("tag-0", "other"))


_FIFTY_TAGS = (
    command("kms", "CreateKey"),
    tag(0, *((f"tag-{number}", "") for number in range(limits.TAGS_PER_KEY))),
)


def _managed(world: World) -> Iterator[Command]:
    service = Ref("service", 0)
    yield command("kms", "DescribeKey", KeyId=service)
    if world.keys:
        yield command("kms", "Encrypt", KeyId=service, Plaintext=Ref("plaintext", 0))
        yield schedule()
        rotation = world.keys[0].rotation
        if rotation is not None and len(world.keys[0].materials) < _MOST_MATERIALS:
            near = rotation.due - world.now <= limits.DAY * 6000
            yield ALMOST if near else _NEARLY_A_YEAR


def _store_grants(world: World) -> Iterator[Command]:
    if not is_settled(world):
        yield SETTLE
    else:
        yield of_store("DisconnectCustomKeyStore")
        for grant in world.grants:
            named = {"KeyId": Ref("key", grant.key), "GrantId": Ref("grant", grant.index)}
            yield command("kms", "RevokeGrant", **named)
            yield command("kms", "RetireGrant", **named)


_STORE_GRANT = (*STORE_KEY, create_grant())

SCOPES = (
    Scope("grants", "a KMS key and its grants", (command("kms", "CreateKey"),), _grants),
    Scope("store-grants", "a grant on a key of a key store", _STORE_GRANT, _store_grants),
    Scope("tags", "tags, key policy and last usage of a KMS key", _TAGGED_KEYS, _tags),
    Scope("fifty-tags", "as many tags as a key may have", _FIFTY_TAGS, _full),
    Scope("managed", "an AWS managed key", (), _managed),
)
