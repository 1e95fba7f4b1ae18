"""Mutants in what is set on clusters and backups: HSM type, retention, tags, policies, copies."""

from dataclasses import replace
from typing import Final

from kmspec.names import BackupState, ClusterState, Service
from kmspec_impl.cloudhsm import backups, clusters, copies, hsms, modification, policies, tags
from kmspec_impl.cloudhsm.contents import CHANGING
from kmspec_impl.cloudhsm.state import Backup, Cluster
from kmspec_impl.kms import creation, key_material
from kmspec_impl.mutants.mutant import Mutant, Patch, nothing
from kmspec_impl.realm import Handler, Parameters, Realm, Response

_check_addition = hsms._check_addition  # noqa: SLF001 - a mutant reaches inside
_retained_until = backups._retained_until  # noqa: SLF001 - a mutant reaches inside


def _forgetful(handler: Handler) -> Handler:
    """Answer as the handler does, and leave the clusters and backups named as they were."""

    def answer(realm: Realm, parameters: Parameters, now: float) -> Response:
        names = [value for value in parameters.values() if isinstance(value, str)]
        held = [realm.clusters.get(name) for name in names]
        kept = [realm.backups.get(name) for name in names]
        response = handler(realm, parameters, now)
        for cluster in held:
            if cluster is not None:
                realm.clusters.put(cluster)
        for backup in kept:
            if backup is not None:
                realm.backups.put(backup)
        return response

    return answer


def _born_without_tags(realm: Realm, parameters: Parameters, now: float) -> Response:
    response = clusters.create_cluster(realm, parameters, now)
    cluster = realm.clusters[response["Cluster"]["ClusterId"]]
    realm.clusters.put(replace(cluster, tags=()))
    return response


def _tag_once(realm: Realm, parameters: Parameters, now: float) -> Response:
    name = parameters["ResourceId"]
    row = realm.clusters.get(name) or realm.backups.get(name)
    there = dict(row.tags) if row is not None else {}
    given = [{**tag, "Value": there.get(tag["Key"], tag["Value"])} for tag in parameters["TagList"]]
    return tags.tag_resource(realm, {**parameters, "TagList": given}, now)


def _expires_all_the_same(backup: Backup) -> float:
    return _retained_until(replace(backup, never_expires=False))


def _purge_the_last(realm: Realm, cluster_id: str | None, when: float) -> None:
    for backup in list(realm.backups):
        due = backup.cluster == cluster_id and _retained_until(backup) <= when
        if due and backup.state is BackupState.READY:
            backups._condemn(realm, backup, when)  # noqa: SLF001 - a mutant reaches inside


def _tell_new_id(realm: Realm, parameters: Parameters, now: float) -> Response:
    response = copies.copy_backup_to_region(realm, parameters, now)
    told = {**response["DestinationBackup"], "SourceBackup": realm.ids.cloudhsm("backup")}
    return {"DestinationBackup": told}


def _copy_nowhere(realm: Realm, parameters: Parameters, now: float) -> Response:
    response = copies.copy_backup_to_region(realm, parameters, now)
    place = realm.caller._replace(region=parameters["DestinationRegion"])
    there = realm.shared.realm(place, now).backups
    there.remove([backup.id for backup in there][-1])
    return response


def _copy_without_tags(realm: Realm, parameters: Parameters, now: float) -> Response:
    response = copies.copy_backup_to_region(realm, parameters, now)
    place = realm.caller._replace(region=parameters["DestinationRegion"])
    there = realm.shared.realm(place, now).backups
    *_, last = there
    there.put(replace(last, tags=()))
    return response


def _any_mode(asked: str | None, hsm_type: str, source: Backup | None) -> str:
    """The mode asked for, whatever fits."""
    del hsm_type
    return asked or ("FIPS" if source is None else source.mode)


def _share_deleted(realm: Realm, parameters: Parameters, now: float) -> Response:
    backup = realm.backups.get((parameters.get("ResourceArn") or "").rpartition("/")[2])
    if backup is None or backup.state is not BackupState.PENDING_DELETION:
        return policies.put_resource_policy(realm, parameters, now)
    realm.backups.put(replace(backup, state=BackupState.READY))
    response = policies.put_resource_policy(realm, parameters, now)
    realm.backups.put(replace(realm.backups[backup.id], state=backup.state))
    return response


def _change_at_once(realm: Realm, parameters: Parameters, now: float) -> Response:
    response = modification.modify_cluster(realm, parameters, now)
    cluster = realm.clusters[parameters["ClusterId"]]
    if cluster.state in CHANGING and cluster.due is not None:
        modification._finish(realm, cluster.id, cluster.due)  # noqa: SLF001 - reaches inside
    return response


def _add_while_changing(cluster: Cluster) -> None:
    if cluster.state not in CHANGING:
        _check_addition(cluster)


def _make_key_while_changing(realm: Realm, parameters: Parameters, now: float) -> Response:
    changing = [cluster for cluster in realm.clusters if cluster.state in CHANGING]
    for cluster in changing:
        realm.clusters.put(replace(cluster, state=ClusterState.ACTIVE))
    try:
        return creation.create_key(realm, parameters, now)
    finally:
        for cluster in changing:
            realm.clusters.put(cluster)


MUTANTS: Final = (
    Mutant(
        "retention-policy-lost",
        "effect/ModifyCluster/retention",
        "ModifyCluster answers a new retention policy and does not keep it.",
        handlers=((Service.CLOUDHSM, "ModifyCluster", _forgetful(modification.modify_cluster)),),
    ),
    Mutant(
        "never-expires-lost",
        "effect/ModifyBackupAttributes/answer",
        "ModifyBackupAttributes answers NeverExpires and does not keep it.",
        handlers=(
            (
                Service.CLOUDHSM,
                "ModifyBackupAttributes",
                _forgetful(backups.modify_backup_attributes),
            ),
        ),
    ),
    Mutant(
        "never-expires-ignored",
        "effect/Advance/retention",
        "A backup that never expires is purged when its retention is over.",
        (Patch(backups, "_retained_until", _expires_all_the_same),),
    ),
    Mutant(
        "last-backup-purged",
        "effect/Advance/retention",
        "The retention policy takes the last backup of a cluster too.",
        (Patch(backups, "_purge", _purge_the_last),),
    ),
    Mutant(
        "backups-kept-forever",
        "effect/Advance/retention",
        "No backup is purged, however old.",
        (Patch(backups, "_purge", nothing),),
    ),
    Mutant(
        "tags-lost",
        "effect/cloudhsm:TagResource/answer",
        "Tags that are added to a cluster or backup are lost.",
        handlers=((Service.CLOUDHSM, "TagResource", _forgetful(tags.tag_resource)),),
    ),
    Mutant(
        "tag-value-stays",
        "effect/cloudhsm:TagResource/answer",
        "A tag that is there keeps its value.",
        handlers=((Service.CLOUDHSM, "TagResource", _tag_once),),
    ),
    Mutant(
        "tags-stay",
        "effect/cloudhsm:UntagResource/answer",
        "Tags that are removed stay.",
        handlers=((Service.CLOUDHSM, "UntagResource", _forgetful(tags.untag_resource)),),
    ),
    Mutant(
        "any-number-of-tags",
        "cloudhsm-tag/limit",
        "A cluster takes more than fifty tags.",
        (Patch(tags, "CLOUDHSM_TAGS", 1_000),),
    ),
    Mutant(
        "born-without-tags",
        "effect/CreateCluster/settings",
        "CreateCluster answers the tags of the new cluster and does not keep them.",
        handlers=((Service.CLOUDHSM, "CreateCluster", _born_without_tags),),
    ),
    Mutant(
        "copy-tells-new-id",
        "effect/CopyBackupToRegion/answer",
        "CopyBackupToRegion answers a new id in the place of the source's.",
        handlers=((Service.CLOUDHSM, "CopyBackupToRegion", _tell_new_id),),
    ),
    Mutant(
        "copied-nowhere",
        "effect/CopyBackupToRegion/answer",
        "CopyBackupToRegion answers and makes no backup.",
        handlers=((Service.CLOUDHSM, "CopyBackupToRegion", _copy_nowhere),),
    ),
    Mutant(
        "copied-without-tags",
        "effect/CopyBackupToRegion/answer",
        "A copy of a backup has no tags.",
        handlers=((Service.CLOUDHSM, "CopyBackupToRegion", _copy_without_tags),),
    ),
    Mutant(
        "any-mode-of-backup",
        "cluster/mode-of-backup",
        "A backup is restored to a cluster of another mode.",
        (Patch(clusters, "_mode", _any_mode),),
    ),
    Mutant(
        "any-type-of-backup",
        "cluster/type-of-backup",
        "A backup of hsm2m.medium is restored to hsm1.medium.",
        (Patch(clusters, "_mode", _any_mode),),
    ),
    Mutant(
        "older-type-in-any-mode",
        "cluster/type-in-fips-mode",
        "A cluster of hsm1.medium is created in NON_FIPS mode.",
        (Patch(clusters, "_mode", _any_mode),),
    ),
    Mutant(
        "shares-deleted-backup",
        "backup/PutResourcePolicy/PENDING_DELETION",
        "A backup that is pending deletion takes a resource policy.",
        handlers=((Service.CLOUDHSM, "PutResourcePolicy", _share_deleted),),
    ),
    Mutant(
        "policy-lost",
        "effect/PutResourcePolicy/answer",
        "A backup has no resource policy however often one is put.",
        (Patch(policies, "replace", lambda row, **_: row),),
    ),
    Mutant(
        "type-changed-at-once",
        "transition/cluster/ModifyCluster/ACTIVE/migrates",
        "A change of the HSM type is over at once.",
        handlers=((Service.CLOUDHSM, "ModifyCluster", _change_at_once),),
    ),
    Mutant(
        "type-taken-back-any-time",
        "cluster/rollback-in-time",
        "A cluster goes back to hsm1.medium at any time.",
        (Patch(modification, "_check_change", nothing),),
    ),
    Mutant(
        "hsm-added-while-changing",
        "cluster/CreateHsm/MODIFY_IN_PROGRESS",
        "An HSM is added while the HSM type is being changed.",
        (Patch(hsms, "_check_addition", _add_while_changing),),
    ),
    Mutant(
        "key-made-while-changing",
        "cluster/no-new-keys",
        "A key is made in a cluster whose HSM type is being changed.",
        handlers=((Service.KMS, "CreateKey", _make_key_while_changing),),
    ),
    Mutant(
        "keys-rest-while-changing",
        "key-state/Encrypt/Enabled",
        "Keys cannot be used while the HSM type of their cluster is being changed.",
        (Patch(key_material, "CHANGING", frozenset()),),
    ),
)
