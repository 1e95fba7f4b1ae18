"""Mutants that answer the contrary in one state: the only place that makes one for each.

Where the operation would be refused it succeeds, with an answer that says nothing; where it would
succeed it is refused, with an error that no state gives.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

from kmspec.names import (
    BackupState,
    ClusterState,
    ConnectionState,
    ErrorCode,
    HsmState,
    KeySpec,
    KeyState,
    Origin,
    Service,
)
from kmspec_impl.caller import Caller
from kmspec_impl.cloudhsm import operations as cloudhsm_operations
from kmspec_impl.errors import ServiceError
from kmspec_impl.kms import ciphertext, identifiers
from kmspec_impl.kms import operations as kms_operations
from kmspec_impl.kms.key_state import key_state
from kmspec_impl.kms.state import Key, Store
from kmspec_impl.mutants.mutant import Mutant
from kmspec_impl.realm import Handler, Parameters, Realm, Response

States: TypeAlias = Callable[[Realm, Parameters], Iterator[str]]
"""The states of what a request is about, if it is about a row at all."""

HANDLERS: Final = {
    Service.KMS: kms_operations.HANDLERS,
    Service.CLOUDHSM: cloudhsm_operations.HANDLERS,
}
"""Who answers each operation."""
_REFUSED: Final = {
    Service.KMS: ErrorCode.MALFORMED_POLICY,
    Service.CLOUDHSM: ErrorCode.CLOUDHSM_SERVICE,
}
"""Errors that no state gives."""


class _Row(NamedTuple):
    """A row of cells: its table and name, the operation, the states it has, whose they are."""

    table: str
    name: str
    service: Service
    operation: str
    states: tuple[str, ...]
    of: States


_OPEN: Final = frozenset(
    {
        "key-state/GetKeyRotationStatus-of-EXTERNAL",
        "key-state/ListKeyRotations-of-no-symmetric-key",
        "cluster/ModifyRetention",
        "backup/CopyBackupToRegion",
        "backup/GetResourcePolicy",
    }
)
"""Rows of which AWS's documents allow success and a refusal: only another refusal is wrong."""


def _contrary(row: _Row, state: str) -> Handler:
    usual = HANDLERS[row.service][row.operation]
    is_open = f"{row.table}/{row.name}" in _OPEN

    def answer(realm: Realm, parameters: Parameters, now: float) -> Response:
        if state not in set(row.of(realm, parameters)):
            return usual(realm, parameters, now)
        try:
            usual(realm, parameters, now)
        except ServiceError:
            if not is_open:
                return {}
        raise ServiceError(_REFUSED[row.service])

    return answer


_NOUNS: Final = {
    "key-state": "KMS key",
    "store": "key store",
    "cluster": "cluster",
    "hsm": "HSM",
    "backup": "backup",
}


def _mutant(row: _Row, state: str) -> Mutant:
    word = row.name.replace(":", "-")
    return Mutant(
        f"contrary-{row.table}-{word}-{state}",
        f"{row.table}/{row.name}/{state}",
        f"{row.operation} is refused where it should succeed, or succeeds where it should be "
        f"refused, when the {_NOUNS[row.table]} is {state}.",
        handlers=((row.service, row.operation, _contrary(row, state)),),
    )


# ---- KMS keys -------------------------------------------------------------------------------

_NAMING: Final = ("KeyId", "TargetKeyId", "DestinationKeyId", "SourceKeyId")
_KEY_STATES: Final = tuple(KeyState)
_NOT_OF_STORES: Final = tuple(one for one in KeyState if one is not KeyState.UNAVAILABLE)
_OF_STORES: Final = (
    KeyState.ENABLED,
    KeyState.DISABLED,
    KeyState.PENDING_DELETION,
    KeyState.UNAVAILABLE,
)
_NOT_IMPORTED: Final = tuple(one for one in _NOT_OF_STORES if one is not KeyState.PENDING_IMPORT)


def keys_of(realm: Realm, parameters: Parameters) -> Iterator[tuple[Realm, Key]]:
    """The KMS keys that a request is about, and where each is."""
    named = [parameters[member] for member in _NAMING if parameters.get(member)]
    if not named and parameters.get("AliasName"):
        named = [parameters["AliasName"]]
    sealed = parameters.get("CiphertextBlob")
    token = realm.grant_of_token.get(parameters.get("GrantToken") or "")
    found = {*_by_header(realm, sealed), *((realm.grants[token].key,) if token else ())}
    for name in named:
        try:
            found.add(identifiers.find_key(realm, name).id)
        except ServiceError:
            continue
    for key_id in found & {key.id for key in realm.keys}:
        yield realm, realm.keys[key_id]
        there = realm.shared.realms.get(Caller(realm.caller.account, _region(parameters)))
        if there is not None and there is not realm and key_id in there.keys:
            yield there, there.keys[key_id]


def _by_header(realm: Realm, sealed: bytes | None) -> Iterator[str]:
    try:
        key_id = realm.key_of_header.get(ciphertext.parts(sealed or b"")[0])
    except ServiceError:
        return
    if key_id is not None:
        yield key_id


def _region(parameters: Parameters) -> str:
    return str(parameters.get("PrimaryRegion") or "")


def _kind(key: Key, kinds: tuple[str, ...]) -> str:
    """For which of the kinds that have a row of their own a key counts; the plain row is ''."""
    own = {
        "AWS_CLOUDHSM": key.origin is Origin.AWS_CLOUDHSM,
        "EXTERNAL": key.origin is Origin.EXTERNAL,
        "no-symmetric-key": key.spec is not KeySpec.SYMMETRIC_DEFAULT,
        "AWS_KMS": key.origin is Origin.AWS_KMS,
    }
    return next((kind for kind, holds in own.items() if holds and kind in kinds), "")


_IMPORTS: Final = ("AWS_CLOUDHSM", "AWS_KMS")
_ROTATION: Final = ("AWS_CLOUDHSM", "EXTERNAL", "no-symmetric-key")
_ROTATIONS: Final = ("AWS_CLOUDHSM", "no-symmetric-key")
_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "GetParametersForImport": _IMPORTS,
    "ImportKeyMaterial": _IMPORTS,
    "DeleteImportedKeyMaterial": _IMPORTS,
    "EnableKeyRotation": _ROTATION,
    "DisableKeyRotation": _ROTATION,
    "GetKeyRotationStatus": _ROTATION,
    "ListKeyRotations": _ROTATIONS,
    "RotateKeyOnDemand": _ROTATIONS,
}
"""Operations with rows for kinds of keys."""
_STATES_OF_KIND: Final[Mapping[str, tuple[KeyState, ...]]] = {
    "AWS_CLOUDHSM": _OF_STORES,
    "EXTERNAL": _NOT_OF_STORES,
    "no-symmetric-key": _NOT_OF_STORES,
    "AWS_KMS": _NOT_IMPORTED,
}
_WITHOUT_KEY: Final = frozenset(
    {"CreateKey", "GenerateRandom", "ListKeys", "ListRetirableGrants"}
    | {name for name in kms_operations.HANDLERS if name.endswith(("KeyStore", "KeyStores"))}
)


def _of_kind(operation: str, kind: str) -> States:
    kinds = _KINDS.get(operation, ())

    def states(realm: Realm, parameters: Parameters) -> Iterator[str]:
        for where, key in keys_of(realm, parameters):
            if _kind(key, kinds) == kind:
                yield key_state(where, key)

    return states


def _of_keys() -> Iterator[_Row]:
    for operation in sorted(set(kms_operations.HANDLERS) - _WITHOUT_KEY):
        kinds = _KINDS.get(operation, ())
        for kind in ("", *kinds):
            name = f"{operation}-of-{kind}" if kind else operation
            states = _NOT_OF_STORES if kinds else _KEY_STATES
            if kinds == _ROTATION and kind in ("", "no-symmetric-key"):
                states = _NOT_IMPORTED
            elif kind:
                states = _STATES_OF_KIND[kind]
            yield _Row("key-state", name, Service.KMS, operation, states, _of_kind(operation, kind))


# ---- Key stores, clusters, HSMs, backups ----------------------------------------------------


def _store(realm: Realm, parameters: Parameters) -> Store | None:
    return realm.stores.get(parameters.get("CustomKeyStoreId") or "")


def _connection(realm: Realm, parameters: Parameters) -> Iterator[str]:
    store = _store(realm, parameters)
    if store is not None:
        yield store.state


def _renamed(realm: Realm, parameters: Parameters) -> Iterator[str]:
    if not any(parameters.get(one) for one in ("KeyStorePassword", "CloudHsmClusterId")):
        yield from _connection(realm, parameters)


def _updated(realm: Realm, parameters: Parameters) -> Iterator[str]:
    if any(parameters.get(one) for one in ("KeyStorePassword", "CloudHsmClusterId")):
        yield from _connection(realm, parameters)


def _cluster(member: str, having: str = "") -> States:
    def states(realm: Realm, parameters: Parameters) -> Iterator[str]:
        cluster = realm.clusters.get(parameters.get(member) or "")
        if cluster is not None and (not having or parameters.get(having)):
            yield cluster.state

    return states


def _behind(realm: Realm, parameters: Parameters) -> Iterator[str]:
    """The cluster of a key store that begins to connect."""
    store = _store(realm, parameters)
    cluster = realm.clusters.get(store.cluster) if store is not None else None
    if store is not None and store.state is ConnectionState.DISCONNECTED and cluster is not None:
        yield cluster.state


def _hsm(realm: Realm, parameters: Parameters) -> Iterator[str]:
    cluster = realm.clusters.get(parameters.get("ClusterId") or "")
    for hsm in cluster.hsms if cluster is not None else ():
        if hsm.id == parameters.get("HsmId"):
            yield hsm.state


def _backup(member: str) -> States:
    def states(realm: Realm, parameters: Parameters) -> Iterator[str]:
        backup = realm.backups.get(str(parameters.get(member) or "").rpartition("/")[2])
        if backup is not None:
            yield backup.state

    return states


_CLUSTER_STATES: Final = (
    ClusterState.CREATE_IN_PROGRESS,
    ClusterState.UNINITIALIZED,
    ClusterState.INITIALIZE_IN_PROGRESS,
    ClusterState.INITIALIZED,
    ClusterState.ACTIVE,
    ClusterState.MODIFY_IN_PROGRESS,
    ClusterState.ROLLBACK_IN_PROGRESS,
    ClusterState.DELETE_IN_PROGRESS,
)
"""Those that a cluster comes to here."""
_WITH_HSMS: Final = _CLUSTER_STATES[1:-1]
_BEHIND_STORES: Final = _CLUSTER_STATES[4:]
_RESTORED: Final = (_CLUSTER_STATES[0], *_BEHIND_STORES)
_HSM_STATES: Final = tuple(one for one in HsmState if one is not HsmState.DELETED)
_BACKUP_STATES: Final = tuple(one for one in BackupState if one is not BackupState.DELETED)

_BY_ID: Final = _cluster("ClusterId")
_BEHIND: Final = _cluster("CloudHsmClusterId")
_TAGGED: Final = _cluster("ResourceId")
_RETAINED: Final = _cluster("ClusterId", having="BackupRetentionPolicy")
_CHANGED: Final = _cluster("ClusterId", having="HsmType")

_ROWS: Final = (
    *_of_keys(),
    *(
        _Row("store", name, Service.KMS, operation, tuple(ConnectionState), of)
        for name, operation, of in (
            ("Connect", "ConnectCustomKeyStore", _connection),
            ("Disconnect", "DisconnectCustomKeyStore", _connection),
            ("Rename", "UpdateCustomKeyStore", _renamed),
            ("Update", "UpdateCustomKeyStore", _updated),
            ("Delete", "DeleteCustomKeyStore", _connection),
            ("Describe", "DescribeCustomKeyStores", _connection),
            ("CreateKey", "CreateKey", _connection),
            ("GenerateRandom", "GenerateRandom", _connection),
        )
    ),
    *(
        _Row("cluster", name, Service.KMS, name, states, of)
        for name, states, of in (
            ("CreateCustomKeyStore", _CLUSTER_STATES, _BEHIND),
            ("UpdateCustomKeyStore", _RESTORED, _BEHIND),
            ("ConnectCustomKeyStore", _BEHIND_STORES, _behind),
        )
    ),
    *(
        _Row("cluster", name, Service.CLOUDHSM, operation, states, of)
        for name, operation, states, of in (
            ("InitializeCluster", "InitializeCluster", _CLUSTER_STATES, _BY_ID),
            ("CreateHsm", "CreateHsm", _CLUSTER_STATES, _BY_ID),
            ("DeleteHsm", "DeleteHsm", _WITH_HSMS, _BY_ID),
            ("DeleteCluster", "DeleteCluster", _CLUSTER_STATES, _BY_ID),
            ("ModifyRetention", "ModifyCluster", _CLUSTER_STATES, _RETAINED),
            ("ModifyHsmType", "ModifyCluster", _CLUSTER_STATES, _CHANGED),
            ("cloudhsm:TagResource", "TagResource", _CLUSTER_STATES, _TAGGED),
            ("cloudhsm:UntagResource", "UntagResource", _CLUSTER_STATES, _TAGGED),
            ("ListTags", "ListTags", _CLUSTER_STATES, _TAGGED),
        )
    ),
    _Row("hsm", "DeleteHsm", Service.CLOUDHSM, "DeleteHsm", _HSM_STATES, _hsm),
    *(
        _Row("backup", name, Service.CLOUDHSM, name.rpartition(":")[2], _BACKUP_STATES, of)
        for of, names in (
            (
                _backup("BackupId"),
                ("DeleteBackup", "RestoreBackup", "ModifyBackupAttributes", "CopyBackupToRegion"),
            ),
            (_backup("SourceBackupId"), ("CreateCluster",)),
            (
                _backup("ResourceArn"),
                ("PutResourcePolicy", "GetResourcePolicy", "DeleteResourcePolicy"),
            ),
            (
                _backup("ResourceId"),
                ("cloudhsm:TagResource", "cloudhsm:UntagResource", "ListTags"),
            ),
        )
        for name in names
    ),
)
_NEVER: Final = frozenset({("RetireGrant", "Creating"), ("RevokeGrant", "Creating")})
"""No key has a grant in that state."""
MUTANTS: Final = tuple(
    _mutant(row, state) for row in _ROWS for state in row.states if (row.name, state) not in _NEVER
)
