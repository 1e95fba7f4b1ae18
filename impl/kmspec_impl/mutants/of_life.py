"""Mutants in what becomes of a key, and in its aliases."""

from dataclasses import replace
from typing import Final

from kmspec import limits
from kmspec.names import ConnectionState, ErrorCode, KeyState, Service
from kmspec_impl.errors import ServiceError
from kmspec_impl.kms import aliases, creation, keys, metadata
from kmspec_impl.kms import key_state as states
from kmspec_impl.kms.identifiers import find_key, find_key_without_alias
from kmspec_impl.kms.state import Key
from kmspec_impl.mutants.mutant import Mutant, Patch, nothing
from kmspec_impl.realm import Parameters, Realm, Response


def _revive(realm: Realm, parameters: Parameters, now: float) -> Response:
    key = find_key_without_alias(realm, parameters["KeyId"])
    realm.keys.put(replace(key, deletion_due=None))
    return keys.enable_key(realm, parameters, now)


def _schedule_again(realm: Realm, parameters: Parameters, now: float) -> Response:
    key = find_key_without_alias(realm, parameters["KeyId"])
    realm.keys.put(replace(key, deletion_due=None))
    return keys.schedule_key_deletion(realm, parameters, now)


def _delete_at_once(realm: Realm, parameters: Parameters, now: float) -> Response:
    response = keys.schedule_key_deletion(realm, parameters, now)
    key = find_key_without_alias(realm, parameters["KeyId"])
    realm.keys.put(replace(key, deletion_due=now))
    keys._delete(realm, key.id, now)  # noqa: SLF001 - a mutant reaches inside
    return response


def _delete_early(realm: Realm, parameters: Parameters, now: float) -> Response:
    return keys.schedule_key_deletion(realm, parameters, now - 2 * limits.DAY)


def _cancel_needs_a_store(realm: Realm, parameters: Parameters, now: float) -> Response:
    key = find_key_without_alias(realm, parameters["KeyId"])
    if key.store is not None and realm.stores[key.store].state is not ConnectionState.CONNECTED:
        raise ServiceError(ErrorCode.KMS_INVALID_STATE, f"{key.arn} is unavailable.")
    return keys.cancel_key_deletion(realm, parameters, now)


def _disable_without_note(realm: Realm, parameters: Parameters, now: float) -> Response:
    key = find_key_without_alias(realm, parameters["KeyId"])
    if _key_state(realm, key) is KeyState.UNAVAILABLE:
        return {}
    return keys.disable_key(realm, parameters, now)


def _disable_by_any_name(realm: Realm, parameters: Parameters, now: float) -> Response:
    key = find_key(realm, parameters["KeyId"])
    return keys.disable_key(realm, {**parameters, "KeyId": key.id}, now)


def _create_disabled(realm: Realm, parameters: Parameters, now: float) -> Response:
    response = creation.create_key(realm, parameters, now)
    key = realm.keys[response["KeyMetadata"]["KeyId"]]
    realm.keys.put(replace(key, enabled=False))
    return keys.describe_key(realm, {"KeyId": key.id}, now)


def _list_lasting(realm: Realm, parameters: Parameters, now: float) -> Response:
    response = keys.list_keys(realm, parameters, now)
    lasting = [row for row in response["Keys"] if realm.keys[row["KeyId"]].deletion_due is None]
    return {**response, "Keys": lasting}


def _pending_shown_disabled(realm: Realm, key: Key) -> KeyState:
    state = _key_state(realm, key)
    return KeyState.DISABLED if state is KeyState.PENDING_DELETION else state


def _store_first(realm: Realm, key: Key) -> KeyState:
    """The state of a key for which the store counts more than a pending deletion."""
    state = _key_state(realm, replace(key, deletion_due=None))
    return state if state is KeyState.UNAVAILABLE else _key_state(realm, key)


def _disabled_if_pending(key: Key) -> None:
    if key.deletion_due is not None:
        raise ServiceError(ErrorCode.DISABLED, f"{key.arn} is disabled.")


def _take_alias(realm: Realm, parameters: Parameters, now: float) -> Response:
    if parameters["AliasName"] in realm.aliases:
        return aliases.update_alias(realm, parameters, now)
    return aliases.create_alias(realm, parameters, now)


def _accept(realm: Realm, parameters: Parameters, now: float) -> Response:
    """Accept a change of a key that exists, and do nothing."""
    del now
    states.require_not_pending_deletion(find_key_without_alias(realm, parameters["KeyId"]))
    return {}


def _keep_alias(realm: Realm, parameters: Parameters, now: float) -> Response:
    alias = realm.aliases.get(parameters["AliasName"])
    response = aliases.delete_alias(realm, parameters, now)
    if alias is not None:
        realm.aliases.put(alias)
    return response


_key_state = states.key_state

MUTANTS: Final = (
    Mutant(
        "enable-revives",
        "key-state/EnableKey/PendingDeletion",
        "Enabling a key that is scheduled for deletion cancels the deletion.",
        handlers=((Service.KMS, "EnableKey", _revive),),
    ),
    Mutant(
        "cancels-what-is-not-pending",
        "key-state/CancelKeyDeletion/Enabled",
        "Cancelling the deletion of a key that is not scheduled for deletion succeeds.",
        (Patch(keys, "require_pending_deletion", nothing),),
    ),
    Mutant(
        "cancel-needs-the-store",
        "key-state/CancelKeyDeletion/PendingDeletion",
        "The deletion of a key cannot be cancelled while its key store is disconnected.",
        handlers=((Service.KMS, "CancelKeyDeletion", _cancel_needs_a_store),),
    ),
    Mutant(
        "pending-shown-disabled",
        "transition/key/ScheduleKeyDeletion/Enabled",
        "A key that is scheduled for deletion is described as Disabled.",
        (Patch(metadata, "key_state", _pending_shown_disabled),),
    ),
    Mutant(
        "pending-lost-at-disconnect",
        "transition/key/store-disconnects/PendingDeletion",
        "A key scheduled for deletion shows Unavailable when its key store is disconnected.",
        (Patch(metadata, "key_state", _store_first),),
    ),
    Mutant(
        "pending-is-disabled",
        "key-state/UpdateKeyDescription/PendingDeletion",
        "To change a key that is scheduled for deletion is refused as if the key were disabled.",
        (Patch(keys, "require_not_pending_deletion", _disabled_if_pending),),
    ),
    Mutant(
        "any-waiting-period",
        "key/deletion-window",
        "The waiting period of a deletion can be less than seven days.",
        (Patch(keys, "DELETION_WINDOW_DAYS", range(1, 31)),),
    ),
    Mutant(
        "schedules-twice",
        "key-state/ScheduleKeyDeletion/PendingDeletion",
        "A deletion that is scheduled already is scheduled again.",
        handlers=((Service.KMS, "ScheduleKeyDeletion", _schedule_again),),
    ),
    Mutant(
        "deletes-at-once",
        "transition/key/ScheduleKeyDeletion/Enabled",
        "A key is deleted when its deletion is scheduled, without a waiting period.",
        handlers=((Service.KMS, "ScheduleKeyDeletion", _delete_at_once),),
    ),
    Mutant(
        "deletes-early",
        "effect/Advance/answer",
        "A key is deleted two days before its waiting period ends.",
        handlers=((Service.KMS, "ScheduleKeyDeletion", _delete_early),),
    ),
    Mutant(
        "never-deletes",
        "transition/key/waiting-period-ends/PendingDeletion",
        "A key stays when its waiting period has ended.",
        (Patch(keys, "_delete", nothing),),
    ),
    Mutant(
        "disable-forgotten-while-unavailable",
        "transition/key/store-connects/Unavailable",
        "Disabling an Unavailable key is forgotten instead of taking effect at reconnect.",
        handlers=((Service.KMS, "DisableKey", _disable_without_note),),
    ),
    Mutant(
        "born-disabled",
        "effect/CreateKey/answer",
        "A new key is Disabled.",
        handlers=((Service.KMS, "CreateKey", _create_disabled),),
    ),
    Mutant(
        "pending-not-listed",
        "transition/key/ScheduleKeyDeletion/Enabled",
        "A key that is scheduled for deletion is listed no more.",
        handlers=((Service.KMS, "ListKeys", _list_lasting),),
    ),
    Mutant(
        "description-not-kept",
        "effect/DescribeKey/answer",
        "A new description of a key is accepted and not kept.",
        handlers=((Service.KMS, "UpdateKeyDescription", _accept),),
    ),
    Mutant(
        "enables-nothing",
        "transition/key/EnableKey/Disabled",
        "EnableKey succeeds and leaves the key as it is.",
        handlers=((Service.KMS, "EnableKey", _accept),),
    ),
    Mutant(
        "disables-by-alias",
        "key/named-by-id",
        "DisableKey takes the name of an alias for the id of the key.",
        handlers=((Service.KMS, "DisableKey", _disable_by_any_name),),
    ),
    Mutant(
        "takes-alias-over",
        "alias/name-free",
        "Creating an alias that exists makes it name another key.",
        handlers=((Service.KMS, "CreateAlias", _take_alias),),
    ),
    Mutant(
        "alias-of-an-alias",
        "alias/target-by-id",
        "The target of a new alias may be named by another alias.",
        (Patch(aliases, "find_key_without_alias", find_key),),
    ),
    Mutant(
        "aliases-without-end",
        "alias/limit",
        "A key can have more than 50 aliases.",
        (Patch(aliases, "_check_room", nothing),),
    ),
    Mutant(
        "alias-stays",
        "effect/DeleteAlias/answer",
        "DeleteAlias succeeds and the alias is still there.",
        handlers=((Service.KMS, "DeleteAlias", _keep_alias),),
    ),
)
