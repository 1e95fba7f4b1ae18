"""Probes about a cluster, its HSMs, users and faults, and about backups."""

from collections.abc import Iterator

from kmspec import limits
from kmspec.names import KMSUSER, Fault
from kmspec_model.command import Ref, command
from kmspec_model.probes.probe import (
    UNKNOWN_HSM,
    Probe,
)
from kmspec_model.setup import (
    OTHER_PASSWORD,
    PASSWORD,
    activate,
    create_hsm,
    delete_hsm,
    fault,
    initialize,
    user,
)
from kmspec_model.situations import subject_key
from kmspec_model.states import active_hsms, is_activated
from kmspec_model.world import NONE, ROTATED, Cluster, World

_TOO_SHORT = "a" * (limits.KMSUSER_PASSWORD_LENGTHS[0] - 1)
_TOO_LONG = "a" * (limits.KMSUSER_PASSWORD_LENGTHS[-1] + 1)


def of_cluster(cluster: Cluster) -> Iterator[Probe]:
    """HSMs, initialisation and deletion of a cluster."""
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


def operator(world: World, cluster: Cluster) -> Iterator[Probe]:
    """What an operator does on the HSMs of a cluster."""
    index = cluster.index
    for operation in ("LockUser", "LogoutUser", "DeleteUser"):
        yield Probe(operation, user(operation, index))
    known = cluster.contents.user(KMSUSER)
    if known is None or not known.password.startswith(ROTATED):
        password = PASSWORD if known is None else known.password
        yield Probe("LoginUser", user("LoginUser", index, password))
    yield Probe("CreateUser", user("CreateUser", index, PASSWORD))
    yield from _listed(world, cluster)
    yield Probe("ChangePassword", user("ChangePassword", index, OTHER_PASSWORD))
    for name in (Fault.NETWORK, Fault.SECURITY_GROUP):
        yield Probe(f"ClearFault/{name}", fault("ClearFault", index, name))
    key = subject_key(world)
    if key is not None and key.store != NONE:
        delete = command(
            "operator",
            "DeleteHsmKey",
            ClusterId=Ref("cluster", index),
            Handle=Ref("handle", key.index),
        )
        yield Probe("DeleteHsmKey", delete)


def _listed(world: World, cluster: Cluster) -> Iterator[Probe]:
    """What an operator is shown, and what is refused whoever there is."""
    named = Ref("cluster", cluster.index)
    yield Probe("ListFaults", command("operator", "ListFaults", ClusterId=named))
    if not (is_activated(cluster) and active_hsms(cluster)):
        return
    yield Probe("ListUsers", command("operator", "ListUsers", ClusterId=named))
    if world.stores:
        return
    for variant, password in (("short", _TOO_SHORT), ("long", _TOO_LONG)):
        for operation in ("CreateUser", "ChangePassword"):
            asked = user(operation, cluster.index, password)
            yield Probe(f"{operation}/{variant}-password", asked)
    for variant, name in (("long", "a" * 32), ("odd", "kms-user")):
        asked = command("operator", "CreateUser", ClusterId=named, UserName=name, Password=PASSWORD)
        yield Probe(f"CreateUser/{variant}-name", asked)


def of_deleted_cluster(world: World) -> Iterator[Probe]:
    """What an operator does on the HSMs of a cluster that is gone."""
    index = world.made.clusters - 1
    yield Probe("LockUser/deleted-cluster", user("LockUser", index))
    named = Ref("cluster", index)
    yield Probe("ListHsmKeys/deleted-cluster", command("operator", "ListHsmKeys", ClusterId=named))


def faults(cluster: Cluster) -> Iterator[Probe]:
    """What breaks in a cluster."""
    index = cluster.index
    for name in (Fault.NETWORK, Fault.SECURITY_GROUP):
        yield Probe(f"SetFault/{name}", fault("SetFault", index, name))
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


def backups(world: World) -> Iterator[Probe]:
    """The oldest backup: deleted, restored, made a cluster of."""
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
