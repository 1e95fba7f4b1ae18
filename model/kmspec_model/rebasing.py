"""Rebasing: the only place that says which worlds differ in nothing that matters.

They do when they differ only in when they are, and in what follows from that.
"""

from collections.abc import Iterator

from kmspec import limits
from kmspec_model.materials import Material, Rotation
from kmspec_model.world import ROTATED, Backup, Cluster, Contents, Key, World


def rebased(world: World) -> World:
    """The same world as seen at time 0, with waits in whole days and passwords renumbered.

    Two worlds that differ only in when they are, in moments of a wait of days, in how often KMS
    has changed a password, or in what a key was last used for become equal: that keeps the number
    of worlds finite, and small.
    """
    if world.now:
        world = _world_earlier(world, world.now)
    world = _without_usage(world)
    return _rotations_renumbered(world) if world.made.rotations else world


def _without_usage(world: World) -> World:
    if world.others:
        world = world._replace(others=tuple(_without_usage(other) for other in world.others))
    if any(key.used for key in world.keys):
        world = world._replace(keys=tuple(key._replace(used="") for key in world.keys))
    return world


def _world_earlier(world: World, shift: int) -> World:
    return world._replace(
        now=0,
        clusters=tuple(_cluster_earlier(cluster, shift) for cluster in world.clusters),
        backups=tuple(_backup_earlier(backup, shift) for backup in world.backups),
        stores=tuple(store._replace(since=_earlier(store.since, shift)) for store in world.stores),
        keys=tuple(_key_earlier(key, shift) for key in world.keys),
        others=tuple(_world_earlier(other, shift) for other in world.others),
        parameters=tuple(
            one._replace(expires=max(_days(one.expires, shift) or 0, 0)) for one in world.parameters
        ),
    )


def _earlier(time: int | None, shift: int) -> int | None:
    return None if time is None else time - shift


def _days(deadline: int | None, shift: int) -> int | None:
    """What is left of a wait, in whole days begun."""
    day = limits.DAY * 1000
    return None if deadline is None else -((shift - deadline) // day) * day


def _key_earlier(key: Key, shift: int) -> Key:
    pending = key.pending
    return key._replace(
        deadline=_days(key.deadline, shift),
        since=_earlier(key.since, shift),
        materials=tuple(_material_earlier(one, shift) for one in key.materials),
        pending=None if pending is None else _material_earlier(pending, shift),
        rotation=None if key.rotation is None else _rotation_earlier(key.rotation, shift),
        rotating=_earlier(key.rotating, shift),
    )


def _material_earlier(material: Material, shift: int) -> Material:
    return material._replace(valid_to=_days(material.valid_to, shift))


def _rotation_earlier(rotation: Rotation, shift: int) -> Rotation:
    """What is left: nothing, next to nothing, or whole days begun."""
    left = rotation.due - shift
    near = limits.CONFLICT_BEFORE_ROTATION * 1000
    if left > near:
        left = _days(rotation.due, shift) or 0
    return rotation._replace(due=min(left, near) if 0 < left <= near else max(left, 0))


def _cluster_earlier(cluster: Cluster, shift: int) -> Cluster:
    hsms = tuple(
        hsm if hsm.since is None else hsm._replace(since=hsm.since - shift) for hsm in cluster.hsms
    )
    return cluster._replace(
        since=_earlier(cluster.since, shift), hsms=hsms, rollback=_days(cluster.rollback, shift)
    )


def _backup_earlier(backup: Backup, shift: int) -> Backup:
    """The age only as far as the retention policy looks at it."""
    oldest = -backup.retention * limits.DAY * 1000
    created = max(_days(backup.created, shift) or 0, oldest)
    spared = _days(backup.spared, shift) or oldest
    return backup._replace(
        since=_earlier(backup.since, shift),
        deadline=_days(backup.deadline, shift),
        created=created,
        spared=spared if spared > created - oldest else None,
    )


def _rotations_renumbered(world: World) -> World:
    found = {password for one in (world, *world.others) for password in _passwords(one)}
    numbers = sorted(int(text.removeprefix(ROTATED)) for text in found if text.startswith(ROTATED))
    if numbers == list(range(world.made.rotations)):
        return world
    renamed = {f"{ROTATED}{old}": f"{ROTATED}{new}" for new, old in enumerate(numbers)}

    def contents_of(contents: Contents) -> Contents:
        users = tuple(
            user._replace(password=renamed.get(user.password, user.password))
            for user in contents.users
        )
        return contents._replace(users=users)

    def cluster_of(cluster: Cluster) -> Cluster:
        newest = cluster.automatic
        if newest is not None:
            newest = newest._replace(contents=contents_of(newest.contents))
        return cluster._replace(contents=contents_of(cluster.contents), automatic=newest)

    def world_of(world: World) -> World:
        return world._replace(
            clusters=tuple(cluster_of(cluster) for cluster in world.clusters),
            backups=tuple(
                backup._replace(contents=contents_of(backup.contents)) for backup in world.backups
            ),
            stores=tuple(
                store._replace(password=renamed.get(store.password, store.password))
                for store in world.stores
            ),
            others=tuple(world_of(other) for other in world.others),
        )

    return world_of(world)._replace(made=world.made._replace(rotations=len(numbers)))


def _passwords(world: World) -> Iterator[str]:
    """Every password there is in one Region."""
    held = [cluster.contents for cluster in world.clusters]
    held += [backup.contents for backup in world.backups]
    held += [cluster.automatic.contents for cluster in world.clusters if cluster.automatic]
    yield from (user.password for contents in held for user in contents.users)
    yield from (store.password for store in world.stores)
