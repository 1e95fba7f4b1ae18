"""Scopes of what lives and dies without anything breaking: keys, stores, clusters."""

from collections.abc import Iterator

from kmspec_model.command import Command, Ref, command
from kmspec_model.explore import Scope
from kmspec_model.scopes.steps import is_waiting, key_life
from kmspec_model.settled import is_settled
from kmspec_model.setup import (
    ALMOST,
    SETTLE,
    WAIT,
    activate,
    active_cluster,
    create_cluster,
    create_hsm,
    create_store,
    create_store_key,
    decrypt,
    delete_hsm,
    encrypt,
    initialize,
    of_store,
)
from kmspec_model.world import World


def _keys(world: World) -> Iterator[Command]:
    if world.made.keys < 2:
        yield command("kms", "CreateKey")
    if world.made.ciphertexts < 1:
        yield encrypt()
    for key in world.keys:
        yield from key_life(key.index)
        yield encrypt(key.index, keep=False)
        target = Ref("key", key.index)
        yield command("kms", "CreateAlias", AliasName=Ref("alias", 0), TargetKeyId=target)
        yield command("kms", "UpdateAlias", AliasName=Ref("alias", 0), TargetKeyId=target)
    if world.ciphertexts:
        yield decrypt()
    yield command("kms", "DeleteAlias", AliasName=Ref("alias", 0))
    if is_waiting(world):
        yield WAIT
        if world.made.keys < 2:
            yield ALMOST


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
        yield from key_life(key.index)
        if world.made.ciphertexts < 1:
            yield encrypt(key.index)
    if world.ciphertexts:
        yield decrypt()
    if not is_settled(world):
        yield SETTLE
    if is_waiting(world) and is_settled(world):
        yield WAIT


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
        if world.made.backups < 3:
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


SCOPES = (
    Scope("keys", "KMS keys without a store, and their aliases", (), _keys),
    Scope("cluster", "a CloudHSM cluster from nothing", (), _cluster),
    Scope("store", "a key store and its key over healthy HSMs", active_cluster(), _store),
)
