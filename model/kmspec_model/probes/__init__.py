"""Probes: the only place that says what the matrix tries in a situation.

One probe for each operation and variant that makes sense where the world is: about the key, the
store, the cluster and the backups that the situation is about, and about what does not exist.
"""

from collections.abc import Iterator

from kmspec_model.probes import (
    anywhere,
    attributes,
    cloudhsm,
    cryptography,
    external_stores,
    imports,
    keys,
    regions,
    rotation,
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
from kmspec_model.world import NONE, Key, World

__all__ = ["Probe", "probes"]


def probes(world: World) -> tuple[Probe, ...]:
    """What to try in a world, each label once.

    At a moment of many requests only what counts towards the quota is of interest, and of a key
    in many Regions only what it does there.
    """
    key = subject_key(world)
    if world.spent and key is not None:
        return tuple(cryptography.cryptography(world, key))
    if len(world.regions) > regions.FEW:
        return tuple(regions.of_relatives(world))
    found = [*anywhere.always(world)]
    if _is_calm(world):
        found += anywhere.unknown()
        found += attributes.unknown() if not world.clusters else ()
        found += external_stores.external_stores(world)
    if key is not None:
        found += _about(world, key)
        if not key.role and (key.store == NONE or _is_calm(world)):
            found += imports.imports(world, key)
            found += rotation.rotation(key)
    elif world.made.keys:
        found += keys.deleted_key(world)
    store = subject_store(world)
    if store is not None:
        found += stores.of_the_store(world, store)
    cluster = subject_cluster(world)
    if cluster is not None:
        found += cloudhsm.of_cluster(cluster)
        found += stores.new_store(cluster)
        found += cloudhsm.operator(world, cluster)
    found += cloudhsm.backups(world)
    found += regions.regions(world, key, _about)
    return tuple(found)


def _about(world: World, key: Key) -> Iterator[Probe]:
    """What is tried with a key, in the Region from which the world is seen."""
    yield from keys.of_key(key)
    yield from cryptography.cryptography(world, key)
    yield from keys.aliases(world, key)
    yield from attributes.of_key(key)
    if key.store == NONE:
        yield from attributes.refused(world, key)
    if key.store == NONE or situation(world).cluster_condition == HEALTHY:
        yield from attributes.changes(world, key)


def _is_calm(world: World) -> bool:
    """Whether nothing is under way or broken: what does not exist need not be tried everywhere."""
    return is_settled(world) and not any(cluster.faults for cluster in world.clusters)
