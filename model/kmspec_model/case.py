"""Cases: the only place where the members of a command become the resources they name."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from kmspec import limits
from kmspec.names import KeySpec, KeyState, KeyUsage, Origin
from kmspec.rules import Operation
from kmspec_model.command import Command, Ref
from kmspec_model.materials import Material, Rotation
from kmspec_model.world import (
    NONE,
    Alias,
    Backup,
    Ciphertext,
    Cluster,
    Hsm,
    Key,
    Store,
    World,
)

T = TypeVar("T")


class Case(NamedTuple):
    """One command in one world, with what it names; ``None`` where that does not exist.

    ``keys`` are the KMS keys whose state matters: for ReEncrypt both. ``related`` is the key of the
    same id in another Region that the request names; ``world`` is as seen from its own Region.
    """

    world: World
    command: Command
    operation: Operation
    arguments: Mapping[str, Any]
    keys: tuple[Key, ...]
    key: Key | None
    ciphertext: Ciphertext | None
    alias: Alias | None
    store: Store | None
    cluster: Cluster | None
    hsm: Hsm | None
    backup: Backup | None
    related: Key | None = None


def case_of(world: World, command: Command, operation: Operation) -> Case:
    """Find what a command names in a world."""
    arguments = dict(command.arguments)
    world = _with_managed(world, arguments, operation)
    key = find_key(world, arguments.get(operation.key)) if operation.key else None
    ciphertext = alias = store = cluster = hsm = backup = None
    keys: tuple[Key, ...] = (key,) if key is not None else ()
    if operation.ciphertext:
        ciphertext = _ciphertext(world, arguments.get(operation.ciphertext))
        keys = _keys_of_ciphertext(world, arguments, operation, ciphertext, key)
    if operation.alias:
        alias = _alias(world, arguments.get(operation.alias))
        if operation.key is None and alias is not None:
            key = world.key(alias.key)
            keys = (key,) if key is not None else ()
    if operation.store:
        store = _indexed(world.store, arguments.get(operation.store), "store")
    if operation.cluster:
        cluster = _indexed(world.cluster, arguments.get(operation.cluster), "cluster")
    elif store is not None:
        cluster = world.cluster(store.cluster)
    if operation.hsm and cluster is not None:
        hsm = _indexed(cluster.hsm, arguments.get(operation.hsm), "hsm")
    if operation.backup:
        backup = _indexed(world.backup, arguments.get(operation.backup), "backup")
    related = _related(world, key, arguments.get(operation.region)) if operation.region else None
    if operation.of_related and related is not None:
        keys = tuple(dict.fromkeys((*keys, related)))
    return Case(
        world,
        command,
        operation,
        arguments,
        keys,
        key,
        ciphertext,
        alias,
        store,
        cluster,
        hsm,
        backup,
        related,
    )


def _with_managed(world: World, arguments: Mapping[str, Any], operation: Operation) -> World:
    """The world with the AWS managed keys that a request names: each is made when it is asked for.

    It rotates every year. Where the request is refused, nobody sees this world.
    """
    for member in (operation.key, operation.source):
        named = arguments.get(member) if member else None
        if isinstance(named, Ref) and named.kind == "service" and not world.managed(named.index):
            made = world.made
            days = limits.DEFAULT_ROTATION_PERIOD_DAYS
            key = Key(
                made.keys,
                Origin.AWS_KMS,
                NONE,
                KeyState.ENABLED,
                region=world.region,
                materials=(Material(made.materials),),
                rotation=Rotation(days, world.now + days * limits.DAY * 1000),
                service=named.index,
            )
            made = made._replace(keys=made.keys + 1, materials=made.materials + 1)
            world = world.with_key(key)._replace(made=made)
    return world


def _indexed(find: Callable[[int], T | None], named: object, kind: str) -> T | None:
    return find(named.index) if isinstance(named, Ref) and named.kind == kind else None


def find_key(world: World, named: object) -> Key | None:
    """The KMS key that an id, key ARN, alias name or alias ARN names, as seen from a Region."""
    if not isinstance(named, Ref) or named.form not in ("", "arn", f"arn{world.region}"):
        return None
    if named.kind == "alias":
        alias = world.alias(named.index)
        return world.key(alias.key) if alias is not None else None
    if named.kind == "service":
        return world.managed(named.index)
    return world.key(named.index)


def _related(world: World, key: Key | None, region: object) -> Key | None:
    if key is None or not isinstance(region, Ref):
        return None
    return world.seen_from(region.index).key(key.index)


def _alias(world: World, named: object) -> Alias | None:
    own = isinstance(named, Ref) and named.kind == "alias"
    return _indexed(world.alias, named, "alias") if own else None


def _ciphertext(world: World, named: object) -> Ciphertext | None:
    return world.ciphertext(named.index) if isinstance(named, Ref) else None


def _keys_of_ciphertext(
    world: World,
    arguments: Mapping[str, Any],
    operation: Operation,
    ciphertext: Ciphertext | None,
    key: Key | None,
) -> tuple[Key, ...]:
    """The key of the ciphertext, then the other keys of the request, each once.

    The ciphertext of an asymmetric key does not say which key it is of.
    """
    own = None
    if ciphertext is not None and operation.usage == KeyUsage.ENCRYPT_DECRYPT:
        says = ciphertext.algorithm == KeySpec.SYMMETRIC_DEFAULT
        own = world.key(ciphertext.key) if says else None
    found = [own, key]
    if operation.source:
        found.append(find_key(world, arguments.get(operation.source)))
    seen: dict[int, Key] = {}
    for one in found:
        if one is not None:
            seen.setdefault(one.index, one)
    return tuple(seen.values())
