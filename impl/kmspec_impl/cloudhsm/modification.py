"""Modification: the only place that changes the retention policy and the HSM type of a cluster.

A change of the type takes its time, during which what is in the cluster can be used and not be
changed; for a day it can be taken back [CHSM-now:migrate-hsm-type].
"""

from dataclasses import replace

from kmspec.limits import HSM_TYPE_ROLLBACK
from kmspec.names import ClusterState, HsmState
from kmspec_impl.agenda import Delayed, delayed
from kmspec_impl.clock import after
from kmspec_impl.cloudhsm import backups
from kmspec_impl.cloudhsm.clusters import HSM_TYPES, find, retention_days, shape
from kmspec_impl.cloudhsm.requests import invalid
from kmspec_impl.cloudhsm.state import Cluster
from kmspec_impl.realm import Parameters, Realm, Response

_AT_REST = (HsmState.ACTIVE, HsmState.DEGRADED)


def modify_cluster(realm: Realm, parameters: Parameters, now: float) -> Response:
    """ModifyCluster: another retention policy, another HSM type, or both."""
    hsm_type = parameters.get("HsmType")
    policy = parameters.get("BackupRetentionPolicy")
    if hsm_type is None and policy is None:
        raise invalid("Give HsmType or BackupRetentionPolicy.")
    days = retention_days(policy)
    cluster = find(realm, parameters)
    if cluster.state is not ClusterState.ACTIVE:
        raise invalid(f"{cluster.id} is {cluster.state}; only an ACTIVE cluster can be modified.")
    if hsm_type not in (None, cluster.hsm_type):
        _check_change(cluster, hsm_type)
        cluster = _begin(realm, cluster, hsm_type, now)
    if policy is not None:
        cluster = realm.clusters.put(replace(cluster, retention_days=days))
        backups.retain(realm, cluster, now)
    return {"Cluster": shape(cluster)}


def _check_change(cluster: Cluster, hsm_type: str) -> None:
    if hsm_type not in HSM_TYPES:
        raise invalid(f"HsmType {hsm_type} is not offered; use one of {', '.join(HSM_TYPES)}.")
    if hsm_type == HSM_TYPES[0] and cluster.rollback_until is None:
        raise invalid(f"{cluster.id} cannot go back to {hsm_type}: 24 hours are over, if ever.")
    if any(hsm.state not in _AT_REST for hsm in cluster.hsms):
        raise invalid(f"{cluster.id} has HSMs that are being created or deleted; wait for them.")


def _begin(realm: Realm, cluster: Cluster, hsm_type: str, now: float) -> Cluster:
    back = cluster.rollback_until is not None
    state = ClusterState.ROLLBACK_IN_PROGRESS if back else ClusterState.MODIFY_IN_PROGRESS
    due = after(now, realm.shared.delay)
    realm.agenda.note(due, Delayed.HSM_TYPE_CHANGED, cluster.id)
    return realm.clusters.put(
        replace(cluster, state=state, due=due, other_type=hsm_type, rollback_until=None)
    )


@delayed(Delayed.HSM_TYPE_CHANGED)
def _finish(realm: Realm, cluster_id: str, when: float) -> None:
    """Let the other type be there; one that was gone back to is as if nothing had been."""
    cluster = realm.clusters.get(cluster_id)
    if cluster is None or cluster.other_type is None or cluster.due != when:
        return
    forward = cluster.state is ClusterState.MODIFY_IN_PROGRESS
    until = after(when, HSM_TYPE_ROLLBACK) if forward else None
    realm.clusters.put(
        replace(
            cluster,
            state=ClusterState.ACTIVE,
            due=None,
            hsm_type=cluster.other_type,
            other_type=cluster.hsm_type if forward else None,
            rollback_until=until,
        )
    )
    if until is not None:
        realm.agenda.note(until, Delayed.HSM_TYPE_SETTLED, cluster_id)


@delayed(Delayed.HSM_TYPE_SETTLED)
def _settle(realm: Realm, cluster_id: str, when: float) -> None:
    """Let the time be over in which a change can be taken back."""
    cluster = realm.clusters.get(cluster_id)
    if cluster is not None and cluster.rollback_until == when:
        realm.clusters.put(replace(cluster, other_type=None, rollback_until=None))
