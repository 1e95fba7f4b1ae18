"""Scopes of quotas: many requests at one moment, and as much as an account may have."""

from collections.abc import Iterator

from kmspec import limits
from kmspec_model.command import Command, Ref, advance, command
from kmspec_model.explore import Scope
from kmspec_model.settled import is_settled
from kmspec_model.setup import (
    SETTLE,
    STORE_KEY,
    active_cluster,
    burst,
    create_alias,
    create_cluster,
    create_hsm,
    create_store,
    delete_hsm,
    encrypt,
    load,
    of_store,
)
from kmspec_model.world import World

_WITHIN = limits.CUSTOM_KEY_STORE_RATE // 2
_BEYOND = 2 * limits.CUSTOM_KEY_STORE_RATE + 100
_BUSY = limits.CLUSTER_CAPACITY


def _quota(world: World) -> Iterator[Command]:
    """Many requests at one moment, with and without other work in the cluster."""
    busy = bool(world.clusters[0].load)
    if world.spent:
        yield advance(10)
    else:
        yield burst(100)
        if not busy:
            yield burst(_WITHIN)
            yield burst(_BEYOND)
        yield load(0 if busy else _BUSY)
    yield encrypt(keep=False)


def _limits(world: World) -> Iterator[Command]:
    if is_settled(world):
        yield create_cluster()
        yield create_hsm(0, 0)
    else:
        yield SETTLE


def _stores(_world: World) -> Iterator[Command]:
    """One store more, on a cluster that is as it should be."""
    yield create_store(limits.CUSTOM_KEY_STORES, limits.CUSTOM_KEY_STORES, 0)
    yield of_store("DeleteCustomKeyStore", 0)


def _abandoned_store(index: int) -> tuple[Command, ...]:
    """A store whose cluster was deleted, which leaves room for another cluster."""
    return (
        *active_cluster(index),
        create_store(index, index, 0),
        delete_hsm(index, 2 * index),
        delete_hsm(index, 2 * index + 1),
        SETTLE,
        command("cloudhsm", "DeleteCluster", ClusterId=Ref("cluster", index)),
        SETTLE,
    )


_TEN_STORES = (
    *(step for index in range(limits.CUSTOM_KEY_STORES) for step in _abandoned_store(index)),
    *active_cluster(limits.CUSTOM_KEY_STORES),
)


def _names(_world: World) -> Iterator[Command]:
    yield create_alias(limits.ALIASES_PER_KEY)
    yield command("kms", "DeleteAlias", AliasName=Ref("alias", 0))


_FIFTY_ALIASES = (
    command("kms", "CreateKey"),
    *(create_alias(alias) for alias in range(limits.ALIASES_PER_KEY)),
)

_FULL = (
    *active_cluster(),
    *(create_hsm(0, hsm % 2) for hsm in range(2, limits.HSMS)),
    *(create_cluster() for _ in range(1, limits.CLUSTERS)),
    SETTLE,
)
"""As many clusters and HSMs as an account may have."""


SCOPES = (
    Scope("quota", "many requests at one moment", STORE_KEY, _quota),
    Scope("limits", "as many clusters and HSMs as an account may have", _FULL, _limits),
    Scope("stores", "as many key stores as an account may have", _TEN_STORES, _stores),
    Scope("aliases", "as many aliases as a key may have", _FIFTY_ALIASES, _names),
)
