"""Scopes of why a connect fails."""

from collections.abc import Iterator

from kmspec import limits
from kmspec.names import KMSUSER, Fault
from kmspec_model.command import Command
from kmspec_model.explore import Scope
from kmspec_model.scopes.steps import (
    new_password,
    when_settled,
)
from kmspec_model.setup import (
    OTHER_PASSWORD,
    PASSWORD,
    active_cluster,
    create_store,
    fault,
    of_store,
    user,
)
from kmspec_model.states import (
    is_connected,
    is_disconnected,
)
from kmspec_model.world import Store, User, World

_AT_CONNECT = (
    Fault.SUBNET_DELETED,
    Fault.NO_FREE_ADDRESSES,
    Fault.NETWORK,
    Fault.USER_MISSING,
    Fault.INTERNAL_ERROR,
)


def _login(world: World) -> Iterator[Command]:
    yield from when_settled(_logins(world), world)


def _logins(world: World) -> Iterator[Command]:
    """One thing wrong at a time: a fault, the user, or the password that the store has."""
    cluster = world.clusters[0]
    store = world.stores[0]
    known = cluster.contents.user(KMSUSER)
    troubled = known is None or known.locked or known.logged_in
    for name in cluster.faults:
        yield fault("ClearFault", 0, name)
    if not cluster.faults and not troubled and not is_connected(store):
        for name in _AT_CONNECT:
            yield fault("SetFault", 0, name)
    if not cluster.faults:
        yield from _users(store, known)
    if known is None or known.failures < 2:
        yield of_store("ConnectCustomKeyStore")
    yield of_store("DisconnectCustomKeyStore")
    if not cluster.faults and is_disconnected(store):
        yield new_password(OTHER_PASSWORD if store.password == PASSWORD else PASSWORD)


def _users(store: Store, known: User | None) -> Iterator[Command]:
    """What an operator does to ``kmsuser`` while the store rests."""
    if known is None:
        yield user("CreateUser", 0, PASSWORD)
    elif is_disconnected(store):
        if known.logged_in:
            yield user("LogoutUser", 0)
        elif known.password == PASSWORD:
            yield user("LoginUser", 0, PASSWORD)
        yield user("ChangePassword", 0, PASSWORD)
        if not known.logged_in and not known.locked:
            yield user("LockUser", 0)
            yield user("DeleteUser", 0)


def _lockout(world: World) -> Iterator[Command]:
    """A wrong password until ``kmsuser`` is locked out, and the way back."""
    yield from when_settled(_locking(world), world)


def _locking(world: World) -> Iterator[Command]:
    yield of_store("ConnectCustomKeyStore")
    yield of_store("DisconnectCustomKeyStore")
    known = world.clusters[0].contents.user(KMSUSER)
    if known is None:
        return
    if known.locked:
        yield user("ChangePassword", 0, OTHER_PASSWORD)
    elif known.logged_in:
        yield user("LogoutUser", 0)
    elif known.failures == limits.LOGIN_ATTEMPTS - 1:
        yield user("LoginUser", 0, PASSWORD)


SCOPES = (
    Scope("login", "why a connect fails", (*active_cluster(), create_store()), _login),
    Scope(
        "lockout",
        "a wrong password until kmsuser is locked out",
        (*active_cluster(), create_store(password=OTHER_PASSWORD)),
        _lockout,
    ),
)
