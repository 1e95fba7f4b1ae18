"""Signatures: Sign and Verify."""

from typing import Final

from kmspec.names import ErrorCode, KeyUsage
from kmspec_impl.errors import ServiceError
from kmspec_impl.hsm.interface import Form, Signing
from kmspec_impl.kms import requests
from kmspec_impl.kms.key_material import Material, reach
from kmspec_impl.kms.state import Key
from kmspec_impl.kms.usage import key_to_use, require_algorithm
from kmspec_impl.realm import Parameters, Realm, Response

_DIGEST_BYTES: Final = {"SHA_256": 32, "SHA_384": 48, "SHA_512": 64}
_MU_BYTES: Final = 64


def sign(realm: Realm, parameters: Parameters, now: float) -> Response:
    """Sign."""
    form = _form(parameters)
    key, material = _reach(realm, parameters, "Sign", now)
    requests.stop_dry_run(parameters)
    algorithm = Signing(parameters["SigningAlgorithm"])
    signature = material.device.sign(material.handle, algorithm, parameters["Message"], form)
    return {"KeyId": key.arn, "Signature": signature, "SigningAlgorithm": algorithm.value}


def verify(realm: Realm, parameters: Parameters, now: float) -> Response:
    """Verify: the answer is yes or an exception."""
    form = _form(parameters)
    key, material = _reach(realm, parameters, "Verify", now)
    algorithm = Signing(parameters["SigningAlgorithm"])
    message, signature = parameters["Message"], parameters["Signature"]
    if not material.device.verify(material.handle, algorithm, message, form, signature):
        raise ServiceError(ErrorCode.KMS_INVALID_SIGNATURE)
    requests.stop_dry_run(parameters)
    return {"KeyId": key.arn, "SignatureValid": True, "SigningAlgorithm": algorithm.value}


def _reach(
    realm: Realm, parameters: Parameters, operation: str, now: float
) -> tuple[Key, Material]:
    key = key_to_use(realm, parameters, KeyUsage.SIGN_VERIFY, operation, now)
    require_algorithm(key, parameters["SigningAlgorithm"])
    return key, reach(realm, key, key.current)


def _form(parameters: Parameters) -> Form:
    """What the message is, which must fit the algorithm [API:Sign].

    :raises ServiceError: ValidationException.
    """
    form = Form(parameters.get("MessageType") or Form.RAW)
    algorithm: str = parameters["SigningAlgorithm"]
    if form is Form.RAW:
        fits, length = algorithm != Signing.ED25519_PH_SHA_512, None
    elif form is Form.EXTERNAL_MU:
        fits, length = algorithm == Signing.ML_DSA_SHAKE_256, _MU_BYTES
    else:
        length = _DIGEST_BYTES.get(algorithm[-7:])
        fits = algorithm != Signing.ED25519_SHA_512 and length is not None
    if not fits:
        raise requests.invalid(f"MessageType {form} is not valid for algorithm {algorithm}.")
    if length not in (None, len(parameters["Message"])):
        raise requests.invalid(f"Digest is invalid length for algorithm {algorithm}.")  # [REC]
    return form
