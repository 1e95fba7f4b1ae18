"""Shared secrets: DeriveSharedSecret by key agreement, Encapsulate and Decapsulate by a KEM."""

from typing import Final

from kmspec.names import ErrorCode, KeySpec, KeyUsage
from kmspec_impl.errors import ServiceError
from kmspec_impl.hsm.interface import PublicKeyError
from kmspec_impl.kms import requests
from kmspec_impl.kms.key_material import Material, reach
from kmspec_impl.kms.state import Key
from kmspec_impl.kms.usage import key_to_use, require_algorithm
from kmspec_impl.realm import Parameters, Realm, Response

_CIPHERTEXT_BYTES: Final = {
    KeySpec.ML_KEM_512: 768,
    KeySpec.ML_KEM_768: 1088,
    KeySpec.ML_KEM_1024: 1568,
}


def derive_shared_secret(realm: Realm, parameters: Parameters, now: float) -> Response:
    """DeriveSharedSecret: the x-coordinate that ECDH gives, not yet a key."""
    key = key_to_use(realm, parameters, KeyUsage.KEY_AGREEMENT, "DeriveSharedSecret", now)
    algorithm = parameters["KeyAgreementAlgorithm"]
    require_algorithm(key, algorithm)
    material = reach(realm, key, key.current)
    try:
        secret = material.device.derive(material.handle, parameters["PublicKey"])
    except PublicKeyError as cause:
        raise ServiceError(ErrorCode.VALIDATION) from cause  # [REC 2024-12]
    requests.stop_dry_run(parameters)
    return {
        "KeyId": key.arn,
        "SharedSecret": secret,
        "KeyAgreementAlgorithm": algorithm,
        "KeyOrigin": key.origin.value,
    }


def encapsulate(realm: Realm, parameters: Parameters, now: float) -> Response:
    """Encapsulate: a fresh secret, and its ciphertext for this key."""
    key, material = _reach_kem(realm, parameters, "Encapsulate", now)
    requests.stop_dry_run(parameters)
    secret, ciphertext = material.device.encapsulate(material.handle)
    return {
        "KeyId": key.arn,
        "SharedSecret": secret,
        "SharedSecretCiphertextBlob": ciphertext,
        "EncapsulationAlgorithm": parameters["EncapsulationAlgorithm"],
    }


def decapsulate(realm: Realm, parameters: Parameters, now: float) -> Response:
    """Decapsulate: a ciphertext of the right length gives a secret, if not the right one."""
    key, material = _reach_kem(realm, parameters, "Decapsulate", now)
    ciphertext = parameters["SharedSecretCiphertextBlob"]
    if len(ciphertext) != _CIPHERTEXT_BYTES[key.spec]:
        raise ServiceError(ErrorCode.INVALID_CIPHERTEXT)
    requests.stop_dry_run(parameters)
    return {
        "KeyId": key.arn,
        "SharedSecret": material.device.decapsulate(material.handle, ciphertext),
        "EncapsulationAlgorithm": parameters["EncapsulationAlgorithm"],
    }


def _reach_kem(
    realm: Realm, parameters: Parameters, operation: str, now: float
) -> tuple[Key, Material]:
    key = key_to_use(realm, parameters, KeyUsage.ENCAPSULATE_DECAPSULATE, operation, now)
    require_algorithm(key, parameters["EncapsulationAlgorithm"])
    return key, reach(realm, key, key.current)
