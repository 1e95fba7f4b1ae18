"""Regions: the only place that says which of them AWS has."""

from functools import cache

from botocore.loaders import Loader


@cache
def _partitions() -> tuple[frozenset[str], ...]:
    found = Loader().load_data("partitions")["partitions"]
    return tuple(
        frozenset(name for name in partition["regions"] if not name.endswith("-global"))
        for partition in found
    )


def partition_of(region: str) -> frozenset[str]:
    """The Regions of the partition of AWS that a Region is in; none, if AWS has no such Region."""
    return next((regions for regions in _partitions() if region in regions), frozenset())
