"""What the provider does with keys and what belongs to them: a table for each step of a life."""

import json
from typing import Final

from tests.terraform.provider import (
    REGION,
    Call,
    Loop,
    Row,
    described,
    enabled_is,
    imported,
    key_gone,
    policy_is,
    replica_created,
    rotation_is,
    tags_are,
)

OTHER_REGION: Final = "eu-west-1"
TAGS: Final = {"Name": "terraform", "Stage": "test"}


def policy(account: str) -> str:
    """A key policy as a configuration has it."""
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Id": "terraform", "Statement": [statement]})


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"TagKey": name, "TagValue": value} for name, value in tags.items()]


def key_read(*, rotation: bool = True, region: str = REGION) -> tuple[Row, ...]:
    """The bundle that is read of every key; the rotation only of keys of origin AWS_KMS."""
    named = {"KeyId": "{key}"}
    of_rotation = Call("GetKeyRotationStatus", named, reads=("KeyRotationEnabled",), region=region)
    return (
        Call(
            "DescribeKey",
            named,
            reads=(
                "KeyMetadata.Arn",
                "KeyMetadata.KeyId",
                "KeyMetadata.CreationDate",
                "KeyMetadata.KeyUsage",
                "KeyMetadata.KeyManager",
                "KeyMetadata.Origin",
                "KeyMetadata.MultiRegion",
            ),
            gives={"KeyMetadata.KeyManager": "CUSTOMER"},
            region=region,
        ),
        Call("GetKeyPolicy", {**named, "PolicyName": "default"}, reads=("Policy",), region=region),
        *((of_rotation,) if rotation else ()),
        Call("ListResourceTags", named, region=region),
    )


def key_create(account: str) -> tuple[Row, ...]:
    """aws_kms_key with everything set, created disabled."""
    named = {"KeyId": "{key}"}
    return (
        Call(
            "CreateKey",
            {
                "BypassPolicyLockoutSafetyCheck": False,
                "KeySpec": "SYMMETRIC_DEFAULT",
                "KeyUsage": "ENCRYPT_DECRYPT",
                "Description": "made by Terraform",
                "MultiRegion": False,
                "Policy": policy(account),
                "Tags": _tags(TAGS),
            },
            keep={"key": "KeyMetadata.KeyId", "arn": "KeyMetadata.Arn"},
        ),
        Call("EnableKeyRotation", {**named, "RotationPeriodInDays": 100}),
        rotation_is(enabled=True, period=100),
        Call("DisableKey", named),
        enabled_is(wanted=False),
        policy_is(policy(account)),
        tags_are(TAGS),
        *key_read(),
    )


def key_update() -> tuple[Row, ...]:
    """Enabled, without rotation, with another description and other tags."""
    named = {"KeyId": "{key}"}
    changed = {"Name": "changed"}
    return (
        Call("UntagResource", {**named, "TagKeys": ["Stage"]}),
        Call("TagResource", {**named, "Tags": _tags(changed)}),
        tags_are(changed),
        Call("EnableKey", named),
        enabled_is(wanted=True),
        Call("DisableKeyRotation", named),
        rotation_is(enabled=False),
        Call("UpdateKeyDescription", {**named, "Description": "changed"}),
        described("Description", "changed"),
        *key_read(),
    )


def key_destroy(region: str = REGION) -> tuple[Row, ...]:
    """Scheduled for deletion, twice as when another run was there before."""
    named = {"KeyId": "{key}"}
    return (
        Call("ScheduleKeyDeletion", {**named, "PendingWindowInDays": 7}, region=region),
        key_gone(region),
        Call(
            "ScheduleKeyDeletion",
            named,
            error="KMSInvalidStateException",
            says="is pending deletion",
            region=region,
        ),
    )


def asymmetric_key(spec: str, usage: str) -> tuple[Row, ...]:
    """aws_kms_key of another kind: its rotation is read all the same."""
    return (
        Call(
            "CreateKey",
            {"BypassPolicyLockoutSafetyCheck": False, "KeySpec": spec, "KeyUsage": usage},
            keep={"key": "KeyMetadata.KeyId"},
            gives={"KeyMetadata.KeySpec": spec, "KeyMetadata.KeyUsage": usage},
        ),
        *key_read(),
        Call("GetKeyRotationStatus", {"KeyId": "{key}"}, gives={"KeyRotationEnabled": False}),
    )


def external_key_create(account: str) -> tuple[Row, ...]:
    """aws_kms_external_key up to the point where the provider wraps the material."""
    return (
        Call(
            "CreateKey",
            {
                "BypassPolicyLockoutSafetyCheck": False,
                "KeyUsage": "ENCRYPT_DECRYPT",
                "Origin": "EXTERNAL",
                "Policy": policy(account),
                "Tags": _tags(TAGS),
            },
            keep={"key": "KeyMetadata.KeyId"},
            gives={"KeyMetadata.KeyState": "PendingImport", "KeyMetadata.Enabled": False},
        ),
        *wrapping(),
    )


def wrapping(region: str = REGION) -> tuple[Row, ...]:
    """The public key that key material is wrapped with."""
    return (
        Call(
            "GetParametersForImport",
            {
                "KeyId": "{key}",
                "WrappingAlgorithm": "RSAES_OAEP_SHA_256",
                "WrappingKeySpec": "RSA_2048",
            },
            keep={"public": "PublicKey", "token": "ImportToken"},
            region=region,
        ),
    )


def external_key_import(account: str) -> tuple[Row, ...]:
    """Material without expiry; then the key is disabled, as `enabled` is not set."""
    named = {"KeyId": "{key}"}
    return (
        Call(
            "ImportKeyMaterial",
            {
                **named,
                "EncryptedKeyMaterial": "{wrapped}",
                "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
                "ImportToken": "{token}",
            },
        ),
        imported(),
        Call("DisableKey", named),
        enabled_is(wanted=False),
        policy_is(policy(account)),
        tags_are(TAGS),
        *key_read(rotation=False),
    )


def external_key_valid_to(valid_to: object) -> tuple[Row, ...]:
    """The same material again, with an expiry."""
    return (
        Call(
            "ImportKeyMaterial",
            {
                "KeyId": "{key}",
                "EncryptedKeyMaterial": "{wrapped}",
                "ExpirationModel": "KEY_MATERIAL_EXPIRES",
                "ImportToken": "{token}",
                "ValidTo": valid_to,
            },
        ),
        imported(),
        described("ValidTo", valid_to, minutes=5),
    )


def replica_create(account: str) -> tuple[Row, ...]:
    """aws_kms_replica_key of a multi-Region key with rotation."""
    return (
        Call(
            "CreateKey",
            {
                "BypassPolicyLockoutSafetyCheck": False,
                "KeySpec": "SYMMETRIC_DEFAULT",
                "KeyUsage": "ENCRYPT_DECRYPT",
                "MultiRegion": True,
            },
            keep={"key": "KeyMetadata.KeyId", "arn": "KeyMetadata.Arn"},
            reads=(
                "KeyMetadata.MultiRegionConfiguration.MultiRegionKeyType",
                "KeyMetadata.MultiRegionConfiguration.PrimaryKey.Arn",
            ),
        ),
        Call("EnableKeyRotation", {"KeyId": "{key}"}),
        rotation_is(enabled=True, period=365),
        Call(
            "ReplicateKey",
            {
                "BypassPolicyLockoutSafetyCheck": False,
                "KeyId": "{key}",
                "ReplicaRegion": OTHER_REGION,
                "Description": "replica",
                "Policy": policy(account),
                "Tags": _tags(TAGS),
            },
            keep={"replica": "ReplicaKeyMetadata.Arn"},
            reads=("ReplicaKeyMetadata.KeyId",),
        ),
        replica_created(OTHER_REGION),
        Call("DisableKey", {"KeyId": "{key}"}, region=OTHER_REGION),
        enabled_is(wanted=False, region=OTHER_REGION),
        policy_is(policy(account), OTHER_REGION),
        tags_are(TAGS, OTHER_REGION),
        *key_read(region=OTHER_REGION),
        Call(
            "DescribeKey",
            {"KeyId": "{key}"},
            gives={
                "KeyMetadata.MultiRegionConfiguration.MultiRegionKeyType": "REPLICA",
                "KeyMetadata.MultiRegionConfiguration.PrimaryKey.Arn": "{arn}",
            },
            region=OTHER_REGION,
        ),
        # The rotation of the primary is that of its replicas.
        Call(
            "GetKeyRotationStatus",
            {"KeyId": "{key}"},
            gives={"KeyRotationEnabled": True},
            region=OTHER_REGION,
        ),
        described("Enabled", value=True),
    )


def alias_life() -> tuple[Row, ...]:
    """aws_kms_alias: created, read, moved to another key, deleted."""
    name = "alias/terraform"
    first = Call("CreateKey", {}, keep={"first": "KeyMetadata.KeyId"})
    second = Call("CreateKey", {}, keep={"second": "KeyMetadata.KeyId"})
    return (
        first,
        second,
        Call("CreateAlias", {"AliasName": name, "TargetKeyId": "{first}"}),
        _alias_names("{first}"),
        Call("UpdateAlias", {"AliasName": name, "TargetKeyId": "{second}"}),
        _alias_names("{second}"),
        Call("DescribeKey", {"KeyId": name}, gives={"KeyMetadata.KeyId": "{second}"}),
        Call("DeleteAlias", {"AliasName": name}),
        Call("DeleteAlias", {"AliasName": name}, error="NotFoundException"),
        Call(
            "CreateAlias",
            {"AliasName": name, "TargetKeyId": "00000000-0000-4000-8000-000000000000"},
            error="NotFoundException",
        ),
    )


def _alias_names(key: str) -> Loop:
    """The alias among all pages of all aliases, naming a key by its bare id."""
    return Loop(
        "ListAliases",
        {},
        lambda answer, kept: [
            (alias["AliasArn"].split(":")[5], kept.get(key.strip("{}")) == alias["TargetKeyId"])
            for alias in answer["Aliases"]
            if alias["AliasName"] == "alias/terraform"
        ],
        lambda found: bool(found == [("alias/terraform", True)]),
        lambda _: False,
        1,
        0,
        1,
    )


def grant_create() -> tuple[Row, ...]:
    """aws_kms_grant with a constraint: created, found in the list."""
    return (
        Call("CreateKey", {}, keep={"key": "KeyMetadata.KeyId"}),
        Call(
            "CreateGrant",
            {
                "KeyId": "{key}",
                "Name": "terraform",
                "GranteePrincipal": "arn:aws:iam::{account}:role/grantee",
                "RetiringPrincipal": "arn:aws:iam::{account}:role/retiring",
                "Operations": ["Encrypt", "Decrypt"],
                "Constraints": {"EncryptionContextEquals": {"team": "a"}},
            },
            keep={"grant": "GrantId"},
            reads=("GrantToken",),
        ),
        Call(
            "ListGrants",
            {"KeyId": "{key}"},
            gives={
                "Grants.0.GrantId": "{grant}",
                "Grants.0.GranteePrincipal": "arn:aws:iam::{account}:role/grantee",
                "Grants.0.RetiringPrincipal": "arn:aws:iam::{account}:role/retiring",
                "Grants.0.Constraints": {"EncryptionContextEquals": {"team": "a"}},
            },
        ),
    )


def grant_destroy(operation: str) -> tuple[Row, ...]:
    """Revoked, or retired where `retire_on_delete` is set; gone from the list, and again."""
    named = {"KeyId": "{key}", "GrantId": "{grant}"}
    arn = {**named, "KeyId": f"arn:aws:kms:{REGION}:{{account}}:key/{{key}}"}
    given = arn if operation == "RetireGrant" else named
    return (
        Call(operation, given),
        Call("ListGrants", {"KeyId": "{key}"}, gives={"Grants": []}),
        Call(operation, given, error="NotFoundException"),
    )


def key_policy_life(account: str) -> tuple[Row, ...]:
    """aws_kms_key_policy: put, waited for, and the default again."""
    default = json.dumps(
        {
            "Id": "default",
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Enable IAM User Permissions",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ],
        }
    )
    named = {"KeyId": "{key}", "PolicyName": "default"}
    return (
        Call("CreateKey", {}, keep={"key": "KeyMetadata.KeyId"}),
        Call("PutKeyPolicy", {**named, "Policy": policy(account)}),
        policy_is(policy(account)),
        *key_read(),
        Call("PutKeyPolicy", {**named, "Policy": default}),
        policy_is(default),
    )
