"""KMS keys: the only place that describes, changes and deletes them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from kmspec.limits import DAY, DEFAULT_DELETION_WINDOW_DAYS, DELETION_WINDOW_DAYS
from kmspec.names import ErrorCode, KeyState
from kmspec_impl.agenda import Delayed, delayed
from kmspec_impl.clock import after
from kmspec_impl.kms import multi_region, requests, rotation
from kmspec_impl.kms.aliases import drop_aliases_of
from kmspec_impl.kms.grants import check_tokens, drop_grants_of
from kmspec_impl.kms.identifiers import find_key, find_key_without_alias
from kmspec_impl.kms.key_state import (
    require_customer_managed,
    require_material,
    require_not_creating,
    require_not_pending_deletion,
    require_not_updating,
    require_pending_deletion,
)
from kmspec_impl.kms.metadata import metadata
from kmspec_impl.kms.state import Key
from kmspec_impl.kms.store_keys import delete_material
from kmspec_impl.realm import Parameters, Realm, Response

_PAGE: Final = 100
_LARGEST_PAGE: Final = 1000


def describe_key(realm: Realm, parameters: Parameters, now: float) -> Response:
    """DescribeKey."""
    del now
    key = find_key(realm, parameters["KeyId"], ErrorCode.INVALID_ARN)
    check_tokens(realm, parameters)
    return {"KeyMetadata": metadata(realm, key)}


def list_keys(realm: Realm, parameters: Parameters, now: float) -> Response:
    """ListKeys; no key of another account is shared with this one."""
    del now
    owners = parameters.get("ResourceOwners") or ["SELF"]
    return requests.page_after(
        parameters,
        "Keys",
        realm.keys_after if "SELF" in owners else lambda _: (),
        lambda key: key.id,
        lambda key: {"KeyId": key.id, "KeyArn": key.arn},
        _PAGE,
        _LARGEST_PAGE,
    )


def enable_key(realm: Realm, parameters: Parameters, now: float) -> Response:
    """EnableKey. Of an Unavailable key it is noted, and shows at reconnect (note 12)."""
    key = _want(realm, parameters, enabled=True)
    rotation.catch_up(realm, key, now)
    return {}


def disable_key(realm: Realm, parameters: Parameters, now: float) -> Response:
    """DisableKey. Of an Unavailable key it is noted, and shows at reconnect (note 12)."""
    del now
    _want(realm, parameters, enabled=False)
    return {}


def update_key_description(realm: Realm, parameters: Parameters, now: float) -> Response:
    """UpdateKeyDescription."""
    del now
    key = _named(realm, parameters)
    require_not_pending_deletion(key)
    realm.keys.put(replace(key, description=parameters["Description"]))
    return {}


def schedule_key_deletion(realm: Realm, parameters: Parameters, now: float) -> Response:
    """ScheduleKeyDeletion: PendingDeletion at once, deleted when the waiting period ends.

    That of a primary key begins when it has no replica key any more.
    """
    days = parameters.get("PendingWindowInDays") or DEFAULT_DELETION_WINDOW_DAYS
    if days not in DELETION_WINDOW_DAYS:
        raise requests.out_of_range("pendingWindowInDays", days, DELETION_WINDOW_DAYS)
    key = _named(realm, parameters)
    require_not_pending_deletion(key)
    require_not_updating(key)
    response = {"KeyId": key.arn, "PendingWindowInDays": days}
    if multi_region.has_replicas(realm, key):
        state = KeyState.PENDING_REPLICA_DELETION
        realm.keys.put(replace(key, overlay=state, deletion_window=days))
        return {**response, "KeyState": state.value}
    due = _begin_wait(realm, key, days, now)
    state = KeyState.PENDING_DELETION
    return {**response, "KeyState": state.value, "DeletionDate": round(due, 3)}


def cancel_key_deletion(realm: Realm, parameters: Parameters, now: float) -> Response:
    """CancelKeyDeletion: Disabled then, in a disconnected store as soon as it is connected."""
    del now
    key = _named(realm, parameters)
    require_pending_deletion(key)
    realm.keys.put(
        replace(key, deletion_due=None, overlay=None, deletion_window=None, enabled=False)
    )
    return {"KeyId": key.arn}


def _named(realm: Realm, parameters: Mapping[str, Any]) -> Key:
    key = find_key_without_alias(realm, parameters["KeyId"], ErrorCode.INVALID_ARN)
    return require_customer_managed(realm, key)


def _want(realm: Realm, parameters: Mapping[str, Any], *, enabled: bool) -> Key:
    key = _named(realm, parameters)
    require_not_pending_deletion(key)
    require_material(key)
    require_not_creating(key)
    require_not_updating(key)
    return realm.keys.put(replace(key, enabled=enabled))


def _begin_wait(realm: Realm, key: Key, days: int, now: float) -> float:
    """Let a key be deleted after so many days; when that is."""
    due = after(now, days * DAY)
    realm.keys.put(replace(key, deletion_due=due, overlay=None, deletion_window=None))
    realm.agenda.note(due, Delayed.KEY_DELETED, key.id)
    multi_region.let_others_see(realm, key, due)
    return due


@delayed(Delayed.KEY_DELETED)
def _delete(realm: Realm, key_id: str, when: float) -> None:
    """Delete a key whose waiting period has ended, and what goes with it [Del]."""
    key = realm.keys.get(key_id)
    if key is None or key.deletion_due != when:
        return
    pending = () if key.pending is None else (key.pending,)
    for material in (*key.materials, *pending):
        if material.handle is not None:
            realm.fleet.delete(material.handle)
    if key.store is not None:
        delete_material(realm, key)
    drop_aliases_of(realm, key)
    drop_grants_of(realm, key)
    realm.drop_key(key)
    waiting = multi_region.part(realm, key)
    if waiting is not None:
        primary = waiting.keys[key_id]
        _begin_wait(waiting, primary, primary.deletion_window or 0, when)
