"""Probes: the only place that says what the matrix tries in a situation.

One probe for each operation and variant that makes sense where the world is: about the key, the
store, the cluster and the backups that the situation is about, and about what does not exist.
"""

from collections.abc import Iterator

from kmspec_model.kinds import is_symmetric
from kmspec_model.probes import (
    anywhere,
    attributes,
    cloudhsm,
    cryptography,
    external_stores,
    imports,
    keys,
    kinds,
    recipients,
    regions,
    rotation,
    settings,
    stores,
)
from kmspec_model.probes.probe import Probe
from kmspec_model.settled import is_settled
from kmspec_model.situations import (
    HEALTHY,
    situation,
    subject_cluster,
    subject_key,
    subject_store,
)
from kmspec_model.states import is_external
from kmspec_model.world import EMPTY, NONE, Key, World

__all__ = ["Probe", "probes"]


def probes(world: World) -> tuple[Probe, ...]:
    """What to try in a world, each label once.

    At a moment of many requests only what counts towards the quota is of interest, and of a key
    in many Regions, or that is not for symmetric encryption, only what it does there, or what
    depends on its kind.
    """
    key = subject_key(world)
    if world.spent and key is not None:
        return tuple(cryptography.cryptography(world, key))
    if key is not None and not is_symmetric(key):
        elsewhere = regions.of_another_kind(world, key, _of_another_kind)
        return (*_of_another_kind(world, key), *elsewhere)
    if len(world.regions) > regions.FEW:
        return tuple(regions.of_relatives(world))
    found = [*anywhere.always(world)]
    if _is_calm(world):
        found += _of_nothing(world, key)
    if key is not None:
        found += _of_symmetric(world, key)
    elif world.made.keys:
        found += keys.deleted_key(world)
    store = subject_store(world)
    if store is not None:
        found += stores.of_the_store(world, store)
    found += _of_cluster(world)
    if _is_well(world):
        found += cloudhsm.backups(world)
    found += settings.of_backups(world)
    found += settings.of_pages(world) if _is_calm(world) else ()
    found += settings.of_copies(world)
    found += regions.regions(world, key, _of_symmetric)
    return tuple(found)


def _of_another_kind(world: World, key: Key) -> Iterator[Probe]:
    """What is tried with a key that is not for symmetric encryption."""
    yield from kinds.of_another_kind(world, key)
    yield from recipients.of_key(world, key)
    yield from imports.imports(world, key)
    yield from rotation.rotation(key)


def _of_nothing(world: World, key: Key | None) -> Iterator[Probe]:
    """What is asked about what does not exist, and what is made or cannot be."""
    if _is_well(world) and (key is None or not _is_particular(world, key)):
        yield from anywhere.creations(world)
    yield from anywhere.unknown()
    yield from attributes.unknown() if not world.clusters else ()
    yield from external_stores.external_stores(world)
    if not world.stores:
        yield from settings.new_clusters() if key is None else ()
        yield from settings.unknown()
    if world == EMPTY:
        yield from kinds.creations()
        yield from recipients.of_nothing()


def _of_cluster(world: World) -> Iterator[Probe]:
    """What is done with a cluster and its HSMs, and what breaks there."""
    cluster = subject_cluster(world)
    if cluster is None:
        yield from cloudhsm.of_deleted_cluster(world) if world.made.clusters else ()
        return
    yield from cloudhsm.of_cluster(cluster)
    yield from settings.of_clusters(world, cluster)
    yield from stores.new_store(cluster)
    yield from stores.on_another_cluster(world, cluster)
    yield from cloudhsm.operator(world, cluster)
    if _is_well(world):
        yield from cloudhsm.faults(cluster)


def _of_symmetric(world: World, key: Key) -> Iterator[Probe]:
    """What is tried with a symmetric encryption key, in the Region from which the world is seen."""
    yield from _about(world, key)
    yield from kinds.of_symmetric(world, key)
    yield from recipients.of_key(world, key)


def _about(world: World, key: Key) -> Iterator[Probe]:
    """What belongs to a symmetric encryption key, and what only such a key does.

    Of a multi-Region key that is imported, and of any that rotates, only what has to do with that.
    """
    yield from keys.of_key(key)
    if _is_well(world) and not _is_particular(world, key):
        yield from keys.in_other_forms(key)
    yield from cryptography.cryptography(world, key)
    if (key.role and is_external(key)) or world.primary(key).rotation is not None:
        yield from imports.imports(world, key)
        yield from rotation.rotation(key)
        return
    yield from keys.aliases(world, key)
    yield from attributes.of_key(key)
    if key.store == NONE:
        yield from attributes.refused(world, key)
    if key.store == NONE or situation(world).cluster_condition == HEALTHY:
        yield from attributes.changes(world, key)
    if key.store == NONE or _is_calm(world):
        yield from imports.imports(world, key)
        yield from rotation.rotation(key)


def _is_particular(world: World, key: Key) -> bool:
    """Whether a key is multi-Region, imported or rotates: what is made is then the same."""
    return bool(key.role) or is_external(key) or world.primary(key).rotation is not None


def _is_well(world: World) -> bool:
    """Whether there is no key store, or nothing is the matter with its cluster.

    What is made anew, in how many forms a key is named, or what breaks next, is then tried.
    """
    return not world.stores or situation(world).cluster_condition == HEALTHY


def _is_calm(world: World) -> bool:
    """Whether nothing is under way or broken: what does not exist need not be tried everywhere."""
    return is_settled(world) and not any(cluster.faults for cluster in world.clusters)
