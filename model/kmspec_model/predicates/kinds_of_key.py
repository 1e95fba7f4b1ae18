"""Predicates of the kind of a KMS key, and of what was made with it."""

from collections.abc import Mapping

from kmspec.names import KeyUsage
from kmspec_model import kinds
from kmspec_model.case import Case, find_key
from kmspec_model.command import Ref
from kmspec_model.predicates.kinds import OfCase, OfKey
from kmspec_model.states import is_external
from kmspec_model.world import NONE, Key

_SHORT = "short"
"""The form of a blob of which half is gone."""


def _usage_missing(case: Case) -> bool:
    asked = kinds.asked_spec(case) != kinds.SYMMETRIC
    return asked and "KeyUsage" not in case.arguments


def _usage_not_of_spec(case: Case) -> bool:
    usage = case.arguments.get("KeyUsage")
    return usage is not None and usage not in kinds.kind_of(kinds.asked_spec(case)).usages


def _of_another_partition(case: Case) -> bool:
    return kinds.kind_of(kinds.asked_spec(case)).only_in is not None


def _incorrect_key(case: Case) -> bool:
    """A key is named that is not the one the ciphertext says: looked at before any usage."""
    ciphertext = case.ciphertext
    if ciphertext is None or ciphertext.algorithm != kinds.SYMMETRIC:
        return False
    member = case.operation.source or case.operation.key or ""
    named = find_key(case.world, case.arguments.get(member))
    return named is not None and named.index != ciphertext.key


def _usage_differs(case: Case, key: Key) -> bool:
    return key.usage != case.operation.usage and not _incorrect_key(case)


def _algorithm_not_of_spec(case: Case, key: Key) -> bool:
    usable = key.usage == case.operation.usage and not _incorrect_key(case)
    return usable and not kinds.fits(case, key)


def _encrypts_asymmetrically(_case: Case, key: Key) -> bool:
    return key.usage == KeyUsage.ENCRYPT_DECRYPT and not kinds.is_symmetric(key)


def _context_of_asymmetric_key(case: Case, key: Key) -> bool:
    member = "EncryptionContext"
    if case.operation.source is not None:
        opened = kinds.opened_key(case) == key.index
        member = f"{'Source' if opened else 'Destination'}{member}"
    return bool(case.arguments.get(member)) and not kinds.is_symmetric(key)


def _no_public_key(_case: Case, key: Key) -> bool:
    return not kinds.kind_of(key.spec).asymmetric


def _plaintext_too_long(case: Case, key: Key) -> bool:
    most = kinds.kind_of(key.spec).plaintext.get(kinds.algorithm(case))
    return (
        most is not None
        and kinds.fits(case, key)
        and kinds.size(case.arguments.get("Plaintext")) > most
    )


def _asymmetric_ciphertext_differs(case: Case) -> bool:
    """The key or the algorithm is not that of a ciphertext of an asymmetric key, or it is torn."""
    ciphertext, blob = case.ciphertext, case.arguments.get("CiphertextBlob")
    if not kinds.is_opaque(case) or blob is None:
        return False
    if ciphertext is None or not isinstance(blob, Ref) or blob.form:
        return True
    asked = (kinds.named_source(case), kinds.source_algorithm(case))
    return asked != (ciphertext.key, ciphertext.algorithm)


def _asymmetric_ciphertext_unexplained(case: Case) -> bool:
    by_default = kinds.source_algorithm(case) == kinds.SYMMETRIC
    return kinds.is_opaque(case) and (kinds.named_source(case) is None or by_default)


def _digest_length_differs(case: Case, key: Key) -> bool:
    return _is_digest(case, key) and kinds.size(case.arguments.get("Message")) != kinds.digest(case)


def _is_digest(case: Case, key: Key) -> bool:
    digest = case.arguments.get("MessageType") == "DIGEST"
    return digest and kinds.fits(case, key) and not kinds.refuses_message(case)


def _mu_length_differs(case: Case, key: Key) -> bool:
    mu = case.arguments.get("MessageType") == "EXTERNAL_MU"
    wrong = mu and kinds.size(case.arguments.get("Message")) != kinds.MU_BYTES
    return wrong and kinds.fits(case, key) and not kinds.refuses_message(case)


def _message_type_refused(case: Case, key: Key) -> bool:
    return kinds.fits(case, key) and kinds.refuses_message(case)


def _signed_otherwise(member: str, kind: str) -> OfCase:
    """What is to be verified was made with another key, over something else, otherwise, or not."""

    def holds(case: Case) -> bool:
        named = case.arguments.get(member)
        if not isinstance(named, Ref) or named.kind != kind or named.form or case.key is None:
            return True
        made = case.world.signature(named.index)
        asked = (case.key.index, kinds.over(case.arguments), kinds.algorithm(case))
        return made is None or (made.key, made.over, made.algorithm) != asked

    return holds


def _encapsulated_length_differs(case: Case, key: Key) -> bool:
    """A torn ciphertext, or one of another key spec."""
    wanted = kinds.kind_of(key.spec).ciphertext
    if wanted is None:
        return False
    blob = case.arguments.get("SharedSecretCiphertextBlob")
    if isinstance(blob, bytes):
        return len(blob) != wanted
    if not isinstance(blob, Ref) or case.ciphertext is None or blob.form == _SHORT:
        return True
    own = case.world.key(case.ciphertext.key)
    return own is None or kinds.kind_of(own.spec).ciphertext != wanted


def _public_key_of_another_curve(case: Case, key: Key) -> bool:
    named = case.arguments.get("PublicKey")
    curve = kinds.CURVES.get(named.form) if isinstance(named, Ref) else None
    return key.usage == KeyUsage.KEY_AGREEMENT and curve != key.spec


def _alias_of_another_kind(case: Case) -> bool:
    current = case.world.key(case.alias.key) if case.alias is not None else None
    if current is None or case.key is None:
        return False
    return kinds.type_of(current) != kinds.type_of(case.key)


OF_CASE: Mapping[str, OfCase] = {
    "usage-missing": _usage_missing,
    "usage-not-of-spec": _usage_not_of_spec,
    "wrong-key": _incorrect_key,
    "spec-of-another-partition": _of_another_partition,
    "asymmetric-ciphertext-differs": _asymmetric_ciphertext_differs,
    "asymmetric-ciphertext-unexplained": _asymmetric_ciphertext_unexplained,
    "signature-wrong": _signed_otherwise("Signature", "signature"),
    "mac-wrong": _signed_otherwise("Mac", "mac"),
    "alias-of-another-kind": _alias_of_another_kind,
}
"""By the word the tables use."""

OF_KEY: Mapping[str, OfKey] = {
    "usage-differs": _usage_differs,
    "algorithm-not-of-spec": _algorithm_not_of_spec,
    "encrypts-asymmetrically": _encrypts_asymmetrically,
    "context-of-asymmetric-key": _context_of_asymmetric_key,
    "in-a-store": lambda _case, key: key.store != NONE,
    "no-public-key": _no_public_key,
    "public-key-never-imported": lambda _case, key: is_external(key) and not key.materials,
    "plaintext-too-long": _plaintext_too_long,
    "digest-length-differs": _digest_length_differs,
    "mu-length-differs": _mu_length_differs,
    "message-type-refused": _message_type_refused,
    "encapsulated-length-differs": _encapsulated_length_differs,
    "public-key-of-another-curve": _public_key_of_another_curve,
}
"""Of each KMS key of a request, by the word the tables use."""
