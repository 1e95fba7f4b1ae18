"""Effects on CloudHSM clusters."""

from collections.abc import Callable, Mapping
from typing import Any

from kmspec import limits
from kmspec_model.case import Case
from kmspec_model.command import Ref
from kmspec_model.effects.backups import spared
from kmspec_model.effects.cloudhsm_lists import filters, passes, tag_list, tags_of
from kmspec_model.moves import Change, Moves
from kmspec_model.outcome import Bind, Items, Mark, Members, OneOf, Pattern, members
from kmspec_model.states import (
    active_hsms,
    has_certificate,
    is_activated,
    is_being_deleted,
    is_changing,
    is_uninitialized,
)
from kmspec_model.world import NONE, Cluster, Hsm

FIPS = "FIPS"
"""The mode of a cluster for which none is asked, and the only one of the older HSM type."""


def hsm_entry(cluster: Cluster, hsm: Hsm) -> Members:
    """An HSM in the list of its cluster."""
    return members(
        HsmId=Ref("hsm", hsm.index),
        ClusterId=Ref("cluster", cluster.index),
        State=hsm.state,
        AvailabilityZone=Ref("zone", hsm.zone),
        EniId=Mark.PRESENT,
    )


def _shown_state(cluster: Cluster) -> Pattern:
    """ACTIVE may show as UPDATE_IN_PROGRESS while an HSM comes or goes."""
    changing = any(hsm.since is not None for hsm in cluster.hsms)
    if is_activated(cluster) and changing:
        return OneOf((cluster.state, "UPDATE_IN_PROGRESS"))
    return cluster.state


def _certificates(cluster: Cluster) -> Members:
    """The CSR is there once the first HSM works; the certificate after initialisation."""
    fields: list[tuple[str, Pattern]] = []
    if not is_uninitialized(cluster) or cluster.source != NONE or not cluster.hsms:
        fields.append(("ClusterCsr", Mark.ABSENT))
    elif active_hsms(cluster):
        fields.append(("ClusterCsr", Mark.PRESENT))
    certified = has_certificate(cluster) or cluster.source != NONE
    if not is_being_deleted(cluster):
        fields.append(("ClusterCertificate", Mark.PRESENT if certified else Mark.ABSENT))
    return Members(tuple(fields))


def entry(cluster: Cluster) -> Members:
    """A cluster in DescribeClusters."""
    return members(
        ClusterId=Ref("cluster", cluster.index),
        State=_shown_state(cluster),
        Hsms=Items("HsmId", tuple(hsm_entry(cluster, hsm) for hsm in cluster.hsms)),
        Certificates=_certificates(cluster),
        SourceBackupId=(Ref("backup", cluster.source) if cluster.source != NONE else Mark.ABSENT),
        Mode=cluster.mode,
        TagList=tag_list(cluster.tags),
        BackupRetentionPolicy=members(Type="DAYS", Value=str(cluster.retention)),
        **_types(cluster),
    )


def _types(cluster: Cluster) -> dict[str, Pattern]:
    """The HSM type; which of the two it is during a change is not documented."""
    if is_changing(cluster):
        return {"HsmType": OneOf((cluster.hsm_type, cluster.other_type))}
    until = Mark.PRESENT if cluster.rollback is not None else Mark.ABSENT
    return {"HsmType": cluster.hsm_type, "HsmTypeRollbackExpiration": until}


def create(moves: Moves, case: Case) -> tuple[Change, ...]:
    """A cluster that is being created, from nothing or from a backup."""
    world, arguments = case.world, case.arguments
    index = world.made.clusters
    subnets = arguments["SubnetIds"]
    backup = case.backup
    cluster = Cluster(
        index,
        moves.initial["cluster"],
        world.now,
        tuple(subnet.index for subnet in subnets),
        backup.lineage if backup is not None else index,
        backup.anchor if backup is not None else NONE,
        backup.index if backup is not None else NONE,
        hsm_type=arguments["HsmType"],
        mode=arguments.get("Mode", backup.mode if backup is not None else FIPS),
        retention=retention_of(case) or limits.DEFAULT_BACKUP_RETENTION_DAYS,
        tags=tuple(sorted(tags_of(case))),
    )
    world = world.with_cluster(cluster)
    world = world._replace(made=world.made._replace(clusters=index + 1))
    answer = members(
        ClusterId=Bind(Ref("cluster", index)),
        State=cluster.state,
        HsmType=cluster.hsm_type,
        Mode=cluster.mode,
        NetworkType=arguments.get("NetworkType", "IPV4"),
        TagList=tag_list(cluster.tags),
    )
    return (Change(world, members(Cluster=answer), ("effect/CreateCluster/settings",)),)


_FILTERS: Mapping[str, Callable[[Cluster], object]] = {
    "clusterIds": lambda cluster: Ref("cluster", cluster.index),
    "states": lambda cluster: cluster.state,
}


def describe(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """Every cluster that passes."""
    wanted = filters(case)
    entries = tuple(
        entry(cluster) for cluster in case.world.clusters if passes(cluster, wanted, _FILTERS)
    )
    return (Change(case.world, members(Clusters=Items("ClusterId", entries))),)


def retention_of(case: Case) -> int | None:
    """The days of the retention policy among the arguments."""
    policy: Any = case.arguments.get("BackupRetentionPolicy")
    return int(dict(policy.items)["Value"]) if policy is not None else None


def modify(moves: Moves, case: Case) -> tuple[Change, ...]:
    """Another retention policy, another HSM type, or both."""
    cluster, world = case.cluster, case.world
    if cluster is None:
        return ()
    rules: tuple[str, ...] = ()
    days, hsm_type = retention_of(case), case.arguments.get("HsmType", cluster.hsm_type)
    if hsm_type != cluster.hsm_type:
        when = "migrates" if cluster.rollback is None else "rolls-back"
        move = moves.of("cluster", "ModifyCluster", cluster.state, when)
        cluster = cluster._replace(
            state=move.states[0],
            since=moves.since("cluster", move.states[0], world.now),
            hsm_type=hsm_type,
            other_type=cluster.hsm_type,
            rollback=None,
        )
        rules = move.rule
    if days is not None:
        cluster = cluster._replace(retention=days)
        for backup in world.backups:
            if backup.cluster == cluster.index:
                world = world.with_backup(spared(backup._replace(retention=days), world))
        rules = (*rules, "effect/ModifyCluster/retention")
    return (Change(world.with_cluster(cluster), members(Cluster=entry(cluster)), rules),)


def initialize(moves: Moves, case: Case) -> tuple[Change, ...]:
    """The signed certificate is being installed."""
    if case.cluster is None:
        return ()
    move = moves.of("cluster", "InitializeCluster", case.cluster.state)
    anchor = case.arguments["TrustAnchor"].index
    return tuple(
        Change(
            case.world.with_cluster(
                case.cluster._replace(
                    state=state,
                    since=moves.since("cluster", state, case.world.now),
                    anchor=anchor,
                )
            ),
            members(State=state),
            move.rule,
        )
        for state in move.states
    )


def delete(moves: Moves, case: Case) -> tuple[Change, ...]:
    """The cluster is going; a key store on it is not looked at."""
    if case.cluster is None:
        return ()
    move = moves.of("cluster", "DeleteCluster", case.cluster.state)
    return tuple(
        Change(
            case.world.with_cluster(
                case.cluster._replace(
                    state=state, since=moves.since("cluster", state, case.world.now)
                )
            ),
            members(Cluster=members(ClusterId=Ref("cluster", case.cluster.index), State=state)),
            move.rule,
        )
        for state in move.states
    )


EFFECTS: Mapping[str, Callable[[Moves, Case], tuple[Change, ...]]] = {
    "CreateCluster": create,
    "DescribeClusters": describe,
    "InitializeCluster": initialize,
    "ModifyCluster": modify,
    "DeleteCluster": delete,
}
