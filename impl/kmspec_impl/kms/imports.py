"""Imported key material: the only place where it enters and leaves a KMS key of origin EXTERNAL.

A symmetric encryption key may have several; all of them must be there, or the key is
PendingImport. Any other key has the one that was imported first. The id of key material follows
from the key and the material, so that the same material is known again [API:ImportKeyMaterial].
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from kmspec.limits import DAY, IMPORT_TOKEN_VALIDITY, MATERIAL_VALIDITY_DAYS
from kmspec.names import (
    ErrorCode,
    ExpirationModel,
    ImportType,
    KeySpec,
    KeyState,
    Origin,
    WrappingAlgorithm,
    WrappingKeySpec,
)
from kmspec_impl.agenda import Delayed, delayed
from kmspec_impl.clock import after
from kmspec_impl.errors import ServiceError
from kmspec_impl.hsm import wrapping
from kmspec_impl.hsm.interface import MaterialError
from kmspec_impl.kms import multi_region, requests
from kmspec_impl.kms.ciphertext import new_material
from kmspec_impl.kms.identifiers import find_key_without_alias
from kmspec_impl.kms.import_tokens import ImportParameters
from kmspec_impl.kms.key_state import (
    key_state,
    require_not_creating,
    require_not_pending_deletion,
    require_not_updating,
    wrong_origin,
)
from kmspec_impl.kms.state import Key, KeyMaterial
from kmspec_impl.kms.usage import is_asymmetric
from kmspec_impl.realm import Parameters, Realm, Response

_NO_VALID_TO: Final = "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"
"""[REC]"""
_RSA_AES: Final = (
    WrappingAlgorithm.RSA_AES_KEY_WRAP_SHA_1,
    WrappingAlgorithm.RSA_AES_KEY_WRAP_SHA_256,
)
_OAEP: Final = (WrappingAlgorithm.RSAES_OAEP_SHA_1, WrappingAlgorithm.RSAES_OAEP_SHA_256)


def get_parameters_for_import(realm: Realm, parameters: Parameters, now: float) -> Response:
    """GetParametersForImport: a wrapping key, and a token that stands for it, for 24 hours."""
    spec = WrappingKeySpec(parameters["WrappingKeySpec"])
    algorithm = WrappingAlgorithm(parameters["WrappingAlgorithm"])
    key = _external_key(realm, parameters)
    require_not_updating(key)
    _check_wrapping(key, spec, algorithm)
    number = realm.import_tokens.next_number()
    valid_to = after(now, IMPORT_TOKEN_VALIDITY)
    told = ImportParameters(key.id, spec, algorithm, number, valid_to)
    return {
        "KeyId": key.arn,
        "ImportToken": realm.import_tokens.seal(told),
        "PublicKey": realm.shared.wrapping.public_key(spec, number),
        "ParametersValidTo": round(valid_to, 3),
    }


def import_key_material(realm: Realm, parameters: Parameters, now: float) -> Response:
    """ImportKeyMaterial: new key material, or what the key had before."""
    valid_to = _valid_to(parameters, now)
    new = parameters.get("ImportType") == ImportType.NEW
    if new and parameters.get("KeyMaterialId") is not None:
        raise requests.invalid("KeyMaterialId is not valid with ImportType NEW_KEY_MATERIAL.")
    key = _external_key(realm, parameters)
    symmetric = key.spec is KeySpec.SYMMETRIC_DEFAULT
    for member in ("ImportType", "KeyMaterialDescription", "KeyMaterialId"):
        if not symmetric and parameters.get(member) is not None:
            raise requests.invalid(f"{member} is only valid for symmetric encryption keys.")
    if new:
        multi_region.require_primary(realm, key)
    told = _import_parameters(realm, key, parameters["ImportToken"], now)
    wrapped = parameters["EncryptedKeyMaterial"]
    try:
        content = realm.shared.wrapping.unwrap(told.spec, told.number, told.algorithm, wrapped)
    except wrapping.UnwrapError as cause:
        raise ServiceError(ErrorCode.INVALID_CIPHERTEXT) from cause
    content = _canonical(realm, key, content)
    material = _expected(key, content, parameters)
    if material.handle is None:
        material = _held(realm, key, material, content)
    described = parameters.get("KeyMaterialDescription")
    material = replace(
        material,
        valid_to=valid_to,
        description=material.description if described is None else described,
    )
    imported = _with(key, material)
    if key_state(realm, key) is KeyState.PENDING_IMPORT:
        imported = replace(imported, enabled=True)
    realm.keys.put(imported)
    if imported.pending is not None and key.pending is None:
        multi_region.share_pending(realm, imported)
    if valid_to is not None:
        realm.agenda.note(valid_to, Delayed.MATERIAL_EXPIRES, key.id, material.id)
        multi_region.let_others_see(realm, key, valid_to)
    response: Response = {"KeyId": key.arn}
    return {**response, "KeyMaterialId": material.id} if symmetric else response


def delete_imported_key_material(realm: Realm, parameters: Parameters, now: float) -> Response:
    """DeleteImportedKeyMaterial: of the current key material, if no other is named."""
    del now
    key = _named(realm, parameters)
    _require_external(key)
    require_not_creating(key)
    require_not_updating(key)
    named = parameters.get("KeyMaterialId")
    material = key.current if named is None else _known(key, named)
    if material is None and named is not None:
        message = f"{key.arn} has no key material of the id {named}."
        raise ServiceError(ErrorCode.NOT_FOUND, message)
    response: Response = {"KeyId": key.arn}
    if material is None:
        return response
    _forget(realm, key, material)
    if key.spec is KeySpec.SYMMETRIC_DEFAULT:
        response["KeyMaterialId"] = material.id
    return response


def _named(realm: Realm, parameters: Mapping[str, Any]) -> Key:
    return find_key_without_alias(realm, parameters["KeyId"], ErrorCode.INVALID_ARN)


def _external_key(realm: Realm, parameters: Mapping[str, Any]) -> Key:
    """The key that is named, if key material may be imported into it."""
    key = _named(realm, parameters)
    _require_external(key)
    require_not_pending_deletion(key)
    require_not_creating(key)
    return key


def _require_external(key: Key) -> None:
    if key.origin is not Origin.EXTERNAL:
        raise wrong_origin(key)


def _check_wrapping(key: Key, spec: WrappingKeySpec, algorithm: WrappingAlgorithm) -> None:
    """Each wrapping algorithm suits some kinds of key material [API:GetParametersForImport]."""
    fits = algorithm in (*_OAEP, *_RSA_AES) and spec is not WrappingKeySpec.SM2
    if key.spec.startswith("RSA_"):
        fits = fits and algorithm in _RSA_AES
    elif not key.spec.startswith("ECC_"):
        fits = fits and algorithm in _OAEP
    elif key.spec is KeySpec.ECC_NIST_P521 and spec is WrappingKeySpec.RSA_2048:
        fits = fits and algorithm in _RSA_AES
    if not fits:
        message = f"{algorithm} with {spec} does not wrap key material of KeySpec {key.spec}."
        raise ServiceError(ErrorCode.UNSUPPORTED_OPERATION, message)


def _valid_to(parameters: Mapping[str, Any], now: float) -> float | None:
    """When the key material is to expire.

    :raises ServiceError: ValidationException.
    """
    valid_to: float | None = parameters.get("ValidTo")
    model = parameters.get("ExpirationModel") or ExpirationModel.EXPIRES
    if model == ExpirationModel.DOES_NOT_EXPIRE:
        if valid_to is not None:
            raise requests.invalid(f"A validTo date must not be set if it is {model}")
        return None
    if valid_to is None:
        raise requests.invalid(_NO_VALID_TO)
    if not now < valid_to <= after(now, MATERIAL_VALIDITY_DAYS * DAY):
        raise requests.invalid(
            f"ValidTo must be in the future, at most {MATERIAL_VALIDITY_DAYS} days ahead."
        )
    return valid_to


def _import_parameters(realm: Realm, key: Key, token: bytes, now: float) -> ImportParameters:
    told = realm.import_tokens.open(token)
    if told is None or told.key != key.id:
        message = f"The import token was not made for {key.arn}."
        raise ServiceError(ErrorCode.INVALID_IMPORT_TOKEN, message)
    if now >= told.valid_to:
        raise ServiceError(ErrorCode.EXPIRED_IMPORT_TOKEN, "The import token has expired.")
    return told


def _expected(key: Key, content: bytes, parameters: Mapping[str, Any]) -> KeyMaterial:
    """The key material that this content is, if that is what the request says it is.

    :raises ServiceError: IncorrectKeyMaterialException, or KMSInvalidStateException while other
        new key material waits to be rotated to.
    """
    material_id = hashlib.sha256(key.id.encode() + b"\0" + content).hexdigest()
    known = _known(key, material_id)
    if parameters.get("KeyMaterialId") not in (None, material_id):
        raise _incorrect("The key material is not the one that KeyMaterialId names.")
    default = ImportType.NEW if key.current is None else ImportType.EXISTING
    if (parameters.get("ImportType") or default) == ImportType.EXISTING:
        if known is None:
            raise _incorrect("The key material was never imported into this KMS key.")
        return known
    if known is not None:
        raise _incorrect("The key material was imported into this KMS key before.")
    if key.pending is not None:
        message = (
            f"New key material (id: {material_id}) cannot be imported into KMS key {key.id}, "
            f"because another key material (id: {key.pending.id}) is pending rotation."
        )
        raise ServiceError(ErrorCode.KMS_INVALID_STATE, message)  # [REC 2025-11]
    return new_material(key.id, key.arn, material_id, None)


def _incorrect(message: str) -> ServiceError:
    return ServiceError(ErrorCode.INCORRECT_KEY_MATERIAL, message)


def _known(key: Key, material_id: str) -> KeyMaterial | None:
    own = key.materials if key.pending is None else (*key.materials, key.pending)
    return next((one for one in own if one.id == material_id), None)


def _canonical(realm: Realm, key: Key, content: bytes) -> bytes:
    """Key material as it is known again, however the caller wrote it.

    :raises ServiceError: IncorrectKeyMaterialException.
    """
    try:
        return realm.fleet.canonical(key.spec, content)
    except MaterialError as cause:
        raise _incorrect(str(cause)) from cause


def _held(realm: Realm, key: Key, material: KeyMaterial, content: bytes) -> KeyMaterial:
    label = f"{key.arn} {material.id}"
    handle = realm.fleet.import_key("kms", label, key.spec, content)
    public = realm.fleet.public_key(handle) if is_asymmetric(key.spec) else None
    return replace(material, handle=handle, public_key=public)


def _with(key: Key, material: KeyMaterial) -> Key:
    """The key with this key material, in the place of what it was, or new."""
    if key.current is None or key.current.id == material.id:
        return replace(key, current=material)
    if all(one.id != material.id for one in key.earlier):
        return replace(key, pending=material)
    earlier = tuple(material if one.id == material.id else one for one in key.earlier)
    return replace(key, earlier=earlier)


def _forget(realm: Realm, key: Key, material: KeyMaterial) -> None:
    """Delete key material, not the key; what waits to be rotated to is not the key's yet."""
    if material.handle is not None:
        realm.fleet.delete(material.handle)
    waits = key.pending is not None and key.pending.id == material.id
    if waits and not multi_region.is_replica(realm, key):
        multi_region.share_pending(realm, realm.keys.put(replace(key, pending=None)))
    else:
        realm.keys.put(_with(key, replace(material, handle=None)))


@delayed(Delayed.MATERIAL_EXPIRES)
def _expire(realm: Realm, key_id: str, material_id: str, when: float) -> None:
    """Delete key material whose time has come, unless it was imported again since."""
    key = realm.keys.get(key_id)
    material = None if key is None else _known(key, material_id)
    if key is not None and material is not None and material.valid_to == when:
        _forget(realm, key, material)
