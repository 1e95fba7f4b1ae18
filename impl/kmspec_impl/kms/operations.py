"""Which operations of AWS KMS are offered, and who answers them."""

from types import MappingProxyType
from typing import Final

from kmspec_impl.kms import (
    aliases,
    connect,
    creation,
    crypto,
    key_pairs,
    keys,
    macs,
    multi_region,
    public_keys,
    shared_secrets,
    signing,
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
        "Decapsulate": shared_secrets.decapsulate,
        "Decrypt": crypto.decrypt,
        "DeleteAlias": aliases.delete_alias,
        "DeleteCustomKeyStore": stores.delete_custom_key_store,
        "DeriveSharedSecret": shared_secrets.derive_shared_secret,
        "DescribeCustomKeyStores": stores.describe_custom_key_stores,
        "DescribeKey": keys.describe_key,
        "DisableKey": keys.disable_key,
        "DisconnectCustomKeyStore": connect.disconnect_custom_key_store,
        "EnableKey": keys.enable_key,
        "Encapsulate": shared_secrets.encapsulate,
        "Encrypt": crypto.encrypt,
        "GenerateDataKey": crypto.generate_data_key,
        "GenerateDataKeyPair": key_pairs.generate_data_key_pair,
        "GenerateDataKeyPairWithoutPlaintext": key_pairs.generate_data_key_pair_without_plaintext,
        "GenerateDataKeyWithoutPlaintext": crypto.generate_data_key_without_plaintext,
        "GenerateMac": macs.generate_mac,
        "GenerateRandom": crypto.generate_random,
        "GetPublicKey": public_keys.get_public_key,
        "ListAliases": aliases.list_aliases,
        "ListKeys": keys.list_keys,
        "ReEncrypt": crypto.re_encrypt,
        "ReplicateKey": multi_region.replicate_key,
        "ScheduleKeyDeletion": keys.schedule_key_deletion,
        "Sign": signing.sign,
        "UpdateAlias": aliases.update_alias,
        "UpdateCustomKeyStore": stores.update_custom_key_store,
        "UpdateKeyDescription": keys.update_key_description,
        "UpdatePrimaryRegion": multi_region.update_primary_region,
        "Verify": signing.verify,
        "VerifyMac": macs.verify_mac,
    }
)
