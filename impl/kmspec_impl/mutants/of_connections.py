"""Mutants in connecting key stores, and in what key stores may be done to."""

from dataclasses import replace
from typing import Final

from kmspec.names import ConnectionErrorCode, ConnectionState, ErrorCode, Service
from kmspec_impl.cloudhsm.state import Cluster
from kmspec_impl.errors import ServiceError
from kmspec_impl.kms import connect, creation, key_material, store_keys, stores
from kmspec_impl.mutants.mutant import Mutant, Patch, nothing
from kmspec_impl.realm import Parameters, Realm, Response


def _connected_despite(code: ConnectionErrorCode) -> tuple[Patch, ...]:
    """A connect that succeeds where it should fail for that reason."""

    def finish(realm: Realm, store_id: str, when: float) -> None:
        _finish_connecting(realm, store_id, when)
        store = realm.stores.get(store_id)
        if store is not None and store.error is code:
            connected = replace(store, state=ConnectionState.CONNECTED, error=None)
            realm.stores.put(connected)

    return (Patch(connect, "_finish_connecting", finish),)


def _failed_as(code: ConnectionErrorCode, other: ConnectionErrorCode) -> tuple[Patch, ...]:
    """A connect that fails for that reason and tells another one."""

    def finish(realm: Realm, store_id: str, when: float) -> None:
        _finish_connecting(realm, store_id, when)
        store = realm.stores.get(store_id)
        if store is not None and store.error is code:
            realm.stores.put(replace(store, error=other))

    return (Patch(connect, "_finish_connecting", finish),)


def _connect_at_once(realm: Realm, parameters: Parameters, now: float) -> Response:
    response = connect.connect_custom_key_store(realm, parameters, now)
    store = realm.stores[parameters["CustomKeyStoreId"]]
    if store.state is ConnectionState.CONNECTING and store.due is not None:
        _finish_connecting(realm, store.id, store.due)
    return response


def _disconnect_with_error(realm: Realm, parameters: Parameters, now: float) -> Response:
    store = realm.stores.get(parameters["CustomKeyStoreId"])
    response = connect.disconnect_custom_key_store(realm, parameters, now)
    if store is not None:
        realm.stores.put(replace(realm.stores[store.id], error=store.error))
    return response


def _disconnect_logged_in(realm: Realm, parameters: Parameters, now: float) -> Response:
    store = realm.stores.get(parameters["CustomKeyStoreId"])
    cluster = None if store is None else realm.clusters.get(store.cluster)
    response = connect.disconnect_custom_key_store(realm, parameters, now)
    if cluster is not None:
        realm.clusters.put(cluster)
    return response


def _describe_leniently(realm: Realm, parameters: Parameters, now: float) -> Response:
    try:
        return stores.describe_custom_key_stores(realm, parameters, now)
    except ServiceError as error:
        if error.code is not ErrorCode.STORE_NOT_FOUND:
            raise
        return {"CustomKeyStores": [], "Truncated": False}


def _create_key_anyway(realm: Realm, parameters: Parameters, now: float) -> Response:
    store = parameters.get("CustomKeyStoreId")
    if store is None or store in realm.stores:
        return creation.create_key(realm, parameters, now)
    left_out = ("CustomKeyStoreId", "Origin")
    rest = {name: value for name, value in parameters.items() if name not in left_out}
    return creation.create_key(realm, rest, now)


def _delete_connected(realm: Realm, parameters: Parameters, now: float) -> Response:
    store = stores.find_store(realm, parameters["CustomKeyStoreId"])
    if store.state is ConnectionState.CONNECTED:
        realm.stores.put(replace(store, state=ConnectionState.DISCONNECTED))
    try:
        return stores.delete_custom_key_store(realm, parameters, now)
    except ServiceError:
        realm.stores.put(store)
        raise


def _keys_are_wrong_state(realm: Realm, parameters: Parameters, now: float) -> Response:
    try:
        return stores.delete_custom_key_store(realm, parameters, now)
    except ServiceError as error:
        if error.code is not ErrorCode.STORE_HAS_KEYS:
            raise
        raise ServiceError(ErrorCode.STORE_INVALID_STATE, error.message) from error


def _create_once(realm: Realm, parameters: Parameters, now: float) -> Response:
    name = parameters["CustomKeyStoreName"]
    if any(store.name == name for store in realm.stores):
        message = f"There is a custom key store of the name {name} already."
        raise ServiceError(ErrorCode.STORE_NAME_IN_USE, message)
    return stores.create_custom_key_store(realm, parameters, now)


def _update_to_any_cluster(realm: Realm, parameters: Parameters, now: float) -> Response:
    try:
        return stores.update_custom_key_store(realm, parameters, now)
    except ServiceError as error:
        if error.code is not ErrorCode.CLUSTER_NOT_RELATED:
            raise
        store = realm.stores[parameters["CustomKeyStoreId"]]
        realm.stores.put(replace(store, cluster=parameters["CloudHsmClusterId"]))
        return {}


def _create_twice(realm: Realm, parameters: Parameters, now: float) -> Response:
    known = {store.id for store in realm.stores}
    response = stores.create_custom_key_store(realm, parameters, now)
    store = realm.stores[response["CustomKeyStoreId"]]
    if store.id not in known:
        return response
    again = realm.stores.put(replace(store, id=realm.ids.store(), created=now))
    return {"CustomKeyStoreId": again.id}


def _always(*arguments: object) -> bool:
    del arguments
    return True


def _one_hsm(cluster: Cluster) -> None:
    key_material.require_configuration(cluster, hsms=False)


_finish_connecting = connect._finish_connecting  # noqa: SLF001 - a mutant reaches inside
_CODE: Final = ConnectionErrorCode

MUTANTS: Final = (
    Mutant(
        "connects-without-cluster",
        "connect/CLUSTER_NOT_FOUND",
        "A key store becomes CONNECTED although its cluster is gone.",
        _connected_despite(_CODE.CLUSTER_NOT_FOUND),
    ),
    Mutant(
        "connects-to-no-hsm",
        "connect/INSUFFICIENT_CLOUDHSM_HSMS",
        "A key store becomes CONNECTED although its cluster has no active HSM.",
        _connected_despite(_CODE.INSUFFICIENT_CLOUDHSM_HSMS),
    ),
    Mutant(
        "connects-without-user",
        "connect/USER_NOT_FOUND",
        "A key store becomes CONNECTED although there is no kmsuser in its cluster.",
        _connected_despite(_CODE.USER_NOT_FOUND),
    ),
    Mutant(
        "connects-locked-out",
        "connect/USER_LOCKED_OUT",
        "A key store becomes CONNECTED although kmsuser is locked out.",
        _connected_despite(_CODE.USER_LOCKED_OUT),
    ),
    Mutant(
        "lock-out-is-wrong-password",
        "connect/USER_LOCKED_OUT",
        "A connect that fails because kmsuser is locked out tells INVALID_CREDENTIALS.",
        _failed_as(_CODE.USER_LOCKED_OUT, _CODE.INVALID_CREDENTIALS),
    ),
    Mutant(
        "login-is-internal-error",
        "connect/USER_LOGGED_IN",
        "A connect that fails because somebody is logged in as kmsuser tells INTERNAL_ERROR.",
        _failed_as(_CODE.USER_LOGGED_IN, _CODE.INTERNAL_ERROR),
    ),
    Mutant(
        "connects-without-network",
        "connect/NETWORK_ERRORS",
        "A key store becomes CONNECTED although the network to its cluster fails.",
        _connected_despite(_CODE.NETWORK_ERRORS),
    ),
    Mutant(
        "full-subnet-is-network",
        "connect/INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET",
        "A connect that fails because a subnet has no free address tells NETWORK_ERRORS.",
        _failed_as(_CODE.INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET, _CODE.NETWORK_ERRORS),
    ),
    Mutant(
        "deleted-subnet-is-cluster",
        "connect/SUBNET_NOT_FOUND",
        "A connect that fails because a subnet was deleted tells CLUSTER_NOT_FOUND.",
        _failed_as(_CODE.SUBNET_NOT_FOUND, _CODE.CLUSTER_NOT_FOUND),
    ),
    Mutant(
        "connects-despite-internal-error",
        "connect/INTERNAL_ERROR",
        "A key store becomes CONNECTED in spite of an internal error.",
        _connected_despite(_CODE.INTERNAL_ERROR),
    ),
    Mutant(
        "connects-at-once",
        "transition/connection/ConnectCustomKeyStore/DISCONNECTED",
        "A key store is CONNECTED as soon as it is asked to connect, never CONNECTING.",
        handlers=((Service.KMS, "ConnectCustomKeyStore", _connect_at_once),),
    ),
    Mutant(
        "error-code-stays",
        "transition/connection/DisconnectCustomKeyStore/FAILED",
        "A key store that was FAILED still shows its ConnectionErrorCode when it is disconnected.",
        handlers=((Service.KMS, "DisconnectCustomKeyStore", _disconnect_with_error),),
    ),
    Mutant(
        "disconnects-logged-in",
        "effect/LoginUser/answer",
        "AWS KMS stays logged in as kmsuser when a key store is disconnected.",
        handlers=((Service.KMS, "DisconnectCustomKeyStore", _disconnect_logged_in),),
    ),
    Mutant(
        "security-group-does-not-matter",
        "store/connect-security-group",
        "A connect is accepted although the security group of the cluster is wrong.",
        (Patch(connect, "require_configuration", nothing),),
    ),
    Mutant(
        "key-in-disconnected-store",
        "store/CreateKey/DISCONNECTED",
        "A key is created in a key store that is not connected.",
        (Patch(store_keys, "require_connected", nothing),),
    ),
    Mutant(
        "key-in-unknown-store",
        "store/exists",
        "A key is created although its key store does not exist.",
        handlers=((Service.KMS, "CreateKey", _create_key_anyway),),
    ),
    Mutant(
        "unknown-store-is-empty-list",
        "store/exists",
        "A key store that does not exist is described by an empty list.",
        handlers=((Service.KMS, "DescribeCustomKeyStores", _describe_leniently),),
    ),
    Mutant(
        "deletes-connected-store",
        "store/Delete/CONNECTED",
        "A key store can be deleted while it is connected.",
        handlers=((Service.KMS, "DeleteCustomKeyStore", _delete_connected),),
    ),
    Mutant(
        "keys-are-wrong-state",
        "store/Delete/DISCONNECTED",
        "Deleting a key store that contains keys is refused by the wrong exception.",
        handlers=((Service.KMS, "DeleteCustomKeyStore", _keys_are_wrong_state),),
    ),
    Mutant(
        "creates-store-once",
        "store/name-free",
        "Creating the same key store again is refused.",
        handlers=((Service.KMS, "CreateCustomKeyStore", _create_once),),
    ),
    Mutant(
        "creates-store-twice",
        "effect/CreateCustomKeyStore/idempotent",
        "Creating the same key store again makes another one.",
        handlers=((Service.KMS, "CreateCustomKeyStore", _create_twice),),
    ),
    Mutant(
        "any-cluster",
        "store/cluster-related",
        "A key store can change to a cluster that has nothing to do with its own.",
        handlers=((Service.KMS, "UpdateCustomKeyStore", _update_to_any_cluster),),
    ),
    Mutant(
        "one-hsm-is-enough",
        "store/two-active-hsms",
        "A key store is created on a cluster with one active HSM.",
        (Patch(stores, "require_configuration", _one_hsm),),
    ),
    Mutant(
        "store-before-activation",
        "cluster/CreateCustomKeyStore/UNINITIALIZED",
        "A key store is created on a cluster that is not yet activated.",
        (
            Patch(stores, "require_active", nothing),
            Patch(stores, "require_configuration", nothing),
            Patch(stores, "_is_anchor", _always),
        ),
    ),
)
