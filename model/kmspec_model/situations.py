"""Situations: the only place that says which worlds are alike for the matrix.

Two worlds are the same situation when the key, its store and its cluster are in the same
condition, whatever else there is.
"""

from collections.abc import Iterator
from typing import NamedTuple

from kmspec import limits
from kmspec.names import KMSUSER, RotationType
from kmspec_model.kinds import is_symmetric
from kmspec_model.setup import OLDER
from kmspec_model.states import active_hsms, is_activated, is_changing, is_external
from kmspec_model.world import NONE, Cluster, Key, Store, World

NOTHING = "-"
HEALTHY = "with HSMs in two zones"
"""The condition of a cluster in which nothing is amiss."""


class Situation(NamedTuple):
    """A distinct combination; ``-`` stands where there is no key, store or cluster."""

    key_kind: str
    key_state: str
    connection_state: str
    cluster_condition: str
    besides: str = NOTHING
    """What else of the key is told apart, in words."""

    def __str__(self) -> str:
        parts = []
        if self.key_kind != NOTHING:
            parts.append(f"{self.key_kind} key {self.key_state}")
        if self.connection_state != NOTHING:
            parts.append(f"store {self.connection_state}")
        if self.cluster_condition != NOTHING:
            parts.append(f"cluster {self.cluster_condition}")
        if self.besides != NOTHING:
            parts.append(self.besides)
        return ", ".join(parts) or "nothing made"


def subject_key(world: World) -> Key | None:
    """The key that a situation is about: the first of a store, or else the first there is."""
    for key in world.keys:
        if key.store != NONE:
            return key
    return world.keys[0] if world.keys else None


def subject_store(world: World) -> Store | None:
    """The store that a situation is about: that of the key, or else the first there is."""
    key = subject_key(world)
    if key is not None and key.store != NONE:
        return world.store(key.store)
    return world.stores[0] if world.stores else None


def subject_cluster(world: World) -> Cluster | None:
    """The cluster that a situation is about: that of the store, or else the newest."""
    store = subject_store(world)
    if store is not None:
        return world.cluster(store.cluster)
    return world.clusters[-1] if world.clusters else None


def situation(world: World) -> Situation:
    """The situation of a world."""
    key = subject_key(world)
    store = subject_store(world)
    return Situation(
        _kind(key) if key is not None else NOTHING,
        key.state if key is not None else NOTHING,
        store.state if store is not None else NOTHING,
        _condition(world, key, store),
        ", ".join((*(_besides(world, key) if key is not None else ()), *_elsewhere(world, key)))
        or NOTHING,
    )


def _kind(key: Key) -> str:
    """The origin of a key; of one that is not for symmetric encryption also spec and usage."""
    return key.origin if is_symmetric(key) else f"{key.origin} {key.spec} {key.usage}"


def _besides(world: World, key: Key) -> Iterator[str]:
    """What makes a key another situation though its kind and states are the same."""
    if key.service != NONE:
        yield "AWS managed"
    yield from _materials(world, key)


def _materials(world: World, key: Key) -> Iterator[str]:
    """What is particular about its key material, and about its rotation."""
    if is_external(key) and not key.materials:
        yield "never imported"
    if any(one.valid_to is not None for one in key.materials):
        yield "key material expires"
    if any(one.key == key.index and one.expires <= world.now for one in world.parameters):
        yield "an import token expired"
    if len(key.materials) > 1:
        yield "rotated"
    if key.pending is not None:
        everywhere = world.waits_everywhere(key)
        yield "other key material waits" + ("" if everywhere else " for other Regions")
    done = sum(one.rotation == RotationType.ON_DEMAND for one in key.materials)
    if done == limits.ON_DEMAND_ROTATIONS:
        yield "25 times on demand"
    if key.rotating is not None:
        yield "rotation under way"
    if key.rotation is not None:
        near = key.rotation.due - world.now <= limits.CONFLICT_BEFORE_ROTATION * 1000
        yield "rotation near" if near else "rotates"


def _elsewhere(world: World, key: Key | None) -> Iterator[str]:
    """The role of a multi-Region key, and the related keys in other Regions."""
    if key is not None and key.role:
        yield f"multi-Region {key.role.lower()}"
    for other in world.others:
        for one in other.keys:
            if key is None or one.index == key.index:
                yield f"{one.role.lower()} {one.state} in another Region"


def _condition(world: World, key: Key | None, store: Store | None) -> str:
    cluster = subject_cluster(world)
    if cluster is None:
        return "deleted" if store is not None else NOTHING
    if not is_activated(cluster):
        return f"{cluster.state} with {_hsms(cluster)}"
    words = [*_change(cluster, store), _hsms(cluster), *cluster.faults]
    if active_hsms(cluster):
        words += _user(cluster, store)
        if key is not None and key.store != NONE and key.index not in cluster.contents.materials:
            words.append("material missing")
    if cluster.load:
        words.append("busy")
    if world.spent:
        words.append("many requests at once")
    return "with " + ", ".join(words)


def _change(cluster: Cluster, store: Store | None) -> Iterator[str]:
    """The HSM type, where there is something to tell of it; at rest a key store does not care."""
    if is_changing(cluster):
        yield cluster.state
    elif store is not None:
        return
    elif cluster.hsm_type == OLDER:
        yield OLDER
    elif cluster.rollback is not None:
        yield "another HSM type"


def _user(cluster: Cluster, store: Store | None) -> list[str]:
    """What is wrong with ``kmsuser``, if anything."""
    user = cluster.contents.user(KMSUSER)
    if user is None:
        return ["no kmsuser"]
    if user.locked:
        return ["kmsuser locked"]
    if user.logged_in:
        return ["kmsuser logged in"]
    if store is not None and user.password != store.password:
        return ["another password"]
    return []


def _hsms(cluster: Cluster) -> str:
    active = active_hsms(cluster)
    if not active:
        return "no active HSM"
    if len({hsm.zone for hsm in active}) < limits.MINIMUM_ACTIVE_HSMS:
        return "HSMs in one zone"
    return "HSMs in two zones"
