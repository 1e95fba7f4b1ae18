"""Settled worlds: the only place that says whether anything is under way."""

from kmspec_model.world import World


def is_settled(world: World) -> bool:
    """Whether nothing is under way that passes by itself."""
    return all(map(_is_settled, (world, *world.others)))


def _is_settled(world: World) -> bool:
    return (
        all(cluster.since is None for cluster in world.clusters)
        and all(hsm.since is None for cluster in world.clusters for hsm in cluster.hsms)
        and all(backup.since is None for backup in world.backups)
        and all(store.since is None for store in world.stores)
        and all(key.since is None and key.rotating is None for key in world.keys)
    )
