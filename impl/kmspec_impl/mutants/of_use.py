"""Mutants in the cryptographic operations."""

from typing import Final

from kmspec.names import ErrorCode, KeyState, Service
from kmspec_impl.cloudhsm import contents
from kmspec_impl.cloudhsm.state import Cluster
from kmspec_impl.errors import CLIENT_ERROR, ServiceError
from kmspec_impl.hsm.interface import Device
from kmspec_impl.kms import crypto, key_material, key_state
from kmspec_impl.kms.key_material import Material
from kmspec_impl.kms.state import Key, KeyMaterial, Store
from kmspec_impl.mutants.mutant import Mutant, Patch, nothing
from kmspec_impl.realm import Parameters, Realm, Response


def _keep_copy(realm: Realm, cluster: Cluster, handle: int) -> None:
    """Delete a key in the cluster, but not in a cache of one's own."""
    device = contents.active_device(realm, cluster)
    if device is not None:
        cache = realm.new_device("cache")
        cache.unwrap(device.wrap(handle))
        label = next(entry.label for entry in cache.entries())
        realm.devices[f"cache of {label}"] = cache
    _delete_key(realm, cluster, handle)


def _reach_cache(realm: Realm, key: Key, material: KeyMaterial | None) -> Material:
    cache = realm.devices.get(f"cache of {key.arn}")
    try:
        return _reach(realm, key, material)
    except ServiceError:
        handle = None if cache is None else cache.find(key.arn)
        if material is None or cache is None or handle is None:
            raise
        key_state.require_usable(realm, key)
        return Material(material, cache, handle, None)


def _reach_locked(realm: Realm, store: Store, unreachable: ErrorCode) -> tuple[Cluster, Device]:
    try:
        return _reach_cluster(realm, store, unreachable)
    except ServiceError as error:
        cluster = realm.clusters.get(store.cluster)
        device = None if cluster is None else contents.active_device(realm, cluster)
        if cluster is None or device is None or "locked out" not in str(error.message):
            raise
        return cluster, device


def _reach_with_client_error(
    realm: Realm, store: Store, unreachable: ErrorCode
) -> tuple[Cluster, Device]:
    try:
        return _reach_cluster(realm, store, unreachable)
    except ServiceError as error:
        raise ServiceError(error.code, error.message, CLIENT_ERROR) from error


def _usable_or_invalid_state(realm: Realm, key: Key) -> None:
    if key_state.key_state(realm, key) is KeyState.DISABLED:
        raise ServiceError(ErrorCode.KMS_INVALID_STATE, f"{key.arn} is disabled.")
    key_state.require_usable(realm, key)


def _usable_or_terse(realm: Realm, key: Key) -> None:
    if key_state.key_state(realm, key) is KeyState.DISABLED:
        raise ServiceError(ErrorCode.DISABLED, "disabled")
    key_state.require_usable(realm, key)


def _scrambled(realm: Realm, parameters: Parameters, now: float) -> Response:
    response = crypto.decrypt(realm, parameters, now)
    return {**response, "Plaintext": response["Plaintext"] + b"."}


def _wrong_destination(realm: Realm, parameters: Parameters, now: float) -> Response:
    return {**crypto.re_encrypt(realm, parameters, now), "KeyId": "unknown"}


def _with_plaintext(realm: Realm, parameters: Parameters, now: float) -> Response:
    return crypto.generate_data_key(realm, parameters, now)


def _named_by_id(realm: Realm, parameters: Parameters, now: float) -> Response:
    response = crypto.encrypt(realm, parameters, now)
    return {**response, "KeyId": response["KeyId"].rpartition("/")[2]}


def _random_anyway(realm: Realm, parameters: Parameters, now: float) -> Response:
    store = parameters.get("CustomKeyStoreId")
    known = None if store is None else realm.stores.get(store)
    without = {name: value for name, value in parameters.items() if name != "CustomKeyStoreId"}
    return crypto.generate_random(realm, parameters if known else without, now)


def _random_without_store(realm: Realm, parameters: Parameters, now: float) -> Response:
    without = {name: value for name, value in parameters.items() if name != "CustomKeyStoreId"}
    return crypto.generate_random(realm, without, now)


def _free_data_key(realm: Realm, parameters: Parameters, now: float) -> Response:
    """A data key that is charged to nobody."""
    kept, crypto._charge = crypto._charge, nothing  # noqa: SLF001 - a mutant reaches inside
    try:
        return crypto.generate_data_key(realm, parameters, now)
    finally:
        crypto._charge = kept  # noqa: SLF001 - the same


_reach = key_material.reach
_reach_cluster = key_material.reach_cluster
_delete_key = contents.delete_key

MUTANTS: Final = (
    Mutant(
        "caches-material",
        "crypto/key-material",
        "Key material that was deleted in the cluster is still used, from a cache.",
        (Patch(contents, "delete_key", _keep_copy), Patch(crypto, "reach", _reach_cache)),
    ),
    Mutant(
        "lock-out-does-not-matter",
        "crypto/user-locked-out",
        "Cryptography works although kmsuser is locked out of the cluster.",
        (Patch(key_material, "reach_cluster", _reach_locked),),
    ),
    Mutant(
        "internal-error-is-the-callers",
        "crypto/sessions",
        "An internal error has the HTTP status 400, as if the caller had made it.",
        (Patch(key_material, "reach_cluster", _reach_with_client_error),),
    ),
    Mutant(
        "disabled-is-invalid-state",
        "key-state/Encrypt/Disabled",
        "Cryptography with a disabled key is refused by the wrong exception.",
        (Patch(key_material, "require_usable", _usable_or_invalid_state),),
    ),
    Mutant(
        "terse-refusal",
        "key-state/Encrypt/Disabled",
        "The message that a key is disabled does not say which key.",
        (Patch(key_material, "require_usable", _usable_or_terse),),
    ),
    Mutant(
        "dry-run-ignored",
        "key/dry-run",
        "A request with DryRun is performed.",
        (Patch(crypto, "_stop_dry_run", nothing),),
    ),
    Mutant(
        "other-plaintext",
        "effect/Decrypt/answer",
        "Decrypt answers something else than what was encrypted.",
        handlers=((Service.KMS, "Decrypt", _scrambled),),
    ),
    Mutant(
        "tells-no-destination",
        "effect/ReEncrypt/answer",
        "ReEncrypt does not tell under which key it encrypted.",
        handlers=((Service.KMS, "ReEncrypt", _wrong_destination),),
    ),
    Mutant(
        "shows-the-data-key",
        "effect/GenerateDataKeyWithoutPlaintext/answer",
        "GenerateDataKeyWithoutPlaintext answers the data key in plaintext too.",
        handlers=((Service.KMS, "GenerateDataKeyWithoutPlaintext", _with_plaintext),),
    ),
    Mutant(
        "encrypt-answers-key-id",
        "effect/Encrypt/answer",
        "Encrypt answers the id of the key, not its ARN.",
        handlers=((Service.KMS, "Encrypt", _named_by_id),),
    ),
    Mutant(
        "random-of-any-store",
        "store/exists",
        "GenerateRandom takes the id of a key store that does not exist.",
        handlers=((Service.KMS, "GenerateRandom", _random_anyway),),
    ),
    Mutant(
        "random-of-disconnected-store",
        "store/GenerateRandom/DISCONNECTED",
        "GenerateRandom does not need the key store that it names to be connected.",
        handlers=((Service.KMS, "GenerateRandom", _random_without_store),),
    ),
    Mutant(
        "data-keys-not-counted",
        "quota/custom-key-store",
        "GenerateDataKey does not count towards the request quota of a key store.",
        handlers=((Service.KMS, "GenerateDataKey", _free_data_key),),
    ),
)
