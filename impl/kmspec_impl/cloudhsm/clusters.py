"""Clusters: the only place that creates, describes, initialises and deletes them.

EC2 is not emulated: any subnet id is a subnet of the Region's one VPC. Activation has no API of
AWS and is the operator's (:mod:`kmspec_impl.operator`).
"""

import ipaddress
import string
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from kmspec.limits import BACKUP_RETENTION_DAYS, CLUSTERS, DEFAULT_BACKUP_RETENTION_DAYS
from kmspec.names import BackupState, ClusterState, ErrorCode, HsmState
from kmspec_impl.agenda import Delayed, delayed
from kmspec_impl.clock import after
from kmspec_impl.cloudhsm import certificates, requests
from kmspec_impl.cloudhsm.contents import has_active_hsm
from kmspec_impl.cloudhsm.policies import may_restore
from kmspec_impl.cloudhsm.requests import invalid
from kmspec_impl.cloudhsm.state import Backup, Certificates, Cluster, Hsm
from kmspec_impl.errors import ServiceError
from kmspec_impl.identity import backup_arn
from kmspec_impl.realm import Parameters, Realm, Response, Subnet

_PAGE: Final = 25
HSM_TYPES: Final = ("hsm1.medium", "hsm2m.medium")
"""The older one first [API:CreateCluster]."""
_FIPS: Final = "FIPS"
_DUALSTACK: Final = "DUALSTACK"
_PREFIX: Final = "2001:db8::"
"""Of the IPv6 addresses, which end as the IPv4 ones do: the prefix for examples [RFC 3849]."""

_MESSAGES: Final = {
    ClusterState.INITIALIZE_IN_PROGRESS: (
        "Cluster is initializing. State will change to INITIALIZED upon completion."
    ),
    ClusterState.DELETE_IN_PROGRESS: "The cluster is being deleted.",
}
"""[CHSM:initialize-cluster] [CHSM:delete-cluster]"""

_FOLLOWING: Final = {
    ClusterState.CREATE_IN_PROGRESS: ClusterState.UNINITIALIZED,
    ClusterState.INITIALIZE_IN_PROGRESS: ClusterState.INITIALIZED,
    ClusterState.DELETE_IN_PROGRESS: ClusterState.DELETED,
}
"""How the states that pass end."""

_NOT_YET_CERTIFIED: Final = (
    ClusterState.CREATE_IN_PROGRESS,
    ClusterState.UNINITIALIZED,
    ClusterState.INITIALIZE_IN_PROGRESS,
)

_DELETABLE: Final = (
    ClusterState.UNINITIALIZED,
    ClusterState.INITIALIZED,
    ClusterState.ACTIVE,
    ClusterState.DEGRADED,
)


def create_cluster(realm: Realm, parameters: Parameters, now: float) -> Response:
    """CreateCluster: CREATE_IN_PROGRESS, then UNINITIALIZED; from a backup if so asked."""
    hsm_type = parameters["HsmType"]
    if hsm_type not in HSM_TYPES:
        raise invalid(f"HsmType {hsm_type} is not offered; use one of {', '.join(HSM_TYPES)}.")
    days = retention_days(parameters.get("BackupRetentionPolicy"))
    tags = requests.read_tags(parameters.get("TagList"))
    source = _source(realm, parameters.get("SourceBackupId"), now)
    mode = _mode(parameters.get("Mode"), hsm_type, source)
    zones = _zones(realm, parameters["SubnetIds"])
    if len(realm.clusters) >= CLUSTERS:
        raise invalid(f"This account has {CLUSTERS} clusters in the Region, as many as it may.")
    cluster = Cluster(
        id=realm.ids.cloudhsm("cluster"),
        created=now,
        hsm_type=hsm_type,
        mode=mode,
        network_type=parameters.get("NetworkType") or "IPV4",
        subnets=tuple((zone, subnet) for subnet, zone in zones.items()),
        vpc=realm.vpc,
        security_group=realm.ids.network("sg"),
        retention_days=days,
        tags=tags,
        state=ClusterState.CREATE_IN_PROGRESS,
        due=after(now, realm.shared.delay),
        certificates=(
            Certificates() if source is None else certificates.of_restored(source.certificates)
        ),
        source_backup=None if source is None else source.id,
        shared_source=None if source is None or source.id in realm.backups else source,
    )
    for subnet, zone in zones.items():
        realm.subnets.put(Subnet(subnet, zone))
    realm.clusters.put(cluster)
    _note_end(realm, cluster)
    return {"Cluster": shape(cluster)}


def describe_clusters(realm: Realm, parameters: Parameters, now: float) -> Response:
    """DescribeClusters, oldest first; an unknown id in a filter finds nothing."""
    del now
    wanted = requests.filters(parameters, _FILTERS)
    found = [row for row in realm.clusters if requests.passes(row, wanted, _FILTERS)]
    chosen, token = requests.page(parameters, found, _place, _PAGE, "clusters")
    response: Response = {"Clusters": [shape(cluster) for cluster in chosen]}
    return response if token is None else {**response, "NextToken": token}


def initialize_cluster(realm: Realm, parameters: Parameters, now: float) -> Response:
    """InitializeCluster: claim a cluster by certifying its CSR."""
    cluster = find(realm, parameters)
    if cluster.state is not ClusterState.UNINITIALIZED or cluster.source_backup is not None:
        raise invalid(f"{cluster.id} is {_condition(cluster)}; it cannot be initialized.")
    if not has_active_hsm(cluster):
        message = f"{cluster.id} has no active HSM; create one and wait until it is ACTIVE."
        raise invalid(message)
    claimed = certificates.initialised(
        cluster.certificates, parameters["SignedCert"], parameters["TrustAnchor"]
    )
    state = ClusterState.INITIALIZE_IN_PROGRESS
    due = after(now, realm.shared.delay)
    cluster = realm.clusters.put(replace(cluster, state=state, due=due, certificates=claimed))
    _note_end(realm, cluster)
    return {"State": state.value, "StateMessage": _MESSAGES[state]}


def delete_cluster(realm: Realm, parameters: Parameters, now: float) -> Response:
    """DeleteCluster: only without HSMs. Its backups stay; KMS is not asked (section 5)."""
    cluster = find(realm, parameters)
    if cluster.state not in _DELETABLE:
        raise invalid(f"{cluster.id} is {cluster.state} and cannot be deleted.")
    if cluster.hsms:
        raise invalid(f"Delete the HSMs of {cluster.id} first; it has {len(cluster.hsms)}.")
    due = after(now, realm.shared.delay)
    cluster = replace(cluster, state=ClusterState.DELETE_IN_PROGRESS, due=due)
    realm.clusters.put(cluster)
    _note_end(realm, cluster)
    return {"Cluster": shape(cluster)}


def find(realm: Realm, parameters: Parameters) -> Cluster:
    """The cluster a request names.

    :raises ServiceError: CloudHsmResourceNotFoundException.
    """
    cluster_id = parameters["ClusterId"]
    cluster = realm.clusters.get(cluster_id)
    if cluster is None:
        message = f"CloudHSM couldn't find the cluster {cluster_id} in this account and Region."
        raise ServiceError(ErrorCode.CLOUDHSM_RESOURCE_NOT_FOUND, message)
    return cluster


def shape(cluster: Cluster) -> dict[str, Any]:
    """A cluster as responses show it."""
    shown: dict[str, Any] = {
        "BackupPolicy": "DEFAULT",
        "BackupRetentionPolicy": {"Type": "DAYS", "Value": str(cluster.retention_days)},
        "ClusterId": cluster.id,
        "CreateTimestamp": round(cluster.created, 3),
        "Hsms": [hsm_shape(cluster, hsm) for hsm in cluster.hsms],
        "HsmType": cluster.hsm_type,
        "SecurityGroup": cluster.security_group,
        "State": cluster.state.value,
        "SubnetMapping": dict(cluster.subnets),
        "VpcId": cluster.vpc,
        "NetworkType": cluster.network_type,
        "Certificates": _certificates_shape(cluster),
        "TagList": requests.tag_list(cluster.tags),
        "Mode": cluster.mode,
    }
    if cluster.state in _MESSAGES:
        shown["StateMessage"] = _MESSAGES[cluster.state]
    if cluster.source_backup is not None:
        shown["SourceBackupId"] = cluster.source_backup
    if cluster.rollback_until is not None:
        shown["HsmTypeRollbackExpiration"] = round(cluster.rollback_until, 3)
    return shown


def hsm_shape(cluster: Cluster, hsm: Hsm) -> dict[str, Any]:
    """An HSM as responses show it: with its network interface in every state."""
    shown: dict[str, Any] = {
        "AvailabilityZone": hsm.zone,
        "ClusterId": cluster.id,
        "SubnetId": hsm.subnet,
        "EniId": hsm.eni,
        "EniIp": hsm.ip,
        "HsmId": hsm.id,
        "HsmType": cluster.hsm_type,
        "State": hsm.state.value,
    }
    if cluster.network_type == _DUALSTACK:
        shown["EniIpV6"] = str(ipaddress.IPv6Address(f"{_PREFIX}{hsm.ip}"))
    if hsm.state is HsmState.ACTIVE:
        shown["StateMessage"] = "HSM created."  # [CreateKeyKS]
    return shown


_FILTERS: Mapping[str, Callable[[Cluster], str | None]] = {
    "clusterIds": lambda cluster: cluster.id,
    "vpcIds": lambda cluster: cluster.vpc,
    "states": lambda cluster: cluster.state.value,
}


def _place(cluster: Cluster) -> str:
    return f"{cluster.created:020.6f} {cluster.id}"


def _condition(cluster: Cluster) -> str:
    if cluster.source_backup is None:
        return cluster.state.value
    return f"made from {cluster.source_backup}"


def _certificates_shape(cluster: Cluster) -> dict[str, str]:
    held = cluster.certificates
    certified = cluster.source_backup is not None or cluster.state not in _NOT_YET_CERTIFIED
    pairs = {
        "ClusterCsr": held.csr,
        "HsmCertificate": held.hsm,
        "AwsHardwareCertificate": held.aws_hardware,
        "ManufacturerHardwareCertificate": held.manufacturer_hardware,
        "ClusterCertificate": held.cluster if certified else None,
    }
    return {name: text for name, text in pairs.items() if text is not None}


def retention_days(policy: Mapping[str, str] | None) -> int:
    """The days that a BackupRetentionPolicy says, or those of the default.

    :raises ServiceError: CloudHsmInvalidRequestException.
    """
    if policy is None:
        return DEFAULT_BACKUP_RETENTION_DAYS
    days = int(policy.get("Value") or -1)
    if policy.get("Type") != "DAYS" or days not in BACKUP_RETENTION_DAYS:
        first, last = BACKUP_RETENTION_DAYS[0], BACKUP_RETENTION_DAYS[-1]
        raise invalid(f"BackupRetentionPolicy must be of Type DAYS, Value {first} to {last}.")
    return days


def _source(realm: Realm, named: str | None, now: float) -> Backup | None:
    """The backup to restore, named by id or ARN; one of another account only by its ARN."""
    if named is None:
        return None
    backup_id = named.rpartition("/")[2]
    backup = realm.backups.get(backup_id)
    if backup is None:
        backup = _shared(realm, named, backup_id, now)
    elif named not in (backup_id, backup_arn(realm.caller, backup_id)):
        backup = None
    if backup is None:
        message = f"CloudHSM couldn't find the backup {named}."
        raise ServiceError(ErrorCode.CLOUDHSM_RESOURCE_NOT_FOUND, message)
    if backup.state is not BackupState.READY:
        raise invalid(f"Backup {backup_id} is {backup.state}; only one that is READY is restored.")
    return backup


def _shared(realm: Realm, named: str, backup_id: str, now: float) -> Backup | None:
    """A backup of another account that its policy lets this one restore."""
    for caller in realm.shared.realms:
        if caller.region == realm.caller.region and named == backup_arn(caller, backup_id):
            backup = realm.shared.realm(caller, now).backups.get(backup_id)
            return backup if backup and may_restore(backup, realm.caller) else None
    return None


def _mode(asked: str | None, hsm_type: str, source: Backup | None) -> str:
    """FIPS or NON_FIPS; what fits the type, and the backup [CHSM-now:cluster-hsm-types]."""
    mode: str = asked or (_FIPS if source is None else source.mode)
    if hsm_type == HSM_TYPES[0] and mode != _FIPS:
        raise invalid(f"{hsm_type} is available in FIPS mode only.")
    if source is not None:
        if mode != source.mode:
            raise invalid(f"Backup {source.id} is of a {source.mode} cluster; use the same Mode.")
        if source.hsm_type == HSM_TYPES[1] and hsm_type != HSM_TYPES[1]:
            raise invalid(f"A backup of {source.hsm_type} cannot be restored to {hsm_type}.")
    return mode


def _zones(realm: Realm, subnets: list[str]) -> dict[str, str]:
    """The zone of each subnet: the one it has, or the first that no subnet of the request has."""
    known = [realm.subnets[subnet].zone for subnet in subnets if subnet in realm.subnets]
    free = (
        zone
        for zone in (realm.caller.region + letter for letter in string.ascii_lowercase)
        if zone not in known
    )
    fresh = {subnet: next(free) for subnet in dict.fromkeys(subnets) if subnet not in realm.subnets}
    zones = {
        subnet: fresh[subnet] if subnet in fresh else realm.subnets[subnet].zone
        for subnet in subnets
    }
    if len(set(zones.values())) < len(subnets):
        raise invalid("Only one subnet per Availability Zone can be given.")
    return zones


def _note_end(realm: Realm, cluster: Cluster) -> None:
    if cluster.due is not None:
        realm.agenda.note(cluster.due, Delayed.CLUSTER_STATE_ENDS, cluster.id, cluster.state)


@delayed(Delayed.CLUSTER_STATE_ENDS)
def _end(realm: Realm, cluster_id: str, state: str, when: float) -> None:
    """Let a state that passes end; a DELETED cluster is no longer listed (open question 3).

    One made from a backup is ACTIVE then: nobody may initialise or activate it, and Terraform
    waits for that before it adds an HSM (open question 1).
    """
    cluster = realm.clusters.get(cluster_id)
    if cluster is None or (cluster.state, cluster.due) != (state, when):
        return
    following = _FOLLOWING[cluster.state]
    if following is ClusterState.DELETED:
        realm.clusters.remove(cluster_id)
    elif cluster.state is ClusterState.CREATE_IN_PROGRESS and cluster.source_backup is not None:
        realm.clusters.put(replace(cluster, state=ClusterState.ACTIVE, due=None))
    else:
        realm.clusters.put(replace(cluster, state=following, due=None))
