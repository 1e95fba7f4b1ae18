"""Predicates of requests about custom key stores, and about keys to be made in one."""

from collections.abc import Mapping

from kmspec import limits
from kmspec.names import Fault
from kmspec_model.case import Case
from kmspec_model.command import Ref
from kmspec_model.predicates.kinds import OfCase
from kmspec_model.states import active_hsms, is_disconnected, is_usable
from kmspec_model.world import NONE


def _fewer_than_two_hsms(case: Case) -> bool:
    cluster = case.cluster
    if cluster is None:
        return False
    return len({hsm.zone for hsm in active_hsms(cluster)}) < limits.MINIMUM_ACTIVE_HSMS


def _cluster_has_fault(fault: Fault) -> OfCase:
    return lambda case: case.cluster is not None and fault in case.cluster.faults


def _security_group_at_connect(case: Case) -> bool:
    """Only a connect that begins looks at the security group."""
    begins = case.store is not None and is_disconnected(case.store)
    return begins and case.cluster is not None and Fault.SECURITY_GROUP in case.cluster.faults


def _store_unknown(case: Case) -> bool:
    if case.operation.store in case.arguments:
        return case.store is None
    name = case.arguments.get("CustomKeyStoreName")
    return isinstance(name, Ref) and all(store.name != name.index for store in case.world.stores)


def _cluster_gone(case: Case) -> bool:
    """A cluster that is named and does not exist."""
    return case.operation.cluster in case.arguments and case.cluster is None


def _name_taken(case: Case) -> bool:
    name = case.arguments.get("NewCustomKeyStoreName", case.arguments.get("CustomKeyStoreName"))
    if not isinstance(name, Ref):
        return False
    own = case.store.index if case.store is not None else NONE
    return any(store.name == name.index and store.index != own for store in case.world.stores)


def _cluster_taken(case: Case) -> bool:
    cluster = case.cluster
    if cluster is None:
        return False
    return any(store.lineage == cluster.lineage for store in case.world.stores)


def _cluster_unrelated(case: Case) -> bool:
    """A cluster of another certificate than the store has, which is told by the lineage."""
    if case.store is None or case.cluster is None or "CloudHsmClusterId" not in case.arguments:
        return False
    return case.cluster.lineage != case.store.lineage


def _wrong_anchor(case: Case) -> bool:
    anchor = case.arguments.get("TrustAnchorCertificate")
    if case.cluster is None or not isinstance(anchor, Ref):
        return False
    return anchor.index != case.cluster.anchor


OF_CASE: Mapping[str, OfCase] = {
    "fewer-than-two-hsms": _fewer_than_two_hsms,
    "fault-security-group": _cluster_has_fault(Fault.SECURITY_GROUP),
    "cluster-out-of-reach": lambda case: (
        case.store is not None and (case.cluster is None or not is_usable(case.cluster))
    ),
    "store-unknown": _store_unknown,
    "ten-stores": lambda case: len(case.world.stores) >= limits.CUSTOM_KEY_STORES,
    "name-taken": _name_taken,
    "cluster-gone": _cluster_gone,
    "cluster-taken": _cluster_taken,
    "cluster-unrelated": _cluster_unrelated,
    "wrong-anchor": _wrong_anchor,
    "no-active-hsm": lambda case: case.cluster is not None and not active_hsms(case.cluster),
    "connect-with-fault-security-group": _security_group_at_connect,
    "store-has-keys": lambda case: (
        case.store is not None and bool(case.world.keys_of(case.store.index))
    ),
}
"""By the word the tables use."""
