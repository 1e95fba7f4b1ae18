"""Steps that scopes and probes share: the only place where a whole key store is put together."""

from kmspec import limits
from kmspec.names import KMSUSER, Origin
from kmspec_model.command import Command, Pairs, Ref, Value, advance, command

SETTLE = advance(1)
"""Long enough for all that takes our emulator's delay."""
WAIT = advance(8 * limits.DAY + 3600)
"""Long enough for the shortest waiting period, even where it takes a day longer."""

ALMOST = advance(6 * limits.DAY)
"""Nearly the shortest waiting period: nothing may be deleted yet."""

PASSWORD = "Password1"  # noqa: S105 (a made-up password of a made-up user)
OTHER_PASSWORD = "Password2"  # noqa: S105
ADMIN_PASSWORD = "Administrator1"  # noqa: S105


OLDER, NEWER = "hsm1.medium", "hsm2m.medium"
"""The HSM types."""


def create_cluster(hsm_type: str = NEWER, **settings: Value) -> Command:
    """A cluster with subnets in two Availability Zones."""
    subnets = (Ref("subnet", 0), Ref("subnet", 1))
    return command("cloudhsm", "CreateCluster", HsmType=hsm_type, SubnetIds=subnets, **settings)


def restore_cluster(backup: int) -> Command:
    """A cluster from a backup."""
    return create_cluster(SourceBackupId=Ref("backup", backup))


def of_cluster(operation: str, cluster: int = 0, **more: Value) -> Command:
    """An operation that names a cluster."""
    return command("cloudhsm", operation, ClusterId=Ref("cluster", cluster), **more)


def of_backup(operation: str, backup: int = 0, **more: Value) -> Command:
    """An operation that names a backup."""
    return command("cloudhsm", operation, BackupId=Ref("backup", backup), **more)


def retention(days: int) -> Pairs:
    """A retention policy."""
    return Pairs((("Type", "DAYS"), ("Value", str(days))))


def cloudhsm_tags(*pairs: tuple[str, str]) -> tuple[Pairs, ...]:
    """Tags as CloudHSM spells them."""
    return tuple(Pairs((("Key", key), ("Value", value))) for key, value in pairs)


ADDRESS = "10.0.0.77"
"""Of the first subnet."""


def create_hsm(cluster: int, zone: int, **more: Value) -> Command:
    """An HSM in one zone."""
    return command(
        "cloudhsm",
        "CreateHsm",
        ClusterId=Ref("cluster", cluster),
        AvailabilityZone=Ref("zone", zone),
        **more,
    )


def delete_hsm(cluster: int, hsm: int) -> Command:
    """One HSM fewer."""
    return command(
        "cloudhsm", "DeleteHsm", ClusterId=Ref("cluster", cluster), HsmId=Ref("hsm", hsm)
    )


def initialize(cluster: int, ca: int = 0, anchor: int | None = None) -> Command:
    """The certificate of a cluster, signed by ``ca``."""
    return command(
        "cloudhsm",
        "InitializeCluster",
        ClusterId=Ref("cluster", cluster),
        SignedCert=Ref("certificate", cluster, str(ca)),
        TrustAnchor=Ref("ca", ca if anchor is None else anchor),
    )


def activate(cluster: int) -> Command:
    """The administrator's password."""
    return command(
        "operator", "ActivateCluster", ClusterId=Ref("cluster", cluster), Password=ADMIN_PASSWORD
    )


def user(operation: str, cluster: int, password: str = "") -> Command:
    """Something done to ``kmsuser``."""
    arguments = {"Password": password} if password else {}
    return command(
        "operator", operation, ClusterId=Ref("cluster", cluster), UserName=KMSUSER, **arguments
    )


def fault(operation: str, cluster: int, name: str, hsm: int | None = None) -> Command:
    """A fault set or cleared."""
    of_hsm = {} if hsm is None else {"HsmId": Ref("hsm", hsm)}
    return command("operator", operation, ClusterId=Ref("cluster", cluster), Name=name, **of_hsm)


def create_store(name: int = 0, cluster: int = 0, ca: int = 0, password: str = PASSWORD) -> Command:
    """A key store on a cluster."""
    return command(
        "kms",
        "CreateCustomKeyStore",
        CustomKeyStoreName=Ref("name", name),
        CloudHsmClusterId=Ref("cluster", cluster),
        TrustAnchorCertificate=Ref("ca", ca),
        KeyStorePassword=password,
    )


def of_store(operation: str, store: int = 0) -> Command:
    """An operation that names a store and nothing else."""
    return command("kms", operation, CustomKeyStoreId=Ref("store", store))


def create_store_key(store: int = 0) -> Command:
    """A KMS key in a store."""
    return command(
        "kms", "CreateKey", Origin=Origin.AWS_CLOUDHSM.value, CustomKeyStoreId=Ref("store", store)
    )


def of_key(operation: str, key: int = 0) -> Command:
    """An operation that names a KMS key and nothing else."""
    return command("kms", operation, KeyId=Ref("key", key))


def create_alias(alias: int = 0, key: int = 0) -> Command:
    """An alias of a KMS key."""
    named = {"AliasName": Ref("alias", alias), "TargetKeyId": Ref("key", key)}
    return command("kms", "CreateAlias", **named)


GRANTEE = "arn:aws:iam::111122223333:role/grantee"
RETIRING = "arn:aws:iam::111122223333:role/retiring"


def create_grant(key: int = 0, **more: Value) -> Command:
    """A grant to use a KMS key."""
    parties = {"GranteePrincipal": GRANTEE, "RetiringPrincipal": RETIRING}
    operations: Value = ("Encrypt", "Decrypt")
    given: dict[str, Value] = {"KeyId": Ref("key", key), **parties, "Operations": operations}
    return command("kms", "CreateGrant", **{**given, **more})


def tags(*pairs: tuple[str, str]) -> Value:
    """Tags as KMS spells them."""
    return tuple(Pairs((("TagKey", name), ("TagValue", value))) for name, value in pairs)


def tag(key: int, *pairs: tuple[str, str]) -> Command:
    """Tags of a KMS key."""
    return command("kms", "TagResource", KeyId=Ref("key", key), Tags=tags(*pairs))


def schedule(key: int = 0, days: int = limits.DELETION_WINDOW_DAYS.start) -> Command:
    """The deletion of a KMS key."""
    return command("kms", "ScheduleKeyDeletion", KeyId=Ref("key", key), PendingWindowInDays=days)


def encrypt(key: int = 0, *, keep: bool = True) -> Command:
    """A plaintext with an encryption context."""
    once = command(
        "kms",
        "Encrypt",
        KeyId=Ref("key", key),
        Plaintext=Ref("plaintext", 0),
        EncryptionContext=Ref("context", 0),
    )
    return once._replace(keep=keep)


def burst(count: int, key: int = 0) -> Command:
    """Many Encrypt requests at one moment."""
    return command("load", "Burst", KeyId=Ref("key", key), Count=count)


def load(rate: int, cluster: int = 0) -> Command:
    """Other work in a cluster, operations per second."""
    return command("operator", "SetLoad", ClusterId=Ref("cluster", cluster), Rate=rate)


def decrypt(ciphertext: int = 0) -> Command:
    """A ciphertext with its encryption context."""
    return command(
        "kms",
        "Decrypt",
        CiphertextBlob=Ref("ciphertext", ciphertext),
        EncryptionContext=Ref("context", 0),
    )


ONE_WAY = "RSAES_OAEP_SHA_256"
"""The wrapping algorithm that all key material but an RSA private key may have."""
FOREVER = "KEY_MATERIAL_DOES_NOT_EXPIRE"


def external_key(**more: Value) -> Command:
    """A KMS key for imported key material."""
    return command("kms", "CreateKey", Origin=Origin.EXTERNAL.value, **more)


def import_parameters(
    key: int = 0, algorithm: str = ONE_WAY, spec: str = "RSA_2048", *, keep: bool = True
) -> Command:
    """A public key and an import token."""
    once = command(
        "kms",
        "GetParametersForImport",
        KeyId=Ref("key", key),
        WrappingAlgorithm=algorithm,
        WrappingKeySpec=spec,
    )
    return once._replace(keep=keep)


def import_material(
    material: int = 0, parameters: int = 0, key: int = 0, days: int = 0, **more: Value
) -> Command:
    """Key material that does not expire, or does in so many days."""
    expiration: dict[str, Value] = {"ExpirationModel": FOREVER}
    if days:
        expiration = {"ValidTo": Ref("moment", days * limits.DAY)}
    arguments: dict[str, Value] = {
        "KeyId": Ref("key", key),
        "ImportToken": Ref("token", parameters),
        "EncryptedKeyMaterial": Ref("material", material, str(parameters)),
        **expiration,
        **more,
    }
    return command("kms", "ImportKeyMaterial", **arguments)


def one_hsm(
    cluster: int = 0, ca: int = 0, hsm_type: str = NEWER, **more: Value
) -> tuple[Command, ...]:
    """From nothing to an active cluster with one HSM."""
    return (
        create_cluster(hsm_type),
        SETTLE,
        create_hsm(cluster, 0, **more),
        SETTLE,
        initialize(cluster, ca),
        SETTLE,
        activate(cluster),
    )


def active_cluster(cluster: int = 0, ca: int = 0, hsm_type: str = NEWER) -> tuple[Command, ...]:
    """From nothing to an active cluster with two HSMs in two zones and ``kmsuser``."""
    return (
        *one_hsm(cluster, ca, hsm_type),
        user("CreateUser", cluster, PASSWORD),
        create_hsm(cluster, 1),
        SETTLE,
    )


_ON_A_CLUSTER = (create_store(), of_store("ConnectCustomKeyStore"), SETTLE)
_WITH_A_KEY = (create_store_key(), create_alias(), encrypt())

CONNECTED_STORE = (*active_cluster(), *_ON_A_CLUSTER)
"""From nothing to a connected key store."""

STORE_KEY = (*CONNECTED_STORE, *_WITH_A_KEY)
"""From nothing to a KMS key in a connected store, with an alias, and a ciphertext of it."""

OLDER_STORE_KEY = (*active_cluster(hsm_type=OLDER), *_ON_A_CLUSTER, *_WITH_A_KEY)
"""The same over HSMs of the older type."""
