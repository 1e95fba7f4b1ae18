"""Encryption, data keys, random bytes; and the order in which every use of a key is checked.

First what a request says by itself, then which key it means, then the state of that key, its
usage and the algorithm, then the store and its quota, and only then the HSM, which may find that
ciphertext, signature or MAC is wrong; a dry run ends before the first effect (errors.md, section
5). A key of a store is always symmetric, so that of it the store may come before the algorithm.
Each operation has the same answer for a key of a store as for any other [UseKeys].
"""

from typing import Final, NamedTuple

from kmspec.names import ErrorCode
from kmspec_impl.errors import ServiceError
from kmspec_impl.kms import ciphertext, requests
from kmspec_impl.kms.grants import check_tokens
from kmspec_impl.kms.identifiers import find_key
from kmspec_impl.kms.key_material import (
    Material,
    charge,
    reach,
    reach_cluster,
    require_connected,
)
from kmspec_impl.kms.sealing import (
    Sealing,
    check_room,
    opened,
    opened_symmetric,
    prepare,
    seal,
)
from kmspec_impl.kms.state import Key, KeyMaterial
from kmspec_impl.kms.stores import find_store
from kmspec_impl.kms.usage import SYMMETRIC, count, require_algorithm, require_symmetric
from kmspec_impl.realm import Parameters, Realm, Response

_ALGORITHM: Final = SYMMETRIC.value
_DATA_KEY_BYTES: Final = {"AES_128": 16, "AES_256": 32}
_FOREIGN: Final = (
    "The ciphertext refers to a customer master key that does not exist, does not exist in this "
    "region, or you are not allowed to access."
)
"""[ISSUE]"""
_NOT_THAT_KEY: Final = (
    "The key ID in the request does not identify a CMK that can perform this operation."
)
"""[REC 2023-04]"""
_stop_dry_run: Final = requests.stop_dry_run


def encrypt(realm: Realm, parameters: Parameters, now: float) -> Response:
    """Encrypt."""
    key = find_key(realm, parameters["KeyId"])
    check_tokens(realm, parameters)
    material = reach(realm, key, key.current)
    count(realm, "Encrypt", now, key)
    if key.spec is not SYMMETRIC:
        return _encrypt_by_rsa(parameters, key, material)
    _check_algorithm(key, parameters.get("EncryptionAlgorithm"))
    used = material.of
    associated = ciphertext.with_context(used.associated, parameters.get("EncryptionContext"))
    _charge(realm, now, material)
    _stop_dry_run(parameters)
    sealed = material.device.encrypt(material.handle, parameters["Plaintext"], associated)
    return {
        "CiphertextBlob": used.header + sealed,
        "KeyId": key.arn,
        "EncryptionAlgorithm": _ALGORITHM,
    }


def decrypt(realm: Realm, parameters: Parameters, now: float) -> Response:
    """Decrypt. The key is found in the blob; a KeyId only narrows what is accepted.

    Of an asymmetric key the blob does not tell: it must be named, and so must the algorithm.
    """
    source = _source(realm, parameters, "KeyId")
    key = source.key
    check_tokens(realm, parameters)
    material = reach(realm, key, source.material)
    count(realm, "Decrypt", now, key)
    if key.spec is not SYMMETRIC:
        return _decrypt_by_rsa(parameters, source, material)
    _check_algorithm(key, parameters.get("EncryptionAlgorithm"))
    used = material.of
    associated = ciphertext.with_context(used.associated, parameters.get("EncryptionContext"))
    _charge(realm, now, material)
    sealed = source.sealed
    plaintext = b"" if sealed is None else opened_symmetric(material, sealed, associated)
    _stop_dry_run(parameters)
    response = {"KeyId": key.arn, "Plaintext": plaintext, "EncryptionAlgorithm": _ALGORITHM}
    if key.store is None:
        response["KeyMaterialId"] = used.id
    return response


def re_encrypt(realm: Realm, parameters: Parameters, now: float) -> Response:
    """ReEncrypt. The conditions of the source come before those of the destination."""
    source = _source(realm, parameters, "SourceKeyId")
    target = find_key(realm, parameters["DestinationKeyId"])
    check_tokens(realm, parameters)
    origin = reach(realm, source.key, source.material)
    destination = reach(realm, target, target.current)
    opening, sealing = (
        prepare(
            key,
            material,
            parameters.get(f"{side}EncryptionAlgorithm"),
            parameters.get(f"{side}EncryptionContext"),
            "ReEncrypt",
        )
        for key, material, side in (
            (source.key, origin, "Source"),
            (target, destination, "Destination"),
        )
    )
    _charge(realm, now, origin, destination)
    count(realm, "ReEncrypt", now, source.key, target)
    plaintext = b"" if source.sealed is None else opened(opening, source.sealed)
    check_room(sealing, plaintext)
    _stop_dry_run(parameters)
    response: Response = {
        "CiphertextBlob": seal(sealing, plaintext),
        "SourceKeyId": source.key.arn,
        "KeyId": target.arn,
        "SourceEncryptionAlgorithm": opening.algorithm,
        "DestinationEncryptionAlgorithm": sealing.algorithm,
    }
    response = _with_material_id(response, source.key, origin, "SourceKeyMaterialId")
    return _with_material_id(response, target, destination, "DestinationKeyMaterialId")


def generate_data_key(realm: Realm, parameters: Parameters, now: float) -> Response:
    """GenerateDataKey: the same bytes in the clear and encrypted, made in the HSM."""
    response, plaintext = _data_key(realm, parameters, now, "GenerateDataKey")
    return {**response, "Plaintext": plaintext}


def generate_data_key_without_plaintext(
    realm: Realm, parameters: Parameters, now: float
) -> Response:
    """GenerateDataKeyWithoutPlaintext."""
    return _data_key(realm, parameters, now, "GenerateDataKeyWithoutPlaintext")[0]


def generate_random(realm: Realm, parameters: Parameters, now: float) -> Response:
    """GenerateRandom: of the service, or of the cluster behind a store.

    KMSInvalidStateException is not among its exceptions, so what is wrong with the cluster is
    an internal one (custom-key-stores.md, section 10).
    """
    length = parameters.get("NumberOfBytes")
    if length is None:
        raise requests.invalid("NumberOfBytes is required.")  # [REC]
    realm.shared.quotas.charge_keys(realm.caller, "GenerateRandom", (SYMMETRIC,), now)
    store_id = parameters.get("CustomKeyStoreId")
    if store_id is None:
        return {"Plaintext": realm.fleet.random(length)}
    store = find_store(realm, store_id)
    require_connected(store)
    cluster, device = reach_cluster(realm, store, ErrorCode.KMS_INTERNAL)
    charges = (charge(store, cluster),)
    realm.shared.quotas.charge_stores(realm.caller, charges, now)
    return {"Plaintext": device.random(length)}


class _Source(NamedTuple):
    """What is to be decrypted; ``sealed`` is ``None`` when a dry run goes without it."""

    key: Key
    material: KeyMaterial | None
    sealed: bytes | None


def _source(realm: Realm, parameters: Parameters, member: str) -> _Source:
    """The key and the sealed part of a ciphertext.

    :raises ServiceError: in this order ValidationException, InvalidCiphertextException,
        NotFoundException, IncorrectKeyException, AccessDeniedException.
    """
    named, blob = parameters.get(member), parameters.get("CiphertextBlob")
    ignored = parameters.get("DryRun") and parameters.get("DryRunModifiers")
    if ignored and named is not None:
        key = find_key(realm, named)
        return _Source(key, key.current, None)
    if blob is None:
        lacking = member if ignored else "CiphertextBlob"
        raise requests.invalid(f"{lacking} is required.")
    try:
        header, sealed = ciphertext.parts(blob)
    except ServiceError:
        if named is None or (key := find_key(realm, named)).spec is SYMMETRIC:
            raise
        return _Source(key, key.current, None if ignored else blob)
    key_id = realm.key_of_header.get(header)
    if named is not None and find_key(realm, named).id != key_id:
        raise ServiceError(ErrorCode.INCORRECT_KEY, _NOT_THAT_KEY)
    if key_id is None:
        raise ServiceError(ErrorCode.ACCESS_DENIED, _FOREIGN)
    key = realm.keys[key_id]
    return _Source(key, key.material_of(header), None if ignored else sealed)


def _encrypt_by_rsa(parameters: Parameters, key: Key, material: Material) -> Response:
    sealing = _prepare(parameters, key, material, "Encrypt")
    plaintext = parameters["Plaintext"]
    check_room(sealing, plaintext)
    _stop_dry_run(parameters)
    return {
        "CiphertextBlob": seal(sealing, plaintext),
        "KeyId": key.arn,
        "EncryptionAlgorithm": sealing.algorithm,
    }


def _decrypt_by_rsa(parameters: Parameters, source: _Source, material: Material) -> Response:
    sealing = _prepare(parameters, source.key, material, "Decrypt")
    plaintext = b"" if source.sealed is None else opened(sealing, source.sealed)
    _stop_dry_run(parameters)
    return {
        "KeyId": source.key.arn,
        "Plaintext": plaintext,
        "EncryptionAlgorithm": sealing.algorithm,
    }


def _prepare(parameters: Parameters, key: Key, material: Material, operation: str) -> Sealing:
    algorithm, context = parameters.get("EncryptionAlgorithm"), parameters.get("EncryptionContext")
    return prepare(key, material, algorithm, context, operation)


def _data_key(
    realm: Realm, parameters: Parameters, now: float, operation: str
) -> tuple[Response, bytes]:
    length = parameters.get("NumberOfBytes")
    if (length is None) == (parameters.get("KeySpec") is None):
        raise requests.invalid("Please specify either number of bytes or key spec.")
    key = find_key(realm, parameters["KeyId"])
    check_tokens(realm, parameters)
    material = reach(realm, key, key.current)
    require_symmetric(key, operation)
    used = material.of
    associated = ciphertext.with_context(used.associated, parameters.get("EncryptionContext"))
    _charge(realm, now, material)
    count(realm, operation, now, key)
    _stop_dry_run(parameters)
    plaintext = material.device.random(length or _DATA_KEY_BYTES[parameters["KeySpec"]])
    sealed = material.device.encrypt(material.handle, plaintext, associated)
    response: Response = {"CiphertextBlob": used.header + sealed, "KeyId": key.arn}
    if key.store is None:
        response["KeyMaterialId"] = used.id
    return response, plaintext


def _with_material_id(response: Response, key: Key, material: Material, member: str) -> Response:
    """A key of a store shows no material id (custom-key-stores.md, open question 14)."""
    if key.store is None and key.spec is SYMMETRIC:
        response[member] = material.of.id
    return response


def _check_algorithm(key: Key, algorithm: str | None) -> None:
    if algorithm is not None and algorithm != _ALGORITHM:
        require_algorithm(key, algorithm)


def _charge(realm: Realm, now: float, *materials: Material) -> None:
    """One request to each store: two keys of one store count once (quotas.md, question 6)."""
    charges = {material.charge for material in materials if material.charge is not None}
    if charges:
        realm.shared.quotas.charge_stores(realm.caller, sorted(charges), now)
