"""KeyMetadata: the only place that says what is shown of a KMS key."""

from typing import Any

from kmspec.names import ExpirationModel, KeyState, MultiRegionKeyType, Origin
from kmspec_impl.identity import key_arn
from kmspec_impl.kms.key_state import key_state
from kmspec_impl.kms.state import Key, Related
from kmspec_impl.kms.usage import SYMMETRIC
from kmspec_impl.kms.usage import shown as shown_algorithms
from kmspec_impl.realm import Realm


def metadata(realm: Realm, key: Key) -> dict[str, Any]:
    """KeyMetadata (key-states.md, section 1)."""
    state = key_state(realm, key)
    shown: dict[str, Any] = {
        "AWSAccountId": realm.caller.account,
        "KeyId": key.id,
        "Arn": key.arn,
        "CreationDate": round(key.created, 3),
        "Enabled": state is KeyState.ENABLED,
        "Description": key.description,
        "KeyUsage": key.usage.value,
        "KeyState": state.value,
        "Origin": key.origin.value,
        "KeyManager": "CUSTOMER" if key.service is None else "AWS",
        "CustomerMasterKeySpec": key.spec.value,
        "KeySpec": key.spec.value,
        **shown_algorithms(key.spec, key.usage),
        "MultiRegion": key.related is not None,
    }
    if key.related is not None:
        shown["MultiRegionConfiguration"] = _configuration(realm, key, key.related)
    if key.deletion_window is not None:
        shown["PendingDeletionWindowInDays"] = key.deletion_window
    if key.deletion_due is not None:
        shown["DeletionDate"] = round(key.deletion_due, 3)
    if key.origin is Origin.EXTERNAL:
        shown |= _expiration(key)
    symmetric = key.spec is SYMMETRIC and key.store is None
    if symmetric and key.current is not None and state is not KeyState.CREATING:
        shown["CurrentKeyMaterialId"] = key.current.id
    if key.store is not None:
        # The cluster the store has now: it follows an update of the store (section 7).
        shown["CustomKeyStoreId"] = key.store
        shown["CloudHsmClusterId"] = realm.stores[key.store].cluster
    return shown


def _expiration(key: Key) -> dict[str, Any]:
    """Whether and when imported key material expires that is there; the earliest counts."""
    held = [material for material in key.materials if material.handle is not None]
    if not held:
        return {}
    moments = [material.valid_to for material in held if material.valid_to is not None]
    if not moments:
        return {"ExpirationModel": ExpirationModel.DOES_NOT_EXPIRE.value}
    valid_to = round(min(moments), 3)
    return {"ExpirationModel": ExpirationModel.EXPIRES.value, "ValidTo": valid_to}


def _configuration(realm: Realm, key: Key, related: Related) -> dict[str, Any]:
    """MultiRegionConfiguration, the same in each Region but for the type of the key itself."""
    caller = realm.caller
    shown = {
        region: {"Arn": key_arn(caller._replace(region=region), key.id), "Region": region}
        for region in related.regions
    }
    own = MultiRegionKeyType.REPLICA
    if related.primary == caller.region:
        own = MultiRegionKeyType.PRIMARY
    return {
        "MultiRegionKeyType": own.value,
        "PrimaryKey": shown.pop(related.primary),
        "ReplicaKeys": list(shown.values()),
    }
