"""The operator of the HSMs: the only place for what AWS has no API for.

Activation, users, keys in the HSMs, faults and load. A cluster is found by its id in whatever
account and Region it is. What is refused says in one line how to mend it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeAlias

from kmspec.names import HSM_FAULTS, ClusterState, ErrorCode, Fault
from kmspec_impl import faults
from kmspec_impl.cloudhsm import backups, contents, users
from kmspec_impl.cloudhsm.state import Cluster, Hsm
from kmspec_impl.cloudhsm.users import Login
from kmspec_impl.errors import ServiceError
from kmspec_impl.hsm.interface import Device, DeviceError, Role, User
from kmspec_impl.operator_input import Arguments, check_user_name, not_found, refused
from kmspec_impl.realm import Realm, Response, Shared

Operation: TypeAlias = Callable[[Realm, Cluster, Arguments, float], Response]

_MOST_USERS: Final = 1024
"""[CHSM:limits]"""
_LOGIN_REFUSALS: Final = {
    Login.LOCKED: "is locked; unlock it with `kmspec hsm user password`",
    Login.WRONG_PASSWORD: "has another password; give it, or set it by `kmspec hsm user password`",
}


def operate(shared: Shared, operation: str, parameters: Mapping[str, Any], now: float) -> Response:
    """Do what the operator asks for.

    :raises ServiceError: OperatorInvalidRequest, OperatorNotFound or UnknownOperationException.
    """
    if operation not in _OPERATIONS:
        known = ", ".join(sorted(_OPERATIONS))
        message = f"There is no operator operation {operation}; use one of {known}"
        raise ServiceError(ErrorCode.UNKNOWN_OPERATION, message)
    do, required, optional = _OPERATIONS[operation]
    arguments = Arguments(operation, parameters, ("ClusterId", *required), optional)
    cluster_id = arguments.text("ClusterId")
    realm = shared.realm_of_cluster.get(cluster_id)
    if realm is not None:
        realm.agenda.settle(now)
    cluster = None if realm is None else realm.clusters.get(cluster_id)
    if realm is None or cluster is None:
        raise not_found(
            f"there is no cluster {cluster_id}; "
            "make one with `kmspec keystore up`, or mind the spelling"
        )
    return do(realm, cluster, arguments, now)


def _activate(realm: Realm, cluster: Cluster, arguments: Arguments, now: float) -> Response:
    """INITIALIZED to ACTIVE: sets the admin's password, and makes a backup."""
    password = arguments.password()
    if cluster.state is not ClusterState.INITIALIZED:
        raise refused(f"{cluster.id} is {cluster.state}; only an INITIALIZED one is activated")
    _device(realm, cluster)
    contents.put_user(realm, cluster, User(users.ADMIN, Role.ADMIN, password))
    appliance = User(users.APPLIANCE_USER, Role.APPLIANCE_USER, realm.ids.password())
    contents.put_user(realm, cluster, appliance)
    cluster = realm.clusters.put(replace(cluster, state=ClusterState.ACTIVE))
    backups.take(realm, cluster, now)
    return {}


def _create_user(realm: Realm, cluster: Cluster, arguments: Arguments, now: float) -> Response:
    del now
    name, password = check_user_name(arguments), arguments.password()
    device = _managed(realm, cluster)
    _require_rest(cluster)
    if device.user(name) is not None:
        raise refused(
            f"{name} exists in {cluster.id} already; use `kmspec hsm user password` instead"
        )
    if len(device.users()) >= _MOST_USERS:
        raise refused(
            f"{cluster.id} has {_MOST_USERS} users; delete one first with `kmspec hsm user remove`"
        )
    contents.put_user(realm, cluster, User(name, Role.CRYPTO_USER, password))
    return {}


def _change_password(realm: Realm, cluster: Cluster, arguments: Arguments, now: float) -> Response:
    del now
    password = arguments.password()
    user = _user(realm, cluster, arguments)
    _require_rest(cluster)
    if users.is_logged_in(cluster, user.name):
        raise refused(f"{user.name} is logged in{_remedy(cluster, user)}")
    users.set_password(realm, cluster, user, password)
    return {}


def _lock_user(realm: Realm, cluster: Cluster, arguments: Arguments, now: float) -> Response:
    del now
    users.lock(realm, cluster, _user(realm, cluster, arguments))
    return {}


def _login_user(realm: Realm, cluster: Cluster, arguments: Arguments, now: float) -> Response:
    """Log in, once more if need be; AWS KMS does not share ``kmsuser`` [FixKeystore]."""
    del now
    password = arguments.text("Password")
    user = _user(realm, cluster, arguments)
    if users.is_logged_in(cluster, user.name) and user.name not in cluster.logins:
        raise refused(f"AWS KMS is logged in as {user.name}{_remedy(cluster, user)}")
    login = users.log_in(realm, cluster, user.name, password)
    if login is not Login.DONE:
        raise refused(f"{user.name} {_LOGIN_REFUSALS[login]}")
    _put_logins(realm, cluster, cluster.logins | {user.name})
    return {}


def _logout_user(realm: Realm, cluster: Cluster, arguments: Arguments, now: float) -> Response:
    del now
    user = _user(realm, cluster, arguments)
    if user.name not in cluster.logins:
        raise refused(
            f"you are not logged in as {user.name}; log in first with `kmspec hsm user login`"
        )
    _put_logins(realm, cluster, cluster.logins - {user.name})
    return {}


def _put_logins(realm: Realm, cluster: Cluster, logins: frozenset[str]) -> None:
    cluster = replace(cluster, logins=logins)
    try:
        contents.occupy(realm, cluster)
    except DeviceError as cause:
        raise refused(f"{cluster.id}: {cause}; log out first who is logged in") from cause
    realm.clusters.put(cluster)


def _delete_user(realm: Realm, cluster: Cluster, arguments: Arguments, now: float) -> Response:
    del now
    user = _user(realm, cluster, arguments)
    _require_rest(cluster)
    if user.role is not Role.CRYPTO_USER:
        raise refused(f"{user.name} is needed by the cluster; only crypto users can be deleted")
    if users.is_logged_in(cluster, user.name):
        raise refused(f"{user.name} is logged in{_remedy(cluster, user)}")
    owned = sum(key.owner == user.name for key in _device(realm, cluster).entries())
    if owned:
        raise refused(
            f"{user.name} owns keys, {owned} in all; delete them with `kmspec hsm key delete`"
        )
    contents.remove_user(realm, cluster, user.name)
    return {}


def _list_users(realm: Realm, cluster: Cluster, arguments: Arguments, now: float) -> Response:
    """The users as an active HSM tells them; without one nobody can tell."""
    del arguments, now
    device = contents.active_device(realm, cluster)
    return {
        "Users": [
            {
                "UserName": user.name,
                "Role": user.role.value,
                "Locked": user.locked,
                "LoggedIn": users.is_logged_in(cluster, user.name),
            }
            for user in (() if device is None else device.users())
        ]
    }


def _list_keys(realm: Realm, cluster: Cluster, arguments: Arguments, now: float) -> Response:
    """The keys as an active HSM tells them; without one nobody can tell."""
    del arguments, now
    device = contents.active_device(realm, cluster)
    return {
        "Keys": [
            {"Handle": key.handle, "Label": key.label, "Owner": key.owner}
            for key in (() if device is None else device.entries())
        ]
    }


def _delete_key(realm: Realm, cluster: Cluster, arguments: Arguments, now: float) -> Response:
    """Delete key material in every HSM; backups keep it."""
    del now
    handle = arguments.whole_number("Handle")
    device = _device(realm, cluster)
    _require_rest(cluster)
    if all(key.handle != handle for key in device.entries()):
        raise not_found(
            f"there is no key {handle} in {cluster.id}; list its keys with `kmspec hsm key list`"
        )
    contents.delete_key(realm, cluster, handle)
    return {}


def _set_fault(realm: Realm, cluster: Cluster, arguments: Arguments, now: float) -> Response:
    del now
    fault, hsm = _fault(cluster, arguments)
    try:
        if hsm is None:
            faults.set_fault(realm, cluster, fault)
        else:
            faults.set_hsm_fault(realm, cluster, hsm, fault)
    except faults.FaultError as cause:
        raise refused(str(cause)) from cause
    return {}


def _clear_fault(realm: Realm, cluster: Cluster, arguments: Arguments, now: float) -> Response:
    if arguments.fault("Name") is Fault.HSM_LOST:
        raise refused("a lost HSM does not come back; create another (CreateHsm)")
    fault, hsm = _fault(cluster, arguments)
    if hsm is None:
        faults.clear_fault(realm, cluster, fault)
    else:
        faults.mend_hsm(realm, cluster, hsm, now)
    return {}


def _list_faults(realm: Realm, cluster: Cluster, arguments: Arguments, now: float) -> Response:
    del realm, arguments, now
    return {"Faults": faults.list_faults(cluster)}


def _set_load(realm: Realm, cluster: Cluster, arguments: Arguments, now: float) -> Response:
    del now
    realm.clusters.put(replace(cluster, load=arguments.number("Rate")))
    return {}


_OPERATIONS: Final[Mapping[str, tuple[Operation, tuple[str, ...], tuple[str, ...]]]] = {
    "ActivateCluster": (_activate, ("Password",), ()),
    "CreateUser": (_create_user, ("UserName", "Password"), ()),
    "ChangePassword": (_change_password, ("UserName", "Password"), ()),
    "LockUser": (_lock_user, ("UserName",), ()),
    "LoginUser": (_login_user, ("UserName", "Password"), ()),
    "LogoutUser": (_logout_user, ("UserName",), ()),
    "DeleteUser": (_delete_user, ("UserName",), ()),
    "ListUsers": (_list_users, (), ()),
    "ListHsmKeys": (_list_keys, (), ()),
    "DeleteHsmKey": (_delete_key, ("Handle",), ()),
    "SetFault": (_set_fault, ("Name",), ("HsmId",)),
    "ClearFault": (_clear_fault, ("Name",), ("HsmId",)),
    "ListFaults": (_list_faults, (), ()),
    "SetLoad": (_set_load, ("Rate",), ()),
}
"""What each operation is, and its members beside ClusterId: required and optional ones."""

OPERATIONS: Final = frozenset(_OPERATIONS)


def _device(realm: Realm, cluster: Cluster) -> Device:
    device = contents.active_device(realm, cluster)
    if device is None:
        raise refused(f"{cluster.id} has no active HSM; create one and wait until it is ACTIVE")
    return device


def _managed(realm: Realm, cluster: Cluster) -> Device:
    """An HSM of a cluster whose users the admin can manage: one that was activated."""
    if cluster.state not in contents.ACTIVATED:
        raise refused(
            f"{cluster.id} is {cluster.state}; activate it first with `kmspec hsm activate`"
        )
    return _device(realm, cluster)


def _require_rest(cluster: Cluster) -> None:
    """Refuse what changes a cluster inside while its HSM type is changed."""
    if cluster.state in contents.CHANGING:
        raise refused(f"{cluster.id} is {cluster.state}; wait until it is ACTIVE")


def _user(realm: Realm, cluster: Cluster, arguments: Arguments) -> User:
    name = arguments.text("UserName").lower()  # not case sensitive [CHSM:cli-user-create]
    user = _managed(realm, cluster).user(name)
    if user is None:
        raise not_found(
            f"there is no user {name} in {cluster.id}; create it with `kmspec hsm user add`"
        )
    return user


def _remedy(cluster: Cluster, user: User) -> str:
    if user.name in cluster.logins:
        return "; log it out first with `kmspec hsm user logout`"
    return "; disconnect the custom key store first (DisconnectCustomKeyStore)"


def _fault(cluster: Cluster, arguments: Arguments) -> tuple[Fault, Hsm | None]:
    """The fault a request names, and the HSM, which exactly the faults of an HSM have."""
    fault = arguments.fault("Name")
    hsm_id = arguments.optional_text("HsmId")
    if fault not in HSM_FAULTS:
        if hsm_id is not None:
            raise refused(f"{fault} is a fault of the whole cluster; leave --hsm (HsmId) out")
        return fault, None
    if hsm_id is None:
        raise refused(f"{fault} is a fault of one HSM; name it by --hsm (HsmId)")
    for hsm in cluster.hsms:
        if hsm.id == hsm_id:
            return fault, hsm
    raise not_found(
        f"there is no HSM {hsm_id} in {cluster.id}; DescribeClusters lists those there are"
    )
