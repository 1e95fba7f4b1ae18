"""Mutants in what a success answers and changes: nothing, too little, too much, or never."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final, NamedTuple, TypeAlias

from kmspec.names import (
    ClusterState,
    ConnectionState,
    HsmState,
    KeyState,
    Service,
)
from kmspec_impl.cloudhsm import backups, clusters, hsms, modification
from kmspec_impl.kms import connect, imports, multi_region
from kmspec_impl.kms.key_state import key_state
from kmspec_impl.kms.state import Key
from kmspec_impl.mutants.mutant import Mutant, Patch, nothing
from kmspec_impl.mutants.of_states import HANDLERS, keys_of
from kmspec_impl.realm import Handler, Parameters, Realm, Response
from kmspec_impl.storage.tables import Table

Row: TypeAlias = Any
Change: TypeAlias = Callable[[Row], Row]
Kept: TypeAlias = tuple[Table[Row], Row]
"""A row, and the table that it is in."""
Find: TypeAlias = Callable[[Realm, Parameters, str], Iterator[Kept]]
"""The rows in a state that a request is about."""


# ---- Answers --------------------------------------------------------------------------------

_ANSWERS: Final = (
    *("CancelKeyDeletion", "CreateCustomKeyStore", "DescribeCustomKeyStores", "Encapsulate"),
    *("GenerateDataKeyPair", "GetKeyPolicy", "GetKeyRotationStatus", "GetParametersForImport"),
    *("ImportKeyMaterial", "ListKeyPolicies", "ListResourceTags", "ListRetirableGrants"),
    *("RotateKeyOnDemand", "Sign", "Verify", "VerifyMac"),
    *("CreateHsm", "DeleteBackup", "DeleteCluster", "DeleteHsm", "DescribeBackups"),
    *("GetResourcePolicy", "InitializeCluster", "ListTags", "ModifyCluster", "RestoreBackup"),
    *("DeleteResourcePolicy", "GetCallerIdentity", "ListHsmKeys"),
)
"""Operations that answer something."""
_IDLE: Final = (
    *("CreateAlias", "UpdateAlias", "UntagResource", "RevokeGrant"),
    *("DisableKeyRotation", "EnableKeyRotation", "UpdatePrimaryRegion"),
    *("ConnectCustomKeyStore", "DisconnectCustomKeyStore", "UpdateCustomKeyStore"),
    *("DeleteCustomKeyStore", "ActivateCluster", "SetFault", "DisableKey", "EnableKey"),
)
"""Operations that only change something."""


def _of_answers() -> Iterator[Mutant]:
    for operation in _ANSWERS:
        yield Mutant(
            f"mute-{operation}",
            f"effect/{operation}/answer",
            f"{operation} does what it should and answers nothing.",
            mute=frozenset({operation}),
        )
    for operation in _IDLE:
        yield Mutant(
            f"idle-{operation}",
            f"effect/{operation}/answer",
            f"{operation} succeeds and does nothing.",
            idle=frozenset({operation}),
        )


# ---- Moves that a request makes -------------------------------------------------------------


def _of_keys(realm: Realm, parameters: Parameters, state: str) -> Iterator[Kept]:
    for where, key in keys_of(realm, parameters):
        if key_state(where, key) == state:
            yield where.keys, key


def _of_stores(realm: Realm, parameters: Parameters, state: str) -> Iterator[Kept]:
    store = realm.stores.get(parameters.get("CustomKeyStoreId") or "")
    if store is not None and store.state == state:
        yield realm.stores, store


def _of_clusters(realm: Realm, parameters: Parameters, state: str) -> Iterator[Kept]:
    cluster = realm.clusters.get(parameters.get("ClusterId") or "")
    if cluster is not None and cluster.state == state:
        yield realm.clusters, cluster


def _of_hsms(realm: Realm, parameters: Parameters, state: str) -> Iterator[Kept]:
    cluster = realm.clusters.get(parameters.get("ClusterId") or "")
    named = parameters.get("HsmId")
    for hsm in cluster.hsms if cluster is not None else ():
        if (hsm.id, hsm.state) == (named, state):
            yield realm.clusters, cluster


def _of_backups(realm: Realm, parameters: Parameters, state: str) -> Iterator[Kept]:
    backup = realm.backups.get(parameters.get("BackupId") or "")
    if backup is not None and backup.state == state:
        yield realm.backups, backup


class _Move(NamedTuple):
    """A move, by its rule, that leaves the row as it was, or changes it to something else."""

    rule: str
    service: Service
    operation: str
    find: Find
    state: str
    change: Change | None = None


def _moved(move: _Move) -> Handler:
    usual = HANDLERS[move.service][move.operation]

    def answer(realm: Realm, parameters: Parameters, now: float) -> Response:
        before = list(move.find(realm, parameters, move.state))
        response = usual(realm, parameters, now)
        for table, row in before:
            table.put(row if move.change is None else move.change(table.get(row.id) or row))
        return response

    return answer


def _turned(key: Key) -> Key:
    return replace(key, enabled=not key.enabled)


def _rescued(key: Key) -> Key:
    return replace(key, deletion_due=None, overlay=None)


def _disabled(key: Key) -> Key:
    return replace(key, overlay=KeyState.DISABLED)


def _begun_anew(key: Key) -> Key:
    return replace(key, overlay=KeyState.CREATING)


def _broken_off(row: Row) -> Row:
    return replace(row, state=ConnectionState.FAILED, due=None)


def _key(rule: str, change: Change | None = None) -> _Move:
    """A move of a key, ``Operation/State``, perhaps under a condition."""
    operation, state, *_ = rule.split("/")
    return _Move(f"transition/key/{rule}", Service.KMS, operation, _of_keys, state, change)


def _store(rule: str, change: Change | None = None) -> _Move:
    operation, state = rule.split("/")
    return _Move(f"transition/connection/{rule}", Service.KMS, operation, _of_stores, state, change)


def _hsm(machine: str, rule: str, find: Find, change: Change | None = None) -> _Move:
    operation, state, *_ = rule.split("/")
    return _Move(f"transition/{machine}/{rule}", Service.CLOUDHSM, operation, find, state, change)


_MOVES: Final = (
    _key("CancelKeyDeletion/PendingDeletion/material-missing"),
    _key("CancelKeyDeletion/PendingDeletion/store-unavailable"),
    _key("CancelKeyDeletion/PendingReplicaDeletion"),
    _key("CancelKeyDeletion/PendingReplicaDeletion/material-missing"),
    _key("DeleteImportedKeyMaterial/Disabled", _turned),
    _key("DeleteImportedKeyMaterial/Disabled/material-missing"),
    _key("DeleteImportedKeyMaterial/Enabled", _turned),
    _key("DeleteImportedKeyMaterial/Enabled/material-missing"),
    _key("DeleteImportedKeyMaterial/PendingDeletion", _rescued),
    _key("DeleteImportedKeyMaterial/PendingReplicaDeletion", _rescued),
    _key("DisableKey/Disabled", _turned),
    _key("EnableKey/Enabled", _turned),
    _key("ImportKeyMaterial/Disabled", _begun_anew),
    _key("ImportKeyMaterial/Enabled", _turned),
    _key("DisableKey/Unavailable", _disabled),
    _key("EnableKey/Unavailable", _disabled),
    _key("ScheduleKeyDeletion/Creating"),
    _key("ScheduleKeyDeletion/Disabled"),
    _key("ScheduleKeyDeletion/Disabled/replicas-exist"),
    _key("ScheduleKeyDeletion/Enabled/replicas-exist"),
    _key("ScheduleKeyDeletion/PendingImport"),
    _key("ScheduleKeyDeletion/PendingImport/replicas-exist"),
    _key("ScheduleKeyDeletion/Unavailable"),
    _key("UpdatePrimaryRegion/Updating", _rescued),
    _store("ConnectCustomKeyStore/CONNECTED", _broken_off),
    _store("ConnectCustomKeyStore/CONNECTING", _broken_off),
    _store("DisconnectCustomKeyStore/CONNECTED"),
    _store("DisconnectCustomKeyStore/CONNECTING"),
    _hsm("cluster", "DeleteCluster/ACTIVE", _of_clusters),
    _hsm("cluster", "DeleteCluster/INITIALIZED", _of_clusters),
    _hsm("cluster", "DeleteCluster/UNINITIALIZED", _of_clusters),
    _hsm("cluster", "InitializeCluster/UNINITIALIZED", _of_clusters),
    _hsm("hsm", "DeleteHsm/CREATE_IN_PROGRESS", _of_hsms),
    _hsm("hsm", "DeleteHsm/DEGRADED", _of_hsms),
    _hsm("backup", "RestoreBackup/PENDING_DELETION", _of_backups),
)


def _of_moves() -> Iterator[Mutant]:
    for move in _MOVES:
        does = "leaves it as it is" if move.change is None else "makes it another"
        yield Mutant(
            f"unmoved-{move.rule.removeprefix('transition/').replace('/', '-')}",
            move.rule,
            f"{move.operation} succeeds on what is {move.state}, and {does}.",
            handlers=((move.service, move.operation, _moved(move)),),
        )


# ---- Moves that time makes ------------------------------------------------------------------


def _end_but_of(state: ClusterState) -> Patch:
    usual = clusters._end  # noqa: SLF001 - what a mutant breaks is inside

    def end(realm: Realm, cluster_id: str, ending: str, when: float) -> None:
        if ending != state:
            usual(realm, cluster_id, ending, when)

    return Patch(clusters, "_end", end)


def _finish_but_of(state: ClusterState) -> Patch:
    usual = modification._finish  # noqa: SLF001 - as above

    def finish(realm: Realm, cluster_id: str, when: float) -> None:
        cluster = realm.clusters.get(cluster_id)
        if cluster is not None and cluster.state is not state:
            usual(realm, cluster_id, when)

    return Patch(modification, "_finish", finish)


def _never_fails(realm: Realm, store_id: str, when: float) -> None:
    before = realm.stores.get(store_id)
    _finish_connecting(realm, store_id, when)
    store = realm.stores.get(store_id)
    if before is not None and store is not None and store.state is ConnectionState.FAILED:
        realm.stores.put(before)


_finish_connecting: Final = connect._finish_connecting  # noqa: SLF001 - as above


def _kept_while(state: KeyState) -> Patch:
    """Key material of a key in a state does not expire."""
    usual = imports._expire  # noqa: SLF001 - as above

    def expire(realm: Realm, key_id: str, material_id: str, when: float) -> None:
        key = realm.keys.get(key_id)
        if key is not None and key_state(realm, key) is not state:
            usual(realm, key_id, material_id, when)

    return Patch(imports, "_expire", expire)


_TIME: Final[tuple[tuple[str, str, Patch], ...]] = (
    (
        "effect/Advance/expiration",
        "Imported key material never expires.",
        Patch(imports, "_expire", nothing),
    ),
    (
        "transition/backup/creation-ends/CREATE_IN_PROGRESS",
        "A backup stays CREATE_IN_PROGRESS.",
        Patch(backups, "_finish", nothing),
    ),
    (
        "transition/backup/deletion-ends/PENDING_DELETION",
        "A backup stays PENDING_DELETION.",
        Patch(backups, "_expire", nothing),
    ),
    (
        "transition/backup/retention-ends/READY",
        "Backups are kept for ever.",
        Patch(backups, "_purge", nothing),
    ),
    *(
        (
            f"transition/cluster/{word}-ends/{state}",
            f"A cluster stays {state}.",
            _end_but_of(state),
        )
        for word, state in (
            ("creation", ClusterState.CREATE_IN_PROGRESS),
            ("deletion", ClusterState.DELETE_IN_PROGRESS),
            ("initialisation", ClusterState.INITIALIZE_IN_PROGRESS),
        )
    ),
    *(
        (
            f"transition/cluster/{word}-ends/{state}",
            f"A cluster stays {state}.",
            _finish_but_of(state),
        )
        for word, state in (
            ("modification", ClusterState.MODIFY_IN_PROGRESS),
            ("rollback", ClusterState.ROLLBACK_IN_PROGRESS),
        )
    ),
    (
        "transition/connection/connect-fails/CONNECTING",
        "A connect that cannot succeed goes on for ever.",
        Patch(connect, "_finish_connecting", _never_fails),
    ),
    (
        "transition/connection/disconnect-ends/DISCONNECTING",
        "A key store stays DISCONNECTING.",
        Patch(connect, "_finish_disconnecting", nothing),
    ),
    (
        f"transition/hsm/creation-ends/{HsmState.CREATE_IN_PROGRESS}",
        "An HSM stays CREATE_IN_PROGRESS.",
        Patch(hsms, "_come_up", nothing),
    ),
    (
        f"transition/hsm/deletion-ends/{HsmState.DELETE_IN_PROGRESS}",
        "An HSM stays DELETE_IN_PROGRESS.",
        Patch(hsms, "_leave", nothing),
    ),
    (
        "transition/key/key-material-expires/Disabled/material-missing",
        "Key material of a Disabled key never expires.",
        _kept_while(KeyState.DISABLED),
    ),
    (
        "transition/key/key-material-expires/PendingDeletion/material-missing",
        "Key material of a key pending deletion never expires.",
        _kept_while(KeyState.PENDING_DELETION),
    ),
    (
        "transition/key/replica-is-created/Creating/material-missing",
        "A replica key stays Creating.",
        Patch(multi_region, "_created", nothing),
    ),
)


def _of_time() -> Iterator[Mutant]:
    for rule, sentence, patch in _TIME:
        name = rule.removeprefix("transition/").removeprefix("effect/").replace("/", "-")
        yield Mutant(f"never-{name}", rule, sentence, (patch,))


MUTANTS: Final = (*_of_answers(), *_of_moves(), *_of_time())
