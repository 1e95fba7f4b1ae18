"""Views: the only place that says which commands show the observable state of a world."""

from collections.abc import Iterator

from kmspec.names import KMSUSER, KeySpec
from kmspec_model.command import Command, Ref, command
from kmspec_model.setup import RETIRING
from kmspec_model.states import active_hsms, is_activated, is_external
from kmspec_model.world import NONE, Cluster, Key, World

STORES = command("kms", "DescribeCustomKeyStores")
CLUSTERS = command("cloudhsm", "DescribeClusters")
BACKUPS = command("cloudhsm", "DescribeBackups", SortAscending=True)
KEYS = command("kms", "ListKeys")
ALIASES = command("kms", "ListAliases")
RETIRABLE = command("kms", "ListRetirableGrants", RetiringPrincipal=RETIRING)


def views(world: World) -> tuple[Command, ...]:
    """The view commands whose answers are all that can be seen of a world.

    What was never made is not asked for. A list comes before what it lists.
    """
    found = _views(world)
    for region in world.regions[1:]:
        there = _views(world.seen_from(region))
        found += [shown.in_region(region) for shown in there if shown.service != "operator"]
    return tuple(found)


def _views(world: World) -> list[Command]:
    """What there is to see in one Region."""
    shown: list[Command] = []
    if world.made.clusters:
        shown.append(CLUSTERS)
    if world.made.backups:
        shown.append(BACKUPS)
    shown += [
        command("cloudhsm", "GetResourcePolicy", ResourceArn=Ref("backup", backup.index, "arn"))
        for backup in world.backups
        if backup.policy
    ]
    shown += [
        command("operator", "ListHsmKeys", ClusterId=Ref("cluster", cluster.index))
        for cluster in world.clusters
        if world.made.keys and is_activated(cluster) and active_hsms(cluster)
    ]
    shown += [
        command("operator", "ListUsers", ClusterId=Ref("cluster", cluster.index))
        for cluster in world.clusters
        if is_activated(cluster) and active_hsms(cluster) and _tells_of_users(world, cluster)
    ]
    if world.made.stores:
        shown.append(STORES)
    if world.made.keys:
        shown.append(KEYS)
    for key in world.keys:
        shown += _of_key(world, key)
    if world.aliases or any(key.service != NONE for key in world.keys):
        shown.append(ALIASES)
    for key in world.keys:
        shown += _of_attributes(world, key)
    if world.made.grants:
        shown.append(RETIRABLE)
    return shown


def _tells_of_users(world: World, cluster: Cluster) -> bool:
    """Whether there is something to see of the users: they change mostly while there is no key."""
    user = cluster.contents.user(KMSUSER)
    return not world.made.keys or user is None or user.locked or user.logged_in


def _of_attributes(world: World, key: Key) -> Iterator[Command]:
    """What belongs to a key, where somebody has made such a thing.

    Its last usage is looked at where tags are.
    """
    named = Ref("key", key.index)
    if world.made.grants:
        yield command("kms", "ListGrants", KeyId=named)
    if key.policy is not None:
        yield command("kms", "GetKeyPolicy", KeyId=named)
    if key.tags is not None:
        yield command("kms", "ListResourceTags", KeyId=named)
        yield command("kms", "GetKeyLastUsage", KeyId=named)


def _of_key(world: World, key: Key) -> Iterator[Command]:
    """The key, its key materials where it may have several, and whether it rotates."""
    named = Ref("key", key.index)
    yield command("kms", "DescribeKey", KeyId=named)
    several = is_external(key) and key.spec == KeySpec.SYMMETRIC_DEFAULT
    if several or len(key.materials) > 1:
        yield command("kms", "ListKeyRotations", KeyId=named, IncludeKeyMaterial="ALL_KEY_MATERIAL")
    if world.primary(key).rotation is not None or (
        key.rotating is not None and not is_external(key)
    ):
        yield command("kms", "GetKeyRotationStatus", KeyId=named)
