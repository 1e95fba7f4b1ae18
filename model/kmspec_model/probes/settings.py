"""Probes about what is set on clusters and backups: HSM type, retention, tags, policies.

Only where there is no key store, which makes no difference to them, or where the HSM type is
being changed.
"""

from collections.abc import Iterator, Mapping

from kmspec import limits
from kmspec_model.command import Command, Pairs, Ref, Value, command
from kmspec_model.probes.probe import UNKNOWN_BACKUP, UNKNOWN_CLUSTER, Probe
from kmspec_model.scopes.settings import policy
from kmspec_model.setup import (
    ADDRESS,
    NEWER,
    OLDER,
    cloudhsm_tags,
    create_cluster,
    create_hsm,
    of_backup,
    of_cluster,
    retention,
)
from kmspec_model.states import is_changing
from kmspec_model.world import Backup, Cluster, World

_ONE = cloudhsm_tags(("Stage", "test"))
_SHORT, _TOO_SHORT = limits.BACKUP_RETENTION_DAYS.start, limits.BACKUP_RETENTION_DAYS.start - 1


_MALFORMED = (
    ("/malformed", "Allow everybody"),
    ("/malformed-list", f"[{policy(1)}]"),
    ("/malformed-without", policy(1).replace("Statement", "Statements")),
    ("/malformed-nothing", '{"Version": "2012-10-17", "Statement": []}'),
    ("/malformed-statement", '{"Version": "2012-10-17", "Statement": ["Allow"]}'),
    ("/malformed-effect", policy(1).replace("Allow", "Permit")),
    *(
        (f"/malformed-no-{name.lower()}", policy(1).replace(name, f"{name}s"))
        for name in ("Effect", "Principal", "Action")
    ),
)
"""Resource policies that are none."""


def new_clusters() -> Iterator[Probe]:
    """Clusters with settings of every kind, right and wrong."""
    chosen = create_cluster(
        Mode="NON_FIPS",
        NetworkType="DUALSTACK",
        BackupRetentionPolicy=retention(_SHORT),
        TagList=cloudhsm_tags(("Stage", "test"), ("Owner", "")),
    )
    yield Probe("CreateCluster/settings", chosen)
    yield Probe("CreateCluster/older-type", create_cluster(OLDER, Mode="FIPS"))
    yield Probe("CreateCluster/older-type-non-fips", create_cluster(OLDER, Mode="NON_FIPS"))
    short = create_cluster(BackupRetentionPolicy=retention(_TOO_SHORT))
    yield Probe("CreateCluster/short-retention", short)
    yield Probe("CreateCluster/tag-of-aws", create_cluster(TagList=cloudhsm_tags(("aws:a", "1"))))
    yield Probe(
        "CreateCluster/tag-twice", create_cluster(TagList=cloudhsm_tags(("a", "1"), ("a", "2")))
    )


def unknown() -> Iterator[Probe]:
    """Clusters and backups that do not exist."""
    policy_of = {"ResourceArn": Ref("backup", 99, "arn")}
    named: tuple[tuple[str, Mapping[str, Value]], ...] = (
        ("ModifyBackupAttributes", {"BackupId": UNKNOWN_BACKUP, "NeverExpires": True}),
        ("CopyBackupToRegion", {"BackupId": UNKNOWN_BACKUP, "DestinationRegion": Ref("region", 1)}),
        ("ModifyCluster", {"ClusterId": UNKNOWN_CLUSTER, "HsmType": NEWER}),
        ("GetResourcePolicy", policy_of),
        ("DeleteResourcePolicy", policy_of),
        ("PutResourcePolicy", {**policy_of, "Policy": policy(1)}),
        ("TagResource", {"ResourceId": UNKNOWN_CLUSTER, "TagList": _ONE}),
        ("UntagResource", {"ResourceId": UNKNOWN_BACKUP, "TagKeyList": ("Stage",)}),
        ("ListTags", {"ResourceId": UNKNOWN_BACKUP}),
    )
    for name, arguments in named:
        yield Probe(f"{name}/unknown", command("cloudhsm", name, **arguments))
    yield Probe("GetResourcePolicy/unnamed", command("cloudhsm", "GetResourcePolicy"))


def of_clusters(world: World, cluster: Cluster) -> Iterator[Probe]:
    """What is set on a cluster."""
    index = cluster.index
    changing = is_changing(cluster)
    if world.stores and not changing:
        return
    policies = {"retention": _SHORT, "short-retention": _TOO_SHORT}
    for variant, days in policies.items():
        days_kept = of_cluster("ModifyCluster", index, BackupRetentionPolicy=retention(days))
        yield Probe(f"ModifyCluster/{variant}", days_kept)
    busy = "/hsms-changing" if any(hsm.since is not None for hsm in cluster.hsms) else ""
    for hsm_type in (OLDER, NEWER):
        change = of_cluster("ModifyCluster", index, HsmType=hsm_type)
        yield Probe(f"ModifyCluster/{cluster.hsm_type}-to-{hsm_type}{busy}", change)
    yield Probe("ModifyCluster/nothing", of_cluster("ModifyCluster", index))
    yield Probe("DeleteHsm/unnamed", of_cluster("DeleteHsm", index))
    taken = "-taken" if any(hsm.address == ADDRESS for hsm in cluster.hsms) else ""
    yield Probe(f"CreateHsm/address{taken}", create_hsm(index, 0, IpAddress=ADDRESS))
    filters = Pairs((("clusterIds", (Ref("cluster", index),)), ("states", (cluster.state,))))
    yield Probe(
        f"DescribeClusters/{cluster.state}",
        command("cloudhsm", "DescribeClusters", Filters=filters),
    )
    none = Pairs((("clusterIds", (UNKNOWN_CLUSTER,)),))
    yield Probe("DescribeClusters/none", command("cloudhsm", "DescribeClusters", Filters=none))
    yield from _tags(Ref("cluster", index), cluster.tags, "")


def of_pages(world: World) -> Iterator[Probe]:
    """A list one by one, and on the largest page there is."""
    lists = (
        ("DescribeClusters", "clusterIds", "cluster", [one.index for one in world.clusters], 25),
        ("DescribeBackups", "backupIds", "backup", [one.index for one in world.backups], 50),
    )
    for operation, name, kind, indexes, most in lists:
        named = Pairs(((name, tuple(Ref(kind, index) for index in indexes)),))
        for variant, limit in (("page", 1), ("largest-page", most)) if len(indexes) > 1 else ():
            asked = command("cloudhsm", operation, Filters=named, MaxResults=limit)
            yield Probe(f"{operation}/{variant}", asked)


def of_copies(world: World) -> Iterator[Probe]:
    """What is asked of a copy, in the Region where it is."""
    there = world.seen_from(1)
    for backup in there.backups:
        found = Pairs((("sourceBackupIds", (Ref("backup", backup.source),)),))
        for label, asked in (
            ("DescribeBackups", command("cloudhsm", "DescribeBackups", Filters=found)),
            ("CreateCluster/mode", _another_mode(backup)),
        ):
            yield Probe(f"{label}@copy/{backup.state}", asked.in_region(1))


def _another_mode(backup: Backup) -> Command:
    other = "FIPS" if backup.mode != "FIPS" else "NON_FIPS"
    return create_cluster(SourceBackupId=Ref("backup", backup.index), Mode=other)


def of_backups(world: World) -> Iterator[Probe]:
    """What is done with the oldest backup besides deleting and restoring it."""
    for backup in () if world.stores else world.backups[:1]:
        index, state = backup.index, backup.state
        for flag in (True, False):
            modify = of_backup("ModifyBackupAttributes", index, NeverExpires=flag)
            yield Probe(f"ModifyBackupAttributes/{state}/{flag}", modify)
        for region, variant in ((1, state), (0, f"{state}/own-region")):
            to = Ref("region", region)
            copy = of_backup("CopyBackupToRegion", index, DestinationRegion=to)
            yield Probe(f"CopyBackupToRegion/{variant}", copy)
        yield from _policies(backup)
        yield from _restored(backup)
        yield from _tags(Ref("backup", index), backup.tags, f"/backup/{state}")
        for name, value in (
            ("backupIds", Ref("backup", index)),
            ("clusterIds", Ref("cluster", backup.cluster)),
            ("states", state),
            ("neverExpires", "true"),
            ("sourceBackupIds", Ref("backup", index)),
        ):
            found = command("cloudhsm", "DescribeBackups", Filters=Pairs(((name, (value,)),)))
            yield Probe(f"DescribeBackups/{name}/{state}", found)
        yield Probe("DescribeBackups/shared", command("cloudhsm", "DescribeBackups", Shared=True))


def _policies(backup: Backup) -> Iterator[Probe]:
    arn = Ref("backup", backup.index, "arn")
    has = "policy" if backup.policy else "no-policy"
    for name in ("GetResourcePolicy", "DeleteResourcePolicy"):
        yield Probe(f"{name}/{backup.state}/{has}", command("cloudhsm", name, ResourceArn=arn))
    for variant, text in (("", policy(1)), *_MALFORMED):
        put = command("cloudhsm", "PutResourcePolicy", ResourceArn=arn, Policy=text)
        yield Probe(f"PutResourcePolicy/{backup.state}{variant}", put)
    of_cluster_arn = Ref("cluster", backup.cluster, "arn")
    yield Probe(
        "PutResourcePolicy/of-cluster",
        command("cloudhsm", "PutResourcePolicy", ResourceArn=of_cluster_arn, Policy=policy(1)),
    )


def _restored(backup: Backup) -> Iterator[Probe]:
    """Clusters of other types and modes than the backup, and one by its ARN."""
    source = Ref("backup", backup.index)
    label = f"CreateCluster/{backup.state}"
    yield Probe(f"{label}/another-mode", _another_mode(backup))
    older = create_cluster(OLDER, SourceBackupId=source)
    yield Probe(f"{label}/{backup.hsm_type}-to-{OLDER}", older)
    by_arn = create_cluster(SourceBackupId=Ref("backup", backup.index, "arn"))
    yield Probe(f"{label}/arn", by_arn)


def _tags(named: Ref, held: tuple[tuple[str, str], ...], variant: str) -> Iterator[Probe]:
    has = "/tagged" if held else ""

    def tag(text: str, *pairs: tuple[str, str]) -> Probe:
        given = command("cloudhsm", "TagResource", ResourceId=named, TagList=cloudhsm_tags(*pairs))
        return Probe(f"cloudhsm:TagResource{variant}{text}", given)

    yield tag(has, ("Stage", "test"))
    yield tag("/of-aws", ("aws:a", "1"))
    yield tag("/twice", ("a", "1"), ("a", "2"))
    if held:
        yield tag("/too-many", *((f"key-{n}", "") for n in range(limits.CLOUDHSM_TAGS)))
    untag = command("cloudhsm", "UntagResource", ResourceId=named, TagKeyList=("Stage", "none"))
    yield Probe(f"cloudhsm:UntagResource{variant}{has}", untag)
    listed = command("cloudhsm", "ListTags", ResourceId=named)
    yield Probe(f"ListTags{variant}{has}", listed)
    for text, most in (("/page", 1), ("/largest-page", 100)):
        if len(held) > 1:
            page = command("cloudhsm", "ListTags", ResourceId=named, MaxResults=most)
            yield Probe(f"ListTags{variant}{text}", page)
    token = command("cloudhsm", "ListTags", ResourceId=named, NextToken="no-page-came-with-it")
    yield Probe(f"ListTags{variant}/token", token)
