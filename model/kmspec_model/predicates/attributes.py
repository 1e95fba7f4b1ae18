"""Predicates of requests about grants, key policies and tags, and about what belongs to AWS."""

import re
from collections.abc import Mapping

from kmspec import limits
from kmspec.names import KeySpec, KeyUsage
from kmspec_model.case import Case
from kmspec_model.command import Pairs, Ref, Value
from kmspec_model.grants import Grant
from kmspec_model.predicates.kinds import OfCase, OfKey
from kmspec_model.world import NONE, Key

_ENCRYPTION = {"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo"}
_PAIRS = {"GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"}
_GRANTABLE: Mapping[str, set[str]] = {
    KeyUsage.ENCRYPT_DECRYPT: {*_ENCRYPTION, "GetPublicKey"},
    KeyUsage.SIGN_VERIFY: {"Sign", "Verify", "GetPublicKey"},
    KeyUsage.GENERATE_VERIFY_MAC: {"GenerateMac", "VerifyMac"},
    KeyUsage.KEY_AGREEMENT: {"DeriveSharedSecret", "GetPublicKey"},
    KeyUsage.ENCAPSULATE_DECAPSULATE: {"Encapsulate", "Decapsulate", "GetPublicKey"},
}
"""What a grant may permit on keys that are not symmetric encryption keys."""
_GRANT_ID = re.compile("[0-9a-f]{64}")
_CONTEXTS = ("EncryptionContextEquals", "EncryptionContextSubset")


def tag_pairs(case: Case) -> tuple[tuple[str, str], ...]:
    """The tags among the arguments: keys and values, in their order."""
    found = []
    for one in case.arguments.get("Tags", ()):
        tag = dict(one.items)
        found.append((str(tag["TagKey"]), str(tag["TagValue"])))
    return tuple(found)


def grant_named(case: Case) -> Grant | None:
    """The grant that a token, or a key and an id, name."""
    named = case.arguments.get("GrantToken", case.arguments.get("GrantId"))
    grant = case.world.grant(named.index) if isinstance(named, Ref) else None
    if grant is None or "GrantToken" in case.arguments:
        return grant
    return grant if case.key is not None and grant.key == case.key.index else None


def _count(case: Case, *members: str) -> int:
    return sum(member in case.arguments for member in members)


def _constraints(case: Case) -> Mapping[str, Value]:
    found = case.arguments.get("Constraints")
    return dict(found.items) if isinstance(found, Pairs) else {}


def _service_grant_incomplete(case: Case) -> bool:
    if "GranteeServicePrincipal" not in case.arguments:
        return False
    retiring = _count(case, "RetiringPrincipal", "RetiringServicePrincipal")
    return "SourceArn" not in _constraints(case) or not retiring


def _principal_malformed(case: Case) -> bool:
    named = [case.arguments.get(party) for party in ("GranteePrincipal", "RetiringPrincipal")]
    return any(one is not None and not str(one).startswith("arn:") for one in named)


def _constraint_too_large(case: Case) -> bool:
    found = _constraints(case)
    contexts = [found[name] for name in _CONTEXTS if name in found]
    most = limits.GRANT_CONSTRAINT_PAIRS
    return any(isinstance(one, Pairs) and len(one.items) > most for one in contexts)


def _grant_operation_unfit(case: Case, key: Key) -> bool:
    fitting = {"CreateGrant", "RetireGrant", "DescribeKey", *_GRANTABLE[key.usage]}
    if key.spec == KeySpec.SYMMETRIC_DEFAULT:
        fitting |= {"GenerateDataKey", "GenerateDataKeyWithoutPlaintext"}
        fitting -= {"GetPublicKey"}
        fitting |= _PAIRS if key.store == NONE else set()
    elif any(name in _constraints(case) for name in _CONTEXTS):
        return True
    return not fitting.issuperset(case.arguments.get("Operations", ()))


def _is_live(case: Case, token: object) -> bool:
    return isinstance(token, Ref) and case.world.grant(token.index) is not None


def _grant_id_malformed(case: Case) -> bool:
    named = case.arguments.get("GrantId")
    return isinstance(named, str) and not _GRANT_ID.fullmatch(named)


def _grant_unknown(case: Case) -> bool:
    if "GrantId" not in case.arguments or "GrantToken" in case.arguments:
        return False
    return grant_named(case) is None and not _grant_id_malformed(case)


def _policy_is(form: str) -> OfCase:
    def holds(case: Case) -> bool:
        policy = case.arguments.get("Policy")
        return isinstance(policy, Ref) and policy.form.startswith(form)

    return holds


def _policy_locks_out(case: Case) -> bool:
    bypassed = bool(case.arguments.get("BypassPolicyLockoutSafetyCheck"))
    return not bypassed and _policy_is("lockout")(case)


def _tag_twice(case: Case) -> bool:
    names = [name for name, _ in tag_pairs(case)]
    return len(names) != len(set(names))


def _too_many_tags(case: Case) -> bool:
    held = (case.key.tags if case.key is not None else None) or ()
    return len({*dict(held), *dict(tag_pairs(case))}) > limits.TAGS_PER_KEY


def _alias_reserved(case: Case) -> bool:
    named = case.arguments.get("AliasName")
    return isinstance(named, Ref) and named.kind == "service"


OF_CASE: Mapping[str, OfCase] = {
    "not-one-grantee": lambda case: (
        _count(case, "GranteePrincipal", "GranteeServicePrincipal") != 1
    ),
    "two-retiring-parties": lambda case: (
        _count(case, "RetiringPrincipal", "RetiringServicePrincipal") > 1
    ),
    "not-one-retiring-party": lambda case: (
        _count(case, "RetiringPrincipal", "RetiringServicePrincipal") != 1
    ),
    "service-grant-incomplete": _service_grant_incomplete,
    "principal-malformed": _principal_malformed,
    "constraint-too-large": _constraint_too_large,
    "token-unknown": lambda case: any(
        not _is_live(case, token) for token in case.arguments.get("GrantTokens", ())
    ),
    "retired-token-unknown": lambda case: (
        "GrantToken" in case.arguments and not _is_live(case, case.arguments["GrantToken"])
    ),
    "grant-unknown": _grant_unknown,
    "grant-id-malformed": _grant_id_malformed,
    "grant-not-named": lambda case: (
        "GrantToken" not in case.arguments and not case.arguments.keys() >= {"KeyId", "GrantId"}
    ),
    "policy-malformed": _policy_is("malformed"),
    "policy-locks-out": _policy_locks_out,
    "policy-of-ram": lambda case: case.arguments.get("PolicyName") == "AWS_RAM",
    "tag-reserved": lambda case: any(
        name.lower().startswith("aws:") for name, _ in tag_pairs(case)
    ),
    "tag-twice": _tag_twice,
    "too-many-tags": _too_many_tags,
    "alias-reserved": _alias_reserved,
}
"""By the word the tables use."""

OF_KEY: Mapping[str, OfKey] = {
    "grant-operation-unfit": _grant_operation_unfit,
    "aws-managed": lambda _case, key: key.service != NONE,
}
"""Of each KMS key of a request, by the word the tables use."""
