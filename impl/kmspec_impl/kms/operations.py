"""Which operations of AWS KMS are offered, and who answers them."""

from types import MappingProxyType
from typing import Final

from kmspec_impl.kms import (
    aliases,
    connect,
    creation,
    crypto,
    imports,
    keys,
    multi_region,
    rotation,
    stores,
)
from kmspec_impl.realm import Handler

HANDLERS: Final[MappingProxyType[str, Handler]] = MappingProxyType(
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
        "UpdatePrimaryRegion": multi_region.update_primary_region,
    }
)
