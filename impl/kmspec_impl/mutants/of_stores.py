"""Mutants in custom key stores, their connections and quotas."""

from dataclasses import replace
from typing import Final

from kmspec.limits import CUSTOM_KEY_STORE_RATE
from kmspec.names import KMSUSER, ConnectionState, Service
from kmspec_impl.cloudhsm import users
from kmspec_impl.hsm.interface import User
from kmspec_impl.kms import connect, external_stores, key_material, stores
from kmspec_impl.kms.state import Store
from kmspec_impl.mutants.mutant import Mutant, Patch, nothing
from kmspec_impl.quotas import Quotas, store_rate
from kmspec_impl.realm import Parameters, Realm, Response


def _also(allowed: ConnectionState) -> Patch:
    """Connecting and disconnecting for which one more state is as good as those asked for."""

    def require_state(store: Store, *states: ConnectionState) -> None:
        stores_require_state(store, *states, allowed)

    return Patch(connect, "require_state", require_state)


def _delete_with_keys(realm: Realm, parameters: Parameters, now: float) -> Response:
    store = stores.find_store(realm, parameters["CustomKeyStoreId"])
    stores.require_state(store, ConnectionState.DISCONNECTED)
    for key in [key for key in realm.keys if key.store == store.id]:
        realm.drop_key(key)
    return stores.delete_custom_key_store(realm, parameters, now)


def _always(*arguments: object) -> bool:
    del arguments
    return True


def _update_connected(realm: Realm, parameters: Parameters, now: float) -> Response:
    """Pretend that a CONNECTED store is DISCONNECTED, as long as it is updated."""
    store = stores.find_store(realm, parameters["CustomKeyStoreId"])
    if store.state is ConnectionState.CONNECTED:
        realm.stores.put(replace(store, state=ConnectionState.DISCONNECTED))
    try:
        return stores.update_custom_key_store(realm, parameters, now)
    finally:
        realm.stores.put(replace(realm.stores[store.id], state=store.state))


def _finish_with_any_password(realm: Realm, store_id: str, when: float) -> None:
    user = _kmsuser(realm, store_id)
    if user is not None:
        store = realm.stores[store_id]
        realm.stores.put(replace(store, password=user.password))
    connect_finish(realm, store_id, when)


def _finish_beside_login(realm: Realm, store_id: str, when: float) -> None:
    store = realm.stores.get(store_id)
    cluster = None if store is None else realm.clusters.get(store.cluster)
    if cluster is not None:
        realm.clusters.put(replace(cluster, logins=frozenset()))
    connect_finish(realm, store_id, when)
    if cluster is not None:
        realm.clusters.put(replace(realm.clusters[cluster.id], logins=cluster.logins))


def _finish_without_rotation(realm: Realm, store_id: str, when: float) -> None:
    before, user = realm.stores.get(store_id), _kmsuser(realm, store_id)
    connect_finish(realm, store_id, when)
    store = realm.stores.get(store_id)
    if before is None or store is None or user is None or store.password == before.password:
        return
    users.set_password(realm, realm.clusters[store.cluster], user, before.password)
    realm.stores.put(replace(store, password=before.password))


def _kmsuser(realm: Realm, store_id: str) -> User | None:
    store = realm.stores.get(store_id)
    cluster = None if store is None else realm.clusters.get(store.cluster)
    return None if cluster is None else users.find_user(realm, cluster, KMSUSER)


def _idle_rate(load: float) -> float:
    del load
    return float(CUSTOM_KEY_STORE_RATE)


def _tenth_rate(load: float) -> float:
    return store_rate(load) / 10


stores_require_state = stores.require_state
connect_finish = connect._finish_connecting  # noqa: SLF001 - a mutant reaches inside

MUTANTS: Final = (
    Mutant(
        "connects-from-failed",
        "store/Connect/FAILED",
        "A key store that is FAILED can be connected without being disconnected first.",
        (_also(ConnectionState.FAILED),),
    ),
    Mutant(
        "disconnects-twice",
        "store/Disconnect/DISCONNECTED",
        "A key store that is DISCONNECTED can be disconnected.",
        (_also(ConnectionState.DISCONNECTED),),
    ),
    Mutant(
        "updates-connected-store",
        "store/Update/CONNECTED",
        "Password and cluster of a CONNECTED key store can be changed.",
        handlers=((Service.KMS, "UpdateCustomKeyStore", _update_connected),),
    ),
    Mutant(
        "deletes-store-with-keys",
        "store/no-keys",
        "A key store that still contains KMS keys can be deleted, and they with it.",
        handlers=((Service.KMS, "DeleteCustomKeyStore", _delete_with_keys),),
    ),
    Mutant(
        "any-trust-anchor",
        "store/trust-anchor",
        "A key store is created with a trust anchor that is not the cluster's.",
        (Patch(stores, "_is_anchor", _always),),
    ),
    Mutant(
        "shares-clusters",
        "store/cluster-free",
        "Two key stores can be on one cluster.",
        (Patch(stores, "_check_free", nothing),),
    ),
    Mutant(
        "names-not-unique",
        "store/name-free",
        "Two key stores can have one name.",
        (Patch(stores, "_check_name", nothing),),
    ),
    Mutant(
        "any-password-connects",
        "connect/INVALID_CREDENTIALS",
        "Connecting succeeds with a password that kmsuser does not have.",
        (Patch(connect, "_finish_connecting", _finish_with_any_password),),
    ),
    Mutant(
        "connects-beside-login",
        "connect/USER_LOGGED_IN",
        "Connecting succeeds although somebody else is logged in as kmsuser.",
        (Patch(connect, "_finish_connecting", _finish_beside_login),),
    ),
    Mutant(
        "connects-without-hsm",
        "connect/INSUFFICIENT_CLOUDHSM_HSMS",
        "Connecting a cluster without active HSMs fails as if kmsuser were missing.",
        (Patch(connect, "has_active_hsm", _always),),
    ),
    Mutant(
        "password-not-rotated",
        "connect/INVALID_CREDENTIALS",
        "Connecting leaves the password of kmsuser as it was.",
        (Patch(connect, "_finish_connecting", _finish_without_rotation),),
    ),
    Mutant(
        "no-store-quota",
        "effect/Burst/answer",
        "A key store has no request quota.",
        (Patch(Quotas, "charge_stores", nothing),),
    ),
    Mutant(
        "tenth-of-the-quota",
        "effect/Burst/answer",
        "A key store throttles at a tenth of its request quota.",
        (Patch(key_material, "store_rate", _tenth_rate),),
    ),
    Mutant(
        "busy-cluster-is-fast",
        "effect/Burst/answer",
        "A cluster that is busy with other work serves its key store as if it were idle.",
        (Patch(key_material, "store_rate", _idle_rate),),
    ),
    Mutant(
        "takes-external-key-id",
        "create-key/external-key",
        "CreateKey takes XksKeyId whatever the origin, and makes a key of AWS KMS.",
        (Patch(external_stores, "refuse_key", nothing),),
    ),
)
