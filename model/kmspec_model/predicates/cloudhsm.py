"""Predicates of requests about clusters, HSMs and backups."""

import json
from collections.abc import Mapping

from kmspec import limits
from kmspec_model.case import Case
from kmspec_model.command import Ref
from kmspec_model.effects.cloudhsm_lists import tags_of
from kmspec_model.effects.cloudhsm_tags import held_tags
from kmspec_model.effects.clusters import FIPS, retention_of
from kmspec_model.predicates.kinds import OfCase
from kmspec_model.setup import NEWER, OLDER
from kmspec_model.states import active_hsms, is_changing, is_uninitialized
from kmspec_model.world import NONE


def _no_csr(case: Case) -> bool:
    cluster = case.cluster
    if cluster is None or not is_uninitialized(cluster):
        return False
    return cluster.source != NONE or not active_hsms(cluster)


def _wrong_signer(case: Case) -> bool:
    """``certificate#1.0`` is the certificate of ``cluster#1`` signed by ``ca#0``."""
    certificate = case.arguments.get("SignedCert")
    anchor = case.arguments.get("TrustAnchor")
    if case.cluster is None or not isinstance(certificate, Ref) or not isinstance(anchor, Ref):
        return False
    return certificate != Ref("certificate", case.cluster.index, str(anchor.index))


def _second_hsm_before_activation(case: Case) -> bool:
    cluster = case.cluster
    return cluster is not None and is_uninitialized(cluster) and bool(cluster.hsms)


def _zone_without_subnet(case: Case) -> bool:
    zone = case.arguments.get("AvailabilityZone")
    if case.cluster is None or not isinstance(zone, Ref):
        return False
    return zone.index not in case.cluster.zones


def _address_taken(case: Case) -> bool:
    """Clusters share the subnet of a zone."""
    asked, zone = case.arguments.get("IpAddress"), case.arguments.get("AvailabilityZone")
    hsms = (hsm for cluster in case.world.clusters for hsm in cluster.hsms)
    taken = {hsm.address for hsm in hsms if isinstance(zone, Ref) and hsm.zone == zone.index}
    return asked is not None and asked in taken


def _older_type_not_in_fips_mode(case: Case) -> bool:
    return case.arguments.get("HsmType") == OLDER and case.arguments.get("Mode", FIPS) != FIPS


def _mode_not_of_backup(case: Case) -> bool:
    backup = case.backup
    return backup is not None and case.arguments.get("Mode", backup.mode) != backup.mode


def _type_older_than_backup(case: Case) -> bool:
    backup = case.backup
    return backup is not None and (case.arguments.get("HsmType"), backup.hsm_type) == (OLDER, NEWER)


def _retention_out_of_range(case: Case) -> bool:
    days = retention_of(case)
    return days is not None and days not in limits.BACKUP_RETENTION_DAYS


def _no_rollback(case: Case) -> bool:
    """Whether it is too late to go back; while the type is being changed it is not yet time."""
    cluster = case.cluster
    if cluster is None or is_changing(cluster) or cluster.rollback is not None:
        return False
    return case.arguments.get("HsmType") == OLDER != cluster.hsm_type


def _migrates_while_hsms_change(case: Case) -> bool:
    cluster, asked = case.cluster, case.arguments.get("HsmType")
    if cluster is None or asked in (None, cluster.hsm_type):
        return False
    return any(hsm.since is not None for hsm in cluster.hsms)


def _arn_not_of_a_backup(case: Case) -> bool:
    arn = case.arguments.get("ResourceArn")
    return isinstance(arn, Ref) and arn.kind != "backup"


def _backup_of_arn_unknown(case: Case) -> bool:
    arn = case.arguments.get("ResourceArn")
    return arn is not None and case.backup is None and not _arn_not_of_a_backup(case)


def _policy_malformed(case: Case) -> bool:
    """Whether it is no JSON document of statements that allow or deny somebody something."""
    try:
        document = json.loads(str(case.arguments.get("Policy", "")))
    except ValueError:
        return True
    found = document.get("Statement") if isinstance(document, dict) else None
    statements = [found] if isinstance(found, dict) else found
    return not isinstance(statements, list) or not statements or not all(map(_says, statements))


def _says(statement: object) -> bool:
    return (
        isinstance(statement, dict)
        and {"Principal", "Action"} <= statement.keys()
        and statement.get("Effect") in ("Allow", "Deny")
    )


def _tag_keys(case: Case) -> list[str]:
    return [key for key, _ in tags_of(case)]


OF_CASE: Mapping[str, OfCase] = {
    "four-clusters": lambda case: len(case.world.clusters) >= limits.CLUSTERS,
    "no-csr": _no_csr,
    "wrong-signer": _wrong_signer,
    "cluster-has-hsms": lambda case: case.cluster is not None and bool(case.cluster.hsms),
    "second-hsm-before-activation": _second_hsm_before_activation,
    "zone-without-subnet": _zone_without_subnet,
    "address-taken": _address_taken,
    "six-hsms": lambda case: (
        sum(len(cluster.hsms) for cluster in case.world.clusters) >= limits.HSMS
    ),
    "hsm-unknown": lambda case: "HsmId" in case.arguments and case.hsm is None,
    "older-type": lambda case: case.arguments.get("HsmType") == OLDER,
    "older-type-not-in-fips-mode": _older_type_not_in_fips_mode,
    "mode-not-of-backup": _mode_not_of_backup,
    "type-older-than-backup": _type_older_than_backup,
    "retention-out-of-range": _retention_out_of_range,
    "nothing-to-modify": lambda case: (
        "HsmType" not in case.arguments and "BackupRetentionPolicy" not in case.arguments
    ),
    "same-type": lambda case: (
        case.cluster is not None and case.arguments.get("HsmType") == case.cluster.hsm_type
    ),
    "no-rollback": _no_rollback,
    "migrates-while-hsms-change": _migrates_while_hsms_change,
    "cluster-changing": lambda case: case.cluster is not None and is_changing(case.cluster),
    "hsm-not-named": lambda case: not {"HsmId", "EniId", "EniIp"} & set(case.arguments),
    "copied-to-its-own-region": lambda case: (
        case.arguments.get("DestinationRegion") == Ref("region", case.world.region)
    ),
    "no-resource-arn": lambda case: "ResourceArn" not in case.arguments,
    "arn-not-of-a-backup": _arn_not_of_a_backup,
    "backup-of-arn-unknown": _backup_of_arn_unknown,
    "resource-policy-malformed": _policy_malformed,
    "no-policy": lambda case: case.backup is not None and not case.backup.policy,
    "tagged-unknown": lambda case: case.cluster is None and case.backup is None,
    "cloudhsm-tag-of-aws": lambda case: any(
        key.lower().startswith("aws:") for key in _tag_keys(case)
    ),
    "cloudhsm-tag-twice": lambda case: len(set(_tag_keys(case))) < len(_tag_keys(case)),
    "too-many-cloudhsm-tags": lambda case: (
        len({*_tag_keys(case), *dict(held_tags(case))}) > limits.CLOUDHSM_TAGS
    ),
    "backup-unknown": lambda case: case.operation.backup in case.arguments and case.backup is None,
}
"""By the word the tables use."""
