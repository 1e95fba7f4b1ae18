"""KeyMetadata: the only place that says what is shown of a KMS key."""

from typing import Any

from kmspec.names import KeySpec, KeyState
from kmspec_impl.kms.key_state import key_state
from kmspec_impl.kms.state import Key
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
        "MultiRegion": False,
    }
    if key.deletion_due is not None:
        shown["DeletionDate"] = round(key.deletion_due, 3)
    if key.store is None and key.current is not None:
        shown["CurrentKeyMaterialId"] = key.current.id
    if key.store is not None:
        # The cluster the store has now: it follows an update of the store (section 7).
        shown["CustomKeyStoreId"] = key.store
        shown["CloudHsmClusterId"] = realm.stores[key.store].cluster
    return shown
