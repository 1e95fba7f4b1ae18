"""Mutants in the life of clusters, and in when backups are made."""

from dataclasses import replace
from typing import Final

from kmspec.names import ClusterState, ErrorCode, Service
from kmspec_impl.cloudhsm import certificates, clusters, contents, hsms, users
from kmspec_impl.cloudhsm.requests import invalid
from kmspec_impl.cloudhsm.state import Certificates, Cluster
from kmspec_impl.errors import ServiceError
from kmspec_impl.hsm.interface import User
from kmspec_impl.mutants.mutant import Mutant, Patch
from kmspec_impl.realm import Parameters, Realm, Response


def _born_active(realm: Realm, parameters: Parameters, now: float) -> Response:
    response = clusters.create_cluster(realm, parameters, now)
    cluster = realm.clusters[response["Cluster"]["ClusterId"]]
    active = realm.clusters.put(replace(cluster, state=ClusterState.ACTIVE, due=None))
    return {"Cluster": clusters.shape(active)}


def _keep_csr(held: Certificates, signed: str, anchor: str) -> Certificates:
    return replace(_initialised(held, signed, anchor), csr=held.csr)


def _end_initialized(realm: Realm, cluster_id: str, state: ClusterState, when: float) -> None:
    _end(realm, cluster_id, state, when)
    cluster = realm.clusters.get(cluster_id)
    if cluster is not None and cluster.source_backup is not None:
        realm.clusters.put(replace(cluster, state=ClusterState.INITIALIZED))


def _has_none(cluster: Cluster) -> bool:
    del cluster
    return False


def _no_way_back(realm: Realm, parameters: Parameters, now: float) -> Response:
    del now
    backup = realm.backups.get(parameters["BackupId"])
    if backup is None:
        message = "CloudHSM couldn't find the backup."
        raise ServiceError(ErrorCode.CLOUDHSM_RESOURCE_NOT_FOUND, message)
    raise invalid(f"Backup {backup.id} cannot be restored.")


def _any_zone(realm: Realm, parameters: Parameters, now: float) -> Response:
    cluster = clusters.find(realm, parameters)
    zones = [zone for zone, _ in cluster.subnets]
    wanted = parameters["AvailabilityZone"]
    zone = wanted if wanted in zones else zones[0]
    return hsms.create_hsm(realm, {**parameters, "AvailabilityZone": zone}, now)


def _any_address(realm: Realm, zone: str, subnet: str, asked: str | None) -> str:
    return asked or _address(realm, zone, subnet, None)


def _set_password(realm: Realm, cluster: Cluster, user: User, password: str) -> None:
    """Set the password of a user who stays locked out."""
    contents.put_user(realm, cluster, replace(user, password=password))


def _leave_for_nothing(realm: Realm, parameters: Parameters, now: float) -> Response:
    before = realm.clusters.get(parameters["ClusterId"])
    response = hsms.delete_hsm(realm, parameters, now)
    if before is not None:
        realm.clusters.put(replace(realm.clusters[before.id], hsms=before.hsms))
    return response


_address = hsms._address  # noqa: SLF001 - a mutant reaches inside
_initialised = certificates.initialised
_end = clusters._end  # noqa: SLF001 - a mutant reaches inside

MUTANTS: Final = (
    Mutant(
        "cluster-born-active",
        "effect/CreateCluster/answer",
        "A new cluster is ACTIVE without being initialised or activated.",
        handlers=((Service.CLOUDHSM, "CreateCluster", _born_active),),
    ),
    Mutant(
        "csr-stays",
        "effect/DescribeClusters/answer",
        "A cluster still shows its CSR when it is initialised.",
        (Patch(certificates, "initialised", _keep_csr),),
    ),
    Mutant(
        "restored-cluster-waits",
        "transition/cluster/creation-ends/CREATE_IN_PROGRESS/from-backup",
        "A cluster made from a backup is INITIALIZED, and waits to be activated.",
        (Patch(clusters, "_end", _end_initialized),),
    ),
    Mutant(
        "no-backup-on-addition",
        "effect/CreateHsm/backup",
        "Adding an HSM to an active cluster makes no backup.",
        (Patch(hsms, "has_active_hsm", _has_none),),
    ),
    Mutant(
        "backup-never-restored",
        "backup/RestoreBackup/PENDING_DELETION",
        "The deletion of a backup cannot be taken back.",
        handlers=((Service.CLOUDHSM, "RestoreBackup", _no_way_back),),
    ),
    Mutant(
        "any-zone",
        "hsm/zone",
        "An HSM is created in an Availability Zone in which its cluster has no subnet.",
        handlers=((Service.CLOUDHSM, "CreateHsm", _any_zone),),
    ),
    Mutant(
        "any-address",
        "hsm/address",
        "An HSM is given an address that another HSM has.",
        (Patch(hsms, "_address", _any_address),),
    ),
    Mutant(
        "stays-locked-out",
        "transition/connection/connect-succeeds/CONNECTING",
        "A new password does not unlock a user.",
        (Patch(users, "set_password", _set_password),),
    ),
    Mutant(
        "hsm-stays",
        "transition/hsm/DeleteHsm/ACTIVE",
        "DeleteHsm succeeds and the HSM stays.",
        handlers=((Service.CLOUDHSM, "DeleteHsm", _leave_for_nothing),),
    ),
)
