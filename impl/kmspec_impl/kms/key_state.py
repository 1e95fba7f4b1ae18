"""Key states: the only place that derives a key's state, and what a wrong one is answered.

The state is never stored. PendingDeletion hides everything else; a key of a store that is not
CONNECTED is Unavailable, whatever its owner wants; what the owner wants shows again at
reconnect (key-states.md, section 2.2).
"""

from kmspec.names import ConnectionState, ErrorCode, KeyState, Origin
from kmspec_impl.errors import ServiceError
from kmspec_impl.identity import root_arn
from kmspec_impl.kms.state import Key
from kmspec_impl.realm import Realm


def key_state(realm: Realm, key: Key) -> KeyState:
    """The state of a key, now."""
    if key.deletion_due is not None:
        return KeyState.PENDING_DELETION
    if key.overlay is not None:
        return key.overlay
    connected = ConnectionState.CONNECTED
    if key.store is not None and realm.stores[key.store].state is not connected:
        return KeyState.UNAVAILABLE
    if key.origin is Origin.EXTERNAL and lacks_material(key):
        return KeyState.PENDING_IMPORT
    return KeyState.ENABLED if key.enabled else KeyState.DISABLED


def lacks_material(key: Key) -> bool:
    """Whether a key of origin EXTERNAL has no key material, or not all of it."""
    return key.current is None or any(one.handle is None for one in key.materials)


def is_pending_deletion(key: Key) -> bool:
    """Whether the deletion of a key is scheduled, if only after that of its replicas."""
    return key.deletion_due is not None or key.overlay is KeyState.PENDING_REPLICA_DELETION


def require_usable(realm: Realm, key: Key) -> None:
    """Refuse cryptography unless the key is Enabled, or Updating.

    Where a pending deletion is documented with either of two exceptions, this is the one that
    was observed (key-states.md, open question 5).

    :raises ServiceError: DisabledException, or KMSInvalidStateException.
    """
    state = key_state(realm, key)
    if state is KeyState.ENABLED or state is KeyState.UPDATING:
        return
    if state is KeyState.DISABLED:
        raise ServiceError(ErrorCode.DISABLED, f"{key.arn} is disabled.")
    require_available(realm, key)
    require_material(key)
    require_not_creating(key)
    raise _pending_deletion(key)


def require_available(realm: Realm, key: Key) -> None:
    """Refuse what a key does not do while its store is not connected.

    :raises ServiceError: KMSInvalidStateException.
    """
    if key_state(realm, key) is KeyState.UNAVAILABLE:
        raise ServiceError(ErrorCode.KMS_INVALID_STATE, f"{key.arn} is unavailable.")


def require_grantable(realm: Realm, key: Key) -> None:
    """Refuse a grant unless the key is usable, or would be if its store were connected.

    :raises ServiceError: as :func:`require_usable`.
    """
    if key_state(realm, key) is not KeyState.UNAVAILABLE:
        require_usable(realm, key)


def require_neither_disabled_nor_pending_deletion(realm: Realm, key: Key) -> None:
    """Refuse, in either of these states, what is refused in no other for its sake.

    :raises ServiceError: DisabledException, or KMSInvalidStateException.
    """
    if key_state(realm, key) is KeyState.DISABLED:
        raise ServiceError(ErrorCode.DISABLED, f"{key.arn} is disabled.")
    require_not_pending_deletion(key)


def require_material(key: Key) -> None:
    """Refuse what a key cannot do that waits for imported key material.

    :raises ServiceError: KMSInvalidStateException.
    """
    waiting = key.origin is Origin.EXTERNAL and key.deletion_due is None and key.overlay is None
    if waiting and lacks_material(key):
        raise ServiceError(ErrorCode.KMS_INVALID_STATE, f"{key.arn} is pending import.")


def wrong_origin(key: Key) -> ServiceError:
    """UnsupportedOperationException: not for keys whose material comes from there [REC]."""
    message = f"{key.arn} origin is {key.origin} which is not valid for this operation."
    return ServiceError(ErrorCode.UNSUPPORTED_OPERATION, message)


def require_not_pending_deletion(key: Key) -> None:
    """Refuse to change a key that is about to be deleted.

    :raises ServiceError: KMSInvalidStateException.
    """
    if is_pending_deletion(key):
        raise _pending_deletion(key)


def require_not_creating(key: Key) -> None:
    """Refuse what a replica key that is still being made does not take.

    :raises ServiceError: KMSInvalidStateException.
    """
    if key.overlay is KeyState.CREATING:
        raise ServiceError(ErrorCode.KMS_INVALID_STATE, f"{key.arn} is creating.")


def require_not_updating(key: Key) -> None:
    """Refuse what a key does not take while its primary Region is being changed.

    :raises ServiceError: KMSInvalidStateException.
    """
    if key.overlay is KeyState.UPDATING:
        raise ServiceError(ErrorCode.KMS_INVALID_STATE, f"{key.arn} is updating.")


def require_pending_deletion(key: Key) -> None:
    """Refuse to cancel a deletion that is not scheduled.

    :raises ServiceError: KMSInvalidStateException.
    """
    if not is_pending_deletion(key):
        message = f"{key.arn} is not pending deletion (or pending replica deletion)."
        raise ServiceError(ErrorCode.KMS_INVALID_STATE, message)


def _pending_deletion(key: Key) -> ServiceError:
    return ServiceError(ErrorCode.KMS_INVALID_STATE, f"{key.arn} is pending deletion.")


def require_customer_managed(realm: Realm, key: Key) -> Key:
    """Refuse to change a key that belongs to AWS; the key.

    The key policies of such keys let nobody.

    :raises ServiceError: AccessDeniedException.
    """
    if key.service is not None:
        raise denied(realm, key.arn)
    return key


def denied(realm: Realm, arn: str) -> ServiceError:
    """AccessDeniedException for something that is AWS's own."""
    message = f"User: {root_arn(realm.caller)} is not authorized to change the resource: {arn}"
    return ServiceError(ErrorCode.ACCESS_DENIED, message)
