"""Mutants in the life and use of keys."""

from dataclasses import replace
from typing import Final

from kmspec.names import ErrorCode, KeyState, Service
from kmspec_impl.cloudhsm.state import Cluster
from kmspec_impl.errors import ServiceError
from kmspec_impl.hsm.interface import Device
from kmspec_impl.kms import (
    aliases,
    ciphertext,
    crypto,
    key_material,
    key_state,
    keys,
    metadata,
    store_keys,
)
from kmspec_impl.kms.identifiers import find_key_without_alias
from kmspec_impl.kms.state import Key, Store
from kmspec_impl.mutants.mutant import Mutant, Patch
from kmspec_impl.realm import Parameters, Realm, Response


def _usable_despite(ignored: KeyState) -> Patch:
    def require_usable(realm: Realm, key: Key) -> None:
        if key_state.key_state(realm, key) is not ignored:
            key_state.require_usable(realm, key)

    return Patch(key_material, "require_usable", require_usable)


def _cancel_and_enable(realm: Realm, parameters: Parameters, now: float) -> Response:
    response = keys.cancel_key_deletion(realm, parameters, now)
    key = realm.keys[realm.key_of_arn[response["KeyId"]]]
    realm.keys.put(replace(key, enabled=True))
    return response


def _enable_without_note(realm: Realm, parameters: Parameters, now: float) -> Response:
    key = find_key_without_alias(realm, parameters["KeyId"])
    if key_state.key_state(realm, key) is KeyState.UNAVAILABLE:
        return {}
    return keys.enable_key(realm, parameters, now)


def _schedule_needs_a_store(realm: Realm, parameters: Parameters, now: float) -> Response:
    key = find_key_without_alias(realm, parameters["KeyId"])
    if key_state.key_state(realm, key) is KeyState.UNAVAILABLE:
        raise ServiceError(ErrorCode.KMS_INVALID_STATE, f"{key.arn} is unavailable.")
    return keys.schedule_key_deletion(realm, parameters, now)


def _state_without_store(realm: Realm, key: Key) -> KeyState:
    alone = replace(key, store=None)
    return _key_state(realm, alone)


def _reach_despite(ignored: str) -> Patch:
    """A way to the cluster on which one kind of trouble does not matter."""

    def reach_cluster(realm: Realm, store: Store, unreachable: ErrorCode) -> tuple[Cluster, Device]:
        cluster = realm.clusters.get(store.cluster)
        if cluster is None:
            return _reach_cluster(realm, store, unreachable)
        kept = frozenset(fault for fault in cluster.faults if fault != ignored)
        realm.clusters.put(replace(cluster, faults=kept))
        try:
            return _reach_cluster(realm, store, unreachable)
        finally:
            realm.clusters.put(cluster)

    return Patch(key_material, "reach_cluster", reach_cluster)


def _reach_with_invalid_state(
    realm: Realm, store: Store, unreachable: ErrorCode
) -> tuple[Cluster, Device]:
    try:
        return _reach_cluster(realm, store, unreachable)
    except ServiceError as error:
        raise ServiceError(unreachable, error.message) from error


def _deletes_nothing(realm: Realm, key: Key) -> None:
    del realm, key


def _permits_pending_deletion(key: Key) -> None:
    del key


def _context_not_authenticated(associated: bytes, context: object) -> bytes:
    del context
    return associated


def _any_key(realm: Realm, parameters: Parameters, now: float) -> Response:
    without = {name: value for name, value in parameters.items() if name != "KeyId"}
    return crypto.decrypt(realm, without, now)


_reach_cluster = key_material.reach_cluster
_key_state = key_state.key_state

MUTANTS: Final = (
    Mutant(
        "encrypts-with-disabled-key",
        "key-state/Encrypt/Disabled",
        "A disabled key still does cryptography.",
        (_usable_despite(KeyState.DISABLED),),
    ),
    Mutant(
        "decrypts-pending-deletion",
        "key-state/Decrypt/PendingDeletion",
        "A key that is scheduled for deletion still does cryptography.",
        (_usable_despite(KeyState.PENDING_DELETION),),
    ),
    Mutant(
        "decrypts-disconnected",
        "key-state/Decrypt/Unavailable",
        "Disconnecting a key store does not make its keys unusable.",
        (_usable_despite(KeyState.UNAVAILABLE),),
    ),
    Mutant(
        "never-unavailable",
        "transition/key/store-disconnects/Enabled",
        "Keys of a disconnected key store stay Enabled or Disabled.",
        (
            Patch(key_state, "key_state", _state_without_store),
            Patch(metadata, "key_state", _state_without_store),
        ),
    ),
    Mutant(
        "cancel-enables",
        "transition/key/CancelKeyDeletion/PendingDeletion/store-available",
        "Cancelling the deletion of a key leaves it Enabled, not Disabled.",
        handlers=((Service.KMS, "CancelKeyDeletion", _cancel_and_enable),),
    ),
    Mutant(
        "enable-forgotten-while-unavailable",
        "transition/key/store-connects/Unavailable",
        "Enabling an Unavailable key is forgotten instead of taking effect at reconnect.",
        handlers=((Service.KMS, "EnableKey", _enable_without_note),),
    ),
    Mutant(
        "no-deletion-while-unavailable",
        "key-state/ScheduleKeyDeletion/Unavailable",
        "The deletion of an Unavailable key cannot be scheduled.",
        handlers=((Service.KMS, "ScheduleKeyDeletion", _schedule_needs_a_store),),
    ),
    Mutant(
        "alias-for-pending-deletion",
        "key-state/CreateAlias/PendingDeletion",
        "A key that is scheduled for deletion gets new aliases.",
        (Patch(aliases, "require_not_pending_deletion", _permits_pending_deletion),),
    ),
    Mutant(
        "network-does-not-matter",
        "crypto/network",
        "Cryptography works although AWS KMS cannot reach the cluster.",
        (_reach_despite("network"),),
    ),
    Mutant(
        "sessions-do-not-matter",
        "crypto/sessions",
        "Cryptography works although no PKCS #11 session is free.",
        (_reach_despite("no-sessions"),),
    ),
    Mutant(
        "internal-error-is-invalid-state",
        "crypto/internal-error",
        "An internal error is answered like a key in the wrong state.",
        (Patch(key_material, "reach_cluster", _reach_with_invalid_state),),
    ),
    Mutant(
        "material-outlives-key",
        "effect/Advance/material",
        "Key material stays in the cluster when its key is deleted.",
        (Patch(keys, "delete_material", _deletes_nothing),),
    ),
    Mutant(
        "context-not-authenticated",
        "ciphertext/context",
        "A ciphertext decrypts with any encryption context.",
        (Patch(ciphertext, "with_context", _context_not_authenticated),),
    ),
    Mutant(
        "any-key-decrypts",
        "ciphertext/right-key",
        "Decrypt does not look whether KeyId is the key of the ciphertext.",
        handlers=((Service.KMS, "Decrypt", _any_key),),
    ),
    Mutant(
        "one-hsm-makes-keys",
        "create-key/two-active-hsms",
        "A key is created in a cluster with one active HSM.",
        (
            Patch(
                store_keys,
                "require_configuration",
                lambda cluster: key_material.require_configuration(cluster, hsms=False),
            ),
        ),
    ),
)
