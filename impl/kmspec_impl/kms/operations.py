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
    key_pairs,
    key_policy,
    keys,
    last_usage,
    macs,
    managed,
    multi_region,
    public_keys,
    recipients,
    rotation,
    shared_secrets,
    signing,
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
        "Decapsulate": shared_secrets.decapsulate,
        "Decrypt": crypto.decrypt,
        "DeleteAlias": aliases.delete_alias,
        "DeleteCustomKeyStore": stores.delete_custom_key_store,
        "DeleteImportedKeyMaterial": imports.delete_imported_key_material,
        "DeriveSharedSecret": shared_secrets.derive_shared_secret,
        "DescribeCustomKeyStores": stores.describe_custom_key_stores,
        "DescribeKey": keys.describe_key,
        "DisableKey": keys.disable_key,
        "DisableKeyRotation": rotation.disable_key_rotation,
        "DisconnectCustomKeyStore": connect.disconnect_custom_key_store,
        "EnableKey": keys.enable_key,
        "EnableKeyRotation": rotation.enable_key_rotation,
        "Encapsulate": shared_secrets.encapsulate,
        "Encrypt": crypto.encrypt,
        "GenerateDataKey": crypto.generate_data_key,
        "GenerateDataKeyPair": key_pairs.generate_data_key_pair,
        "GenerateDataKeyPairWithoutPlaintext": key_pairs.generate_data_key_pair_without_plaintext,
        "GenerateDataKeyWithoutPlaintext": crypto.generate_data_key_without_plaintext,
        "GenerateMac": macs.generate_mac,
        "GenerateRandom": crypto.generate_random,
        "GetKeyRotationStatus": rotation.get_key_rotation_status,
        "GetParametersForImport": imports.get_parameters_for_import,
        "GetPublicKey": public_keys.get_public_key,
        "ImportKeyMaterial": imports.import_key_material,
        "ListAliases": aliases.list_aliases,
        "ListKeyRotations": rotation.list_key_rotations,
        "ListKeys": keys.list_keys,
        "ReEncrypt": crypto.re_encrypt,
        "ReplicateKey": multi_region.replicate_key,
        "RotateKeyOnDemand": rotation.rotate_key_on_demand,
        "ScheduleKeyDeletion": keys.schedule_key_deletion,
        "Sign": signing.sign,
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
        "Verify": signing.verify,
        "VerifyMac": macs.verify_mac,
    }
)

_TAKE_ALIASES: Final = last_usage.TRACKED | {"DescribeKey", "GetPublicKey"}


def _complete(operation: str, handler: Handler) -> Handler:
    """A handler with what every operation that uses a key, or takes an alias, has in common."""
    if operation in recipients.SECRETS:
        handler = recipients.sealing(operation, handler)
    if operation in last_usage.TRACKED:
        handler = last_usage.noting(operation, handler)
    return managed.minting(handler) if operation in _TAKE_ALIASES else handler


HANDLERS: Final[MappingProxyType[str, Handler]] = MappingProxyType(
    {operation: _complete(operation, handler) for operation, handler in _PLAIN.items()}
)
