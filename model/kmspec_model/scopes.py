"""Scopes: the only place that says which parts of the machine are visited whole.

Each is bounded by how many resources it makes. Where a scope is not about what is under way, it
lets everything settle before the next command.
"""

from collections.abc import Iterable, Iterator, Mapping

from kmspec import limits
from kmspec.names import KMSUSER, Fault
from kmspec_model.command import Command, Ref, advance, command
from kmspec_model.explore import Scope
from kmspec_model.settled import is_settled
from kmspec_model.setup import (
    OTHER_PASSWORD,
    PASSWORD,
    SETTLE,
    STORE_KEY,
    WAIT,
    activate,
    active_cluster,
    burst,
    create_alias,
    create_cluster,
    create_hsm,
    create_store,
    create_store_key,
    decrypt,
    delete_hsm,
    encrypt,
    fault,
    initialize,
    load,
    of_key,
    of_store,
    restore_cluster,
    schedule,
    user,
)
from kmspec_model.states import (
    active_hsms,
    is_connected,
    is_disconnected,
    is_pending_deletion,
)
from kmspec_model.world import Cluster, Store, User, World


def _key_life(key: int) -> Iterator[Command]:
    yield of_key("EnableKey", key)
    yield of_key("DisableKey", key)
    yield schedule(key)
    yield of_key("CancelKeyDeletion", key)


def _is_waiting(world: World) -> bool:
    return any(is_pending_deletion(key) for key in world.keys)


# ---- Keys without a store -------------------------------------------------------------------


def _keys(world: World) -> Iterator[Command]:
    if world.made.keys < 2:
        yield command("kms", "CreateKey")
    if world.made.ciphertexts < 1:
        yield encrypt()
    for key in world.keys:
        yield from _key_life(key.index)
        yield encrypt(key.index, keep=False)
        target = Ref("key", key.index)
        yield command("kms", "CreateAlias", AliasName=Ref("alias", 0), TargetKeyId=target)
        yield command("kms", "UpdateAlias", AliasName=Ref("alias", 0), TargetKeyId=target)
    if world.ciphertexts:
        yield decrypt()
    yield command("kms", "DeleteAlias", AliasName=Ref("alias", 0))
    if _is_waiting(world):
        yield WAIT


# ---- A store and its key, over healthy HSMs --------------------------------------------------


def _store(world: World) -> Iterator[Command]:
    if world.made.stores < 1:
        yield create_store()
    for store in world.stores:
        yield of_store("ConnectCustomKeyStore", store.index)
        yield of_store("DisconnectCustomKeyStore", store.index)
        yield of_store("DeleteCustomKeyStore", store.index)
        if world.made.keys < 1:
            yield create_store_key(store.index)
    for key in world.keys:
        yield from _key_life(key.index)
        if world.made.ciphertexts < 1:
            yield encrypt(key.index)
    if world.ciphertexts:
        yield decrypt()
    if not is_settled(world):
        yield SETTLE
    if _is_waiting(world) and is_settled(world):
        yield WAIT


# ---- What is broken in a cluster ---------------------------------------------------------------


def _settled(commands: Iterable[Command], world: World) -> Iterator[Command]:
    """Only time passes while something is under way."""
    if is_settled(world):
        yield from commands
    else:
        yield SETTLE


def _hsms(world: World) -> Iterator[Command]:
    yield from _settled(_hsm_changes(world), world)


def _hsm_changes(world: World) -> Iterator[Command]:
    cluster = world.cluster(0)
    if cluster is not None:
        yield from _membership(world, cluster)
    yield decrypt()
    if cluster is None or not active_hsms(cluster):
        yield of_store("DisconnectCustomKeyStore")
        yield of_store("ConnectCustomKeyStore")


def _membership(world: World, cluster: Cluster) -> Iterator[Command]:
    for hsm in cluster.hsms:
        yield delete_hsm(0, hsm.index)
        if hsm not in active_hsms(cluster):
            yield fault("ClearFault", 0, Fault.HSM_DEGRADED, hsm.index)
        elif hsm.index < 2:
            yield fault("SetFault", 0, Fault.HSM_LOST, hsm.index)
            if hsm.index == 0:
                yield fault("SetFault", 0, Fault.HSM_DEGRADED, hsm.index)
    if world.made.hsms < 3:
        yield create_hsm(0, 0)
    yield command("cloudhsm", "DeleteCluster", ClusterId=Ref("cluster", 0))


_IN_USE = (Fault.NETWORK, Fault.NO_SESSIONS, Fault.INTERNAL_ERROR, Fault.SECURITY_GROUP)


def _faults(world: World) -> Iterator[Command]:
    yield from _settled(_breakages(world), world)


def _breakages(world: World) -> Iterator[Command]:
    """One thing broken at a time, and its remedy."""
    cluster, store = world.clusters[0], world.stores[0]
    known = cluster.contents.user(KMSUSER)
    locked = known is not None and known.locked
    same = known is not None and known.password == store.password
    yield from _mending(cluster, locked=locked)
    if not same and not is_connected(store):
        yield _new_password(PASSWORD)
    if same and not cluster.faults and not locked and cluster.contents.materials:
        for name in _IN_USE:
            yield fault("SetFault", 0, name)
        yield user("LockUser", 0)
        yield _lose_material()
    yield decrypt()
    yield of_store("ConnectCustomKeyStore")
    yield of_store("DisconnectCustomKeyStore")


def _orphans(world: World) -> Iterator[Command]:
    """A key whose waiting period ends while its material can, or cannot, be deleted."""
    cluster = world.clusters[0]
    if not is_settled(world):
        yield SETTLE
        return
    known = cluster.contents.user(KMSUSER)
    if not cluster.faults and known is not None and not known.locked and world.keys:
        yield fault("SetFault", 0, Fault.NETWORK)
        yield user("LockUser", 0)
        yield _lose_material()
        yield of_store("DisconnectCustomKeyStore")
    if world.keys:
        yield of_key("DisableKey")
        yield schedule()
        yield of_key("CancelKeyDeletion")
    yield decrypt()
    if _is_waiting(world):
        yield WAIT


def _mending(cluster: Cluster, *, locked: bool) -> Iterator[Command]:
    for name in cluster.faults:
        yield fault("ClearFault", 0, name)
    if locked:
        yield user("ChangePassword", 0, PASSWORD)


def _lose_material() -> Command:
    return command("operator", "DeleteHsmKey", ClusterId=Ref("cluster", 0), Handle=Ref("handle", 0))


def _new_password(password: str) -> Command:
    return command(
        "kms", "UpdateCustomKeyStore", CustomKeyStoreId=Ref("store", 0), KeyStorePassword=password
    )


# ---- Why a connect fails -----------------------------------------------------------------------

_AT_CONNECT = (
    Fault.SUBNET_DELETED,
    Fault.NO_FREE_ADDRESSES,
    Fault.NETWORK,
    Fault.USER_MISSING,
    Fault.INTERNAL_ERROR,
)


def _login(world: World) -> Iterator[Command]:
    yield from _settled(_logins(world), world)


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
        yield _new_password(OTHER_PASSWORD if store.password == PASSWORD else PASSWORD)


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
    yield from _settled(_locking(world), world)


def _locking(world: World) -> Iterator[Command]:
    yield of_store("ConnectCustomKeyStore")
    yield of_store("DisconnectCustomKeyStore")
    known = world.clusters[0].contents.user(KMSUSER)
    if known is not None and known.locked:
        yield user("ChangePassword", 0, OTHER_PASSWORD)


# ---- A cluster from nothing --------------------------------------------------------------------


def _cluster(world: World) -> Iterator[Command]:
    if world.made.clusters < 1:
        yield create_cluster()
    for cluster in world.clusters:
        if world.made.hsms < 2:
            yield create_hsm(0, world.made.hsms)
        for hsm in cluster.hsms:
            yield delete_hsm(0, hsm.index)
        yield initialize(0)
        yield initialize(0, ca=1, anchor=0)
        yield activate(0)
        yield command("cloudhsm", "DeleteCluster", ClusterId=Ref("cluster", 0))
    for backup in world.backups[:1] if is_settled(world) and world.made.hsms < 2 else ():
        named = Ref("backup", backup.index)
        yield command("cloudhsm", "DeleteBackup", BackupId=named)
        yield command("cloudhsm", "RestoreBackup", BackupId=named)
        if backup.deadline is not None:
            yield WAIT
    if not is_settled(world):
        yield SETTLE


# ---- Recovery of lost material from a backup -----------------------------------------------------


def _recovery(world: World) -> Iterator[Command]:
    yield from _settled(_recovering(world), world)


def _recovering(world: World) -> Iterator[Command]:
    """The documented procedure, and what goes wrong when its steps are left out."""
    if world.made.clusters < 2:
        yield _lose_material()
        yield restore_cluster(0)
        yield restore_cluster(3)
    restored = world.cluster(1)
    if restored is not None:
        if len(restored.hsms) < 2:
            yield create_hsm(1, len(restored.hsms))
        yield command(
            "kms",
            "UpdateCustomKeyStore",
            CustomKeyStoreId=Ref("store", 0),
            CloudHsmClusterId=Ref("cluster", 1),
        )
        yield from _passwords(world, restored)
    yield of_store("DisconnectCustomKeyStore")
    if restored is not None and len(restored.hsms) == 2:
        yield of_store("ConnectCustomKeyStore")
    yield decrypt()


def _passwords(world: World, restored: Cluster) -> Iterator[Command]:
    """Both passwords, where they differ."""
    known = restored.contents.user(KMSUSER)
    store = world.stores[0]
    if store.cluster == 1 and known is not None and known.password != store.password:
        yield user("ChangePassword", 1, PASSWORD)
        yield _new_password(PASSWORD)


# ---- Two clusters that are not related -----------------------------------------------------------


def _pair(world: World) -> Iterator[Command]:
    yield from _settled(_pairing(world), world)


def _pairing(world: World) -> Iterator[Command]:
    if world.made.stores < 2:
        yield create_store()
        yield create_store(0, 1, 1)
        yield create_store(1, 1, 1)
        yield create_store(1, 1, 0)
    for store in world.stores:
        yield of_store("ConnectCustomKeyStore", store.index)
        yield of_store("DisconnectCustomKeyStore", store.index)
        yield of_store("DeleteCustomKeyStore", store.index)
        for cluster in (0, 1):
            yield command(
                "kms",
                "UpdateCustomKeyStore",
                CustomKeyStoreId=Ref("store", store.index),
                CloudHsmClusterId=Ref("cluster", cluster),
            )
        yield command(
            "kms",
            "UpdateCustomKeyStore",
            CustomKeyStoreId=Ref("store", store.index),
            NewCustomKeyStoreName=Ref("name", 0),
        )


# ---- Request quotas ----------------------------------------------------------------------------

_WITHIN = limits.CUSTOM_KEY_STORE_RATE // 2
_BEYOND = 2 * limits.CUSTOM_KEY_STORE_RATE + 100
_BUSY = limits.CLUSTER_CAPACITY


def _quota(world: World) -> Iterator[Command]:
    """Many requests at one moment, with and without other work in the cluster."""
    busy = bool(world.clusters[0].load)
    if world.spent:
        yield advance(10)
    else:
        yield burst(100)
        if not busy:
            yield burst(_WITHIN)
            yield burst(_BEYOND)
        yield load(0 if busy else _BUSY)
    yield encrypt(keep=False)


# ---- What an account may have ------------------------------------------------------------------


def _limits(world: World) -> Iterator[Command]:
    if is_settled(world):
        yield create_cluster()
        yield create_hsm(0, 0)
    else:
        yield SETTLE


def _stores(_world: World) -> Iterator[Command]:
    """One store more, on a cluster that is as it should be."""
    yield create_store(limits.CUSTOM_KEY_STORES, limits.CUSTOM_KEY_STORES, 0)
    yield of_store("DeleteCustomKeyStore", 0)


def _abandoned_store(index: int) -> tuple[Command, ...]:
    """A store whose cluster was deleted, which leaves room for another cluster."""
    return (
        *active_cluster(index),
        create_store(index, index, 0),
        delete_hsm(index, 2 * index),
        delete_hsm(index, 2 * index + 1),
        SETTLE,
        command("cloudhsm", "DeleteCluster", ClusterId=Ref("cluster", index)),
        SETTLE,
    )


_TEN_STORES = (
    *(step for index in range(limits.CUSTOM_KEY_STORES) for step in _abandoned_store(index)),
    *active_cluster(limits.CUSTOM_KEY_STORES),
)


def _names(_world: World) -> Iterator[Command]:
    yield create_alias(limits.ALIASES_PER_KEY)
    yield command("kms", "DeleteAlias", AliasName=Ref("alias", 0))


_FIFTY_ALIASES = (
    command("kms", "CreateKey"),
    *(create_alias(alias) for alias in range(limits.ALIASES_PER_KEY)),
)

_FULL = (
    *active_cluster(),
    *(create_hsm(0, hsm % 2) for hsm in range(2, limits.HSMS)),
    *(create_cluster() for _ in range(1, limits.CLUSTERS)),
    SETTLE,
)
"""As many clusters and HSMs as an account may have."""


def _second_cluster() -> tuple[Command, ...]:
    return (
        create_cluster(),
        SETTLE,
        create_hsm(1, 0),
        SETTLE,
        initialize(1, 1),
        SETTLE,
        activate(1),
        user("CreateUser", 1, PASSWORD),
        create_hsm(1, 1),
        SETTLE,
    )


_LOSS = (
    *STORE_KEY,
    delete_hsm(0, 1),
    SETTLE,
    create_hsm(0, 1),
    SETTLE,
)
"""A backup without the key (0) and one with it (3), and both HSMs back."""

SCOPES: Mapping[str, Scope] = {
    scope.name: scope
    for scope in (
        Scope("keys", "KMS keys without a store, and their aliases", (), _keys),
        Scope("cluster", "a CloudHSM cluster from nothing", (), _cluster),
        Scope("store", "a key store and its key over healthy HSMs", active_cluster(), _store),
        Scope("hsms", "HSMs lost, removed and added under a connected store", STORE_KEY, _hsms),
        Scope("faults", "what breaks in the cluster of a connected store", STORE_KEY, _faults),
        Scope("orphans", "keys deleted while their cluster is out of reach", STORE_KEY, _orphans),
        Scope(
            "login",
            "why a connect fails",
            (*active_cluster(), create_store()),
            _login,
        ),
        Scope(
            "lockout",
            "a wrong password until kmsuser is locked out",
            (*active_cluster(), create_store(password=OTHER_PASSWORD)),
            _lockout,
        ),
        Scope("recovery", "lost key material recovered from a backup", _LOSS, _recovery),
        Scope(
            "pair",
            "two stores and two clusters that are not related",
            (*active_cluster(), *_second_cluster()),
            _pair,
        ),
        Scope("quota", "many requests at one moment", STORE_KEY, _quota),
        Scope("limits", "as many clusters and HSMs as an account may have", _FULL, _limits),
        Scope("stores", "as many key stores as an account may have", _TEN_STORES, _stores),
        Scope("aliases", "as many aliases as a key may have", _FIFTY_ALIASES, _names),
    )
}
"""Every scope by its name."""

DEFAULT = tuple(SCOPES)
"""The scopes that the matrix and the tour use when none is named."""
