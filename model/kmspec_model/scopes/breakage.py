"""Scopes of what breaks in a cluster: HSMs, network, key material; and keys that outlive it."""

from collections.abc import Iterator

from kmspec.names import KMSUSER, Fault
from kmspec_model.command import Command, Ref, command
from kmspec_model.explore import Scope
from kmspec_model.scopes.steps import is_waiting, lose_material, new_password, when_settled
from kmspec_model.settled import is_settled
from kmspec_model.setup import (
    PASSWORD,
    SETTLE,
    STORE_KEY,
    WAIT,
    create_hsm,
    decrypt,
    delete_hsm,
    fault,
    of_key,
    of_store,
    schedule,
    user,
)
from kmspec_model.states import (
    active_hsms,
    is_connected,
)
from kmspec_model.world import Cluster, World


def _hsms(world: World) -> Iterator[Command]:
    yield from when_settled(_hsm_changes(world), world)


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
    yield from when_settled(_breakages(world), world)


def _breakages(world: World) -> Iterator[Command]:
    """One thing broken at a time, and its remedy."""
    cluster, store = world.clusters[0], world.stores[0]
    known = cluster.contents.user(KMSUSER)
    locked = known is not None and known.locked
    same = known is not None and known.password == store.password
    yield from _mending(cluster, locked=locked)
    if not same and not is_connected(store):
        yield new_password(PASSWORD)
    if same and not cluster.faults and not locked and cluster.contents.materials:
        for name in _IN_USE:
            yield fault("SetFault", 0, name)
        yield user("LockUser", 0)
        yield lose_material()
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
        yield lose_material()
        yield of_store("DisconnectCustomKeyStore")
    if world.keys:
        yield of_key("DisableKey")
        yield schedule()
        yield of_key("CancelKeyDeletion")
    yield decrypt()
    if is_waiting(world):
        yield WAIT


def _mending(cluster: Cluster, *, locked: bool) -> Iterator[Command]:
    for name in cluster.faults:
        yield fault("ClearFault", 0, name)
    if locked:
        yield user("ChangePassword", 0, PASSWORD)


SCOPES = (
    Scope("hsms", "HSMs lost, removed and added under a connected store", STORE_KEY, _hsms),
    Scope("faults", "what breaks in the cluster of a connected store", STORE_KEY, _faults),
    Scope("orphans", "keys deleted while their cluster is out of reach", STORE_KEY, _orphans),
)
