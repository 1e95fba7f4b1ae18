"""Views: the only place that says which commands show the observable state of a world."""

from kmspec_model.command import Command, Ref, command
from kmspec_model.states import active_hsms, is_activated
from kmspec_model.world import World

STORES = command("kms", "DescribeCustomKeyStores")
CLUSTERS = command("cloudhsm", "DescribeClusters")
BACKUPS = command("cloudhsm", "DescribeBackups", SortAscending=True)
KEYS = command("kms", "ListKeys")
ALIASES = command("kms", "ListAliases")


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
    if world.made.stores:
        shown.append(STORES)
    if world.made.keys:
        shown.append(KEYS)
    shown += [command("kms", "DescribeKey", KeyId=Ref("key", key.index)) for key in world.keys]
    if world.aliases:
        shown.append(ALIASES)
    return shown
