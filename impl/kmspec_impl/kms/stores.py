"""Custom key stores: the only place that creates, describes, updates and deletes them.

Only stores of type AWS_CLOUDHSM. A store is DISCONNECTED when it is created, and connecting is
an operation of its own (:mod:`kmspec_impl.kms.connect`); so a wrong password goes unnoticed here
(custom-key-stores.md, sections 2 and 3).
"""

from dataclasses import replace
from typing import Any, Final

from kmspec.limits import CUSTOM_KEY_STORES
from kmspec.names import ClusterState, ConnectionState, ErrorCode
from kmspec_impl.cloudhsm import certificates
from kmspec_impl.cloudhsm.state import Cluster
from kmspec_impl.errors import ServiceError
from kmspec_impl.kms import external_stores, requests
from kmspec_impl.kms.key_material import require_configuration
from kmspec_impl.kms.state import Store
from kmspec_impl.realm import Parameters, Realm, Response

_TYPE: Final = "AWS_CLOUDHSM"
_LARGEST_PAGE: Final = 1000


def create_custom_key_store(realm: Realm, parameters: Parameters, now: float) -> Response:
    """CreateCustomKeyStore.

    The order of checks is the candidate one of custom-key-stores.md, section 3. What equals an
    existing DISCONNECTED store in everything is a retry, and gets the id of that store.
    """
    external_stores.refuse_store(parameters)
    _require_members(parameters)
    name, cluster_id = parameters["CustomKeyStoreName"], parameters["CloudHsmClusterId"]
    anchor, password = parameters["TrustAnchorCertificate"], parameters["KeyStorePassword"]
    for store in realm.stores:
        told = (store.name, store.cluster, store.trust_anchor, store.password, store.state)
        if told == (name, cluster_id, anchor, password, ConnectionState.DISCONNECTED):
            return {"CustomKeyStoreId": store.id}
    if len(realm.stores) >= CUSTOM_KEY_STORES:
        message = f"This account has {CUSTOM_KEY_STORES} custom key stores, as many as it may."
        raise ServiceError(ErrorCode.LIMIT_EXCEEDED, message)
    _check_name(realm, name)
    cluster = _cluster(realm, cluster_id)
    _check_free(realm, cluster)
    require_active(cluster)
    if not _is_anchor(anchor, cluster):
        message = f"TrustAnchorCertificate is not the trust anchor of {cluster_id}."
        raise ServiceError(ErrorCode.INCORRECT_TRUST_ANCHOR, message)
    require_configuration(cluster)
    store = realm.stores.put(
        Store(
            id=realm.ids.store(),
            name=name,
            cluster=cluster_id,
            cluster_certificate=cluster.certificates.cluster or "",
            trust_anchor=anchor,
            password=password,
            created=now,
        )
    )
    return {"CustomKeyStoreId": store.id}


def describe_custom_key_stores(realm: Realm, parameters: Parameters, now: float) -> Response:
    """DescribeCustomKeyStores: one, by id or by name, or all, oldest first."""
    del now
    store_id, name = parameters.get("CustomKeyStoreId"), parameters.get("CustomKeyStoreName")
    if store_id is not None and name is not None:
        raise requests.invalid("Give CustomKeyStoreId or CustomKeyStoreName, but not both.")
    if store_id is not None:
        rows = [find_store(realm, store_id)]
    else:
        rows = [store for store in realm.stores if name in (None, store.name)]
    if name is not None and not rows:
        message = f"There is no custom key store of the name {name}."
        raise ServiceError(ErrorCode.STORE_NOT_FOUND, message)
    return requests.page(
        parameters, "CustomKeyStores", rows, _place, _shape, _LARGEST_PAGE, _LARGEST_PAGE
    )


def update_custom_key_store(realm: Realm, parameters: Parameters, now: float) -> Response:
    """UpdateCustomKeyStore: rename, tell another password, or turn to a related cluster.

    The password is only noted: whether it is right shows when the store is connected.
    """
    del now
    external_stores.refuse_store(parameters)
    store = find_store(realm, parameters["CustomKeyStoreId"])
    name, password = parameters.get("NewCustomKeyStoreName"), parameters.get("KeyStorePassword")
    cluster_id = parameters.get("CloudHsmClusterId")
    allowed = [ConnectionState.DISCONNECTED]
    if password is None and cluster_id is None:
        allowed.append(ConnectionState.CONNECTED)
    if (name, password, cluster_id) == (None, None, None):
        return {}  # nothing to change (open question 5)
    require_state(store, *allowed)
    if name is not None and name != store.name:
        _check_name(realm, name)
    if cluster_id is not None:
        cluster = _cluster(realm, cluster_id)
        if not certificates.same(cluster.certificates.cluster or "", store.cluster_certificate):
            message = f"{cluster_id} shares no cluster certificate with {store.cluster}."
            raise ServiceError(ErrorCode.CLUSTER_NOT_RELATED, message)
        require_active(cluster)
        require_configuration(cluster)
    realm.stores.put(
        replace(
            store,
            name=name or store.name,
            password=password or store.password,
            cluster=cluster_id or store.cluster,
        )
    )
    return {}


def delete_custom_key_store(realm: Realm, parameters: Parameters, now: float) -> Response:
    """DeleteCustomKeyStore: DISCONNECTED and without KMS keys. The cluster is not touched."""
    del now
    store = find_store(realm, parameters["CustomKeyStoreId"])
    require_state(store, ConnectionState.DISCONNECTED)
    keys = sum(key.store == store.id for key in realm.keys)
    if keys:
        message = (
            f"The custom key store {store.id} contains {keys} KMS keys. Schedule their deletion, "
            "and delete the store when they are deleted."
        )
        raise ServiceError(ErrorCode.STORE_HAS_KEYS, message)
    realm.stores.remove(store.id)
    return {}


def find_store(realm: Realm, store_id: str) -> Store:
    """The store of that id.

    :raises ServiceError: CustomKeyStoreNotFoundException.
    """
    store = realm.stores.get(store_id)
    if store is None:
        message = f"There is no custom key store {store_id} in this account and Region."
        raise ServiceError(ErrorCode.STORE_NOT_FOUND, message)
    return store


def require_state(store: Store, *allowed: ConnectionState) -> None:
    """Refuse what the connection state of a store does not allow.

    :raises ServiceError: CustomKeyStoreInvalidStateException.
    """
    if store.state not in allowed:
        message = (
            f"The custom key store {store.id} is {store.state}; for this operation it must be "
            f"{' or '.join(allowed)}."
        )
        raise ServiceError(ErrorCode.STORE_INVALID_STATE, message)


def require_active(cluster: Cluster) -> None:
    """Refuse a cluster that is not initialised and activated.

    :raises ServiceError: CloudHsmClusterNotActiveException.
    """
    if cluster.state is not ClusterState.ACTIVE:
        message = f"The CloudHSM cluster {cluster.id} is {cluster.state}; it must be ACTIVE."
        raise ServiceError(ErrorCode.CLUSTER_NOT_ACTIVE, message)


def _require_members(parameters: Parameters) -> None:
    for member in ("CloudHsmClusterId", "TrustAnchorCertificate", "KeyStorePassword"):
        if parameters.get(member) is None:
            raise requests.invalid(f"{member} is required for a custom key store of type {_TYPE}.")


def _check_name(realm: Realm, name: str) -> None:
    if any(store.name == name for store in realm.stores):
        message = f"There is a custom key store of the name {name} already."
        raise ServiceError(ErrorCode.STORE_NAME_IN_USE, message)


def _cluster(realm: Realm, cluster_id: str) -> Cluster:
    cluster = realm.clusters.get(cluster_id)
    if cluster is None:
        message = f"There is no CloudHSM cluster {cluster_id} in this account and Region."
        raise ServiceError(ErrorCode.CLUSTER_NOT_FOUND, message)
    return cluster


def _check_free(realm: Realm, cluster: Cluster) -> None:
    """One store to a cluster, and none to clusters related to that of another store (R6)."""
    for store in realm.stores:
        certificate = cluster.certificates.cluster
        related = certificate is not None and certificates.same(
            certificate, store.cluster_certificate
        )
        if related or store.cluster == cluster.id:
            message = f"{cluster.id} is, or is related to, the cluster of the store {store.id}."
            raise ServiceError(ErrorCode.CLUSTER_IN_USE, message)


def _is_anchor(text: str, cluster: Cluster) -> bool:
    anchor = cluster.certificates.trust_anchor
    return anchor is not None and certificates.same(text, anchor)


def _place(store: Store) -> str:
    return f"{store.created:020.6f} {store.id}"


def _shape(store: Store) -> dict[str, Any]:
    """A store as responses show it; its password is never shown."""
    shown: dict[str, Any] = {
        "CustomKeyStoreId": store.id,
        "CustomKeyStoreName": store.name,
        "CustomKeyStoreType": _TYPE,
        "CloudHsmClusterId": store.cluster,
        "TrustAnchorCertificate": store.trust_anchor,
        "ConnectionState": store.state.value,
        "CreationDate": round(store.created, 3),
    }
    if store.error is not None:
        shown["ConnectionErrorCode"] = store.error.value
    return shown
