"""Probes that make sense anywhere, and those about what does not exist."""

from collections.abc import Iterator

from kmspec.names import KMSUSER, Origin
from kmspec_model.command import Ref, Value, command
from kmspec_model.probes.probe import (
    UNKNOWN_BACKUP,
    UNKNOWN_CLUSTER,
    UNKNOWN_HSM,
    UNKNOWN_KEY,
    UNKNOWN_STORE,
    Probe,
    kms,
)
from kmspec_model.setup import (
    create_cluster,
)
from kmspec_model.world import World


def always(world: World) -> Iterator[Probe]:
    """What needs nothing, and what is refused whatever there is."""
    yield kms("", "ListKeys")
    yield kms("", "ListAliases")
    yield kms("", "DescribeCustomKeyStores")
    yield kms("", "GenerateRandom", NumberOfBytes=32)
    yield Probe("GetCallerIdentity", command("sts", "GetCallerIdentity"))
    yield Probe("DescribeClusters", command("cloudhsm", "DescribeClusters"))
    yield Probe("DescribeBackups", command("cloudhsm", "DescribeBackups", SortAscending=True))
    yield kms("without-store", "CreateKey", Origin=Origin.AWS_CLOUDHSM.value)
    if world.stores:
        yield kms("store-without-origin", "CreateKey", CustomKeyStoreId=Ref("store", 0))


def creations(world: World) -> Iterator[Probe]:
    """What is made whatever there is."""
    yield kms("", "CreateKey")
    if not world.made.clusters:
        service = Ref("service", 1)
        yield kms("service", "DescribeKey", KeyId=service)
        plaintext = Ref("plaintext", 0)
        asked: dict[str, Value] = {"KeyId": service, "Plaintext": plaintext}
        yield kms("service-dry-run", "Encrypt", DryRun=True, **asked)
        other = "RSAES_OAEP_SHA_256"
        yield kms("service-other-algorithm", "Encrypt", EncryptionAlgorithm=other, **asked)
    yield Probe("CreateCluster", create_cluster())
    if not world.stores:
        yield kms("to-import", "CreateKey", Origin=Origin.EXTERNAL.value)


def unknown() -> Iterator[Probe]:
    """What does not exist, by every operation that names something."""
    for operation in ("DescribeKey", "EnableKey", "DisableKey", "CancelKeyDeletion"):
        yield kms("unknown", operation, KeyId=UNKNOWN_KEY)
    for operation in ("EnableKeyRotation", "DisableKeyRotation", "GetKeyRotationStatus"):
        yield kms("unknown", operation, KeyId=UNKNOWN_KEY)
    for operation in ("ListKeyRotations", "RotateKeyOnDemand", "DeleteImportedKeyMaterial"):
        yield kms("unknown", operation, KeyId=UNKNOWN_KEY)
    yield kms("unknown", "ListAliases", KeyId=UNKNOWN_KEY)
    yield kms("unknown", "ScheduleKeyDeletion", KeyId=UNKNOWN_KEY, PendingWindowInDays=7)
    yield kms("unknown", "UpdateKeyDescription", KeyId=UNKNOWN_KEY, Description="other")
    yield kms("unknown", "Encrypt", KeyId=UNKNOWN_KEY, Plaintext=Ref("plaintext", 0))
    yield kms("unknown", "GenerateDataKey", KeyId=UNKNOWN_KEY, KeySpec="AES_256")
    yield kms("unknown", "GenerateDataKeyWithoutPlaintext", KeyId=UNKNOWN_KEY, KeySpec="AES_256")
    yield kms("unknown", "CreateAlias", AliasName=Ref("alias", 1), TargetKeyId=UNKNOWN_KEY)
    yield kms("unknown", "DeleteAlias", AliasName=Ref("alias", 1))
    for operation in (
        "ConnectCustomKeyStore",
        "DisconnectCustomKeyStore",
        "UpdateCustomKeyStore",
        "DeleteCustomKeyStore",
        "DescribeCustomKeyStores",
    ):
        yield kms("unknown", operation, CustomKeyStoreId=UNKNOWN_STORE)
    yield kms("unknown-store", "GenerateRandom", NumberOfBytes=32, CustomKeyStoreId=UNKNOWN_STORE)
    yield kms(
        "unknown-store",
        "CreateKey",
        Origin=Origin.AWS_CLOUDHSM.value,
        CustomKeyStoreId=UNKNOWN_STORE,
    )
    yield from _unknown_of_cloudhsm()
    lock = command("operator", "LockUser", ClusterId=UNKNOWN_CLUSTER, UserName=KMSUSER)
    yield Probe("LockUser/unknown", lock)


def _unknown_of_cloudhsm() -> Iterator[Probe]:
    named: dict[str, Value] = {"ClusterId": UNKNOWN_CLUSTER}
    yield Probe("DeleteCluster/unknown", command("cloudhsm", "DeleteCluster", **named))
    zone: Value = Ref("zone", 0)
    yield Probe(
        "CreateHsm/unknown", command("cloudhsm", "CreateHsm", AvailabilityZone=zone, **named)
    )
    yield Probe(
        "DeleteHsm/unknown-cluster", command("cloudhsm", "DeleteHsm", HsmId=UNKNOWN_HSM, **named)
    )
    for operation in ("DeleteBackup", "RestoreBackup"):
        yield Probe(f"{operation}/unknown", command("cloudhsm", operation, BackupId=UNKNOWN_BACKUP))
