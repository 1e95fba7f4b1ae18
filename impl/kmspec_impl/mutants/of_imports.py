"""Mutants in imported key material and in rotation."""

from dataclasses import replace
from typing import Any, Final

from kmspec.names import KeyState, Origin, Service
from kmspec_impl.kms import imports, key_state, keys, metadata, rotation
from kmspec_impl.kms.identifiers import find_key_without_alias
from kmspec_impl.kms.import_tokens import ImportParameters
from kmspec_impl.kms.state import Key, KeyMaterial
from kmspec_impl.mutants.mutant import Mutant, Patch, nothing
from kmspec_impl.realm import Parameters, Realm, Response


def _named(realm: Realm, parameters: Parameters) -> Key:
    return find_key_without_alias(realm, parameters["KeyId"])


def _enabled_without_material(realm: Realm, key: Key) -> KeyState:
    never = key.origin is Origin.EXTERNAL and key.current is None and key.deletion_due is None
    return KeyState.ENABLED if never else _key_state(realm, key)


def _current_is_enough(key: Key) -> bool:
    return key.current is None or key.current.handle is None


def _any_token(realm: Realm, key: Key, token: bytes, now: float) -> ImportParameters:
    row = realm.import_tokens.open(token)
    return _import_parameters(realm, key if row is None else replace(key, id=row.key), token, now)


def _lasting_token(realm: Realm, key: Key, token: bytes, now: float) -> ImportParameters:
    row = realm.import_tokens.open(token)
    return _import_parameters(realm, key, token, min(now, now if row is None else row.valid_to - 1))


def _anything(key: Key, content: bytes, parameters: dict[str, Any]) -> KeyMaterial:
    """Key material of whatever kind, in the place of what was there."""
    if key.current is not None and not parameters.get("ImportType"):
        return replace(key.current, handle=None)
    return _expected(key, content, parameters)


def _unpadded(realm: Realm, key: Key, content: bytes) -> bytes:
    return _canonical(realm, key, content.ljust(32, b"\0"))


def _several_wait(key: Key, content: bytes, parameters: dict[str, Any]) -> KeyMaterial:
    return _expected(replace(key, pending=None), content, parameters)


def _never_new(key: Key, content: bytes, parameters: dict[str, Any]) -> KeyMaterial:
    return _expected(key, content, {**parameters, "ImportType": None})


def _stays_disabled(realm: Realm, parameters: Parameters, now: float) -> Response:
    """Import without making the key Enabled."""
    response = imports.import_key_material(realm, parameters, now)
    key = realm.keys[realm.key_of_arn[response["KeyId"]]]
    realm.keys.put(replace(key, enabled=False))
    return response


def _delete_all_the_same(realm: Realm, parameters: Parameters, now: float) -> Response:
    """Delete the current key material, whichever is named."""
    return imports.delete_imported_key_material(realm, {**parameters, "KeyMaterialId": None}, now)


def _current_for_all(key: Key, header: bytes) -> KeyMaterial | None:
    """The current key material, whichever a ciphertext was made under."""
    del header
    return key.current


def _enable_disabled(realm: Realm, parameters: Parameters, now: float) -> Response:
    key = _named(realm, parameters)
    if key_state.key_state(realm, key) is not KeyState.DISABLED:
        return rotation.enable_key_rotation(realm, parameters, now)
    realm.keys.put(replace(key, enabled=True))
    response = rotation.enable_key_rotation(realm, parameters, now)
    realm.keys.put(replace(realm.keys[key.id], enabled=False))
    return response


def _status_despite_deletion(realm: Realm, parameters: Parameters, now: float) -> Response:
    key = _named(realm, parameters)
    realm.keys.put(replace(key, deletion_due=None))
    try:
        return rotation.get_key_rotation_status(realm, parameters, now)
    finally:
        realm.keys.put(key)


def _rotations_with_first(realm: Realm, parameters: Parameters, now: float) -> Response:
    everything = {**parameters, "IncludeKeyMaterial": "ALL_KEY_MATERIAL"}
    return rotation.list_key_rotations(realm, everything, now)


def _rotate_to_nothing(realm: Realm, parameters: Parameters, now: float) -> Response:
    key = _named(realm, parameters)
    state = key_state.key_state(realm, key)
    usable = state is KeyState.ENABLED and key.rotating is None
    if usable and key.origin is Origin.EXTERNAL and key.pending is None:
        return {"KeyId": key.arn}
    return rotation.rotate_key_on_demand(realm, parameters, now)


def _first_material_id(realm: Realm, key: Key) -> dict[str, Any]:
    shown = _metadata(realm, key)
    if "CurrentKeyMaterialId" in shown:
        shown["CurrentKeyMaterialId"] = key.materials[0].id
    return shown


_key_state = key_state.key_state
_import_parameters = imports._import_parameters  # noqa: SLF001 - mutants reach inside
_canonical = imports._canonical  # noqa: SLF001 - the same
_expected = imports._expected  # noqa: SLF001 - the same
_metadata = metadata.metadata
_EVERYWHERE: Final = tuple(
    Patch(module, "key_state", _enabled_without_material)
    for module in (key_state, metadata, imports, rotation)
)

MUTANTS: Final = (
    Mutant(
        "enabled-before-import",
        "effect/CreateKey/answer",
        "A key of origin EXTERNAL is Enabled before key material was imported.",
        _EVERYWHERE,
    ),
    Mutant(
        "current-material-is-enough",
        "transition/key/ImportKeyMaterial/PendingImport/material-missing",
        "A key is Enabled as soon as its current key material is there, without earlier ones.",
        (Patch(key_state, "lacks_material", _current_is_enough),),
    ),
    Mutant(
        "material-never-expires",
        "transition/key/key-material-expires/Enabled/material-missing",
        "Imported key material stays when its ValidTo has come.",
        (Patch(imports, "_expire", nothing),),
    ),
    Mutant(
        "token-of-any-key",
        "import/token",
        "An import token is good for any KMS key.",
        (Patch(imports, "_import_parameters", _any_token),),
    ),
    Mutant(
        "token-good-for-ever",
        "import/token-in-time",
        "An import token is good for ever.",
        (Patch(imports, "_import_parameters", _lasting_token),),
    ),
    Mutant(
        "imports-other-material",
        "import/same-material",
        "Other key material can be imported into a key that has some, as if it were the same.",
        (Patch(imports, "_expected", _anything),),
    ),
    Mutant(
        "pads-key-material",
        "import/form",
        "Key material that is too short is filled up.",
        (Patch(imports, "_canonical", _unpadded),),
    ),
    Mutant(
        "several-materials-wait",
        "import/one-at-a-time",
        "New key material can be imported while other waits to be rotated to.",
        (Patch(imports, "_expected", _several_wait),),
    ),
    Mutant(
        "no-new-material",
        "key-state/ImportKeyMaterial/Enabled",
        "A symmetric key takes no second key material.",
        (Patch(imports, "_expected", _never_new),),
    ),
    Mutant(
        "import-leaves-disabled",
        "transition/key/ImportKeyMaterial/PendingImport",
        "A key is Disabled after its key material was imported.",
        handlers=((Service.KMS, "ImportKeyMaterial", _stays_disabled),),
    ),
    Mutant(
        "deletes-current-material",
        "effect/DeleteImportedKeyMaterial/answer",
        "DeleteImportedKeyMaterial deletes the current key material whichever is named.",
        handlers=((Service.KMS, "DeleteImportedKeyMaterial", _delete_all_the_same),),
    ),
    Mutant(
        "rotation-loses-ciphertexts",
        "key-state/Decrypt/Enabled",
        "What was encrypted before a rotation cannot be decrypted any more.",
        (Patch(Key, "material_of", _current_for_all),),
    ),
    Mutant(
        "never-rotates",
        "effect/Advance/rotation",
        "A key whose rotation is enabled never rotates.",
        (Patch(rotation, "_due", nothing),),
    ),
    Mutant(
        "enables-rotation-of-disabled-key",
        "key-state/EnableKeyRotation/Disabled",
        "Automatic rotation can be enabled of a Disabled key.",
        handlers=((Service.KMS, "EnableKeyRotation", _enable_disabled),),
    ),
    Mutant(
        "no-rotation-after-enable",
        "effect/EnableKey/rotation",
        "A key that was due to rotate while it was disabled does not when it is enabled.",
        (Patch(rotation, "catch_up", nothing),),
    ),
    Mutant(
        "rotates-while-pending-deletion",
        "effect/ScheduleKeyDeletion/rotation",
        "GetKeyRotationStatus shows rotation as enabled while the key is pending deletion.",
        handlers=((Service.KMS, "GetKeyRotationStatus", _status_despite_deletion),),
    ),
    Mutant(
        "rotation-without-limit",
        "rotation/on-demand-limit",
        "A key can be rotated on demand any number of times.",
        (Patch(rotation, "ON_DEMAND_ROTATIONS", 10**6),),
    ),
    Mutant(
        "rotates-on-demand-any-time",
        "rotation/not-near",
        "A key can be rotated on demand just before it rotates automatically.",
        (Patch(rotation, "CONFLICT_BEFORE_ROTATION", -1),),
    ),
    Mutant(
        "rotates-to-nothing",
        "rotation/pending-material",
        "A key of origin EXTERNAL can be rotated though no new key material waits.",
        handlers=((Service.KMS, "RotateKeyOnDemand", _rotate_to_nothing),),
    ),
    Mutant(
        "lists-first-material-as-rotation",
        "effect/ListKeyRotations/answer",
        "ListKeyRotations lists the first key material among the rotations.",
        handlers=((Service.KMS, "ListKeyRotations", _rotations_with_first),),
    ),
    Mutant(
        "shows-first-material",
        "effect/Advance/rotation",
        "DescribeKey shows the id of the first key material after a rotation.",
        (Patch(keys, "metadata", _first_material_id),),
    ),
)
