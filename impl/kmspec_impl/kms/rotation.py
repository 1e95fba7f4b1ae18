"""Rotation: the only place where a KMS key gets other key material to encrypt with.

What it encrypted with before is kept, so that old ciphertexts still decrypt. Only symmetric
encryption keys rotate, and never those of a custom key store; automatically only where AWS KMS
makes the key material (key-states.md, section 2.5).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from kmspec.limits import (
    CONFLICT_BEFORE_ROTATION,
    DAY,
    DEFAULT_ROTATION_PERIOD_DAYS,
    ON_DEMAND_ROTATIONS,
)
from kmspec.names import (
    ErrorCode,
    ExpirationModel,
    ImportState,
    KeyMaterialState,
    KeySpec,
    KeyState,
    Origin,
    RotationType,
)
from kmspec_impl.agenda import Delayed, delayed
from kmspec_impl.clock import after
from kmspec_impl.errors import ServiceError
from kmspec_impl.kms import multi_region, requests
from kmspec_impl.kms.ciphertext import new_material
from kmspec_impl.kms.identifiers import find_key_without_alias
from kmspec_impl.kms.key_state import (
    key_state,
    require_customer_managed,
    require_material,
    require_neither_disabled_nor_pending_deletion,
    require_not_creating,
    wrong_origin,
)
from kmspec_impl.kms.state import Key, KeyMaterial, Rotation
from kmspec_impl.realm import Parameters, Realm, Response

_PAGE: Final = 100
_LARGEST_PAGE: Final = 1000
_NO_MORE: Final = (
    "The on-demand rotations limit has been reached for the given keyId. No more on-demand "
    "rotations can be performed for this key: {arn}"
)
"""[REC 2025-04]"""


def enable_key_rotation(realm: Realm, parameters: Parameters, now: float) -> Response:
    """EnableKeyRotation: from now on, the first time when the period has passed once."""
    key = require_customer_managed(realm, _named(realm, parameters))
    require_neither_disabled_nor_pending_deletion(realm, key)
    _require_automatic(realm, key)
    days = parameters.get("RotationPeriodInDays") or DEFAULT_ROTATION_PERIOD_DAYS
    schedule(realm, replace(key, rotation=Rotation(days, after(now, days * DAY))))
    return {}


def disable_key_rotation(realm: Realm, parameters: Parameters, now: float) -> Response:
    """DisableKeyRotation, whether it was enabled or not."""
    del now
    key = require_customer_managed(realm, _named(realm, parameters))
    require_neither_disabled_nor_pending_deletion(realm, key)
    _require_automatic(realm, key)
    realm.keys.put(replace(key, rotation=None))
    return {}


def get_key_rotation_status(realm: Realm, parameters: Parameters, now: float) -> Response:
    """GetKeyRotationStatus. A key that cannot rotate because of its kind simply does not."""
    del now
    key = _named(realm, parameters)
    if key.origin is not Origin.AWS_KMS:
        raise wrong_origin(key)
    found = multi_region.home(realm, key.id)
    primary = key if found is None else found[1]
    rotation = None if key.deletion_due is not None else primary.rotation
    status: Response = {"KeyId": key.arn, "KeyRotationEnabled": rotation is not None}
    if rotation is not None:
        status["RotationPeriodInDays"] = rotation.days
        status["NextRotationDate"] = round(rotation.due, 3)
    if primary.rotating is not None:
        status["OnDemandRotationStartDate"] = round(primary.rotating, 3)
    return status


def list_key_rotations(realm: Realm, parameters: Parameters, now: float) -> Response:
    """ListKeyRotations: completed rotations, or all key materials, oldest first."""
    del now
    key = _named(realm, parameters)
    if key.store is not None:
        raise wrong_origin(key)
    _require_symmetric(key)
    rows = list(key.materials)
    if parameters.get("IncludeKeyMaterial") == "ALL_KEY_MATERIAL":
        rows += [] if key.pending is None else [key.pending]
    else:
        rows = [material for material in rows if material.rotated is not None]
    places = {material.id: f"{index:06}" for index, material in enumerate(rows)}
    return requests.page(
        parameters,
        "Rotations",
        rows,
        lambda material: places[material.id],
        lambda material: _entry(realm, key, material),
        _PAGE,
        _LARGEST_PAGE,
    )


def rotate_key_on_demand(realm: Realm, parameters: Parameters, now: float) -> Response:
    """RotateKeyOnDemand: begins at once, and takes as long as whatever takes time."""
    key = require_customer_managed(realm, _named(realm, parameters))
    require_neither_disabled_nor_pending_deletion(realm, key)
    require_material(key)
    if key.store is not None:
        raise wrong_origin(key)
    _require_symmetric(key)
    require_not_creating(key)
    multi_region.require_primary(realm, key)
    done = sum(one.rotation is RotationType.ON_DEMAND for one in key.materials)
    if done + (key.rotating is not None) >= ON_DEMAND_ROTATIONS:
        raise ServiceError(ErrorCode.LIMIT_EXCEEDED, _NO_MORE.format(arn=key.arn))
    soon = key.rotation is not None and now >= key.rotation.due - CONFLICT_BEFORE_ROTATION
    if soon or key.rotating is not None:
        raise ServiceError(ErrorCode.CONFLICT, f"A rotation of {key.arn} is under way or near.")
    if key.origin is Origin.EXTERNAL and not multi_region.is_imported_everywhere(realm, key):
        message = f"No available key material pending rotation for the key: {key.arn}."
        raise ServiceError(ErrorCode.KMS_INVALID_STATE, message)  # [REC 2025-11]
    realm.keys.put(replace(key, rotating=now))
    due = after(now, realm.shared.delay)
    realm.agenda.note(due, Delayed.ROTATION_COMPLETE, key.id, now)
    multi_region.let_others_see(realm, key, due)
    return {"KeyId": key.arn}


def catch_up(realm: Realm, key: Key, now: float) -> None:
    """Rotate a key that was enabled again, if that was due while it was disabled [API]."""
    if key.rotation is not None and key.rotation.due <= now:
        _rotate_automatically(realm, key, now)


def _named(realm: Realm, parameters: Mapping[str, Any]) -> Key:
    return find_key_without_alias(realm, parameters["KeyId"], ErrorCode.INVALID_ARN)


def _require_automatic(realm: Realm, key: Key) -> None:
    if key.origin is not Origin.AWS_KMS:
        raise wrong_origin(key)
    _require_symmetric(key)
    require_not_creating(key)
    multi_region.require_primary(realm, key)


def _require_symmetric(key: Key) -> None:
    if key.spec is not KeySpec.SYMMETRIC_DEFAULT:
        raise ServiceError(ErrorCode.UNSUPPORTED_OPERATION)  # without a text [REC 2025-03]


def schedule(realm: Realm, key: Key) -> None:
    """Keep a key, and let it rotate when that is due."""
    realm.keys.put(key)
    if key.rotation is not None:
        realm.agenda.note(key.rotation.due, Delayed.ROTATION_DUE, key.id)
        multi_region.let_others_see(realm, key, key.rotation.due)


@delayed(Delayed.ROTATION_DUE)
def _due(realm: Realm, key_id: str, when: float) -> None:
    """Rotate a key whose period has passed; one that cannot be used waits until it can."""
    found = multi_region.home(realm, key_id)
    if found is None:
        return
    where, key = found
    due = key.rotation is not None and key.rotation.due == when
    if due and key_state(where, key) is KeyState.ENABLED:
        _rotate_automatically(where, key, when)


def _rotate_automatically(realm: Realm, key: Key, when: float) -> None:
    if key.rotation is not None:
        due = after(when, key.rotation.days * DAY)
        rotated = _rotated(realm, key, RotationType.AUTOMATIC, when)
        schedule(realm, replace(rotated, rotation=replace(key.rotation, due=due)))
        multi_region.share_material(realm, rotated)


@delayed(Delayed.ROTATION_COMPLETE)
def _complete(realm: Realm, key_id: str, began: float, when: float) -> None:
    found = multi_region.home(realm, key_id)
    if found is not None and found[1].rotating == began:
        where, key = found
        rotated = _rotated(where, key, RotationType.ON_DEMAND, when)
        where.keys.put(replace(rotated, rotating=None))
        multi_region.share_material(where, rotated)


def _rotated(realm: Realm, key: Key, kind: RotationType, when: float) -> Key:
    """The key with other key material to encrypt with: its own, or what was imported for it."""
    if key.origin is Origin.EXTERNAL:
        new = key.pending if multi_region.is_imported_everywhere(realm, key) else None
    else:
        material_id = realm.ids.material()
        handle = realm.fleet.generate("kms", f"{key.arn} {material_id}")
        new = new_material(key.id, key.arn, material_id, handle)
    if new is None:  # deleted somewhere after the rotation began
        return key
    new = replace(new, rotated=when, rotation=kind)
    return replace(key, earlier=key.materials, current=new, pending=None)


def _entry(realm: Realm, key: Key, material: KeyMaterial) -> dict[str, Any]:
    """RotationsListEntry."""
    if material == key.pending:
        state = KeyMaterialState.PENDING_MULTI_REGION_IMPORT_AND_ROTATION
        if multi_region.is_imported_everywhere(realm, key):
            state = KeyMaterialState.PENDING_ROTATION
    else:
        current = material == key.current
        state = KeyMaterialState.CURRENT if current else KeyMaterialState.NON_CURRENT
    entry: dict[str, Any] = {
        "KeyId": key.id,
        "KeyMaterialId": material.id,
        "KeyMaterialState": state.value,
    }
    if material.rotated is not None and material.rotation is not None:
        entry["RotationDate"] = round(material.rotated, 3)
        entry["RotationType"] = material.rotation.value
    if key.origin is Origin.EXTERNAL:
        entry |= _imported(material)
    return entry


def _imported(material: KeyMaterial) -> dict[str, Any]:
    """What is shown of key material that was imported."""
    shown: dict[str, Any] = {}
    if material.description is not None:
        shown["KeyMaterialDescription"] = material.description
    if material.handle is None:
        shown["ImportState"] = ImportState.PENDING_IMPORT.value
        return shown
    shown["ImportState"] = ImportState.IMPORTED.value
    if material.valid_to is None:
        shown["ExpirationModel"] = ExpirationModel.DOES_NOT_EXPIRE.value
    else:
        shown["ExpirationModel"] = ExpirationModel.EXPIRES.value
        shown["ValidTo"] = round(material.valid_to, 3)
    return shown
