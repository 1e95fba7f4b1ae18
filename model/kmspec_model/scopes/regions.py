"""Scopes of multi-Region keys."""

from collections.abc import Iterator

from kmspec_model.command import Command, Ref, command
from kmspec_model.explore import Scope
from kmspec_model.scopes.steps import is_waiting, key_life
from kmspec_model.settled import is_settled
from kmspec_model.setup import SETTLE, WAIT, create_alias, encrypt, schedule
from kmspec_model.states import is_pending_deletion
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
)
