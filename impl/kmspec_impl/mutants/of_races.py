"""Mutants that are wrong only where requests are under way at the same time, or after a crash.

The first check, wait, write, and answer then: what else arrives meanwhile is checked against what
was there before. One client alone sees no fault, for it is answered later; nor does anybody where
there is no event loop.
"""

from copy import copy
from typing import Final

from kmspec.names import Service
from kmspec_impl.kms import aliases, keys, stores, tags
from kmspec_impl.mutants.mutant import Mutant, after
from kmspec_impl.realm import Handler, Parameters, Realm, Response
from kmspec_impl.storage.tables import RowT, Table

_WAIT: Final = 0.02
"""Seconds: longer than two clients on a busy machine are apart that ask at the same moment."""


class _Late(Table[RowT]):
    """A table into which rows are put only after a while."""

    def __init__(self, table: Table[RowT]) -> None:
        super().__init__()
        vars(self).update(vars(table))

    def put(self, row: RowT) -> RowT:
        """Put the row, but later; the row."""
        after(_WAIT, lambda: super(_Late, self).put(row))
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
        patience=_WAIT,
        found_by="races",
    ),
    Mutant(
        "store-checked-then-made",
        "race/linearizable",
        "Two CreateCustomKeyStore with one name or cluster, at once, both succeed.",
        handlers=(
            (Service.KMS, "CreateCustomKeyStore", _late(stores.create_custom_key_store, "stores")),
        ),
        patience=_WAIT,
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
        patience=_WAIT,
        found_by="races",
    ),
    Mutant(
        "answers-before-commit",
        "race/linearizable",
        "With --data-dir, a request is answered before what it changed is on disk.",
        hasty=0.1,
        found_by="crash",
    ),
)
