"""HSMs: the only place that puts HSMs into clusters and takes them out.

Adding to and removing from an ACTIVE cluster backs it up first [CHSM:manage-backups].
"""

import ipaddress
from contextlib import suppress
from dataclasses import replace
from typing import Final

from kmspec.limits import HSMS, HSMS_PER_CLUSTER
from kmspec.names import ClusterState, ErrorCode, HsmState
from kmspec_impl.agenda import Delayed, delayed
from kmspec_impl.clock import after
from kmspec_impl.cloudhsm import backups, certificates
from kmspec_impl.cloudhsm.clusters import find, hsm_shape
from kmspec_impl.cloudhsm.contents import CHANGING, bring_up, has_active_hsm, occupy
from kmspec_impl.cloudhsm.requests import invalid
from kmspec_impl.cloudhsm.state import Certificates, Cluster, Hsm
from kmspec_impl.errors import ServiceError
from kmspec_impl.hsm.interface import DeviceError
from kmspec_impl.realm import Parameters, Realm, Response

_FIRST_HOST: Final = 10


def create_hsm(realm: Realm, parameters: Parameters, now: float) -> Response:
    """CreateHsm: the first one of an UNINITIALIZED cluster, or one more of an ACTIVE one."""
    cluster = find(realm, parameters)
    zone = parameters["AvailabilityZone"]
    subnet = dict(cluster.subnets).get(zone)
    _check_addition(cluster)
    if subnet is None:
        zones = ", ".join(name for name, _ in cluster.subnets)
        raise invalid(f"{cluster.id} has no subnet in {zone}; it has one in {zones}.")
    ip = _address(realm, zone, subnet, parameters.get("IpAddress"))
    if sum(len(other.hsms) for other in realm.clusters) >= HSMS:
        raise invalid(f"This account has {HSMS} HSMs in the Region, as many as it may.")
    if len(cluster.hsms) >= HSMS_PER_CLUSTER:
        raise invalid(f"{cluster.id} has {HSMS_PER_CLUSTER} HSMs, as many as it may.")
    due = after(now, realm.shared.delay)
    hsm = Hsm(
        id=realm.ids.cloudhsm("hsm"),
        zone=zone,
        subnet=subnet,
        eni=realm.ids.network("eni"),
        ip=ip,
        state=HsmState.CREATE_IN_PROGRESS,
        due=due,
    )
    if cluster.state is ClusterState.ACTIVE and has_active_hsm(cluster):
        cluster = backups.take(realm, cluster, now)
    cluster = realm.clusters.put(replace(cluster, hsms=(*cluster.hsms, hsm)))
    realm.agenda.note(due, Delayed.HSM_UP, cluster.id, hsm.id)
    return {"Hsm": hsm_shape(cluster, hsm)}


def delete_hsm(realm: Realm, parameters: Parameters, now: float) -> Response:
    """DeleteHsm, by any of the names of an HSM; several must agree (open question 5)."""
    cluster = find(realm, parameters)
    hsm = _named(cluster, parameters)
    if cluster.state in CHANGING:
        raise invalid(f"Cluster '{cluster.id}' is {cluster.state}; no HSM can be removed from it.")
    if hsm.state is HsmState.DELETE_IN_PROGRESS:
        raise invalid(f"{hsm.id} is being deleted already.")
    if cluster.state is ClusterState.ACTIVE and hsm.state is HsmState.ACTIVE:
        cluster = backups.take(realm, cluster, now)
    due = after(now, realm.shared.delay)
    leaving = replace(hsm, state=HsmState.DELETE_IN_PROGRESS, due=due)
    realm.clusters.put(with_hsm(cluster, leaving))
    realm.agenda.note(due, Delayed.HSM_LEAVES, cluster.id, hsm.id)
    return {"HsmId": hsm.id}


def with_hsm(cluster: Cluster, hsm: Hsm) -> Cluster:
    """The cluster with this row for one of its HSMs."""
    hsms = tuple(hsm if other.id == hsm.id else other for other in cluster.hsms)
    return replace(cluster, hsms=hsms)


def discard(realm: Realm, cluster: Cluster, hsm_id: str) -> None:
    """Let an HSM be gone, with all it holds.

    The CSR goes with the first HSM, and whoever was logged in with the last.
    """
    hsms = tuple(hsm for hsm in cluster.hsms if hsm.id != hsm_id)
    realm.devices[hsm_id].erase()
    cluster = replace(cluster, hsms=hsms)
    if not hsms:
        cluster = replace(cluster, logins=frozenset())
        if cluster.certificates.csr is not None:
            cluster = replace(cluster, certificates=Certificates())
    realm.clusters.put(cluster)


def _check_addition(cluster: Cluster) -> None:
    if cluster.state is ClusterState.ACTIVE:
        return
    if cluster.state is ClusterState.UNINITIALIZED and not cluster.hsms:
        return
    if cluster.hsms and cluster.state not in (ClusterState.DELETE_IN_PROGRESS, *CHANGING):
        message = (
            f"Cluster '{cluster.id}' already contains an HSM but has not yet been fully activated"
        )
        raise invalid(message)  # [ISSUE terraform 7437]
    raise invalid(f"Cluster '{cluster.id}' is {cluster.state}; no HSM can be added to it.")


def _address(realm: Realm, zone: str, subnet: str, asked: str | None) -> str:
    """A free address of the subnet, in which other clusters may have HSMs."""
    hsms = (hsm for cluster in realm.clusters for hsm in cluster.hsms)
    taken = {hsm.ip for hsm in hsms if hsm.subnet == subnet}
    if asked is not None:
        try:
            ipaddress.IPv4Address(asked)
        except ValueError as cause:
            raise invalid(f"IpAddress {asked} is not an IPv4 address.") from cause
        if asked in taken:
            raise invalid(f"IpAddress {asked} is taken; choose a free address of the subnet.")
        return asked
    third = ord(zone[-1]) - ord("a")
    hosts = (f"10.0.{third}.{host}" for host in range(_FIRST_HOST, _FIRST_HOST + len(taken) + 1))
    return next(ip for ip in hosts if ip not in taken)


def _named(cluster: Cluster, parameters: Parameters) -> Hsm:
    """The HSM that all names given mean; unknown if nothing has any one of them."""
    names = {"HsmId": "id", "EniId": "eni", "EniIp": "ip"}
    given = {name: parameters[name] for name in names if parameters.get(name) is not None}
    if not given:
        raise invalid(f"Name the HSM by one of {', '.join(names)}.")
    hsms = []
    for name, wanted in given.items():
        found = [hsm for hsm in cluster.hsms if getattr(hsm, names[name]) == wanted]
        if not found:
            message = f"CloudHSM couldn't find an HSM with {name} {wanted} in {cluster.id}."
            raise ServiceError(ErrorCode.CLOUDHSM_RESOURCE_NOT_FOUND, message)
        hsms += found
    if len({hsm.id for hsm in hsms}) > 1:
        raise invalid(f"{', '.join(given)} name different HSMs.")
    return hsms[0]


@delayed(Delayed.HSM_UP)
def _come_up(realm: Realm, cluster_id: str, hsm_id: str, when: float) -> None:
    """Let an HSM become ACTIVE with what its cluster holds.

    The first HSM of a new cluster brings the CSR. With the first one of a cluster made from a
    backup its daily backups begin.
    """
    cluster = realm.clusters.get(cluster_id)
    hsm = None if cluster is None else _due(cluster, hsm_id, HsmState.CREATE_IN_PROGRESS, when)
    if cluster is None or hsm is None:
        return
    bring_up(realm, cluster, hsm)
    up = with_hsm(cluster, replace(hsm, state=HsmState.ACTIVE, due=None))
    if not has_active_hsm(cluster):
        up = replace(up, logins=frozenset())  # those were sessions with HSMs that are gone
    if cluster.state is ClusterState.UNINITIALIZED:
        up = replace(up, certificates=certificates.of_new_hsm(hsm.id))
    elif up.next_backup is None:
        up = backups.note_automatic(realm, up, when)
    up = realm.clusters.put(up)
    with suppress(DeviceError):
        occupy(realm, up)
    backups.resume_automatic(realm, up, when)


@delayed(Delayed.HSM_LEAVES)
def _leave(realm: Realm, cluster_id: str, hsm_id: str, when: float) -> None:
    cluster = realm.clusters.get(cluster_id)
    if cluster is not None and _due(cluster, hsm_id, HsmState.DELETE_IN_PROGRESS, when):
        discard(realm, cluster, hsm_id)


def _due(cluster: Cluster, hsm_id: str, state: HsmState, when: float) -> Hsm | None:
    """The HSM of that id, if it is still in a state that ends now."""
    for hsm in cluster.hsms:
        if hsm.id == hsm_id and (hsm.state, hsm.due) == (state, when):
            return hsm
    return None
