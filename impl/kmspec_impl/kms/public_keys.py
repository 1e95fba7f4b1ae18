"""Public keys: GetPublicKey."""

from kmspec.names import ErrorCode
from kmspec_impl.errors import ServiceError
from kmspec_impl.kms.grants import check_tokens
from kmspec_impl.kms.identifiers import find_key
from kmspec_impl.kms.key_material import present
from kmspec_impl.kms.key_state import (
    require_available,
    require_material,
    require_not_creating,
    require_not_pending_deletion,
)
from kmspec_impl.kms.usage import is_asymmetric, shown
from kmspec_impl.realm import Parameters, Realm, Response


def get_public_key(realm: Realm, parameters: Parameters, now: float) -> Response:
    """GetPublicKey, of a disabled key too, or one without its private key (key-states.md, 3)."""
    del now
    key = find_key(realm, parameters["KeyId"], ErrorCode.INVALID_ARN)
    check_tokens(realm, parameters)
    require_not_pending_deletion(key)
    require_not_creating(key)
    require_available(realm, key)
    if not is_asymmetric(key.spec):
        raise ServiceError(ErrorCode.UNSUPPORTED_OPERATION)  # crypto.md, open question 9
    public = None if key.current is None else key.current.public_key
    if public is None:
        require_material(key)
        public = realm.fleet.public_key(present(key, key.current)[1])
    return {
        "KeyId": key.arn,
        "PublicKey": public,
        "CustomerMasterKeySpec": key.spec.value,
        "KeySpec": key.spec.value,
        "KeyUsage": key.usage.value,
        **shown(key.spec, key.usage),
    }
