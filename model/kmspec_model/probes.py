"""Probes: the only place that says what the matrix tries in a situation.

One probe for each operation and variant that makes sense where the world is: about the key, the
store, the cluster and the backups that the situation is about, and about what does not exist.
"""

from collections.abc import Iterator
from typing import NamedTuple

from kmspec.names import KMSUSER, Fault, Origin
from kmspec_model.command import Command, Ref, Value, command
from kmspec_model.settled import is_settled
from kmspec_model.setup import (
    OTHER_PASSWORD,
    PASSWORD,
    activate,
    create_cluster,
    create_hsm,
    create_store,
    delete_hsm,
    encrypt,
    fault,
    initialize,
    of_store,
    schedule,
    user,
)
from kmspec_model.situations import subject_cluster, subject_key, subject_store
from kmspec_model.world import NONE, ROTATED, Cluster, Key, Store, World

UNKNOWN_KEY = "00000000-0000-4000-8000-000000000000"
UNKNOWN_STORE = "cks-00000000000000000"
UNKNOWN_CLUSTER = "cluster-aaaaaaaaaaa"
UNKNOWN_HSM = "hsm-aaaaaaaaaaa"
UNKNOWN_BACKUP = "backup-aaaaaaaaaaa"


class Probe(NamedTuple):
    """One command to try; ``label`` is its operation, and its variant behind a slash."""

    label: str
    command: Command


def probes(world: World) -> tuple[Probe, ...]:
    """What to try in a world, each label once.

    At a moment of many requests only what counts towards the quota is of interest.
    """
    key = subject_key(world)
    if world.spent and key is not None:
        return tuple(_cryptography(world, key))
    found = [*_always(world)]
    if _is_calm(world):
        found += _unknown()
    if key is not None:
        found += _of_key(key)
        found += _cryptography(world, key)
        found += _aliases(world, key)
    elif world.made.keys:
        found += _deleted_key(world)
    store = subject_store(world)
    if store is not None:
        found += _of_store(world, store)
    cluster = subject_cluster(world)
    if cluster is not None:
        found += _of_cluster(cluster)
        found += _new_store(cluster)
        found += _operator(world, cluster)
    found += _backups(world)
    return tuple(found)


def _is_calm(world: World) -> bool:
    """Whether nothing is under way or broken: what does not exist need not be tried everywhere."""
    return is_settled(world) and not any(cluster.faults for cluster in world.clusters)


def _kms(variant: str, operation: str, **arguments: Value) -> Probe:
    label = f"{operation}/{variant}" if variant else operation
    return Probe(label, command("kms", operation, **arguments))


def _always(world: World) -> Iterator[Probe]:
    yield _kms("", "CreateKey")
    yield _kms("", "ListKeys")
    yield _kms("", "ListAliases")
    yield _kms("", "DescribeCustomKeyStores")
    yield _kms("", "GenerateRandom", NumberOfBytes=32)
    yield Probe("GetCallerIdentity", command("sts", "GetCallerIdentity"))
    yield Probe("DescribeClusters", command("cloudhsm", "DescribeClusters"))
    yield Probe("DescribeBackups", command("cloudhsm", "DescribeBackups", SortAscending=True))
    yield Probe("CreateCluster", create_cluster())
    yield _kms("without-store", "CreateKey", Origin=Origin.AWS_CLOUDHSM.value)
    if world.stores:
        yield _kms("store-without-origin", "CreateKey", CustomKeyStoreId=Ref("store", 0))


def _unknown() -> Iterator[Probe]:
    """What does not exist, by every operation that names something."""
    for operation in ("DescribeKey", "EnableKey", "DisableKey", "CancelKeyDeletion"):
        yield _kms("unknown", operation, KeyId=UNKNOWN_KEY)
    yield _kms("unknown", "ScheduleKeyDeletion", KeyId=UNKNOWN_KEY, PendingWindowInDays=7)
    yield _kms("unknown", "UpdateKeyDescription", KeyId=UNKNOWN_KEY, Description="other")
    yield _kms("unknown", "Encrypt", KeyId=UNKNOWN_KEY, Plaintext=Ref("plaintext", 0))
    yield _kms("unknown", "GenerateDataKey", KeyId=UNKNOWN_KEY, KeySpec="AES_256")
    yield _kms("unknown", "GenerateDataKeyWithoutPlaintext", KeyId=UNKNOWN_KEY, KeySpec="AES_256")
    yield _kms("unknown", "CreateAlias", AliasName=Ref("alias", 1), TargetKeyId=UNKNOWN_KEY)
    yield _kms("unknown", "DeleteAlias", AliasName=Ref("alias", 1))
    for operation in (
        "ConnectCustomKeyStore",
        "DisconnectCustomKeyStore",
        "UpdateCustomKeyStore",
        "DeleteCustomKeyStore",
        "DescribeCustomKeyStores",
    ):
        yield _kms("unknown", operation, CustomKeyStoreId=UNKNOWN_STORE)
    yield _kms("unknown-store", "GenerateRandom", NumberOfBytes=32, CustomKeyStoreId=UNKNOWN_STORE)
    yield _kms(
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


def _of_key(key: Key) -> Iterator[Probe]:
    named = Ref("key", key.index)
    arn = Ref("key", key.index, "arn")
    yield _kms("", "DescribeKey", KeyId=named)
    yield _kms("arn", "DescribeKey", KeyId=arn)
    for operation in ("EnableKey", "DisableKey", "CancelKeyDeletion"):
        yield _kms("", operation, KeyId=named)
    yield _kms("arn", "DisableKey", KeyId=arn)
    yield _kms("", "UpdateKeyDescription", KeyId=named, Description="other")
    yield Probe("ScheduleKeyDeletion", schedule(key.index))
    yield Probe("ScheduleKeyDeletion/30-days", schedule(key.index, 30))
    yield Probe("ScheduleKeyDeletion/6-days", schedule(key.index, 6))
    yield _kms("key", "ListAliases", KeyId=named)


def _cryptography(world: World, key: Key) -> Iterator[Probe]:
    named = Ref("key", key.index)
    plaintext = Ref("plaintext", 0)
    yield Probe("Encrypt", encrypt(key.index, keep=False))
    yield _kms("arn", "Encrypt", KeyId=Ref("key", key.index, "arn"), Plaintext=plaintext)
    yield _kms("dry-run", "Encrypt", KeyId=named, Plaintext=plaintext, DryRun=True)
    for operation in ("GenerateDataKey", "GenerateDataKeyWithoutPlaintext"):
        yield _kms("", operation, KeyId=named, KeySpec="AES_256")
        yield _kms("dry-run", operation, KeyId=named, KeySpec="AES_256", DryRun=True)
    if key.store != NONE:
        store = Ref("store", key.store)
        yield _kms("store", "GenerateRandom", NumberOfBytes=32, CustomKeyStoreId=store)
    for ciphertext in world.ciphertexts[:1]:
        yield from _of_ciphertext(world, key, Ref("ciphertext", ciphertext.index))


def _of_ciphertext(world: World, key: Key, blob: Ref) -> Iterator[Probe]:
    named = Ref("key", key.index)
    context: Value = Ref("context", 0)
    yield _kms("", "Decrypt", CiphertextBlob=blob, EncryptionContext=context)
    yield _kms("key", "Decrypt", CiphertextBlob=blob, EncryptionContext=context, KeyId=named)
    yield _kms("dry-run", "Decrypt", CiphertextBlob=blob, EncryptionContext=context, DryRun=True)
    yield _kms("wrong-context", "Decrypt", CiphertextBlob=blob, EncryptionContext=Ref("context", 1))
    yield _kms("no-context", "Decrypt", CiphertextBlob=blob)
    destination: dict[str, Value] = {
        "CiphertextBlob": blob,
        "SourceEncryptionContext": context,
        "DestinationKeyId": named,
    }
    yield _kms("", "ReEncrypt", **destination)
    yield _kms("source", "ReEncrypt", SourceKeyId=named, **destination)
    yield _kms("dry-run", "ReEncrypt", DryRun=True, **destination)
    yield _kms(
        "unknown-destination",
        "ReEncrypt",
        **{**destination, "DestinationKeyId": UNKNOWN_KEY},
    )
    for other in world.keys:
        if other.index != key.index:
            wrong = Ref("key", other.index)
            yield _kms(
                "other-key", "Decrypt", CiphertextBlob=blob, EncryptionContext=context, KeyId=wrong
            )
            yield _kms("to-other", "ReEncrypt", **{**destination, "DestinationKeyId": wrong})
            break


def _deleted_key(world: World) -> Iterator[Probe]:
    gone = Ref("key", world.made.keys - 1)
    yield _kms("deleted", "DescribeKey", KeyId=gone)
    yield _kms("deleted", "CancelKeyDeletion", KeyId=gone)
    yield _kms("deleted", "Encrypt", KeyId=gone, Plaintext=Ref("plaintext", 0))
    for ciphertext in world.ciphertexts[:1]:
        blob = Ref("ciphertext", ciphertext.index)
        yield _kms("deleted", "Decrypt", CiphertextBlob=blob, EncryptionContext=Ref("context", 0))


def _aliases(world: World, key: Key) -> Iterator[Probe]:
    named = Ref("key", key.index)
    plaintext = Ref("plaintext", 0)
    yield _kms("new", "CreateAlias", AliasName=Ref("alias", 1), TargetKeyId=named)
    yield _kms("unknown", "UpdateAlias", AliasName=Ref("alias", 1), TargetKeyId=named)
    for alias in world.aliases[:1]:
        name = Ref("alias", alias.index)
        yield _kms("taken", "CreateAlias", AliasName=name, TargetKeyId=named)
        yield _kms("", "UpdateAlias", AliasName=name, TargetKeyId=named)
        yield _kms("", "DeleteAlias", AliasName=name)
        for variant, form in (("alias", ""), ("alias-arn", "arn")):
            by_alias = Ref("alias", alias.index, form)
            yield _kms(variant, "DescribeKey", KeyId=by_alias)
            yield _kms(variant, "Encrypt", KeyId=by_alias, Plaintext=plaintext)
            yield _kms(variant, "GenerateDataKey", KeyId=by_alias, KeySpec="AES_256")
            yield _kms(variant, "DisableKey", KeyId=by_alias)
            yield _kms(variant, "EnableKey", KeyId=by_alias)


def _of_store(world: World, store: Store) -> Iterator[Probe]:
    named: Value = Ref("store", store.index)
    for operation in (
        "ConnectCustomKeyStore",
        "DisconnectCustomKeyStore",
        "DeleteCustomKeyStore",
    ):
        yield Probe(operation, of_store(operation, store.index))
    yield _kms("id", "DescribeCustomKeyStores", CustomKeyStoreId=named)
    update = "UpdateCustomKeyStore"
    yield _kms("name", update, CustomKeyStoreId=named, NewCustomKeyStoreName=Ref("name", 2))
    yield _kms("password", update, CustomKeyStoreId=named, KeyStorePassword=OTHER_PASSWORD)
    for cluster in world.clusters:
        own = cluster.index == store.cluster
        same = "same-cluster" if own else f"cluster-{cluster.state}"
        of_cluster = Ref("cluster", cluster.index)
        yield _kms(same, update, CustomKeyStoreId=named, CloudHsmClusterId=of_cluster)
    yield _kms("unknown-cluster", update, CustomKeyStoreId=named, CloudHsmClusterId=UNKNOWN_CLUSTER)
    for other in world.stores:
        if other.index != store.index:
            taken = Ref("name", other.name)
            yield _kms("name-taken", update, CustomKeyStoreId=named, NewCustomKeyStoreName=taken)
    in_store: dict[str, Value] = {
        "Origin": Origin.AWS_CLOUDHSM.value,
        "CustomKeyStoreId": named,
    }
    yield _kms("store", "CreateKey", **in_store)
    yield _kms("store-rsa", "CreateKey", KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT", **in_store)
    yield _kms("store-multi-region", "CreateKey", MultiRegion=True, **in_store)
    yield _kms("of-store", "GenerateRandom", NumberOfBytes=32, CustomKeyStoreId=named)


def _new_store(cluster: Cluster) -> Iterator[Probe]:
    """Stores on the cluster: another one, the same again, and with one thing wrong."""
    operation = "CreateCustomKeyStore"
    anchor = max(cluster.anchor, 0)
    yield Probe(f"{operation}/repeated", create_store(0, cluster.index, anchor))
    yield Probe(f"{operation}/new", create_store(3, cluster.index, anchor))
    yield Probe(f"{operation}/wrong-anchor", create_store(3, cluster.index, 2))
    yield _kms(
        "unknown-cluster",
        operation,
        CustomKeyStoreName=Ref("name", 3),
        CloudHsmClusterId=UNKNOWN_CLUSTER,
        TrustAnchorCertificate=Ref("ca", anchor),
        KeyStorePassword=PASSWORD,
    )


def _of_cluster(cluster: Cluster) -> Iterator[Probe]:
    index = cluster.index
    yield Probe("CreateHsm/first-zone", create_hsm(index, 0))
    yield Probe("CreateHsm/second-zone", create_hsm(index, 1))
    yield Probe("CreateHsm/zone-without-subnet", create_hsm(index, 2))
    for hsm in cluster.hsms[:1]:
        yield Probe("DeleteHsm", delete_hsm(index, hsm.index))
    named = Ref("cluster", index)
    missing = command("cloudhsm", "DeleteHsm", ClusterId=named, HsmId=UNKNOWN_HSM)
    yield Probe("DeleteHsm/unknown", missing)
    yield Probe("DeleteCluster", command("cloudhsm", "DeleteCluster", ClusterId=named))
    yield Probe("InitializeCluster", initialize(index, max(cluster.anchor, 0)))
    yield Probe("InitializeCluster/wrong-signer", initialize(index, 2, anchor=0))
    yield Probe("ActivateCluster", activate(index))


def _operator(world: World, cluster: Cluster) -> Iterator[Probe]:
    index = cluster.index
    for operation in ("LockUser", "LogoutUser", "DeleteUser"):
        yield Probe(operation, user(operation, index))
    known = cluster.contents.user(KMSUSER)
    if known is None or not known.password.startswith(ROTATED):
        password = PASSWORD if known is None else known.password
        yield Probe("LoginUser", user("LoginUser", index, password))
    yield Probe("CreateUser", user("CreateUser", index, PASSWORD))
    yield Probe("ChangePassword", user("ChangePassword", index, OTHER_PASSWORD))
    for name in (Fault.NETWORK, Fault.SECURITY_GROUP):
        yield Probe(f"SetFault/{name}", fault("SetFault", index, name))
        yield Probe(f"ClearFault/{name}", fault("ClearFault", index, name))
    unknown = command(
        "operator",
        "SetFault",
        ClusterId=Ref("cluster", index),
        Name=Fault.HSM_LOST,
        HsmId=UNKNOWN_HSM,
    )
    yield Probe("SetFault/unknown-hsm", unknown)
    for hsm in cluster.hsms[:1]:
        for name in (Fault.HSM_LOST, Fault.HSM_DEGRADED):
            yield Probe(f"SetFault/{name}", fault("SetFault", index, name, hsm.index))
    key = subject_key(world)
    if key is not None and key.store != NONE:
        delete = command(
            "operator",
            "DeleteHsmKey",
            ClusterId=Ref("cluster", index),
            Handle=Ref("handle", key.index),
        )
        yield Probe("DeleteHsmKey", delete)


def _backups(world: World) -> Iterator[Probe]:
    for backup in world.backups[:1]:
        named = Ref("backup", backup.index)
        for operation in ("DeleteBackup", "RestoreBackup"):
            label = f"{operation}/{backup.state}"
            yield Probe(label, command("cloudhsm", operation, BackupId=named))
        subnets = (Ref("subnet", 0), Ref("subnet", 1))
        restored = command(
            "cloudhsm",
            "CreateCluster",
            HsmType="hsm2m.medium",
            SubnetIds=subnets,
            SourceBackupId=named,
        )
        yield Probe(f"CreateCluster/{backup.state}", restored)
