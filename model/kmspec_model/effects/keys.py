"""Effects on KMS keys: creating, describing, enabling, disabling, deleting."""

from collections.abc import Callable, Mapping

from kmspec import limits
from kmspec.names import KeyUsage, MultiRegionKeyType, Origin
from kmspec_model.case import Case
from kmspec_model.command import Ref
from kmspec_model.effects.rotation import caught_up, expiration
from kmspec_model.kinds import METADATA, algorithms, asked_spec, is_in_older_enum, is_symmetric
from kmspec_model.materials import Material
from kmspec_model.moves import Change, Moves
from kmspec_model.outcome import Bind, Items, Mark, Members, OneOf, Pattern, Values, members
from kmspec_model.predicates.attributes import tag_pairs
from kmspec_model.states import (
    completeness,
    first_state,
    is_connected,
    is_creating,
    is_enabled,
    is_external,
    is_pending_deletion,
    is_updating,
)
from kmspec_model.world import NONE, Key, World


def metadata(world: World, key: Key, *, new: bool = False) -> Members:
    """KeyMetadata of a key; with ``new`` its id is only now learnt."""
    name = Ref("key", key.index)
    store = world.store(key.store) if key.store != NONE else None
    deletion = Mark.PRESENT if is_pending_deletion(key) else Mark.ABSENT
    of_store: dict[str, Pattern] = {
        "CustomKeyStoreId": Ref("store", store.index) if store is not None else Mark.ABSENT,
        "CloudHsmClusterId": Ref("cluster", store.cluster) if store is not None else Mark.ABSENT,
    }
    return members(
        KeyId=Bind(name, "mrk-" if key.role else "") if new else name,
        Arn=Ref("key", key.index, "arn" if key.region == world.region else f"arn{key.region}"),
        KeyState=key.state,
        Enabled=is_enabled(key),
        Origin=key.origin,
        Description=key.description if key.service == NONE else Mark.PRESENT,
        KeyManager="CUSTOMER" if key.service == NONE else "AWS",
        **described(key),
        MultiRegion=bool(key.role),
        MultiRegionConfiguration=_configuration(world, key) if key.role else Mark.ABSENT,
        CreationDate=Mark.PRESENT,
        DeletionDate=deletion,
        PendingDeletionWindowInDays=Mark.ABSENT if key.window is None else key.window,
        **of_store,
        **_materials(key),
    )


def described(key: Key) -> dict[str, Pattern]:
    """What metadata and public keys say of the kind of a key: of its usage the algorithms alone."""
    own = METADATA[KeyUsage(key.usage)]
    older: dict[str, Pattern] = (
        {"CustomerMasterKeySpec": key.spec} if is_in_older_enum(key.spec) else {}
    )
    return {
        "KeySpec": key.spec,
        **older,
        "KeyUsage": key.usage,
        **{name: Mark.ABSENT for name in METADATA.values() if name != own},
        own: Values(algorithms(key)),
    }


def _materials(key: Key) -> dict[str, Pattern]:
    """What is shown of the key material of a key without a store; of imported, when it expires."""
    if key.store != NONE:
        return {}
    shown: dict[str, Pattern] = {"CurrentKeyMaterialId": Mark.ABSENT}
    if is_creating(key):
        return shown
    if is_external(key) and key.role == MultiRegionKeyType.REPLICA and not _was_held(key):
        del shown["CurrentKeyMaterialId"]  # whether it shows before the first import is not said
    elif key.current is not None and is_symmetric(key):
        shown["CurrentKeyMaterialId"] = Bind(key.current.name)
    held = [one for one in key.materials if one.present]
    if is_external(key) and held:
        return shown | (expiration(held) if len(held) == len(key.materials) else {})
    return shown | {"ExpirationModel": Mark.ABSENT, "ValidTo": Mark.ABSENT}


def _was_held(key: Key) -> bool:
    return key.current is not None and key.current.present


def _configuration(world: World, key: Key) -> Members:
    """The related keys. While the primary Region is being changed, both may show as replicas."""
    related = world.related(key.index)
    if any(is_updating(one) for one in related):
        either = tuple(dict.fromkeys((key.role, MultiRegionKeyType.REPLICA.value)))
        return members(MultiRegionKeyType=OneOf(either))
    shown = {
        one.region: members(
            Arn=Ref("key", one.index, f"arn{one.region}"), Region=Ref("region", one.region)
        )
        for one in related
    }
    primary = next(one.region for one in related if one.role == MultiRegionKeyType.PRIMARY)
    replicas = tuple(entry for region, entry in shown.items() if region != primary)
    return members(
        MultiRegionKeyType=key.role,
        PrimaryKey=shown[primary],
        ReplicaKeys=Items("Arn", replicas),
    )


def create(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """A new key; in a store its material is generated in the cluster."""
    world = case.world
    index = world.made.keys
    key = Key(
        index,
        str(case.arguments.get("Origin", Origin.AWS_KMS)),
        case.store.index if case.store is not None else NONE,
        first_state(str(case.arguments.get("Origin", Origin.AWS_KMS))),
        description=str(case.arguments.get("Description", "")),
        spec=asked_spec(case),
        usage=str(case.arguments.get("KeyUsage", KeyUsage.ENCRYPT_DECRYPT.value)),
        tags=tuple(sorted(tag_pairs(case))) or None,
        policy=case.arguments.get("Policy"),
        region=world.region,
        role=MultiRegionKeyType.PRIMARY.value if case.arguments.get("MultiRegion") else "",
    )
    made = world.made._replace(keys=index + 1)
    if key.origin == Origin.AWS_KMS and is_symmetric(key):
        key = key._replace(materials=(Material(made.materials),))
        made = made._replace(materials=made.materials + 1)
    world = world.with_key(key)._replace(made=made)
    rules: tuple[str, ...] = ()
    if case.cluster is not None:
        contents = case.cluster.contents
        held = contents._replace(materials=tuple(sorted((*contents.materials, index))))
        world = world.with_cluster(case.cluster._replace(contents=held))
        rules = ("effect/CreateKey/material",)
    return (Change(world, members(KeyMetadata=metadata(world, key, new=True)), rules),)


def describe(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The metadata of the key."""
    if case.key is None:
        return ()
    answer = metadata(case.world, case.key, new=case.key.service != NONE)
    return (Change(case.world, members(KeyMetadata=answer)),)


def list_all(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """Every key there is."""
    entries = tuple(
        members(KeyId=Ref("key", key.index), KeyArn=Ref("key", key.index, "arn"))
        for key in case.world.keys
    )
    return (Change(case.world, members(Keys=Items("KeyId", entries))),)


def availability(world: World, key: Key) -> str:
    """The condition of its store or key material that a transition of a key may depend on."""
    if completeness(key):
        return completeness(key)
    store = world.store(key.store) if key.store != NONE else None
    available = store is None or is_connected(store)
    return "store-available" if available else "store-unavailable"


def _moved(trigger: str) -> Callable[[Moves, Case], tuple[Change, ...]]:
    """An operation that moves the state of the key and answers nothing."""

    def effect(moves: Moves, case: Case) -> tuple[Change, ...]:
        key = case.key
        if key is None:
            return ()
        move = moves.of("key", trigger, key.state, availability(case.world, key))
        resumes = move.resumes if move.resumes is not None else key.resumes
        changes = []
        for state in move.states:
            world = case.world.with_key(key._replace(state=state, resumes=resumes))
            world, rules = caught_up(world, key.index)
            changes.append(Change(world, rules=(*move.rule, *rules)))
        return tuple(changes)

    return effect


def update_description(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """Another description."""
    if case.key is None:
        return ()
    key = case.key._replace(description=str(case.arguments["Description"]))
    return (Change(case.world.with_key(key)),)


def schedule_deletion(moves: Moves, case: Case) -> tuple[Change, ...]:
    """The waiting period begins."""
    if case.key is None:
        return ()
    days = int(case.arguments.get("PendingWindowInDays", limits.DEFAULT_DELETION_WINDOW_DAYS))
    replicas = len(case.world.related(case.key.index)) > 1
    waits = case.key.role == MultiRegionKeyType.PRIMARY and replicas
    move = moves.of("key", "ScheduleKeyDeletion", case.key.state, "replicas-exist" if waits else "")
    scheduled = case.key._replace(
        deadline=None if waits else case.world.now + days * limits.DAY * 1000,
        window=days if waits else None,
        resumes="",
        since=None,
    )
    return tuple(
        Change(
            case.world.with_key(scheduled._replace(state=state)),
            members(
                KeyId=Ref("key", case.key.index, "arn"),
                KeyState=state,
                DeletionDate=Mark.ABSENT if waits else Mark.PRESENT,
                PendingWindowInDays=days,
            ),
            (*move.rule, *(("effect/ScheduleKeyDeletion/rotation",) if case.key.rotation else ())),
        )
        for state in move.states
    )


def cancel_deletion(moves: Moves, case: Case) -> tuple[Change, ...]:
    """The waiting period ends without a deletion."""
    key = case.key
    if key is None:
        return ()
    when = availability(case.world, key)
    move = moves.of("key", "CancelKeyDeletion", key.state, when)
    answer = members(KeyId=Ref("key", key.index, "arn"))
    return tuple(
        Change(
            case.world.with_key(
                key._replace(state=state, deadline=None, window=None, resumes=move.resumes or "")
            ),
            answer,
            move.rule,
        )
        for state in move.states
    )


EFFECTS: Mapping[str, Callable[[Moves, Case], tuple[Change, ...]]] = {
    "CreateKey": create,
    "DescribeKey": describe,
    "ListKeys": list_all,
    "EnableKey": _moved("EnableKey"),
    "DisableKey": _moved("DisableKey"),
    "UpdateKeyDescription": update_description,
    "ScheduleKeyDeletion": schedule_deletion,
    "CancelKeyDeletion": cancel_deletion,
}
