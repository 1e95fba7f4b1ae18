"""Which operations of AWS KMS are offered, and who answers them."""

from types import MappingProxyType
from typing import Final

from kmspec_impl.kms import (
    aliases,
    connect,
    creation,
    crypto,
    grants,
    imports,
    key_policy,
    keys,
    last_usage,
    managed,
    multi_region,
    rotation,
    stores,
    tags,
)
from kmspec_impl.realm import Handler

_PLAIN: Final[MappingProxyType[str, Handler]] = MappingProxyType(
    {
        "CancelKeyDeletion": keys.cancel_key_deletion,
        "ConnectCustomKeyStore": connect.connect_custom_key_store,
        "CreateAlias": aliases.create_alias,
        "CreateCustomKeyStore": stores.create_custom_key_store,
        "CreateKey": creation.create_key,
        "Decrypt": crypto.decrypt,
        "DeleteAlias": aliases.delete_alias,
        "DeleteCustomKeyStore": stores.delete_custom_key_store,
        "DeleteImportedKeyMaterial": imports.delete_imported_key_material,
        "DescribeCustomKeyStores": stores.describe_custom_key_stores,
        "DescribeKey": keys.describe_key,
        "DisableKey": keys.disable_key,
        "DisableKeyRotation": rotation.disable_key_rotation,
        "DisconnectCustomKeyStore": connect.disconnect_custom_key_store,
        "EnableKey": keys.enable_key,
        "EnableKeyRotation": rotation.enable_key_rotation,
        "Encrypt": crypto.encrypt,
        "GenerateDataKey": crypto.generate_data_key,
        "GenerateDataKeyWithoutPlaintext": crypto.generate_data_key_without_plaintext,
        "GenerateRandom": crypto.generate_random,
        "GetKeyRotationStatus": rotation.get_key_rotation_status,
        "GetParametersForImport": imports.get_parameters_for_import,
        "ImportKeyMaterial": imports.import_key_material,
        "ListAliases": aliases.list_aliases,
        "ListKeyRotations": rotation.list_key_rotations,
        "ListKeys": keys.list_keys,
        "ReEncrypt": crypto.re_encrypt,
        "ReplicateKey": multi_region.replicate_key,
        "RotateKeyOnDemand": rotation.rotate_key_on_demand,
        "ScheduleKeyDeletion": keys.schedule_key_deletion,
        "UpdateAlias": aliases.update_alias,
        "UpdateCustomKeyStore": stores.update_custom_key_store,
        "UpdateKeyDescription": keys.update_key_description,
        "CreateGrant": grants.create_grant,
        "ListGrants": grants.list_grants,
        "ListRetirableGrants": grants.list_retirable_grants,
        "RetireGrant": grants.retire_grant,
        "RevokeGrant": grants.revoke_grant,
        "GetKeyPolicy": key_policy.get_key_policy,
        "ListKeyPolicies": key_policy.list_key_policies,
        "PutKeyPolicy": key_policy.put_key_policy,
        "ListResourceTags": tags.list_resource_tags,
        "TagResource": tags.tag_resource,
        "UntagResource": tags.untag_resource,
        "GetKeyLastUsage": last_usage.get_key_last_usage,
        "UpdatePrimaryRegion": multi_region.update_primary_region,
    }
)

_TAKE_ALIASES: Final = last_usage.TRACKED | {"DescribeKey", "GetPublicKey"}


def _complete(operation: str, handler: Handler) -> Handler:
    """A handler with what every operation that uses a key, or takes an alias, has in common."""
    if operation in last_usage.TRACKED:
        handler = last_usage.noting(operation, handler)
    return managed.minting(handler) if operation in _TAKE_ALIASES else handler


HANDLERS: Final[MappingProxyType[str, Handler]] = MappingProxyType(
    {operation: _complete(operation, handler) for operation, handler in _PLAIN.items()}
)
