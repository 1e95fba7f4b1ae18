"""The vocabulary: the only place where the words of AWS that every part shares are spelled.

States, origins, error codes and the names of faults are AWS's own where AWS has one. Nothing
here says what happens in a state: that is in the tables.
"""

from enum import StrEnum


class Service(StrEnum):
    """Who answers an operation: three AWS services, the HSM operator, the clock, and a load.

    An operation of ``load`` is many requests of one kind, sent while the clock stands still.
    """

    KMS = "kms"
    CLOUDHSM = "cloudhsm"
    STS = "sts"
    OPERATOR = "operator"
    CLOCK = "clock"
    LOAD = "load"


class KeyState(StrEnum):
    """KeyMetadata.KeyState."""

    CREATING = "Creating"
    ENABLED = "Enabled"
    DISABLED = "Disabled"
    PENDING_DELETION = "PendingDeletion"
    PENDING_IMPORT = "PendingImport"
    PENDING_REPLICA_DELETION = "PendingReplicaDeletion"
    UNAVAILABLE = "Unavailable"
    UPDATING = "Updating"


class ConnectionState(StrEnum):
    """CustomKeyStoresListEntry.ConnectionState."""

    CONNECTED = "CONNECTED"
    CONNECTING = "CONNECTING"
    FAILED = "FAILED"
    DISCONNECTED = "DISCONNECTED"
    DISCONNECTING = "DISCONNECTING"


class ConnectionErrorCode(StrEnum):
    """CustomKeyStoresListEntry.ConnectionErrorCode, those of a CloudHSM key store."""

    CLUSTER_NOT_FOUND = "CLUSTER_NOT_FOUND"
    SUBNET_NOT_FOUND = "SUBNET_NOT_FOUND"
    INSUFFICIENT_CLOUDHSM_HSMS = "INSUFFICIENT_CLOUDHSM_HSMS"
    INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET = "INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET"
    NETWORK_ERRORS = "NETWORK_ERRORS"
    USER_NOT_FOUND = "USER_NOT_FOUND"
    USER_LOCKED_OUT = "USER_LOCKED_OUT"
    USER_LOGGED_IN = "USER_LOGGED_IN"
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    INTERNAL_ERROR = "INTERNAL_ERROR"


class ClusterState(StrEnum):
    """Cluster.State."""

    CREATE_IN_PROGRESS = "CREATE_IN_PROGRESS"
    UNINITIALIZED = "UNINITIALIZED"
    INITIALIZE_IN_PROGRESS = "INITIALIZE_IN_PROGRESS"
    INITIALIZED = "INITIALIZED"
    ACTIVE = "ACTIVE"
    UPDATE_IN_PROGRESS = "UPDATE_IN_PROGRESS"
    MODIFY_IN_PROGRESS = "MODIFY_IN_PROGRESS"
    ROLLBACK_IN_PROGRESS = "ROLLBACK_IN_PROGRESS"
    DELETE_IN_PROGRESS = "DELETE_IN_PROGRESS"
    DELETED = "DELETED"
    DEGRADED = "DEGRADED"


class HsmState(StrEnum):
    """Hsm.State."""

    CREATE_IN_PROGRESS = "CREATE_IN_PROGRESS"
    ACTIVE = "ACTIVE"
    DEGRADED = "DEGRADED"
    DELETE_IN_PROGRESS = "DELETE_IN_PROGRESS"
    DELETED = "DELETED"


class BackupState(StrEnum):
    """Backup.BackupState."""

    CREATE_IN_PROGRESS = "CREATE_IN_PROGRESS"
    READY = "READY"
    DELETED = "DELETED"
    PENDING_DELETION = "PENDING_DELETION"


class Origin(StrEnum):
    """KeyMetadata.Origin."""

    AWS_KMS = "AWS_KMS"
    EXTERNAL = "EXTERNAL"
    AWS_CLOUDHSM = "AWS_CLOUDHSM"
    EXTERNAL_KEY_STORE = "EXTERNAL_KEY_STORE"


class MultiRegionKeyType(StrEnum):
    """KeyMetadata.MultiRegionConfiguration.MultiRegionKeyType."""

    PRIMARY = "PRIMARY"
    REPLICA = "REPLICA"


class KeySpec(StrEnum):
    """KeyMetadata.KeySpec."""

    SYMMETRIC_DEFAULT = "SYMMETRIC_DEFAULT"
    RSA_2048 = "RSA_2048"
    RSA_3072 = "RSA_3072"
    RSA_4096 = "RSA_4096"
    ECC_NIST_P256 = "ECC_NIST_P256"
    ECC_NIST_P384 = "ECC_NIST_P384"
    ECC_NIST_P521 = "ECC_NIST_P521"
    ECC_SECG_P256K1 = "ECC_SECG_P256K1"
    ECC_NIST_EDWARDS25519 = "ECC_NIST_EDWARDS25519"
    SM2 = "SM2"
    HMAC_224 = "HMAC_224"
    HMAC_256 = "HMAC_256"
    HMAC_384 = "HMAC_384"
    HMAC_512 = "HMAC_512"
    ML_DSA_44 = "ML_DSA_44"
    ML_DSA_65 = "ML_DSA_65"
    ML_DSA_87 = "ML_DSA_87"
    ML_KEM_512 = "ML_KEM_512"
    ML_KEM_768 = "ML_KEM_768"
    ML_KEM_1024 = "ML_KEM_1024"


class KeyUsage(StrEnum):
    """KeyMetadata.KeyUsage."""

    ENCRYPT_DECRYPT = "ENCRYPT_DECRYPT"
    SIGN_VERIFY = "SIGN_VERIFY"
    GENERATE_VERIFY_MAC = "GENERATE_VERIFY_MAC"
    KEY_AGREEMENT = "KEY_AGREEMENT"
    ENCAPSULATE_DECAPSULATE = "ENCAPSULATE_DECAPSULATE"


class WrappingKeySpec(StrEnum):
    """GetParametersForImport.WrappingKeySpec."""

    RSA_2048 = "RSA_2048"
    RSA_3072 = "RSA_3072"
    RSA_4096 = "RSA_4096"
    SM2 = "SM2"


class WrappingAlgorithm(StrEnum):
    """GetParametersForImport.WrappingAlgorithm."""

    RSAES_PKCS1_V1_5 = "RSAES_PKCS1_V1_5"
    RSAES_OAEP_SHA_1 = "RSAES_OAEP_SHA_1"
    RSAES_OAEP_SHA_256 = "RSAES_OAEP_SHA_256"
    RSA_AES_KEY_WRAP_SHA_1 = "RSA_AES_KEY_WRAP_SHA_1"
    RSA_AES_KEY_WRAP_SHA_256 = "RSA_AES_KEY_WRAP_SHA_256"
    SM2PKE = "SM2PKE"


class ExpirationModel(StrEnum):
    """KeyMetadata.ExpirationModel."""

    EXPIRES = "KEY_MATERIAL_EXPIRES"
    DOES_NOT_EXPIRE = "KEY_MATERIAL_DOES_NOT_EXPIRE"


class ImportType(StrEnum):
    """ImportKeyMaterial.ImportType."""

    NEW = "NEW_KEY_MATERIAL"
    EXISTING = "EXISTING_KEY_MATERIAL"


class ImportState(StrEnum):
    """RotationsListEntry.ImportState."""

    IMPORTED = "IMPORTED"
    PENDING_IMPORT = "PENDING_IMPORT"


class KeyMaterialState(StrEnum):
    """RotationsListEntry.KeyMaterialState."""

    NON_CURRENT = "NON_CURRENT"
    CURRENT = "CURRENT"
    PENDING_ROTATION = "PENDING_ROTATION"
    PENDING_MULTI_REGION_IMPORT_AND_ROTATION = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"


class RotationType(StrEnum):
    """RotationsListEntry.RotationType."""

    AUTOMATIC = "AUTOMATIC"
    ON_DEMAND = "ON_DEMAND"


class Fault(StrEnum):
    """What an operator can break in a cluster. Each stands for a cause AWS documents.

    The first seven concern the whole cluster, the last two one HSM.
    """

    NETWORK = "network"
    INTERNAL_ERROR = "internal-error"
    NO_FREE_ADDRESSES = "no-free-addresses"
    SUBNET_DELETED = "subnet-deleted"
    SECURITY_GROUP = "security-group"
    NO_SESSIONS = "no-sessions"
    USER_MISSING = "user-missing"
    HSM_DEGRADED = "hsm-degraded"
    HSM_LOST = "hsm-lost"


HSM_FAULTS = frozenset({Fault.HSM_DEGRADED, Fault.HSM_LOST})
"""The faults that name one HSM; the others hold for the cluster."""

KMSUSER = "kmsuser"
"""The crypto user as whom AWS KMS logs in to the cluster of a key store."""


class ErrorCode(StrEnum):
    """Every error code in scope, of KMS, of CloudHSM, of the protocols, and of our operator."""

    # AWS KMS, modelled
    ALREADY_EXISTS = "AlreadyExistsException"
    CLUSTER_IN_USE = "CloudHsmClusterInUseException"
    CLUSTER_INVALID_CONFIGURATION = "CloudHsmClusterInvalidConfigurationException"
    CLUSTER_NOT_ACTIVE = "CloudHsmClusterNotActiveException"
    CLUSTER_NOT_FOUND = "CloudHsmClusterNotFoundException"
    CLUSTER_NOT_RELATED = "CloudHsmClusterNotRelatedException"
    CONFLICT = "ConflictException"
    STORE_HAS_KEYS = "CustomKeyStoreHasCMKsException"
    STORE_INVALID_STATE = "CustomKeyStoreInvalidStateException"
    STORE_NAME_IN_USE = "CustomKeyStoreNameInUseException"
    STORE_NOT_FOUND = "CustomKeyStoreNotFoundException"
    DEPENDENCY_TIMEOUT = "DependencyTimeoutException"
    DISABLED = "DisabledException"
    DRY_RUN = "DryRunOperationException"
    EXPIRED_IMPORT_TOKEN = "ExpiredImportTokenException"  # noqa: S105 (a name)
    INCORRECT_KEY = "IncorrectKeyException"
    INCORRECT_KEY_MATERIAL = "IncorrectKeyMaterialException"
    INCORRECT_TRUST_ANCHOR = "IncorrectTrustAnchorException"
    INVALID_ALIAS_NAME = "InvalidAliasNameException"
    INVALID_ARN = "InvalidArnException"
    INVALID_CIPHERTEXT = "InvalidCiphertextException"
    INVALID_GRANT_ID = "InvalidGrantIdException"
    INVALID_GRANT_TOKEN = "InvalidGrantTokenException"  # noqa: S105 (a name)
    INVALID_IMPORT_TOKEN = "InvalidImportTokenException"  # noqa: S105 (a name)
    INVALID_KEY_USAGE = "InvalidKeyUsageException"
    INVALID_MARKER = "InvalidMarkerException"
    KMS_INTERNAL = "KMSInternalException"
    KMS_INVALID_MAC = "KMSInvalidMacException"
    KMS_INVALID_SIGNATURE = "KMSInvalidSignatureException"
    KMS_INVALID_STATE = "KMSInvalidStateException"
    KEY_UNAVAILABLE = "KeyUnavailableException"
    LIMIT_EXCEEDED = "LimitExceededException"
    MALFORMED_POLICY = "MalformedPolicyDocumentException"
    NOT_FOUND = "NotFoundException"
    TAG = "TagException"
    UNSUPPORTED_OPERATION = "UnsupportedOperationException"
    # AWS KMS, real but in no service model
    ACCESS_DENIED = "AccessDeniedException"
    NOT_AUTHORIZED = "NotAuthorizedException"
    THROTTLING = "ThrottlingException"
    VALIDATION = "ValidationException"
    # AWS CloudHSM v2
    CLOUDHSM_ACCESS_DENIED = "CloudHsmAccessDeniedException"
    CLOUDHSM_INTERNAL_FAILURE = "CloudHsmInternalFailureException"
    CLOUDHSM_INVALID_REQUEST = "CloudHsmInvalidRequestException"
    CLOUDHSM_RESOURCE_LIMIT_EXCEEDED = "CloudHsmResourceLimitExceededException"
    CLOUDHSM_RESOURCE_NOT_FOUND = "CloudHsmResourceNotFoundException"
    CLOUDHSM_SERVICE = "CloudHsmServiceException"
    CLOUDHSM_TAG = "CloudHsmTagException"
    # The protocols
    SERIALIZATION = "SerializationException"
    UNKNOWN_OPERATION = "UnknownOperationException"
    # The operator of the HSMs: our own, AWS has no API for what it does
    OPERATOR_INVALID_REQUEST = "OperatorInvalidRequest"
    OPERATOR_NOT_FOUND = "OperatorNotFound"
