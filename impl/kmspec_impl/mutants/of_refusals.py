"""Mutants that leave one check out: what would be refused by it succeeds, and does nothing."""

from typing import Final

from kmspec.names import ClusterState, ErrorCode
from kmspec_impl.mutants.mutant import Mutant, Unseen

_INVALID: Final = ErrorCode.CLOUDHSM_INVALID_REQUEST
_MISSING: Final = ErrorCode.CLOUDHSM_RESOURCE_NOT_FOUND
_OPERATOR: Final = ErrorCode.OPERATOR_INVALID_REQUEST
_NO_OPERAND: Final = ErrorCode.OPERATOR_NOT_FOUND
_VALIDATION: Final = ErrorCode.VALIDATION
_UNSUPPORTED: Final = ErrorCode.UNSUPPORTED_OPERATION
_USAGE: Final = ErrorCode.INVALID_KEY_USAGE

_CHECKS: Final = (
    *(
        (f"cluster/ActivateCluster/{state}", "ActivateCluster", _OPERATOR, f"is {state}; only an")
        for state in (
            ClusterState.CREATE_IN_PROGRESS,
            ClusterState.UNINITIALIZED,
            ClusterState.INITIALIZE_IN_PROGRESS,
            ClusterState.ACTIVE,
            ClusterState.MODIFY_IN_PROGRESS,
            ClusterState.ROLLBACK_IN_PROGRESS,
            ClusterState.DELETE_IN_PROGRESS,
        )
    ),
    ("recipient/complete", "GenerateRandom", _VALIDATION, "Recipient"),
    ("recipient/document-read", "GenerateRandom", _VALIDATION, ""),
    ("recipient/rsa-key", "GenerateRandom", _VALIDATION, ""),
    ("agreement/public-key", "DeriveSharedSecret", _VALIDATION, ""),
    ("alias/exists", "DeleteAlias", ErrorCode.NOT_FOUND, "is not found"),
    ("attribute/key-by-id", "GetKeyPolicy", ErrorCode.NOT_FOUND, "Invalid keyId"),
    ("attribute/key-exists", "CreateGrant", ErrorCode.NOT_FOUND, "does not exist"),
    ("backup/exists", "DeleteBackup", _MISSING, "find the backup"),
    ("backup/other-region", "CopyBackupToRegion", _INVALID, "name another Region"),
    ("cloudhsm-tag/not-reserved", "TagResource", ErrorCode.CLOUDHSM_TAG, "are reserved"),
    ("cloudhsm-tag/once", "TagResource", ErrorCode.CLOUDHSM_TAG, "Duplicate"),
    ("cloudhsm-tag/resource-exists", "ListTags", _MISSING, "find"),
    ("cluster/csr", "InitializeCluster", _INVALID, "has no active HSM"),
    ("cluster/exists", "DeleteCluster", _MISSING, "find the cluster"),
    ("cluster/limit", "CreateCluster", _INVALID, "as many as it may"),
    ("cluster/no-changes-inside", "CreateUser", _OPERATOR, "wait until it is ACTIVE"),
    ("cluster/retention-range", "CreateCluster", _INVALID, "BackupRetentionPolicy"),
    ("create-key/partition", "CreateKey", _UNSUPPORTED, "China"),
    (
        "create-key/security-group",
        "CreateKey",
        ErrorCode.CLUSTER_INVALID_CONFIGURATION,
        "security group",
    ),
    ("create-key/single-region", "CreateKey", _UNSUPPORTED, "single-Region symmetric"),
    ("create-key/store-and-origin", "CreateKey", _VALIDATION, "CustomKeyStoreId is"),
    ("create-key/symmetric", "CreateKey", _UNSUPPORTED, "single-Region symmetric"),
    ("crypto/cluster", "Encrypt", ErrorCode.KMS_INVALID_STATE, "is gone"),
    ("digest/message-type", "Sign", _VALIDATION, "MessageType"),
    ("digest/mu-length", "Sign", _VALIDATION, "ML_DSA_SHAKE_256"),
    ("grant/constraints", "CreateGrant", _VALIDATION, "more than 8 pairs"),
    ("grant/grantee", "CreateGrant", _VALIDATION, "Give GranteePrincipal"),
    ("grant/id", "RevokeGrant", ErrorCode.INVALID_GRANT_ID, "Invalid grant id"),
    ("grant/named", "RetireGrant", _VALIDATION, "Give a GrantToken"),
    ("grant/one-retiring", "ListRetirableGrants", _VALIDATION, "Give RetiringPrincipal"),
    ("grant/principal", "CreateGrant", ErrorCode.INVALID_ARN, "Invalid principal"),
    ("grant/retired-token", "RetireGrant", ErrorCode.INVALID_GRANT_TOKEN, "no grant with"),
    ("grant/retiring", "CreateGrant", _VALIDATION, "Give RetiringPrincipal"),
    ("grant/service", "CreateGrant", _VALIDATION, "needs a SourceArn"),
    ("hsm/exists", "DeleteHsm", _MISSING, "find an HSM"),
    ("hsm/limit", "CreateHsm", _INVALID, "as many as it may"),
    ("hsm/named", "DeleteHsm", _INVALID, "Name the HSM"),
    (
        "import/deletes-what-there-is",
        "DeleteImportedKeyMaterial",
        ErrorCode.NOT_FOUND,
        "has no key material of the id",
    ),
    ("import/named-material", "ImportKeyMaterial", ErrorCode.INCORRECT_KEY_MATERIAL, "names"),
    ("import/new-into-primary", "ImportKeyMaterial", _UNSUPPORTED, "primary key"),
    ("import/new-material", "ImportKeyMaterial", ErrorCode.INCORRECT_KEY_MATERIAL, "before"),
    ("import/no-valid-to", "ImportKeyMaterial", _VALIDATION, "must not be set"),
    ("import/symmetric", "ImportKeyMaterial", _VALIDATION, "only valid for symmetric"),
    ("import/type-and-id", "ImportKeyMaterial", _VALIDATION, "with ImportType"),
    ("import/valid-to", "ImportKeyMaterial", _VALIDATION, "must be set if"),
    ("import/within-a-year", "ImportKeyMaterial", _VALIDATION, "days ahead"),
    ("import/wrapped", "ImportKeyMaterial", ErrorCode.INVALID_CIPHERTEXT, ""),
    ("import/wrapping-algorithm", "GetParametersForImport", _UNSUPPORTED, "RSAES_PKCS1"),
    ("import/wrapping-suits", "GetParametersForImport", _UNSUPPORTED, "does not wrap"),
    ("key-pair/partition", "GenerateDataKeyPair", _UNSUPPORTED, "China"),
    ("key-pair/symmetric", "GenerateDataKeyPair", _USAGE, "incompatible"),
    ("managed/alias", "DeleteAlias", ErrorCode.ACCESS_DENIED, "not authorized"),
    ("multi-region/region-known", "ReplicateKey", _VALIDATION, "is no Region"),
    ("operator/activated", "LockUser", _OPERATOR, "activate it first"),
    ("operator/active-hsm", "LockUser", _OPERATOR, "has no active HSM"),
    ("operator/cluster", "LockUser", _NO_OPERAND, "there is no cluster"),
    ("operator/fault-possible", "SetFault", _OPERATOR, "break an HSM that is ACTIVE"),
    ("operator/hsm-exists", "SetFault", _NO_OPERAND, "there is no HSM"),
    ("operator/key-exists", "DeleteHsmKey", _NO_OPERAND, "there is no key"),
    ("operator/logged-in", "LogoutUser", _OPERATOR, "you are not logged in"),
    ("operator/not-kms", "LoginUser", _OPERATOR, "AWS KMS is logged in"),
    ("operator/owns-no-keys", "DeleteUser", _OPERATOR, "owns"),
    ("operator/password", "CreateUser", _OPERATOR, "Password has"),
    ("operator/user-name", "CreateUser", _OPERATOR, "UserName must have"),
    ("operator/user-exists", "LockUser", _NO_OPERAND, "user"),
    ("operator/user-free", "CreateUser", _OPERATOR, "already"),
    ("operator/user-idle", "ChangePassword", _OPERATOR, "logged in"),
    ("operator/user-unlocked", "LoginUser", _OPERATOR, "is locked"),
    ("policy/backup-exists", "GetResourcePolicy", _MISSING, "find"),
    ("policy/document", "PutKeyPolicy", ErrorCode.MALFORMED_POLICY, "malformed"),
    ("policy/exists", "GetKeyPolicy", ErrorCode.NOT_FOUND, "No such policy"),
    ("policy/names-a-resource", "GetResourcePolicy", _INVALID, "ResourceArn is required"),
    ("policy/of-a-backup", "PutResourcePolicy", _INVALID, "is no backup"),
    ("policy/ram", "PutKeyPolicy", _VALIDATION, "AWS_RAM"),
    ("policy/valid", "PutResourcePolicy", _INVALID, "Policy must be"),
    ("public-key/imported", "GetPublicKey", ErrorCode.KMS_INVALID_STATE, "pending import"),
    ("random/cluster", "GenerateRandom", ErrorCode.KMS_INTERNAL, ""),
    ("replicate/other-region", "ReplicateKey", ErrorCode.ALREADY_EXISTS, "already"),
    ("request/marker", "ListGrants", ErrorCode.INVALID_MARKER, "Marker"),
    ("request/next-token", "ListTags", _INVALID, "NextToken"),
    ("rotation/one-at-a-time", "RotateKeyOnDemand", ErrorCode.CONFLICT, "under way"),
    ("rsa/ciphertext", "Decrypt", ErrorCode.INVALID_CIPHERTEXT, ""),
    ("rsa/key-named", "Decrypt", ErrorCode.INVALID_CIPHERTEXT, ""),
    ("store/cluster-exists", "CreateCustomKeyStore", ErrorCode.CLUSTER_NOT_FOUND, ""),
    ("store/limit", "CreateCustomKeyStore", ErrorCode.LIMIT_EXCEEDED, ""),
    (
        "store/security-group",
        "UpdateCustomKeyStore",
        ErrorCode.CLUSTER_INVALID_CONFIGURATION,
        "security group",
    ),
    ("tag/limit", "TagResource", ErrorCode.TAG, "Too many"),
    ("tag/reserved", "TagResource", ErrorCode.TAG, "reserved"),
    ("update-primary/one-at-a-time", "UpdatePrimaryRegion", ErrorCode.KMS_INVALID_STATE, "updat"),
    ("update-primary/other-region", "UpdatePrimaryRegion", _UNSUPPORTED, ""),
    ("update-primary/replica-there", "UpdatePrimaryRegion", ErrorCode.NOT_FOUND, ""),
    ("usage/context-fits", "Encrypt", _VALIDATION, "EncryptionContext"),
    ("usage/fits-re-encryption", "ReEncrypt", _USAGE, "key usage is"),
    ("usage/symmetric", "GenerateDataKey", _USAGE, "incompatible"),
)
"""Rule, operation, and the refusal that is not given: its code, and a part of its message."""

MUTANTS: Final = tuple(
    Mutant(
        f"unchecked-{rule.replace('/', '-')}",
        rule,
        f"{operation} succeeds, and does nothing, where it should answer {code}"
        + (f' "...{part}...".' if part else "."),
        unseen=(Unseen(operation, code, part),),
    )
    for rule, operation, code, part in _CHECKS
)
