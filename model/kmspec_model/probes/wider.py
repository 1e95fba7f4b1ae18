"""Probes about all there is: the only place that names what a situation is not about.

The matrix tries one key, store, cluster and backup of each situation; a walk goes on with others.
"""

from collections.abc import Iterator

from kmspec_model.command import Command, Ref, Value, command
from kmspec_model.kinds import is_symmetric
from kmspec_model.probes import (
    attributes,
    cloudhsm,
    cryptography,
    imports,
    keys,
    rotation,
    settings,
    stores,
)
from kmspec_model.probes.probe import Probe
from kmspec_model.setup import (
    PASSWORD,
    create_alias,
    create_grant,
    decrypt,
    delete_hsm,
    encrypt,
    import_parameters,
    of_backup,
    user,
)
from kmspec_model.world import NONE, Cluster, Key, World

_MOST = 3
"""So many of a kind are made, at most, of those that would be made without end."""


def wider(world: World) -> Iterator[Command]:
    """What can be tried with any key, alias, ciphertext, store, cluster and backup of a Region."""
    if world.spent:
        return
    for key in world.keys:
        if key.service == NONE and is_symmetric(key):
            yield from (probe.command for probe in _about_key(world, key))
            yield from _kept(world, key)
    for alias in world.aliases:
        yield command("kms", "DeleteAlias", AliasName=Ref("alias", alias.index))
    for ciphertext in world.ciphertexts:
        yield decrypt(ciphertext.index)
    for store in world.stores:
        yield from (probe.command for probe in stores.of_the_store(world, store))
        named = Ref("store", store.index)
        update: dict[str, Value] = {"CustomKeyStoreId": named, "KeyStorePassword": PASSWORD}
        yield command("kms", "UpdateCustomKeyStore", **update)
    for cluster in world.clusters:
        yield from (probe.command for probe in _about_cluster(world, cluster))
        yield user("ChangePassword", cluster.index, PASSWORD)
        yield from (delete_hsm(cluster.index, hsm.index) for hsm in cluster.hsms)
    for backup in world.backups:
        yield of_backup("DeleteBackup", backup.index)
        yield of_backup("RestoreBackup", backup.index)


def _about_key(world: World, key: Key) -> Iterator[Probe]:
    yield from keys.of_key(key)
    yield from attributes.of_key(key)
    yield from attributes.changes(world, key)
    yield from cryptography.cryptography(world, key)
    yield from imports.imports(world, key)
    yield from rotation.rotation(key)


def _kept(world: World, key: Key) -> Iterator[Command]:
    """What is remembered for later, and aliases of one key that go to another."""
    for index in range(_MOST):
        yield create_alias(index, key.index)
        target = Ref("key", key.index)
        yield command("kms", "UpdateAlias", AliasName=Ref("alias", index), TargetKeyId=target)
    yield create_grant(key.index, Name="first")
    if world.made.ciphertexts < _MOST:
        yield encrypt(key.index)
    if world.made.parameters < _MOST:
        yield import_parameters(key.index)


def _about_cluster(world: World, cluster: Cluster) -> Iterator[Probe]:
    yield from cloudhsm.of_cluster(cluster)
    yield from settings.of_clusters(world, cluster)
    yield from stores.new_store(cluster)
    yield from cloudhsm.operator(world, cluster)
    yield from cloudhsm.faults(cluster)
