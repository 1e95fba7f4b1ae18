"""Larger scopes: only those that take one process long, and that nothing else begins from.

`kmspec explore --scope NAME` visits them; the matrix, the tour and the walks do not.
"""

from collections.abc import Iterator
from functools import partial

from kmspec_model.command import Command, Ref, command
from kmspec_model.explore import Scope
from kmspec_model.scopes.steps import is_waiting, key_life
from kmspec_model.settled import is_settled
from kmspec_model.setup import (
    SETTLE,
    WAIT,
    active_cluster,
    create_store,
    create_store_key,
    decrypt,
    encrypt,
    of_store,
)
from kmspec_model.world import World


def _crowd(keys: int, world: World) -> Iterator[Command]:
    """A key store whose keys live and die each by itself, and one alias that any may have."""
    alias = Ref("alias", 0)
    if world.made.stores < 1:
        yield create_store()
    for store in world.stores:
        yield of_store("ConnectCustomKeyStore", store.index)
        yield of_store("DisconnectCustomKeyStore", store.index)
        yield of_store("DeleteCustomKeyStore", store.index)
        if world.made.keys < keys:
            yield create_store_key(store.index)
    for key in world.keys:
        yield from key_life(key.index)
        if world.made.ciphertexts < 1:
            yield encrypt(key.index)
        target = Ref("key", key.index)
        yield command("kms", "CreateAlias", AliasName=alias, TargetKeyId=target)
        yield command("kms", "UpdateAlias", AliasName=alias, TargetKeyId=target)
    yield command("kms", "DeleteAlias", AliasName=alias)
    if world.ciphertexts:
        yield decrypt()
    if not is_settled(world):
        yield SETTLE
    if is_waiting(world) and is_settled(world):
        yield WAIT


LARGER = {
    f"{word}-keys": Scope(
        f"{word}-keys",
        f"a key store, {word} keys in it, and an alias",
        active_cluster(),
        partial(_crowd, count),
    )
    for count, word in ((2, "two"), (3, "three"), (4, "four"))
}
"""By name: some thousand, some hundred thousand, and some million transitions."""
