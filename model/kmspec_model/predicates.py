"""Predicates: the only place that says when a condition of the tables is not met.

Each is named as the ``when`` of rows in ``conditions.toml`` and ``connection_errors.toml``, and
holds when the condition fails. A predicate looks at a case, or, for a row ``of = "key"`` and for
connection errors, at a world and the cluster behind a key store.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from kmspec import limits
from kmspec.names import KMSUSER, Fault, Origin
from kmspec_model.case import Case
from kmspec_model.command import Ref
from kmspec_model.states import (
    active_hsms,
    is_activated,
    is_being_deleted,
    is_connected,
    is_disconnected,
    is_uninitialized,
    is_usable,
)
from kmspec_model.world import NONE, Cluster, Key, Store, World

OfCase: TypeAlias = Callable[[Case], bool]
OfStore: TypeAlias = Callable[[World, Store, Cluster | None], bool]

# ---- Of the cluster behind a key store ------------------------------------------------------


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


# ---- Of a request ---------------------------------------------------------------------------


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


def _store_key_is(member: str, accepted: object) -> OfCase:
    """A member of CreateKey in a key store that has another value than the only one it may have."""

    def holds(case: Case) -> bool:
        in_store = bool(case.arguments.get("Origin") == Origin.AWS_CLOUDHSM)
        return in_store and bool(case.arguments.get(member, accepted) != accepted)

    return holds


def _store_without_origin(case: Case) -> bool:
    origin = case.arguments.get("Origin", Origin.AWS_KMS)
    return bool(origin == Origin.AWS_CLOUDHSM) != ("CustomKeyStoreId" in case.arguments)


def _window_out_of_range(case: Case) -> bool:
    days = case.arguments.get("PendingWindowInDays", limits.DEFAULT_DELETION_WINDOW_DAYS)
    return days not in limits.DELETION_WINDOW_DAYS


def _key_unknown(case: Case) -> bool:
    """A key that is named and does not exist. Where only an id will do, an alias is no name."""
    for member in (case.operation.key, case.operation.source):
        named = case.arguments.get(member) if member else None
        if named is None:
            continue
        world = case.world
        if not isinstance(named, Ref):
            return True
        if named.kind == "alias":
            alias = world.alias(named.index)
            if alias is None or world.key(alias.key) is None:
                return True
        elif world.key(named.index) is None:
            return True
    return False


def _fifty_aliases(case: Case) -> bool:
    if case.key is None or (case.alias is not None and case.alias.key == case.key.index):
        return False
    own = sum(alias.key == case.key.index for alias in case.world.aliases)
    return own >= limits.ALIASES_PER_KEY


def _named_by_alias(case: Case) -> bool:
    named = case.arguments.get(case.operation.key) if case.operation.key else None
    return isinstance(named, Ref) and named.kind == "alias"


def _ciphertext_key_unknown(case: Case) -> bool:
    ciphertext = case.ciphertext
    return ciphertext is None or case.world.key(ciphertext.key) is None


def _wrong_key(case: Case) -> bool:
    """The key that is said to be the ciphertext's is another."""
    member = case.operation.source or case.operation.key
    named = case.arguments.get(member) if member else None
    if not isinstance(named, Ref) or case.ciphertext is None:
        return False
    index = named.index
    if named.kind == "alias":
        alias = case.world.alias(named.index)
        if alias is None:
            return False
        index = alias.key
    return bool(index != case.ciphertext.key)


def _context_differs(case: Case) -> bool:
    member = "SourceEncryptionContext" if case.operation.source else "EncryptionContext"
    return case.ciphertext is not None and case.arguments.get(member) != case.ciphertext.context


def _store_unknown(case: Case) -> bool:
    member = case.operation.store
    return member in case.arguments and case.store is None


def _cluster_gone_of_case(case: Case) -> bool:
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


def _no_csr(case: Case) -> bool:
    cluster = case.cluster
    if cluster is None or not is_uninitialized(cluster):
        return False
    return cluster.source != NONE or not active_hsms(cluster)


def _wrong_signer(case: Case) -> bool:
    """``certificate#1.0`` is the certificate of ``cluster#1`` signed by ``ca#0``."""
    certificate = case.arguments.get("SignedCert")
    anchor = case.arguments.get("TrustAnchor")
    if case.cluster is None or not isinstance(certificate, Ref) or not isinstance(anchor, Ref):
        return False
    return certificate != Ref("certificate", case.cluster.index, str(anchor.index))


def _second_hsm_before_activation(case: Case) -> bool:
    cluster = case.cluster
    return cluster is not None and is_uninitialized(cluster) and bool(cluster.hsms)


def _zone_without_subnet(case: Case) -> bool:
    zone = case.arguments.get("AvailabilityZone")
    if case.cluster is None or not isinstance(zone, Ref):
        return False
    return zone.index not in case.cluster.zones


def _user(case: Case) -> object:
    return case.arguments.get("UserName")


def _user_exists(case: Case) -> bool:
    name = _user(case)
    return (
        case.cluster is not None
        and isinstance(name, str)
        and case.cluster.contents.user(name) is not None
    )


def _user_is(case: Case, member: str) -> bool:
    name = _user(case)
    if case.cluster is None or not isinstance(name, str):
        return False
    user = case.cluster.contents.user(name)
    return user is not None and bool(getattr(user, member))


def _kms_is_logged_in(case: Case) -> bool:
    if case.cluster is None or _user(case) != KMSUSER:
        return False
    store = case.world.store_of(case.cluster.index)
    return store is not None and is_connected(store)


def _handle_unknown(case: Case) -> bool:
    handle = case.arguments.get("Handle")
    if case.cluster is None:
        return False
    return not isinstance(handle, Ref) or handle.index not in case.cluster.contents.materials


def _fault_not_set(case: Case) -> bool:
    fault = case.arguments.get("Name")
    if case.cluster is None:
        return False
    if "HsmId" in case.arguments:
        return case.hsm is None or case.hsm in active_hsms(case.cluster)
    return fault not in case.cluster.faults


def _hsm_not_active(case: Case) -> bool:
    return (
        case.cluster is not None
        and case.hsm is not None
        and case.hsm not in active_hsms(case.cluster)
    )


OF_CASE: Mapping[str, OfCase] = {
    # keys and identifiers
    "key-unknown": _key_unknown,
    "named-by-alias": _named_by_alias,
    "window-out-of-range": _window_out_of_range,
    "dry-run": lambda case: bool(case.arguments.get("DryRun")),
    "alias-unknown": lambda case: case.alias is None,
    "alias-taken": lambda case: case.alias is not None,
    "fifty-aliases": _fifty_aliases,
    "ciphertext-key-unknown": _ciphertext_key_unknown,
    "wrong-key": _wrong_key,
    "context-differs": _context_differs,
    # CreateKey
    "store-without-origin": _store_without_origin,
    "store-key-not-symmetric": _store_key_is("KeySpec", "SYMMETRIC_DEFAULT"),
    "store-key-multi-region": _store_key_is("MultiRegion", accepted=False),
    "fewer-than-two-hsms": _fewer_than_two_hsms,
    "fault-security-group": _cluster_has_fault(Fault.SECURITY_GROUP),
    "cluster-out-of-reach": lambda case: (
        case.store is not None and (case.cluster is None or not is_usable(case.cluster))
    ),
    # custom key stores
    "store-unknown": _store_unknown,
    "ten-stores": lambda case: len(case.world.stores) >= limits.CUSTOM_KEY_STORES,
    "name-taken": _name_taken,
    "cluster-gone": _cluster_gone_of_case,
    "cluster-taken": _cluster_taken,
    "cluster-unrelated": _cluster_unrelated,
    "wrong-anchor": _wrong_anchor,
    "no-active-hsm": lambda case: case.cluster is not None and not active_hsms(case.cluster),
    "connect-with-fault-security-group": _security_group_at_connect,
    "store-has-keys": lambda case: (
        case.store is not None and bool(case.world.keys_of(case.store.index))
    ),
    # CloudHSM
    "four-clusters": lambda case: len(case.world.clusters) >= limits.CLUSTERS,
    "no-csr": _no_csr,
    "wrong-signer": _wrong_signer,
    "cluster-has-hsms": lambda case: case.cluster is not None and bool(case.cluster.hsms),
    "second-hsm-before-activation": _second_hsm_before_activation,
    "zone-without-subnet": _zone_without_subnet,
    "six-hsms": lambda case: (
        sum(len(cluster.hsms) for cluster in case.world.clusters) >= limits.HSMS
    ),
    "hsm-unknown": lambda case: "HsmId" in case.arguments and case.hsm is None,
    "backup-unknown": lambda case: case.operation.backup in case.arguments and case.backup is None,
    # the operator
    "cluster-not-activated": lambda case: (
        case.cluster is not None and not is_activated(case.cluster)
    ),
    "user-exists": _user_exists,
    "user-unknown": lambda case: not _user_exists(case),
    "user-busy": lambda case: _user_is(case, "logged_in") or _kms_is_logged_in(case),
    "user-locked": lambda case: _user_is(case, "locked"),
    "kms-is-logged-in": _kms_is_logged_in,
    "user-not-logged-in": lambda case: _user_exists(case) and not _user_is(case, "logged_in"),
    "user-owns-keys": lambda case: (
        case.cluster is not None
        and _user(case) == KMSUSER
        and bool(case.cluster.contents.materials)
    ),
    "handle-unknown": _handle_unknown,
    "hsm-not-active": _hsm_not_active,
    "fault-not-set": _fault_not_set,
}
"""Predicates of a request, by the word the tables use."""
