"""Mutants in what follows from a success elsewhere: in other keys, other Regions, or later."""

from dataclasses import replace
from typing import Final

from kmspec.limits import HSM_TYPE_ROLLBACK
from kmspec.names import ConnectionState, ErrorCode, KeyState, Service
from kmspec_impl.clock import after
from kmspec_impl.cloudhsm import modification
from kmspec_impl.kms import connect, grants, imports, key_state, multi_region, rotation
from kmspec_impl.kms.state import Key, KeyMaterial
from kmspec_impl.mutants.mutant import Mutant, Patch, Unseen
from kmspec_impl.mutants.of_states import keys_of
from kmspec_impl.realm import Handler, Parameters, Realm, Response


def _with_keys(handler: Handler, of: KeyState, shown: KeyState) -> Handler:
    """What an operation does, after which keys that were in one state are shown in another."""

    def answer(realm: Realm, parameters: Parameters, now: float) -> Response:
        store = parameters.get("CustomKeyStoreId")
        concerned = (
            keys_of(realm, parameters)
            if store is None
            else [(realm, key) for key in realm.keys if key.store == store]
        )
        before = [key.id for where, key in concerned if key_state.key_state(where, key) is of]
        response = handler(realm, parameters, now)
        for key_id in before:
            realm.keys.put(replace(realm.keys[key_id], overlay=shown))
        return response

    return answer


def _another_id(realm: Realm, parameters: Parameters, now: float) -> Response:
    response = grants.create_grant(realm, parameters, now)
    grant = realm.grants[realm.grant_of_token[response["GrantToken"]]]
    again = len(grant.tokens) > 1
    return {**response, "GrantId": "0" * 64} if again else response


def _waits_without_material(realm: Realm, key: Key, material: KeyMaterial) -> None:
    if key.pending is not None and key.pending.id == material.id:
        realm.keys.put(replace(key, pending=replace(material, handle=None)))
    else:
        _forget(realm, key, material)


def _shares_what_is_new(realm: Realm, key: Key) -> None:
    if key.pending is not None:
        _share_pending(realm, key)


def _shares_what_is_gone(realm: Realm, key: Key) -> None:
    if key.pending is None:
        _share_pending(realm, key)


def _unseen_rotation(realm: Realm, parameters: Parameters, now: float) -> Response:
    response = rotation.get_key_rotation_status(realm, parameters, now)
    return {name: value for name, value in response.items() if name != "OnDemandRotationStartDate"}


def _never(when: float, seconds: float) -> float | None:
    return None if seconds == HSM_TYPE_ROLLBACK else after(when, seconds)


def _rescues(realm: Realm, store_id: str, when: float) -> None:
    _finish_connecting(realm, store_id, when)
    store = realm.stores.get(store_id)
    if store is not None and store.state is ConnectionState.CONNECTED:
        for key in list(realm.keys):
            if key.store == store_id:
                realm.keys.put(replace(key, deletion_due=None))


_forget = imports._forget  # noqa: SLF001 - mutants reach inside
_share_pending = multi_region.share_pending
_finish_connecting = connect._finish_connecting  # noqa: SLF001 - the same

MUTANTS: Final = (
    Mutant(
        "key-in-cluster-out-of-reach",
        "create-key/reachable",
        "CreateKey succeeds, and makes no key, when the cluster cannot be reached.",
        unseen=(Unseen("CreateKey", ErrorCode.KMS_INTERNAL, ""),),
    ),
    Mutant(
        "another-id-for-the-same-grant",
        "effect/CreateGrant/idempotent",
        "CreateGrant with the name and parameters of a grant answers another id, of no grant.",
        handlers=((Service.KMS, "CreateGrant", _another_id),),
    ),
    Mutant(
        "waits-without-material",
        "effect/DeleteImportedKeyMaterial/materials",
        "Key material that waited to be rotated to waits on when it was deleted.",
        (Patch(imports, "_forget", _waits_without_material),),
    ),
    Mutant(
        "replicas-wait-on",
        "effect/DeleteImportedKeyMaterial/replicas",
        "New key material of a primary key that is deleted stays in the replica keys.",
        (Patch(multi_region, "share_pending", _shares_what_is_new),),
    ),
    Mutant(
        "replicas-not-told-of-material",
        "effect/ImportKeyMaterial/replicas",
        "New key material of a primary key need not be imported into its replica keys.",
        (Patch(multi_region, "share_pending", _shares_what_is_gone),),
    ),
    Mutant(
        "no-time-to-take-type-back",
        "effect/DescribeClusters/answer",
        "After a change of the HSM type nothing tells until when it can be taken back.",
        (Patch(modification, "after", _never),),
    ),
    Mutant(
        "rotates-on-demand-unseen",
        "effect/GetKeyRotationStatus/answer",
        "GetKeyRotationStatus does not tell when a rotation on demand began.",
        handlers=((Service.KMS, "GetKeyRotationStatus", _unseen_rotation),),
    ),
    Mutant(
        "enabled-by-deleting-material",
        "transition/key/DeleteImportedKeyMaterial/PendingImport",
        "DeleteImportedKeyMaterial makes a PendingImport key Enabled.",
        handlers=(
            (
                Service.KMS,
                "DeleteImportedKeyMaterial",
                _with_keys(
                    imports.delete_imported_key_material, KeyState.PENDING_IMPORT, KeyState.ENABLED
                ),
            ),
        ),
    ),
    Mutant(
        "connecting-rescues",
        "transition/key/store-connects/PendingDeletion",
        "To connect a key store takes back that its keys are deleted.",
        (Patch(connect, "_finish_connecting", _rescues),),
    ),
    Mutant(
        "disabled-without-store",
        "transition/key/store-disconnects/Disabled",
        "A Disabled key stays Disabled when its key store is disconnected.",
        handlers=(
            (
                Service.KMS,
                "DisconnectCustomKeyStore",
                _with_keys(
                    connect.disconnect_custom_key_store, KeyState.DISABLED, KeyState.DISABLED
                ),
            ),
        ),
    ),
    Mutant(
        "disabled-by-disconnecting",
        "transition/key/store-disconnects/Unavailable",
        "To disconnect a key store that is not connected makes its keys Disabled.",
        handlers=(
            (
                Service.KMS,
                "DisconnectCustomKeyStore",
                _with_keys(
                    connect.disconnect_custom_key_store, KeyState.UNAVAILABLE, KeyState.DISABLED
                ),
            ),
        ),
    ),
)
