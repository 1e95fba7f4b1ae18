"""Mutants in clusters, HSMs and backups."""

from dataclasses import replace
from typing import Final

from kmspec.names import ClusterState, HsmState, Service
from kmspec_impl.cloudhsm import backups, certificates, clusters, contents, hsms
from kmspec_impl.cloudhsm.state import Backup, Certificates, Cluster, Hsm
from kmspec_impl.hsm.interface import Device
from kmspec_impl.kms import key_material
from kmspec_impl.mutants.mutant import Mutant, Patch
from kmspec_impl.realm import Parameters, Realm, Response


def _degraded_serves(realm: Realm, cluster: Cluster) -> Device | None:
    return next(contents.devices_up(realm, cluster), None)


def _delete_with_hsms(realm: Realm, parameters: Parameters, now: float) -> Response:
    cluster = clusters.find(realm, parameters)
    for hsm in cluster.hsms:
        hsms.discard(realm, realm.clusters[cluster.id], hsm.id)
    return clusters.delete_cluster(realm, parameters, now)


def _any_signer(held: Certificates, signed: str, anchor: str) -> Certificates:
    del held
    return Certificates(cluster=signed, trust_anchor=anchor)


def _leave_without_backup(realm: Realm, parameters: Parameters, now: float) -> Response:
    cluster = clusters.find(realm, parameters)
    hsm = hsms._named(cluster, parameters)  # noqa: SLF001 - a mutant reaches inside
    degraded = hsms.with_hsm(cluster, replace(hsm, state=HsmState.DEGRADED))
    if hsm.state is HsmState.ACTIVE:
        realm.clusters.put(degraded)
    return hsms.delete_hsm(realm, parameters, now)


def _come_up_empty(realm: Realm, cluster: Cluster) -> Backup | None:
    del realm, cluster
    return None


def _delete_in_one(realm: Realm, cluster: Cluster, handle: int) -> None:
    """Delete the key in the last HSM only, where nobody looks."""
    *_, last = contents.devices_up(realm, cluster)
    last.delete(handle)


def _one_more_before_activation(cluster: Cluster) -> None:
    if not (cluster.state is ClusterState.UNINITIALIZED and cluster.hsms):
        hsms_check_addition(cluster)


def _gone_at_once(realm: Realm, parameters: Parameters, now: float) -> Response:
    response = backups.delete_backup(realm, parameters, now)
    realm.backups.remove(parameters["BackupId"])
    return response


def _comes_up_alone(realm: Realm, cluster: Cluster, hsm: Hsm) -> None:
    """Give a new HSM nothing, and forget with it what the others hold."""
    contents_bring_up(realm, replace(cluster, hsms=()), hsm)


contents_bring_up = contents.bring_up
hsms_check_addition = hsms._check_addition  # noqa: SLF001 - a mutant reaches inside

MUTANTS: Final = (
    Mutant(
        "degraded-hsm-serves",
        "crypto/active-hsm",
        "A degraded HSM does cryptography.",
        (Patch(key_material, "active_device", _degraded_serves),),
    ),
    Mutant(
        "key-deleted-in-one-hsm",
        "effect/DeleteHsmKey/answer",
        "Deleting key material leaves it in all HSMs of the cluster but one.",
        (Patch(contents, "delete_key", _delete_in_one),),
    ),
    Mutant(
        "deletes-cluster-with-hsms",
        "cluster/no-hsms",
        "A cluster can be deleted with its HSMs.",
        handlers=((Service.CLOUDHSM, "DeleteCluster", _delete_with_hsms),),
    ),
    Mutant(
        "any-signer",
        "cluster/signed",
        "A cluster is initialised with a certificate that the trust anchor did not sign.",
        (Patch(certificates, "initialised", _any_signer),),
    ),
    Mutant(
        "second-hsm-before-activation",
        "hsm/one-before-activation",
        "A second HSM can be created before the cluster is activated.",
        (Patch(hsms, "_check_addition", _one_more_before_activation),),
    ),
    Mutant(
        "no-backup-on-removal",
        "effect/DeleteHsm/backup",
        "Removing an HSM from an active cluster makes no backup.",
        handlers=((Service.CLOUDHSM, "DeleteHsm", _leave_without_backup),),
    ),
    Mutant(
        "new-hsm-is-empty",
        "effect/CreateHsm/restores",
        "An HSM that is added to a cluster without active HSMs is not restored from a backup.",
        (Patch(contents, "newest_backup", _come_up_empty),),
    ),
    Mutant(
        "new-hsm-is-out-of-step",
        "effect/ClearFault/answer",
        "An HSM that is added beside another is filled from the newest backup, not from that one.",
        (Patch(hsms, "bring_up", _comes_up_alone),),
    ),
    Mutant(
        "backup-gone-at-once",
        "transition/backup/DeleteBackup/READY",
        "A deleted backup is gone at once and cannot be restored.",
        handlers=((Service.CLOUDHSM, "DeleteBackup", _gone_at_once),),
    ),
)
