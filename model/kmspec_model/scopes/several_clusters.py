"""Scopes of more than one cluster: recovery from a backup, and clusters that are not related."""

from collections.abc import Iterator

from kmspec.names import KMSUSER
from kmspec_model.command import Command, Ref, command
from kmspec_model.explore import Scope
from kmspec_model.scopes.steps import (
    lose_material,
    new_password,
    when_settled,
)
from kmspec_model.settled import is_settled
from kmspec_model.setup import (
    PASSWORD,
    SETTLE,
    STORE_KEY,
    activate,
    active_cluster,
    create_cluster,
    create_hsm,
    create_store,
    decrypt,
    delete_hsm,
    initialize,
    of_store,
    restore_cluster,
    user,
)
from kmspec_model.world import Cluster, World


def _recovery(world: World) -> Iterator[Command]:
    yield from when_settled(_recovering(world), world)


def _recovering(world: World) -> Iterator[Command]:
    """The documented procedure, and what goes wrong when its steps are left out."""
    if world.made.clusters < 2:
        yield lose_material()
        yield restore_cluster(0)
        yield restore_cluster(3)
    restored = world.cluster(1)
    if restored is not None:
        if len(restored.hsms) < 2:
            yield create_hsm(1, len(restored.hsms))
        yield command(
            "kms",
            "UpdateCustomKeyStore",
            CustomKeyStoreId=Ref("store", 0),
            CloudHsmClusterId=Ref("cluster", 1),
        )
        yield from _passwords(world, restored)
    yield of_store("DisconnectCustomKeyStore")
    if restored is not None and len(restored.hsms) == 2:
        yield of_store("ConnectCustomKeyStore")
    yield decrypt()


def _passwords(world: World, restored: Cluster) -> Iterator[Command]:
    """Both passwords, where they differ."""
    known = restored.contents.user(KMSUSER)
    store = world.stores[0]
    if store.cluster == 1 and known is not None and known.password != store.password:
        yield user("ChangePassword", 1, PASSWORD)
        yield new_password(PASSWORD)


def _pair(world: World) -> Iterator[Command]:
    yield from when_settled(_pairing(world), world)


def _pairing(world: World) -> Iterator[Command]:
    if world.made.stores < 2:
        yield create_store()
        yield create_store(0, 1, 1)
        yield create_store(1, 1, 1)
        yield create_store(1, 1, 0)
    for store in world.stores:
        yield of_store("ConnectCustomKeyStore", store.index)
        yield of_store("DisconnectCustomKeyStore", store.index)
        yield of_store("DeleteCustomKeyStore", store.index)
        for cluster in (0, 1):
            yield command(
                "kms",
                "UpdateCustomKeyStore",
                CustomKeyStoreId=Ref("store", store.index),
                CloudHsmClusterId=Ref("cluster", cluster),
            )
        yield command(
            "kms",
            "UpdateCustomKeyStore",
            CustomKeyStoreId=Ref("store", store.index),
            NewCustomKeyStoreName=Ref("name", 0),
        )


def _unready(world: World) -> Iterator[Command]:
    """A store, and another cluster on its way to being ready."""
    if world.made.clusters < 2:
        yield create_cluster()
    other = world.cluster(1)
    if other is not None:
        if not other.hsms:
            yield create_hsm(1, 0)
        yield initialize(1, 1)
        yield activate(1)
    if not is_settled(world):
        yield SETTLE


def _second_cluster() -> tuple[Command, ...]:
    return (
        create_cluster(),
        SETTLE,
        create_hsm(1, 0),
        SETTLE,
        initialize(1, 1),
        SETTLE,
        activate(1),
        user("CreateUser", 1, PASSWORD),
        create_hsm(1, 1),
        SETTLE,
    )


_LOSS = (
    *STORE_KEY,
    delete_hsm(0, 1),
    SETTLE,
    create_hsm(0, 1),
    SETTLE,
)
"""A backup without the key (0) and one with it (3), and both HSMs back."""


SCOPES = (
    Scope(
        "unready",
        "a store, and another cluster that is not ready for it",
        (*active_cluster(), create_store()),
        _unready,
    ),
    Scope("recovery", "lost key material recovered from a backup", _LOSS, _recovery),
    Scope(
        "pair",
        "two stores and two clusters that are not related",
        (*active_cluster(), *_second_cluster()),
        _pair,
    ),
)
