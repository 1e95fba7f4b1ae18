"""Steps that several scopes share."""

from collections.abc import Iterable, Iterator

from kmspec_model.command import Command, Ref, command
from kmspec_model.settled import is_settled
from kmspec_model.setup import (
    SETTLE,
    of_key,
    schedule,
)
from kmspec_model.states import (
    is_pending_deletion,
)
from kmspec_model.world import World


def key_life(key: int) -> Iterator[Command]:
    """What a key goes through whatever its store does."""
    yield of_key("EnableKey", key)
    yield of_key("DisableKey", key)
    yield schedule(key)
    yield of_key("CancelKeyDeletion", key)


def is_waiting(world: World) -> bool:
    """Whether a waiting period runs."""
    return any(is_pending_deletion(key) for key in world.keys)


def when_settled(commands: Iterable[Command], world: World) -> Iterator[Command]:
    """Only time passes while something is under way."""
    if is_settled(world):
        yield from commands
    else:
        yield SETTLE


def lose_material() -> Command:
    """The key material of ``key#0`` deleted in ``cluster#0``."""
    return command("operator", "DeleteHsmKey", ClusterId=Ref("cluster", 0), Handle=Ref("handle", 0))


def new_password(password: str) -> Command:
    """The password that KMS is told for ``store#0``."""
    return command(
        "kms", "UpdateCustomKeyStore", CustomKeyStoreId=Ref("store", 0), KeyStorePassword=password
    )
