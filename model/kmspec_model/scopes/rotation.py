"""Scopes of the rotation of key material."""

from collections.abc import Iterator

from kmspec import limits
from kmspec_model.command import Command, Ref, advance, command
from kmspec_model.explore import Scope
from kmspec_model.scopes.regions import PRIMARY, replicate, update_primary
from kmspec_model.scopes.steps import when_settled
from kmspec_model.setup import ALMOST, SETTLE, decrypt, encrypt, of_key, schedule
from kmspec_model.states import is_enabled, is_pending_deletion
from kmspec_model.world import World

_PERIOD = limits.ROTATION_PERIOD_DAYS.start
_NEAR = advance(_PERIOD * limits.DAY - limits.CONFLICT_BEFORE_ROTATION // 2)
"""Just before the key rotates."""
_MOST_MATERIALS = 2


def _rotation(world: World) -> Iterator[Command]:
    """A key that rotates by itself and on demand."""
    yield from when_settled(_of_key(world), world)


def _of_key(world: World) -> Iterator[Command]:
    key = world.key(0)
    if key is None:
        return
    yield of_key("EnableKey")
    yield of_key("DisableKey")
    if is_pending_deletion(key):
        yield of_key("CancelKeyDeletion")
    elif key.rotation is not None and is_enabled(key):
        yield schedule()
    yield command("kms", "EnableKeyRotation", KeyId=Ref("key", 0), RotationPeriodInDays=_PERIOD)
    yield of_key("DisableKeyRotation")
    if len(key.materials) < _MOST_MATERIALS:
        yield of_key("RotateKeyOnDemand")
        if key.rotation is not None:
            near = key.rotation.due - world.now <= limits.DAY * 1000
            yield ALMOST if near or is_pending_deletion(key) else _NEAR
    yield decrypt()


def _with_replica(world: World) -> Iterator[Command]:
    """A primary key that rotates, and its replica key, which may take over."""
    yield from when_settled(_of_related(world), world)


def _of_related(world: World) -> Iterator[Command]:
    primary = world.primary(world.keys[0])
    if primary.region == 0:
        yield update_primary()
    if len(primary.materials) < _MOST_MATERIALS:
        yield of_key("RotateKeyOnDemand").in_region(primary.region)
        if primary.rotation is not None:
            near = primary.rotation.due - world.now <= limits.DAY * 1000
            if near or primary.region == 0:
                yield ALMOST if near else _NEAR
    yield of_key("DisableKeyRotation").in_region(primary.region)


def _once_more(world: World) -> Iterator[Command]:
    """A key that was rotated on demand as often as it may be."""
    yield from when_settled([of_key("RotateKeyOnDemand")], world)


_USED = (command("kms", "CreateKey"), encrypt())
_REPLICATED = (
    PRIMARY,
    encrypt(),
    replicate(),
    SETTLE,
    command("kms", "EnableKeyRotation", KeyId=Ref("key", 0), RotationPeriodInDays=_PERIOD),
)
_25_TIMES = (
    command("kms", "CreateKey"),
    *(limits.ON_DEMAND_ROTATIONS * (of_key("RotateKeyOnDemand"), SETTLE)),
)


SCOPES = (
    Scope("rotation", "a KMS key that is rotated", _USED, _rotation),
    Scope(
        "rotating-replicas",
        "a multi-Region primary key that is rotated, and its replica key",
        _REPLICATED,
        _with_replica,
    ),
    Scope("on-demand", "as many rotations on demand as a key may have", _25_TIMES, _once_more),
)
