"""Effects on CloudHSM clusters."""

from collections.abc import Callable, Mapping

from kmspec_model.case import Case
from kmspec_model.command import Ref
from kmspec_model.moves import Change, Moves
from kmspec_model.outcome import Bind, Items, Mark, Members, OneOf, Pattern, members
from kmspec_model.states import (
    active_hsms,
    has_certificate,
    is_activated,
    is_being_deleted,
    is_uninitialized,
)
from kmspec_model.world import NONE, Cluster, Hsm


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
    )


def create(moves: Moves, case: Case) -> tuple[Change, ...]:
    """A cluster that is being created, from nothing or from a backup."""
    world = case.world
    index = world.made.clusters
    subnets = case.arguments["SubnetIds"]
    backup = case.backup
    cluster = Cluster(
        index,
        moves.initial["cluster"],
        world.now,
        tuple(subnet.index for subnet in subnets),
        backup.lineage if backup is not None else index,
        backup.anchor if backup is not None else NONE,
        backup.index if backup is not None else NONE,
    )
    world = world.with_cluster(cluster)
    world = world._replace(made=world.made._replace(clusters=index + 1))
    answer = members(ClusterId=Bind(Ref("cluster", index)), State=cluster.state)
    return (Change(world, members(Cluster=answer)),)


def describe(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """Every cluster that is there."""
    entries = tuple(entry(cluster) for cluster in case.world.clusters)
    return (Change(case.world, members(Clusters=Items("ClusterId", entries))),)


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
    "DeleteCluster": delete,
}
