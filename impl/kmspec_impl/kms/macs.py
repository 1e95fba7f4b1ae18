"""Message authentication codes: GenerateMac and VerifyMac."""

import hmac

from kmspec.names import ErrorCode, KeyUsage
from kmspec_impl.errors import ServiceError
from kmspec_impl.kms import requests
from kmspec_impl.kms.key_material import Material, reach
from kmspec_impl.kms.state import Key
from kmspec_impl.kms.usage import key_to_use, require_algorithm
from kmspec_impl.realm import Parameters, Realm, Response


def generate_mac(realm: Realm, parameters: Parameters, now: float) -> Response:
    """GenerateMac."""
    key, material = _reach(realm, parameters, "GenerateMac", now)
    requests.stop_dry_run(parameters)
    mac = material.device.mac(material.handle, parameters["Message"])
    return {"KeyId": key.arn, "Mac": mac, "MacAlgorithm": parameters["MacAlgorithm"]}


def verify_mac(realm: Realm, parameters: Parameters, now: float) -> Response:
    """VerifyMac: the answer is yes or an exception."""
    key, material = _reach(realm, parameters, "VerifyMac", now)
    mac = material.device.mac(material.handle, parameters["Message"])
    if not hmac.compare_digest(mac, parameters["Mac"]):
        raise ServiceError(ErrorCode.KMS_INVALID_MAC)
    requests.stop_dry_run(parameters)
    return {"KeyId": key.arn, "MacValid": True, "MacAlgorithm": parameters["MacAlgorithm"]}


def _reach(
    realm: Realm, parameters: Parameters, operation: str, now: float
) -> tuple[Key, Material]:
    key = key_to_use(realm, parameters, KeyUsage.GENERATE_VERIFY_MAC, operation, now)
    require_algorithm(key, parameters["MacAlgorithm"])
    return key, reach(realm, key, key.current)
