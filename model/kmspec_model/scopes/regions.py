"""Scopes of multi-Region keys."""

from collections.abc import Iterator

from kmspec.names import KeyUsage
from kmspec_model.command import Command, Ref, command
from kmspec_model.explore import Scope
from kmspec_model.scopes.kinds import making
from kmspec_model.scopes.steps import is_waiting, key_life, when_settled
from kmspec_model.settled import is_settled
from kmspec_model.setup import SETTLE, WAIT, create_alias, create_grant, encrypt, schedule
from kmspec_model.states import is_enabled, is_pending_deletion
from kmspec_model.world import World

PRIMARY = command("kms", "CreateKey", MultiRegion=True, Description="primary")


def replicate(key: int = 0, region: int = 1) -> Command:
    """A replica key in another Region."""
    named = {"KeyId": Ref("key", key), "ReplicaRegion": Ref("region", region)}
    return command("kms", "ReplicateKey", **named)


def update_primary(key: int = 0, region: int = 1) -> Command:
    """Another primary Region."""
    named = {"KeyId": Ref("key", key), "PrimaryRegion": Ref("region", region)}
    return command("kms", "UpdatePrimaryRegion", **named)


def _replicas(world: World) -> Iterator[Command]:
    """A primary key and one replica key, until both are gone."""
    first, second = world.key(0), world.seen_from(1).key(0)
    if second is None:
        yield replicate()
    for key, other in ((first, 1), (second, 0)):
        if key is not None:
            life = list(key_life(0))
            if first is not None and second is not None:
                life.append(update_primary(region=other))
            yield from (step.in_region(key.region) for step in life)
    if not is_settled(world):
        yield SETTLE
    elif any(is_waiting(world.seen_from(region)) for region in world.regions):
        yield WAIT


def _two_replicas(world: World) -> Iterator[Command]:
    """Two replica keys, of which one takes over, or both are deleted before the primary key."""
    for region in world.regions:
        there = world.seen_from(region)
        key = there.key(0)
        if key is not None and not is_pending_deletion(key):
            yield schedule().in_region(region)
    if is_settled(world) and len(world.related(0)) > 2:
        yield update_primary(region=2)
    if not is_settled(world):
        yield SETTLE
    elif any(is_waiting(world.seen_from(region)) for region in world.regions):
        yield WAIT


def _creating(world: World) -> Iterator[Command]:
    if not is_settled(world):
        yield SETTLE


_OTHER_KINDS = (
    ("RSA_2048", KeyUsage.ENCRYPT_DECRYPT),
    ("ECC_NIST_P256", KeyUsage.SIGN_VERIFY),
    ("ECC_NIST_P256", KeyUsage.KEY_AGREEMENT),
    ("HMAC_256", KeyUsage.GENERATE_VERIFY_MAC),
    ("ML_KEM_768", KeyUsage.ENCAPSULATE_DECAPSULATE),
)
"""One kind of each usage; a symmetric encryption key is in the other scopes."""


def _related_kinds(world: World) -> Iterator[Command]:
    """A primary key of another kind and its replica key, and how the states of both change."""
    if not world.made.keys:
        for spec, usage in _OTHER_KINDS:
            yield command("kms", "CreateKey", KeySpec=spec, KeyUsage=usage, MultiRegion=True)
        return
    yield from when_settled(_of_another_kind(world), world)


def _of_another_kind(world: World) -> Iterator[Command]:
    first, second = world.keys[0], world.seen_from(1).key(0)
    made = making(first)
    if made is not None and not world.signed and not world.ciphertexts:
        yield made._replace(keep=True)
    elif second is None:
        yield replicate()
    else:
        yield from _handed_over(world)


def _handed_over(world: World) -> Iterator[Command]:
    """The primary key hands over its role, or is to be deleted after its replica key."""
    first = world.keys[0]
    if is_enabled(first) and world.primary(first) == first:
        yield update_primary()
        yield schedule()


def _granted(world: World) -> Iterator[Command]:
    yield from when_settled(_handed_over(world), world)


_TWO_REPLICAS = (PRIMARY, replicate(), replicate(region=2), SETTLE)

SCOPES = (
    Scope(
        "replicas",
        "a multi-Region primary key and its replica key in a second Region",
        (PRIMARY, create_alias(), encrypt()),
        _replicas,
    ),
    Scope(
        "relatives", "a multi-Region primary key and two replica keys", _TWO_REPLICAS, _two_replicas
    ),
    Scope(
        "creating",
        "a replica key that has an alias before it is made",
        (PRIMARY, replicate(), create_alias().in_region(1)),
        _creating,
    ),
    Scope(
        "related-kinds",
        "multi-Region primary keys of other kinds, each with a replica key",
        (),
        _related_kinds,
    ),
    Scope(
        "related-grants",
        "a grant on a multi-Region primary key that has a replica key",
        (PRIMARY, create_grant(), replicate(), SETTLE),
        _granted,
    ),
)
