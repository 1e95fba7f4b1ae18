"""Predicates of a key store and the cluster behind it."""

from collections.abc import Mapping

from kmspec import limits
from kmspec.names import KMSUSER, Fault
from kmspec_model.predicates.kinds import OfStore
from kmspec_model.states import active_hsms, is_being_deleted
from kmspec_model.world import Cluster, Key, Store, World


def _no_active_hsm(_world: World, _store: Store, cluster: Cluster | None) -> bool:
    return cluster is not None and not active_hsms(cluster)


def _cluster_gone(_world: World, _store: Store, cluster: Cluster | None) -> bool:
    return cluster is None or is_being_deleted(cluster)


def _fault(fault: Fault) -> OfStore:
    def holds(_world: World, _store: Store, cluster: Cluster | None) -> bool:
        return cluster is not None and fault in cluster.faults

    return holds


def _kmsuser_missing(_world: World, _store: Store, cluster: Cluster | None) -> bool:
    if cluster is None or not active_hsms(cluster):
        return False
    return Fault.USER_MISSING in cluster.faults or cluster.contents.user(KMSUSER) is None


def _kmsuser_locked(_world: World, _store: Store, cluster: Cluster | None) -> bool:
    user = cluster.contents.user(KMSUSER) if cluster is not None else None
    return user is not None and user.locked


def _kmsuser_logged_in(_world: World, _store: Store, cluster: Cluster | None) -> bool:
    user = cluster.contents.user(KMSUSER) if cluster is not None else None
    return user is not None and user.logged_in


def _password_wrong(_world: World, store: Store, cluster: Cluster | None) -> bool:
    user = cluster.contents.user(KMSUSER) if cluster is not None else None
    return user is not None and user.password != store.password


def rate_of(cluster: Cluster | None) -> float:
    """The requests per second that the keys of a store can count on."""
    load = cluster.load if cluster is not None else 0
    spare = max(limits.CLUSTER_CAPACITY - load, limits.BUSY_CLUSTER_RATE)
    return min(spare, limits.CUSTOM_KEY_STORE_RATE)


_FEW = 100
"""Requests that single commands may add up to at one moment."""


def _quota_used_up(world: World, store: Store, cluster: Cluster | None) -> bool:
    """Whatever the shape of the quota, twice its rate at one moment is beyond it."""
    return world.spent_by(store.index) > 2 * rate_of(cluster)


def _quota_nearly_used_up(world: World, store: Store, cluster: Cluster | None) -> bool:
    return world.spent_by(store.index) + _FEW > rate_of(cluster)


OF_STORE: Mapping[str, OfStore] = {
    "no-active-hsm": _no_active_hsm,
    "cluster-gone": _cluster_gone,
    "fault-network": _fault(Fault.NETWORK),
    "fault-internal-error": _fault(Fault.INTERNAL_ERROR),
    "fault-no-free-addresses": _fault(Fault.NO_FREE_ADDRESSES),
    "fault-subnet-deleted": _fault(Fault.SUBNET_DELETED),
    "fault-no-sessions": _fault(Fault.NO_SESSIONS),
    "kmsuser-missing": _kmsuser_missing,
    "kmsuser-locked": _kmsuser_locked,
    "kmsuser-logged-in": _kmsuser_logged_in,
    "password-wrong": _password_wrong,
    "quota-used-up": _quota_used_up,
    "quota-nearly-used-up": _quota_nearly_used_up,
}
"""Predicates of a key store and its cluster, by the word the tables use."""


def material_missing(cluster: Cluster | None, key: Key) -> bool:
    """``material-missing``: the cluster lacks the key material of a KMS key."""
    return cluster is not None and key.index not in cluster.contents.materials
