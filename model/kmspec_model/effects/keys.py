"""Effects on KMS keys: creating, describing, enabling, disabling, deleting."""

from collections.abc import Callable, Mapping

from kmspec import limits
from kmspec.names import Origin
from kmspec_model.case import Case
from kmspec_model.command import Ref
from kmspec_model.moves import Change, Moves
from kmspec_model.outcome import Bind, Items, Mark, Members, Pattern, members
from kmspec_model.predicates.attributes import tag_pairs
from kmspec_model.states import is_connected, is_enabled, is_pending_deletion
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
        KeyId=Bind(name) if new else name,
        Arn=Ref("key", key.index, "arn"),
        KeyState=key.state,
        Enabled=is_enabled(key),
        Origin=key.origin,
        Description=key.description if key.service == NONE else Mark.PRESENT,
        KeyManager="CUSTOMER" if key.service == NONE else "AWS",
        KeySpec=key.spec,
        KeyUsage=key.usage,
        MultiRegion=False,
        CreationDate=Mark.PRESENT,
        DeletionDate=deletion,
        **of_store,
    )


def create(moves: Moves, case: Case) -> tuple[Change, ...]:
    """A new key; in a store its material is generated in the cluster."""
    world = case.world
    index = world.made.keys
    key = Key(
        index,
        str(case.arguments.get("Origin", Origin.AWS_KMS)),
        case.store.index if case.store is not None else NONE,
        moves.initial["key"],
        description=str(case.arguments.get("Description", "")),
        tags=tuple(sorted(tag_pairs(case))) or None,
        policy=case.arguments.get("Policy"),
    )
    world = world.with_key(key)._replace(made=world.made._replace(keys=index + 1))
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
    """The condition of its store that a transition of a key may depend on."""
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
        return tuple(
            Change(case.world.with_key(key._replace(state=state, resumes=resumes)), rules=move.rule)
            for state in move.states
        )

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
    move = moves.of("key", "ScheduleKeyDeletion", case.key.state)
    deadline = case.world.now + days * limits.DAY * 1000
    return tuple(
        Change(
            case.world.with_key(case.key._replace(state=state, deadline=deadline, resumes="")),
            members(
                KeyId=Ref("key", case.key.index, "arn"),
                KeyState=state,
                DeletionDate=Mark.PRESENT,
                PendingWindowInDays=days,
            ),
            move.rule,
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
                key._replace(state=state, deadline=None, resumes=move.resumes or "")
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
