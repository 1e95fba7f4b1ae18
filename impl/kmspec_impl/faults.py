"""Faults: the only place where an operator breaks a cluster, and mends it.

Each fault stands for a cause AWS documents; what it does is decided where it is met: connecting
(:mod:`kmspec_impl.kms.connect`) and the way to key material (:mod:`kmspec_impl.kms.key_material`).
"""

from dataclasses import replace
from typing import Any

from kmspec.names import Fault, HsmState
from kmspec_impl.cloudhsm import backups
from kmspec_impl.cloudhsm.hsms import discard, with_hsm
from kmspec_impl.cloudhsm.state import Cluster, Hsm
from kmspec_impl.realm import Realm


class FaultError(Exception):
    """A fault that cannot be set; the text says why and what to do."""


def set_fault(realm: Realm, cluster: Cluster, fault: Fault) -> None:
    """Break a cluster; it may be broken so already."""
    realm.clusters.put(replace(cluster, faults=cluster.faults | {fault}))


def clear_fault(realm: Realm, cluster: Cluster, fault: Fault) -> None:
    """Mend a cluster; it may be whole already."""
    realm.clusters.put(replace(cluster, faults=cluster.faults - {fault}))


def set_hsm_fault(realm: Realm, cluster: Cluster, hsm: Hsm, fault: Fault) -> None:
    """Break one HSM: a lost one is gone at once, with what it held and without a backup.

    :raises FaultError: only an HSM that serves can fail.
    """
    if hsm.state is not HsmState.ACTIVE:
        raise FaultError(f"{hsm.id} is {hsm.state}; break an HSM that is ACTIVE")
    if fault is Fault.HSM_LOST:
        discard(realm, cluster, hsm.id)
    else:
        realm.clusters.put(with_hsm(cluster, replace(hsm, state=HsmState.DEGRADED)))


def mend_hsm(realm: Realm, cluster: Cluster, hsm: Hsm, now: float) -> None:
    """Mend a degraded HSM, which was kept in step meanwhile; it may be whole already."""
    if hsm.state is HsmState.DEGRADED:
        mended = realm.clusters.put(with_hsm(cluster, replace(hsm, state=HsmState.ACTIVE)))
        backups.resume_automatic(realm, mended, now)


def list_faults(cluster: Cluster) -> list[dict[str, Any]]:
    """What is broken in a cluster now."""
    of_cluster = [{"Name": fault.value} for fault in sorted(cluster.faults)]
    of_hsms = [
        {"Name": Fault.HSM_DEGRADED.value, "HsmId": hsm.id}
        for hsm in cluster.hsms
        if hsm.state is HsmState.DEGRADED
    ]
    return of_cluster + of_hsms
