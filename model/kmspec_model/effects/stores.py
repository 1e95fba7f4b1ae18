"""Effects on custom key stores."""

from collections.abc import Callable, Mapping

from kmspec_model.case import Case
from kmspec_model.command import Ref
from kmspec_model.moves import Change, Moves
from kmspec_model.outcome import Bind, Items, Mark, Members, members
from kmspec_model.states import is_disconnected
from kmspec_model.world import Store, World


def entry(store: Store) -> Members:
    """The entry of a store in DescribeCustomKeyStores."""
    return members(
        CustomKeyStoreId=Ref("store", store.index),
        CustomKeyStoreName=Ref("name", store.name),
        CustomKeyStoreType="AWS_CLOUDHSM",
        CloudHsmClusterId=Ref("cluster", store.cluster),
        TrustAnchorCertificate=Ref("ca", store.anchor),
        ConnectionState=store.state,
        ConnectionErrorCode=store.error or Mark.ABSENT,
        CreationDate=Mark.PRESENT,
    )


def same_as_existing(case: Case) -> tuple[Change, ...]:
    """A repeated CreateCustomKeyStore: with every value that of a disconnected store.

    This comes before any other condition: name and cluster are in use by that very store.
    """
    if case.operation.name != "CreateCustomKeyStore":
        return ()
    arguments = case.arguments
    for store in case.world.stores:
        same = (
            arguments.get("CustomKeyStoreName") == Ref("name", store.name)
            and arguments.get("CloudHsmClusterId") == Ref("cluster", store.cluster)
            and arguments.get("TrustAnchorCertificate") == Ref("ca", store.anchor)
            and arguments.get("KeyStorePassword") == store.password
        )
        if same and is_disconnected(store):
            answer = members(CustomKeyStoreId=Ref("store", store.index))
            return (Change(case.world, answer, ("effect/CreateCustomKeyStore/idempotent",)),)
    return ()


def create(moves: Moves, case: Case) -> tuple[Change, ...]:
    """A new store, not connected."""
    name = case.arguments["CustomKeyStoreName"]
    anchor = case.arguments["TrustAnchorCertificate"]
    if case.cluster is None:
        return ()
    index = case.world.made.stores
    store = Store(
        index,
        name.index,
        case.cluster.index,
        case.cluster.lineage,
        anchor.index,
        str(case.arguments["KeyStorePassword"]),
        moves.initial["connection"],
    )
    world = case.world.with_store(store)
    world = world._replace(made=world.made._replace(stores=index + 1))
    return (Change(world, members(CustomKeyStoreId=Bind(Ref("store", index)))),)


def describe(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """Every store, or the one that is named."""
    named = case.arguments.get("CustomKeyStoreName")
    entries = tuple(
        entry(store)
        for store in case.world.stores
        if (case.store is None or store == case.store)
        and (named is None or named == Ref("name", store.name))
    )
    return (Change(case.world, members(CustomKeyStores=Items("CustomKeyStoreId", entries))),)


def connect(moves: Moves, case: Case) -> tuple[Change, ...]:
    """A connect begins; how it ends is seen later."""
    if case.store is None:
        return ()
    move = moves.of("connection", "ConnectCustomKeyStore", case.store.state)
    return tuple(
        Change(_in_state(moves, case.world, case.store, state), rules=move.rule)
        for state in move.states
    )


def _in_state(moves: Moves, world: World, store: Store, state: str) -> World:
    if state == store.state:
        return world
    since = moves.since("connection", state, world.now)
    return world.with_store(store._replace(state=state, since=since, error=""))


def disconnect(moves: Moves, case: Case) -> tuple[Change, ...]:
    """The store's keys are unavailable at once."""
    if case.store is None:
        return ()
    world = case.world
    move = moves.of("connection", "DisconnectCustomKeyStore", case.store.state)
    rules = [*move.rule]
    for key in world.keys_of(case.store.index):
        of_key = moves.of("key", "store disconnects", key.state)
        rules += of_key.rule
        resumes = key.resumes if of_key.resumes is None else of_key.resumes
        world = world.with_key(key._replace(state=of_key.states[0], resumes=resumes))
    return tuple(
        Change(_in_state(moves, world, case.store, state), rules=tuple(rules))
        for state in move.states
    )


def update(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """What AWS KMS knows of the store changes, and nothing else."""
    store = case.store
    if store is None:
        return ()
    arguments = case.arguments
    if "NewCustomKeyStoreName" in arguments:
        store = store._replace(name=arguments["NewCustomKeyStoreName"].index)
    if "KeyStorePassword" in arguments:
        store = store._replace(password=str(arguments["KeyStorePassword"]))
    if "CloudHsmClusterId" in arguments:
        store = store._replace(cluster=arguments["CloudHsmClusterId"].index)
    return (Change(case.world.with_store(store)),)


def delete(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The store is gone, the cluster free."""
    stores = tuple(store for store in case.world.stores if store != case.store)
    return (Change(case.world._replace(stores=stores)),)


EFFECTS: Mapping[str, Callable[[Moves, Case], tuple[Change, ...]]] = {
    "CreateCustomKeyStore": create,
    "DescribeCustomKeyStores": describe,
    "ConnectCustomKeyStore": connect,
    "DisconnectCustomKeyStore": disconnect,
    "UpdateCustomKeyStore": update,
    "DeleteCustomKeyStore": delete,
}
