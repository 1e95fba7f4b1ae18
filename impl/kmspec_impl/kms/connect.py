"""Connecting: the only place where AWS KMS logs in to a cluster and out again.

A connect is accepted at once and takes its time; why it fails is judged at the moment it ends.
The password of ``kmsuser`` is changed as the last step, so a failed connect leaves it as it was
(custom-key-stores.md, sections 4 and 6).
"""

from collections.abc import Iterator
from dataclasses import replace

from kmspec.names import (
    KMSUSER,
    ClusterState,
    ConnectionErrorCode,
    ConnectionState,
    Fault,
)
from kmspec_impl.agenda import Delayed, delayed
from kmspec_impl.clock import after
from kmspec_impl.cloudhsm import users
from kmspec_impl.cloudhsm.contents import has_active_hsm
from kmspec_impl.cloudhsm.state import Cluster
from kmspec_impl.cloudhsm.users import Login
from kmspec_impl.kms.key_material import require_configuration
from kmspec_impl.kms.state import Store
from kmspec_impl.kms.stores import find_store, require_active, require_state
from kmspec_impl.realm import Parameters, Realm, Response


def connect_custom_key_store(realm: Realm, parameters: Parameters, now: float) -> Response:
    """ConnectCustomKeyStore: CONNECTING, then CONNECTED or FAILED.

    Of a store that is CONNECTED or CONNECTING it asks nothing (open question 1). What is easily
    seen to be wrong with the cluster is refused at once, and the store stays DISCONNECTED; that
    the cluster is gone is not among these, the exception does not exist (section 6.1).
    """
    store = find_store(realm, parameters["CustomKeyStoreId"])
    if store.state in (ConnectionState.CONNECTED, ConnectionState.CONNECTING):
        return {}
    require_state(store, ConnectionState.DISCONNECTED)
    cluster = _cluster(realm, store)
    if cluster is not None:
        require_active(cluster)
        require_configuration(cluster, hsms=False)
    due = after(now, realm.shared.delay)
    realm.stores.put(replace(store, state=ConnectionState.CONNECTING, due=due))
    realm.agenda.note(due, Delayed.STORE_CONNECTED, store.id)
    return {}


def disconnect_custom_key_store(realm: Realm, parameters: Parameters, now: float) -> Response:
    """DisconnectCustomKeyStore: DISCONNECTING, then DISCONNECTED. AWS KMS is logged out at once.

    A connect that is under way does not complete (open question 3).
    """
    store = find_store(realm, parameters["CustomKeyStoreId"])
    require_state(
        store, ConnectionState.CONNECTED, ConnectionState.CONNECTING, ConnectionState.FAILED
    )
    cluster = realm.clusters.get(store.cluster)
    if cluster is not None and cluster.kms_session:
        realm.clusters.put(replace(cluster, kms_session=False))
    due = after(now, realm.shared.delay)
    realm.stores.put(replace(store, state=ConnectionState.DISCONNECTING, error=None, due=due))
    realm.agenda.note(due, Delayed.STORE_DISCONNECTED, store.id)
    return {}


@delayed(Delayed.STORE_CONNECTED)
def _finish_connecting(realm: Realm, store_id: str, when: float) -> None:
    store = realm.stores.get(store_id)
    if store is None or (store.state, store.due) != (ConnectionState.CONNECTING, when):
        return
    error = next(_causes(realm, store), None)
    if error is not None:
        realm.stores.put(replace(store, state=ConnectionState.FAILED, error=error, due=None))
        return
    password = realm.ids.password()
    cluster = realm.clusters[store.cluster]
    user = users.kmsuser(realm, cluster)
    if user is not None:
        users.set_password(realm, cluster, user, password)
    realm.clusters.put(replace(cluster, kms_session=True))
    realm.stores.put(replace(store, state=ConnectionState.CONNECTED, password=password, due=None))


@delayed(Delayed.STORE_DISCONNECTED)
def _finish_disconnecting(realm: Realm, store_id: str, when: float) -> None:
    store = realm.stores.get(store_id)
    state = ConnectionState.DISCONNECTING
    if store is not None and (store.state, store.due) == (state, when):
        realm.stores.put(replace(store, state=ConnectionState.DISCONNECTED, due=None))


def _causes(realm: Realm, store: Store) -> Iterator[ConnectionErrorCode]:
    """Why a connect fails, in the order of section 6.1: the way there before the login.

    Only the first one counts, and nothing beyond it is tried: a password is not, as long as
    there is another reason.
    """
    cluster = _cluster(realm, store)
    if cluster is None:
        yield ConnectionErrorCode.CLUSTER_NOT_FOUND
        return
    faults = cluster.faults
    if Fault.SUBNET_DELETED in faults:
        yield ConnectionErrorCode.SUBNET_NOT_FOUND
    if not has_active_hsm(cluster):
        yield ConnectionErrorCode.INSUFFICIENT_CLOUDHSM_HSMS
    if Fault.NO_FREE_ADDRESSES in faults:
        yield ConnectionErrorCode.INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET
    if Fault.NETWORK in faults:
        yield ConnectionErrorCode.NETWORK_ERRORS
    yield from _login_causes(realm, store, cluster)
    if Fault.INTERNAL_ERROR in faults:
        yield ConnectionErrorCode.INTERNAL_ERROR


def _login_causes(realm: Realm, store: Store, cluster: Cluster) -> Iterator[ConnectionErrorCode]:
    """Why AWS KMS cannot log in; the lock-out first, for then every password is refused."""
    user = users.kmsuser(realm, cluster)
    if user is None:
        yield ConnectionErrorCode.USER_NOT_FOUND
    elif user.locked:
        yield ConnectionErrorCode.USER_LOCKED_OUT
    if users.is_logged_in(cluster, KMSUSER):
        yield ConnectionErrorCode.USER_LOGGED_IN
    if users.log_in(realm, cluster, KMSUSER, store.password) is not Login.DONE:
        yield ConnectionErrorCode.INVALID_CREDENTIALS


def _cluster(realm: Realm, store: Store) -> Cluster | None:
    """The cluster of a store, unless it is gone or about to be."""
    cluster = realm.clusters.get(store.cluster)
    if cluster is None or cluster.state is ClusterState.DELETE_IN_PROGRESS:
        return None
    return cluster
