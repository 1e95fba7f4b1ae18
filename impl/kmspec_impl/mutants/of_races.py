"""Mutants that are wrong only where requests are under way at the same time.

They check, let the event loop go round some times, and write then: what else has arrived by now is
checked against what was there before. The next request of one client alone comes later than that,
so it sees no fault; nor does anybody where there is no event loop.
"""

import asyncio
from collections.abc import Callable
from copy import copy
from typing import Final

from kmspec.names import Service
from kmspec_impl.kms import aliases, keys, stores, tags
from kmspec_impl.mutants.mutant import Mutant
from kmspec_impl.realm import Handler, Parameters, Realm, Response
from kmspec_impl.storage import RowT, Table

_ROUNDS: Final = 2
"""Some tens of microseconds, which is less than an answer and the next request take."""


def _when_it_comes_round(write: Callable[[], object], rounds: int = _ROUNDS) -> None:
    """Do something after all that has arrived by now; at once where nothing else can arrive."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        write()
    else:
        if rounds == 1:
            loop.call_soon(write)
        else:
            loop.call_soon(_when_it_comes_round, write, rounds - 1)


class _Late(Table[RowT]):
    """A table into which rows are put only when the event loop has come round."""

    def __init__(self, table: Table[RowT]) -> None:
        super().__init__()
        vars(self).update(vars(table))

    def put(self, row: RowT) -> RowT:
        """Put the row, but later; the row."""
        _when_it_comes_round(lambda: super(_Late, self).put(row))
        return row


def _late(handler: Handler, table: str) -> Handler:
    """An operation that writes one table late."""

    def answered(realm: Realm, parameters: Parameters, now: float) -> Response:
        seen = copy(realm)
        setattr(seen, table, _Late(getattr(realm, table)))
        return handler(seen, parameters, now)

    return answered


MUTANTS: Final = (
    Mutant(
        "alias-checked-then-made",
        "race/linearizable",
        "Two CreateAlias with one name, at once, both succeed.",
        handlers=((Service.KMS, "CreateAlias", _late(aliases.create_alias, "aliases")),),
        found_by="races",
    ),
    Mutant(
        "store-checked-then-made",
        "race/linearizable",
        "Two CreateCustomKeyStore with one name or cluster, at once, both succeed.",
        handlers=(
            (Service.KMS, "CreateCustomKeyStore", _late(stores.create_custom_key_store, "stores")),
        ),
        found_by="races",
    ),
    Mutant(
        "key-written-whole",
        "race/linearizable",
        "Of two changes to a KMS key, made at once, one is lost.",
        handlers=(
            (Service.KMS, "DisableKey", _late(keys.disable_key, "keys")),
            (Service.KMS, "UpdateKeyDescription", _late(keys.update_key_description, "keys")),
            (Service.KMS, "TagResource", _late(tags.tag_resource, "keys")),
            (Service.KMS, "UntagResource", _late(tags.untag_resource, "keys")),
            (Service.KMS, "CancelKeyDeletion", _late(keys.cancel_key_deletion, "keys")),
        ),
        found_by="races",
    ),
)
