"""Predicates of requests about KMS keys, aliases and ciphertexts."""

from collections.abc import Mapping

from kmspec import limits
from kmspec.names import Origin
from kmspec_model.case import Case, find_key
from kmspec_model.command import Pairs, Ref, Value
from kmspec_model.kinds import is_opaque
from kmspec_model.predicates.kinds import OfCase


def _store_key_is(member: str, accepted: object) -> OfCase:
    """A member of CreateKey in a key store that has another value than the only one it may have."""

    def holds(case: Case) -> bool:
        in_store = bool(case.arguments.get("Origin") == Origin.AWS_CLOUDHSM)
        return in_store and bool(case.arguments.get(member, accepted) != accepted)

    return holds


def _store_without_origin(case: Case) -> bool:
    origin = case.arguments.get("Origin", Origin.AWS_KMS)
    return bool(origin == Origin.AWS_CLOUDHSM) != ("CustomKeyStoreId" in case.arguments)


def _window_out_of_range(case: Case) -> bool:
    days = case.arguments.get("PendingWindowInDays", limits.DEFAULT_DELETION_WINDOW_DAYS)
    return days not in limits.DELETION_WINDOW_DAYS


def _key_unknown(case: Case) -> bool:
    """A key that is named and does not exist. Where only an id will do, an alias is no name."""
    for member in (case.operation.key, case.operation.source):
        named = case.arguments.get(member) if member else None
        if named is not None and find_key(case.world, named) is None:
            return True
    return False


def _fifty_aliases(case: Case) -> bool:
    if case.key is None or (case.alias is not None and case.alias.key == case.key.index):
        return False
    own = sum(alias.key == case.key.index for alias in case.world.aliases)
    return own >= limits.ALIASES_PER_KEY


def _named_by_alias(case: Case) -> bool:
    named = case.arguments.get(case.operation.key) if case.operation.key else None
    return isinstance(named, Ref) and named.kind in ("alias", "service")


def _alias_unknown(case: Case) -> bool:
    named = case.arguments.get("AliasName")
    own = isinstance(named, Ref) and named.kind == "service"
    return case.alias is None and not own


def _ciphertext_key_unknown(case: Case) -> bool:
    ciphertext = case.ciphertext
    if is_opaque(case):
        return False
    return ciphertext is None or case.world.key(ciphertext.key) is None


def _context_differs(case: Case) -> bool:
    member = "SourceEncryptionContext" if case.operation.source else "EncryptionContext"
    ciphertext = case.ciphertext
    if ciphertext is None or is_opaque(case):
        return False
    return _pairs(case.arguments.get(member)) != _pairs(ciphertext.context)


def _pairs(context: Value | None) -> object:
    """What matters of an encryption context: its pairs, in whatever order; an empty one is none."""
    return frozenset(context.items) or None if isinstance(context, Pairs) else context


OF_CASE: Mapping[str, OfCase] = {
    "key-unknown": _key_unknown,
    "named-by-alias": _named_by_alias,
    "window-out-of-range": _window_out_of_range,
    "dry-run": lambda case: bool(case.arguments.get("DryRun")),
    "alias-unknown": _alias_unknown,
    "alias-taken": lambda case: case.alias is not None,
    "fifty-aliases": _fifty_aliases,
    "ciphertext-key-unknown": _ciphertext_key_unknown,
    "context-differs": _context_differs,
    "store-without-origin": _store_without_origin,
    "store-key-not-symmetric": _store_key_is("KeySpec", "SYMMETRIC_DEFAULT"),
    "store-key-multi-region": _store_key_is("MultiRegion", accepted=False),
}
"""By the word the tables use."""
