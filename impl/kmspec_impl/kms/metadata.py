"""KeyMetadata: the only place that says what is shown of a KMS key."""

from typing import Any

from kmspec.names import KeySpec, KeyState, MultiRegionKeyType
from kmspec_impl.identity import key_arn
from kmspec_impl.kms.key_state import key_state
from kmspec_impl.kms.state import Key, Related
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
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": key.spec.value,
        "KeySpec": key.spec.value,
        "EncryptionAlgorithms": [KeySpec.SYMMETRIC_DEFAULT.value],
        "MultiRegion": key.related is not None,
    }
    if key.related is not None:
        shown["MultiRegionConfiguration"] = _configuration(realm, key, key.related)
    if key.deletion_window is not None:
        shown["PendingDeletionWindowInDays"] = key.deletion_window
    if key.deletion_due is not None:
        shown["DeletionDate"] = round(key.deletion_due, 3)
    if key.store is None and key.current is not None and state is not KeyState.CREATING:
        shown["CurrentKeyMaterialId"] = key.current.id
    if key.store is not None:
        # The cluster the store has now: it follows an update of the store (section 7).
        shown["CustomKeyStoreId"] = key.store
        shown["CloudHsmClusterId"] = realm.stores[key.store].cluster
    return shown


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
