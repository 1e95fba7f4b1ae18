"""Data key pairs: GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext."""

from kmspec.names import KeySpec, KeyState
from kmspec_impl.kms import ciphertext, requests
from kmspec_impl.kms.grants import check_tokens
from kmspec_impl.kms.identifiers import find_key
from kmspec_impl.kms.key_material import reach
from kmspec_impl.kms.key_state import key_state, require_usable, wrong_origin
from kmspec_impl.kms.state import Key
from kmspec_impl.kms.usage import refuse_sm2, require_symmetric
from kmspec_impl.realm import Parameters, Realm, Response


def generate_data_key_pair(realm: Realm, parameters: Parameters, now: float) -> Response:
    """GenerateDataKeyPair: a public key, and a private key both in the clear and encrypted."""
    response, private = _pair(realm, parameters, "GenerateDataKeyPair", now)
    return {**response, "PrivateKeyPlaintext": private}


def generate_data_key_pair_without_plaintext(
    realm: Realm, parameters: Parameters, now: float
) -> Response:
    """GenerateDataKeyPairWithoutPlaintext."""
    return _pair(realm, parameters, "GenerateDataKeyPairWithoutPlaintext", now)[0]


def _pair(
    realm: Realm, parameters: Parameters, operation: str, now: float
) -> tuple[Response, bytes]:
    spec = KeySpec(parameters["KeyPairSpec"])
    refuse_sm2(spec)
    key = find_key(realm, parameters["KeyId"])
    check_tokens(realm, parameters)
    _refuse_store(realm, key)
    require_usable(realm, key)
    require_symmetric(key, operation)
    material = reach(realm, key, key.current)
    used = material.of
    associated = ciphertext.with_context(used.associated, parameters.get("EncryptionContext"))
    realm.shared.quotas.charge_keys(realm.caller, operation, (spec,), now)
    requests.stop_dry_run(parameters)
    private, public = material.device.generate_pair(spec)
    sealed = material.device.encrypt(material.handle, private, associated)
    response: Response = {
        "PrivateKeyCiphertextBlob": used.header + sealed,
        "PublicKey": public,
        "KeyId": key.arn,
        "KeyPairSpec": spec.value,
        "KeyMaterialId": used.id,
    }
    return response, private


def _refuse_store(realm: Realm, key: Key) -> None:
    """A key of a store makes no key pairs; its state comes first, but for Unavailable (note 7)."""
    if key.store is None:
        return
    if key_state(realm, key) is not KeyState.UNAVAILABLE:
        require_usable(realm, key)
    raise wrong_origin(key)
