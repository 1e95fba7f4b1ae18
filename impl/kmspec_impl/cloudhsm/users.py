"""Users of HSMs: the only place that says who may log in to a cluster, and as whom.

Users are made and changed by the operator of the cluster, for whom AWS has no API; AWS KMS logs
in as one of them. A user counts as logged in if either does so.
"""

from dataclasses import replace
from enum import Enum

from kmspec.limits import KMSUSER_PASSWORD_LENGTHS, LOGIN_ATTEMPTS
from kmspec.names import KMSUSER, Fault
from kmspec_impl.cloudhsm.contents import active_device, put_user
from kmspec_impl.cloudhsm.state import Cluster
from kmspec_impl.hsm.interface import User
from kmspec_impl.realm import Realm

ADMIN = "admin"
APPLIANCE_USER = "app_user"
PASSWORD_LENGTHS = KMSUSER_PASSWORD_LENGTHS
"""The same for all users [CHSM:limits]."""


class Login(Enum):
    """How an attempt to log in ends."""

    DONE = "done"
    UNKNOWN = "unknown"
    LOCKED = "locked"
    WRONG_PASSWORD = "wrong password"  # noqa: S105 - an outcome


def find_user(realm: Realm, cluster: Cluster, name: str) -> User | None:
    """The user of that name, as an active HSM knows it."""
    device = active_device(realm, cluster)
    return None if device is None else device.user(name)


def is_logged_in(cluster: Cluster, name: str) -> bool:
    """Whether the operator, or AWS KMS, is logged in as that user."""
    return name in cluster.logins or (name == KMSUSER and cluster.kms_session)


def log_in(realm: Realm, cluster: Cluster, name: str, password: str) -> Login:
    """Try a password. A wrong one counts towards the lock-out, the right one ends the count.

    A locked user is refused whatever the password.
    """
    user = find_user(realm, cluster, name)
    if user is None:
        return Login.UNKNOWN
    if user.locked:
        return Login.LOCKED
    if user.password != password:
        failures = user.failures + 1
        locked = failures >= LOGIN_ATTEMPTS  # [FixKeystore]; CloudHSM's guide says one more
        put_user(realm, cluster, replace(user, failures=failures, locked=locked))
        return Login.WRONG_PASSWORD
    if user.failures:
        put_user(realm, cluster, replace(user, failures=0))
    return Login.DONE


def set_password(realm: Realm, cluster: Cluster, user: User, password: str) -> None:
    """Give a user another password; that also unlocks [CHSM:cli-login]."""
    put_user(realm, cluster, replace(user, password=password, failures=0, locked=False))


def lock(realm: Realm, cluster: Cluster, user: User) -> None:
    """Lock a user as too many wrong passwords would."""
    put_user(realm, cluster, replace(user, failures=LOGIN_ATTEMPTS, locked=True))


def kmsuser(realm: Realm, cluster: Cluster) -> User | None:
    """The user ``kmsuser`` as AWS KMS sees it: not at all while the fault hides it."""
    if Fault.USER_MISSING in cluster.faults:
        return None
    return find_user(realm, cluster, KMSUSER)
