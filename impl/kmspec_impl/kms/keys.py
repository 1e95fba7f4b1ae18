"""KMS keys: the only place that creates, describes, changes and deletes them.

The material of a key of a store is made in the cluster, owned by ``kmsuser``, its label the ARN
of the key; that of any other key in the service's own HSMs [CreateKeyKS].
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from kmspec.limits import DAY, DEFAULT_DELETION_WINDOW_DAYS, DELETION_WINDOW_DAYS, KEYS
from kmspec.names import ErrorCode, KeyState, Origin
from kmspec_impl.clock import after
from kmspec_impl.errors import ServiceError
from kmspec_impl.identity import key_arn
from kmspec_impl.kms import ciphertext, key_policy, requests, tags
from kmspec_impl.kms.aliases import drop_aliases_of
from kmspec_impl.kms.identifiers import find_key, find_key_without_alias
from kmspec_impl.kms.key_state import (
    key_state,
    require_not_pending_deletion,
    require_pending_deletion,
)
from kmspec_impl.kms.state import Key
from kmspec_impl.kms.store_keys import delete_material, generate_material, store_for_new_key
from kmspec_impl.realm import Parameters, Realm, Response

_SYMMETRIC: Final = "SYMMETRIC_DEFAULT"
_USAGE: Final = "ENCRYPT_DECRYPT"
_PAGE: Final = 100
_LARGEST_PAGE: Final = 1000
_NO_USAGE: Final = (
    "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
)
"""[REC]"""


def create_key(realm: Realm, parameters: Parameters, now: float) -> Response:
    """CreateKey: Enabled from the start, in AWS KMS or in a connected custom key store."""
    origin = Origin(parameters.get("Origin") or Origin.AWS_KMS)
    _check_combination(origin, parameters)
    _check_spec(origin, parameters)
    key_tags = tags.read_tags(parameters.get("Tags"))
    policy = key_policy.read_policy(realm.caller, parameters.get("Policy"))
    if len(realm.keys) >= KEYS:
        message = f"This account has {KEYS} KMS keys in the Region, as many as it may."
        raise ServiceError(ErrorCode.LIMIT_EXCEEDED, message)
    store_id = parameters.get("CustomKeyStoreId")
    place = None if store_id is None else store_for_new_key(realm, store_id)
    ids = realm.ids
    key_id, material_id = ids.key(), ids.material()
    arn = key_arn(realm.caller, key_id)
    key = Key(
        id=key_id,
        arn=arn,
        created=now,
        description=parameters.get("Description") or "",
        origin=origin,
        material_id=material_id,
        header=ciphertext.header_of(key_id, arn, material_id),
        associated=ciphertext.associated_with(arn, material_id),
        policy=policy,
        tags=key_tags,
        store=store_id,
    )
    if place is None:
        key = replace(key, handle=realm.fleet.generate("kms", arn))
    else:
        generate_material(realm, place, key)
    realm.add_key(key)
    return {"KeyMetadata": _metadata(realm, key)}


def describe_key(realm: Realm, parameters: Parameters, now: float) -> Response:
    """DescribeKey."""
    del now
    key = find_key(realm, parameters["KeyId"], ErrorCode.INVALID_ARN)
    if parameters.get("GrantTokens"):
        raise ServiceError(ErrorCode.INVALID_GRANT_TOKEN, "There is no grant with this token.")
    return {"KeyMetadata": _metadata(realm, key)}


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


def _check_combination(origin: Origin, parameters: Mapping[str, Any]) -> None:
    """Origin, store and external key must fit each other (custom-key-stores.md, section 9)."""
    in_store = origin in (Origin.AWS_CLOUDHSM, Origin.EXTERNAL_KEY_STORE)
    named = parameters.get("CustomKeyStoreId") is not None
    if in_store and not named:
        raise requests.invalid(f"CustomKeyStoreId is required for Origin {origin}.")
    if named and not in_store:
        raise requests.invalid(f"CustomKeyStoreId is not valid for Origin {origin}.")
    if parameters.get("XksKeyId") is not None and origin is not Origin.EXTERNAL_KEY_STORE:
        raise requests.invalid(f"XksKeyId is not valid for Origin {origin}.")
    if origin in (Origin.EXTERNAL, Origin.EXTERNAL_KEY_STORE):
        raise requests.not_offered(f"keys of Origin {origin}")


def _check_spec(origin: Origin, parameters: Mapping[str, Any]) -> None:
    """Only single-Region symmetric encryption keys; in a store AWS has no other either."""
    older, newer = parameters.get("CustomerMasterKeySpec"), parameters.get("KeySpec")
    if older is not None and newer is not None and older != newer:
        raise requests.invalid("KeySpec and CustomerMasterKeySpec differ; give KeySpec only.")
    spec = newer or older or _SYMMETRIC
    usage = parameters.get("KeyUsage")
    multi_region = bool(parameters.get("MultiRegion"))
    symmetric = spec == _SYMMETRIC
    if origin is Origin.AWS_CLOUDHSM:
        if not symmetric or usage not in (None, _USAGE) or multi_region:
            message = "A custom key store has only single-Region symmetric encryption keys."
            raise ServiceError(ErrorCode.UNSUPPORTED_OPERATION, message)
        return
    if usage is None and not symmetric:
        raise requests.invalid(_NO_USAGE)
    if symmetric and usage not in (None, _USAGE):
        raise requests.invalid(f"KeyUsage {usage} is not compatible with KeySpec {spec}")
    if not symmetric:
        raise requests.not_offered(f"keys of KeySpec {spec}")
    if multi_region:
        raise requests.not_offered("multi-Region keys")


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
    if key.handle is not None:
        realm.fleet.delete(key.handle)
    else:
        delete_material(realm, key)
    drop_aliases_of(realm, key)
    realm.drop_key(key)


def _metadata(realm: Realm, key: Key) -> dict[str, Any]:
    """KeyMetadata (key-states.md, section 1)."""
    state = key_state(realm, key)
    shown: dict[str, Any] = {
        "AWSAccountId": realm.caller.account,
        "KeyId": key.id,
        "Arn": key.arn,
        "CreationDate": round(key.created, 3),
        "Enabled": state is KeyState.ENABLED,
        "Description": key.description,
        "KeyUsage": _USAGE,
        "KeyState": state.value,
        "Origin": key.origin.value,
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": _SYMMETRIC,
        "KeySpec": _SYMMETRIC,
        "EncryptionAlgorithms": [_SYMMETRIC],
        "MultiRegion": False,
    }
    if key.deletion_due is not None:
        shown["DeletionDate"] = round(key.deletion_due, 3)
    if key.store is None:
        shown["CurrentKeyMaterialId"] = key.material_id
    else:
        # The cluster the store has now: it follows an update of the store (section 7).
        shown["CustomKeyStoreId"] = key.store
        shown["CloudHsmClusterId"] = realm.stores[key.store].cluster
    return shown
