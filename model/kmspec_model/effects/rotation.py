"""Effects of rotating key material."""

from collections.abc import Callable, Mapping

from kmspec import limits
from kmspec.names import ExpirationModel, ImportState, KeyMaterialState, Origin, RotationType
from kmspec_model.case import Case
from kmspec_model.command import Ref
from kmspec_model.materials import Material, Rotation
from kmspec_model.moves import Change, Moves
from kmspec_model.outcome import Bind, Items, Mark, Members, OneOf, Pattern, members
from kmspec_model.states import is_enabled, is_pending_deletion
from kmspec_model.world import Key, World

_DAY = limits.DAY * 1000


def enable(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The key rotates from now on, the first time in one period."""
    if case.key is None:
        return ()
    days = int(case.arguments.get("RotationPeriodInDays", limits.DEFAULT_ROTATION_PERIOD_DAYS))
    key = case.key._replace(rotation=Rotation(days, case.world.now + days * _DAY))
    return (Change(case.world.with_key(key), rules=("effect/EnableKeyRotation/rotation",)),)


def disable(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The key does not rotate by itself any more."""
    if case.key is None:
        return ()
    return (Change(case.world.with_key(case.key._replace(rotation=None))),)


def status(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """Whether, how often and when next, and what is under way."""
    key = case.key
    if key is None:
        return ()
    primary = case.world.primary(key)
    rotation = None if is_pending_deletion(key) else primary.rotation
    under_way: dict[str, Pattern] = {}
    if primary == key or primary.rotating is None:
        started = Mark.ABSENT if key.rotating is None else Mark.PRESENT
        under_way = {"OnDemandRotationStartDate": started}
    answer = members(
        KeyId=Ref("key", key.index, "arn"),
        KeyRotationEnabled=rotation is not None,
        RotationPeriodInDays=Mark.ABSENT if rotation is None else rotation.days,
        NextRotationDate=Mark.ABSENT if rotation is None else Mark.PRESENT,
        **under_way,
    )
    return (Change(case.world, answer),)


def list_all(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The key materials that came by a rotation, or all of them."""
    key = case.key
    if key is None:
        return ()
    shown = [one for one in key.materials if one.rotation]
    if case.arguments.get("IncludeKeyMaterial") == "ALL_KEY_MATERIAL":
        shown = [*key.materials, *((key.pending,) if key.pending is not None else ())]
    entries = tuple(_entry(case.world, key, one) for one in shown)
    return (Change(case.world, members(Rotations=Items("KeyMaterialId", entries))),)


def _entry(world: World, key: Key, material: Material) -> Members:
    state = KeyMaterialState.NON_CURRENT
    if material == key.pending:
        state = KeyMaterialState.PENDING_MULTI_REGION_IMPORT_AND_ROTATION
        if world.waits_everywhere(key):
            state = KeyMaterialState.PENDING_ROTATION
    elif material == key.current:
        state = KeyMaterialState.CURRENT
    named = OneOf((Ref("key", key.index), Ref("key", key.index, "arn")))
    return members(
        KeyMaterialId=Bind(material.name),
        KeyId=named,
        KeyMaterialState=state.value,
        RotationType=material.rotation or Mark.ABSENT,
        RotationDate=Mark.PRESENT if material.rotation else Mark.ABSENT,
        **_imported(key, material),
    )


def _imported(key: Key, material: Material) -> dict[str, Pattern]:
    """What is shown of key material that was imported, while it is there."""
    if key.origin != Origin.EXTERNAL:
        return {"ImportState": Mark.ABSENT, "ExpirationModel": Mark.ABSENT}
    shown: dict[str, Pattern] = {"KeyMaterialDescription": material.description or Mark.ABSENT}
    if not material.present:
        return {**shown, "ImportState": ImportState.PENDING_IMPORT.value}
    return {**shown, "ImportState": ImportState.IMPORTED.value, **expiration([material])}


def expiration(materials: list[Material]) -> dict[str, Pattern]:
    """Whether and when imported key material expires: ExpirationModel and ValidTo."""
    if any(one.valid_to is not None for one in materials):
        return {"ExpirationModel": ExpirationModel.EXPIRES.value, "ValidTo": Mark.PRESENT}
    return {"ExpirationModel": ExpirationModel.DOES_NOT_EXPIRE.value, "ValidTo": Mark.ABSENT}


def on_demand(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """A rotation begins."""
    if case.key is None:
        return ()
    world = case.world.with_key(case.key._replace(rotating=case.world.now))
    return (
        Change(
            world,
            members(KeyId=Ref("key", case.key.index, "arn")),
            ("effect/RotateKeyOnDemand/rotation",),
        ),
    )


def rotated(world: World, key: Key, kind: RotationType) -> World:
    """The key and those related to it encrypt with other key material; what was there stays."""
    world = world.with_key(key)
    made: Material | None = None
    if key.origin != Origin.EXTERNAL:
        made = Material(world.made.materials)
        world = world._replace(made=world.made._replace(materials=world.made.materials + 1))
    elif not world.waits_everywhere(key):
        return world
    for one in (key, *world.others_of(key)):
        new = made or one.pending
        if new is not None:
            materials = (*one.materials, new._replace(rotation=kind.value))
            world = world.with_key(one._replace(materials=materials, pending=None))
    return world


def caught_up(world: World, index: int) -> tuple[World, tuple[str, ...]]:
    """The world after a key was enabled, with the rules: a rotation that was due happens."""
    key = world.key(index)
    if key is None or key.rotation is None or not is_enabled(key) or key.rotation.due > world.now:
        return world, ()
    key = key._replace(rotation=next_after(key.rotation, world.now))
    return rotated(world, key, RotationType.AUTOMATIC), ("effect/EnableKey/rotation",)


def next_after(rotation: Rotation, moment: int) -> Rotation:
    """The rotation after one that happened at a moment."""
    return rotation._replace(due=moment + rotation.days * _DAY)


EFFECTS: Mapping[str, Callable[[Moves, Case], tuple[Change, ...]]] = {
    "EnableKeyRotation": enable,
    "DisableKeyRotation": disable,
    "GetKeyRotationStatus": status,
    "ListKeyRotations": list_all,
    "RotateKeyOnDemand": on_demand,
}
