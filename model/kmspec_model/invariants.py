"""Invariants and witnesses: the only place that says what holds in every world.

And what must be reachable, so that no invariant is true of nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from kmspec.names import KMSUSER, ErrorCode, MultiRegionKeyType
from kmspec_model.effects.clusters import FIPS
from kmspec_model.explore import Graph
from kmspec_model.kinds import is_symmetric, kinds
from kmspec_model.model import Model
from kmspec_model.outcome import Refusal
from kmspec_model.probes import probes
from kmspec_model.setup import OLDER, encrypt
from kmspec_model.states import (
    active_hsms,
    completeness,
    has_certificate,
    is_changing,
    is_connected,
    is_creating,
    is_enabled,
    is_external,
    is_failed,
    is_pending_deletion,
    is_pending_import,
    is_pending_replica_deletion,
    is_unavailable,
    is_updating,
    is_usable,
)
from kmspec_model.world import NONE, Key, World

Holds: TypeAlias = Callable[[World], bool]


class Broken(NamedTuple):
    """An invariant that does not hold in a world."""

    invariant: str
    world: World


def _one_store_per_certificate(world: World) -> bool:
    lineages = [store.lineage for store in world.stores]
    return len(lineages) == len(set(lineages))


def _store_names_unique(world: World) -> bool:
    names = [store.name for store in world.stores]
    return len(names) == len(set(names))


def _error_code_only_in_failed(world: World) -> bool:
    return all(bool(store.error) == is_failed(store) for store in world.stores)


def _keys_follow_their_store(world: World) -> bool:
    for key in world.keys:
        store = world.store(key.store) if key.store != NONE else None
        if store is None:
            usable_store = True
            if key.store != NONE:
                return False
        else:
            usable_store = is_connected(store)
        if is_unavailable(key) and usable_store:
            return False
        if is_enabled(key) and not usable_store:
            return False
    return True


def _unavailable_remembers(world: World) -> bool:
    return all(bool(key.resumes) for key in world.keys if is_unavailable(key))


def _deadline_only_when_pending(world: World) -> bool:
    return all((key.deadline is not None) == is_pending_deletion(key) for key in world.keys)


def _imported_material_is_complete(world: World) -> bool:
    hiding = (is_pending_deletion, is_pending_replica_deletion, is_creating, is_updating)
    return all(
        any(hides(key) for hides in hiding) or is_pending_import(key) == bool(completeness(key))
        for key in world.keys
    )


def _rotation_is_the_primary_keys(world: World) -> bool:
    replicas = [key for key in world.keys if key.role == MultiRegionKeyType.REPLICA]
    return all(key.rotation is None and key.rotating is None for key in replicas)


def _related_share_materials(world: World) -> bool:
    """Related keys have the same key materials, if not all of them everywhere."""
    for key in world.keys:
        shared = {
            (tuple(held.index for held in one.materials), one.pending and one.pending.index)
            for one in world.related(key.index)
        }
        if len(shared) > 1:
            return False
    return True


def _one_material_waits_for_rotation(world: World) -> bool:
    return all(key.pending is None or is_external(key) for key in world.keys) and all(
        one.rotation or one == key.materials[0] for key in world.keys for one in key.materials
    )


def _aliases_name_keys(world: World) -> bool:
    return all(world.key(alias.key) is not None for alias in world.aliases)


def _hsms_in_zones_of_their_cluster(world: World) -> bool:
    return all(hsm.zone in cluster.zones for cluster in world.clusters for hsm in cluster.hsms)


def _nothing_held_without_hsms(world: World) -> bool:
    return all(
        bool(cluster.hsms) or not (cluster.contents.users or cluster.contents.materials)
        for cluster in world.clusters
    )


def _certificate_has_anchor(world: World) -> bool:
    return all(cluster.anchor != NONE for cluster in world.clusters if has_certificate(cluster))


def _kmsuser_is_not_shared(world: World) -> bool:
    """Nobody is logged in as ``kmsuser`` beside KMS."""
    for store in world.stores:
        cluster = world.cluster(store.cluster)
        user = cluster.contents.user(KMSUSER) if cluster is not None else None
        if is_connected(store) and user is not None and user.logged_in:
            return False
    return True


def _usages_fit_specs(world: World) -> bool:
    return all((key.spec, key.usage) in kinds() for key in world.keys)


def _store_keys_symmetric(world: World) -> bool:
    return all(is_symmetric(key) for key in world.keys if key.store != NONE)


def _taken_back_to_something(world: World) -> bool:
    return all(
        bool(cluster.other_type)
        for cluster in world.clusters
        if cluster.rollback is not None or is_changing(cluster)
    )


def _older_type_in_fips_mode(world: World) -> bool:
    held = [(cluster.hsm_type, cluster.mode) for cluster in world.clusters]
    held += [(backup.hsm_type, backup.mode) for backup in world.backups]
    return all(mode == FIPS for hsm_type, mode in held if hsm_type == OLDER)


def _one_primary(world: World) -> bool:
    for key in world.keys:
        roles = [one.role for one in world.related(key.index)]
        primaries = roles.count(MultiRegionKeyType.PRIMARY)
        if (primaries != 1) if key.role else (len(roles) > 1):
            return False
    return True


def _waits_for_replicas(world: World) -> bool:
    for key in world.keys:
        waits = is_pending_replica_deletion(key)
        if waits and len(world.related(key.index)) == 1:
            return False
        if waits != (key.window is not None):
            return False
    return True


def _primary_outlives(world: World) -> bool:
    """A primary key that is deleted has no replica left."""
    return not any(
        key.role == MultiRegionKeyType.PRIMARY
        and key.deadline is not None
        and len(world.related(key.index)) > 1
        for key in world.keys
    )


def _passing_since(world: World) -> bool:
    return all(
        (key.since is not None) == (is_creating(key) or is_updating(key)) for key in world.keys
    )


INVARIANTS: Mapping[str, Holds] = {
    "a cluster certificate stands behind one key store at most": _one_store_per_certificate,
    "store names are unique": _store_names_unique,
    "a store has an error code exactly when it is FAILED": _error_code_only_in_failed,
    "a key is Unavailable or pending deletion unless its store is CONNECTED": (
        _keys_follow_their_store
    ),
    "an Unavailable key remembers the state it returns to": _unavailable_remembers,
    "a key has a deletion date exactly when it is pending deletion": _deadline_only_when_pending,
    "a key is PendingImport exactly when imported key material of it is missing": (
        _imported_material_is_complete
    ),
    "every key material but the first came by a rotation": _one_material_waits_for_rotation,
    "rotation is noted with the primary key": _rotation_is_the_primary_keys,
    "related keys have the same key materials": _related_share_materials,
    "an alias names a key that exists": _aliases_name_keys,
    "an HSM is in a zone of its cluster": _hsms_in_zones_of_their_cluster,
    "a cluster without HSMs holds nothing": _nothing_held_without_hsms,
    "a cluster with a certificate knows who signed it": _certificate_has_anchor,
    "a key has a usage that its key spec has": _usages_fit_specs,
    "a key of a key store is a symmetric encryption key": _store_keys_symmetric,
    "a cluster that is changed or can be taken back remembers the other HSM type": (
        _taken_back_to_something
    ),
    "clusters and backups of hsm1.medium are in FIPS mode": _older_type_in_fips_mode,
    "while KMS is logged in as kmsuser nobody else is": _kmsuser_is_not_shared,
    "of related keys one is the primary key, and a single-Region key has none": _one_primary,
    "a key waits for replica keys exactly while there are some": _waits_for_replicas,
    "the wait of a primary key begins when it has no replica key": _primary_outlives,
    "a key is Creating or Updating since a moment": _passing_since,
}
"""What holds in every world, by the sentence that says it."""


def broken(model: Model, graph: Graph) -> Iterator[Broken]:
    """Every invariant that some world of a graph breaks, the meaning of encryption among them."""
    for world in _each_region(graph):
        for sentence, holds in INVARIANTS.items():
            if not holds(world):
                yield Broken(sentence, world)
        for key in world.keys:
            if encrypts(model, world, key) != may_encrypt(world, key):
                yield Broken("Encrypt succeeds exactly under the four conditions", world)


def _each_region(graph: Graph) -> Iterator[World]:
    """Every world of a graph as seen from each Region in which there is anything."""
    for world in graph.worlds:
        yield from (world.seen_from(region) for region in world.regions)


def encrypts(model: Model, world: World, key: Key) -> bool:
    """Whether the tables let Encrypt succeed, or only throttle it or leave it to permissions.

    Whether there is a key of AWS before somebody looks at it is left open too.
    """
    command = encrypt(key.index, keep=False).in_region(world.region)
    outcomes = [one.outcome for one in model.permitted(world, command)]
    codes = {outcome.code for outcome in outcomes if isinstance(outcome, Refusal)}
    left_open = {ErrorCode.THROTTLING, ErrorCode.ACCESS_DENIED}
    if key.service != NONE:
        left_open.add(ErrorCode.NOT_FOUND)
    return codes <= left_open


def may_encrypt(world: World, key: Key) -> bool:
    """The four conditions, written out.

    The key Enabled or Updating, the store CONNECTED, an active HSM that can be worked with, and
    the key material in it; and a symmetric encryption key it must be. A key without a store needs
    only the first and the last.
    """
    if not (is_enabled(key) or is_updating(key)) or not is_symmetric(key):
        return False
    if key.store == NONE:
        return True
    store = world.store(key.store)
    cluster = world.cluster(store.cluster) if store is not None else None
    if store is None or cluster is None or not is_connected(store):
        return False
    held = key.index in cluster.contents.materials
    return bool(active_hsms(cluster)) and is_usable(cluster) and held


def witnesses(graph: Graph) -> Iterator[str]:
    """What a graph shows to be reachable: every state, error code and failed connect in it."""
    for world in _each_region(graph):
        for key in world.keys:
            yield f"key {key.state}"
            yield f"kind {key.spec} {key.usage}"
        for store in world.stores:
            yield f"connection {store.state}"
            if store.error:
                yield f"connect fails with {store.error}"
        for cluster in world.clusters:
            yield f"cluster {cluster.state}"
            for hsm in cluster.hsms:
                yield f"hsm {hsm.state}"
        for backup in world.backups:
            yield f"backup {backup.state}"


def witnessed_errors(model: Model, graph: Graph) -> Iterator[str]:
    """The error codes that some command or probe in a world of a graph is refused with."""
    for world, edges in zip(graph.worlds, graph.edges, strict=True):
        tried = [edge.command for edge in edges if edge.refused]
        tried += [probe.command for probe in probes(world)]
        for command in tried:
            for one in model.permitted(world, command):
                if isinstance(one.outcome, Refusal):
                    yield one.outcome.code


def required_witnesses(model: Model) -> frozenset[str]:
    """Every state that something leads to, every ConnectionErrorCode, and every kind of key."""
    states = {
        f"{machine.name} {state.name}"
        for machine in model.spec.machines.values()
        for state in machine.states
        if state.reached and (machine.name != "key" or state.kinds)
    }
    codes = {f"connect fails with {row.code}" for row in model.spec.connection_errors}
    kinds_of_key = {f"kind {spec} {usage}" for spec, usage in kinds()}
    return frozenset(states | codes | kinds_of_key)
