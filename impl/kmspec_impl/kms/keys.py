"""KMS keys: the only place that describes, changes and deletes them."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from kmspec.limits import DAY, DEFAULT_DELETION_WINDOW_DAYS, DELETION_WINDOW_DAYS
from kmspec.names import ErrorCode, KeyState
from kmspec_impl.clock import after
from kmspec_impl.errors import ServiceError
from kmspec_impl.kms import requests
from kmspec_impl.kms.aliases import drop_aliases_of
from kmspec_impl.kms.identifiers import find_key, find_key_without_alias
from kmspec_impl.kms.key_state import (
    require_not_pending_deletion,
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
    if parameters.get("GrantTokens"):
        raise ServiceError(ErrorCode.INVALID_GRANT_TOKEN, "There is no grant with this token.")
    return {"KeyMetadata": metadata(realm, key)}


def list_keys(realm: Realm, parameters: Parameters, now: float) -> Response:
    """ListKeys; no key of another account is shared with this one."""
    del now
    owners = parameters.get("ResourceOwners") or ["SELF"]
    rows = realm.keys if "SELF" in owners else ()
    return requests.page(
        parameters,
        "Keys",
        rows,
        lambda key: key.id,
        lambda key: {"KeyId": key.id, "KeyArn": key.arn},
        _PAGE,
        _LARGEST_PAGE,
    )


def enable_key(realm: Realm, parameters: Parameters, now: float) -> Response:
    """EnableKey. Of an Unavailable key it is noted, and shows at reconnect (note 12)."""
    del now
    return _want(realm, parameters, enabled=True)


def disable_key(realm: Realm, parameters: Parameters, now: float) -> Response:
    """DisableKey. Of an Unavailable key it is noted, and shows at reconnect (note 12)."""
    del now
    return _want(realm, parameters, enabled=False)


def update_key_description(realm: Realm, parameters: Parameters, now: float) -> Response:
    """UpdateKeyDescription."""
    del now
    key = _named(realm, parameters)
    require_not_pending_deletion(key)
    realm.keys.put(replace(key, description=parameters["Description"]))
    return {}


def schedule_key_deletion(realm: Realm, parameters: Parameters, now: float) -> Response:
    """ScheduleKeyDeletion: PendingDeletion at once, deleted when the waiting period ends."""
    days = parameters.get("PendingWindowInDays") or DEFAULT_DELETION_WINDOW_DAYS
    if days not in DELETION_WINDOW_DAYS:
        raise requests.out_of_range("pendingWindowInDays", days, DELETION_WINDOW_DAYS)
    key = _named(realm, parameters)
    require_not_pending_deletion(key)
    due = after(now, days * DAY)
    realm.keys.put(replace(key, deletion_due=due))
    realm.agenda.note(due, partial(_delete, realm, key.id))
    return {
        "KeyId": key.arn,
        "DeletionDate": round(due, 3),
        "KeyState": KeyState.PENDING_DELETION.value,
        "PendingWindowInDays": days,
    }


def cancel_key_deletion(realm: Realm, parameters: Parameters, now: float) -> Response:
    """CancelKeyDeletion: Disabled then, in a disconnected store as soon as it is connected."""
    del now
    key = _named(realm, parameters)
    require_pending_deletion(key)
    realm.keys.put(replace(key, deletion_due=None, enabled=False))
    return {"KeyId": key.arn}


def _named(realm: Realm, parameters: Mapping[str, Any]) -> Key:
    return find_key_without_alias(realm, parameters["KeyId"], ErrorCode.INVALID_ARN)


def _want(realm: Realm, parameters: Mapping[str, Any], *, enabled: bool) -> Response:
    key = _named(realm, parameters)
    require_not_pending_deletion(key)
    realm.keys.put(replace(key, enabled=enabled))
    return {}


def _delete(realm: Realm, key_id: str, when: float) -> None:
    """Delete a key whose waiting period has ended, and what goes with it [Del]."""
    key = realm.keys.get(key_id)
    if key is None or key.deletion_due != when:
        return
    for material in key.materials:
        if material.handle is not None:
            realm.fleet.delete(material.handle)
    if key.store is not None:
        delete_material(realm, key)
    drop_aliases_of(realm, key)
    realm.drop_key(key)
