"""Predicates of what an operator does on the HSMs."""

import re
from collections.abc import Mapping

from kmspec.limits import KMSUSER_PASSWORD_LENGTHS
from kmspec.names import KMSUSER
from kmspec_model.case import Case
from kmspec_model.command import Ref
from kmspec_model.predicates.kinds import OfCase
from kmspec_model.states import active_hsms, is_activated, is_connected

_USER_NAME = re.compile("[A-Za-z0-9_]{1,31}")


def _user(case: Case) -> object:
    return case.arguments.get("UserName")


def _user_name_malformed(case: Case) -> bool:
    return not _USER_NAME.fullmatch(str(_user(case)))


def _password_too_short_or_long(case: Case) -> bool:
    return len(str(case.arguments.get("Password"))) not in KMSUSER_PASSWORD_LENGTHS


def _user_exists(case: Case) -> bool:
    name = _user(case)
    return (
        case.cluster is not None
        and isinstance(name, str)
        and case.cluster.contents.user(name) is not None
    )


def _user_is(case: Case, member: str) -> bool:
    name = _user(case)
    if case.cluster is None or not isinstance(name, str):
        return False
    user = case.cluster.contents.user(name)
    return user is not None and bool(getattr(user, member))


def _kms_is_logged_in(case: Case) -> bool:
    if case.cluster is None or _user(case) != KMSUSER:
        return False
    store = case.world.store_of(case.cluster.index)
    return store is not None and is_connected(store)


def _handle_unknown(case: Case) -> bool:
    handle = case.arguments.get("Handle")
    if case.cluster is None:
        return False
    return not isinstance(handle, Ref) or handle.index not in case.cluster.contents.materials


def _fault_not_set(case: Case) -> bool:
    fault = case.arguments.get("Name")
    if case.cluster is None:
        return False
    if "HsmId" in case.arguments:
        return case.hsm is None or case.hsm in active_hsms(case.cluster)
    return fault not in case.cluster.faults


def _hsm_not_active(case: Case) -> bool:
    return (
        case.cluster is not None
        and case.hsm is not None
        and case.hsm not in active_hsms(case.cluster)
    )


OF_CASE: Mapping[str, OfCase] = {
    "cluster-not-activated": lambda case: (
        case.cluster is not None and not is_activated(case.cluster)
    ),
    "user-name-malformed": _user_name_malformed,
    "password-too-short-or-long": _password_too_short_or_long,
    "user-exists": _user_exists,
    "user-unknown": lambda case: not _user_exists(case),
    "user-busy": lambda case: _user_is(case, "logged_in") or _kms_is_logged_in(case),
    "user-locked": lambda case: _user_is(case, "locked"),
    "kms-is-logged-in": _kms_is_logged_in,
    "user-not-logged-in": lambda case: _user_exists(case) and not _user_is(case, "logged_in"),
    "user-owns-keys": lambda case: (
        case.cluster is not None
        and _user(case) == KMSUSER
        and bool(case.cluster.contents.materials)
    ),
    "handle-unknown": _handle_unknown,
    "hsm-not-active": _hsm_not_active,
    "fault-not-set": _fault_not_set,
}
"""By the word the tables use."""
