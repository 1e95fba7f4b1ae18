"""Probes about grants, key policies, tags, last usage, and AWS managed keys."""

from collections.abc import Iterator

from kmspec_model.command import Pairs, Ref, Value
from kmspec_model.probes.probe import UNKNOWN_KEY, Probe, kms
from kmspec_model.setup import GRANTEE, RETIRING, create_grant, tag, tags
from kmspec_model.world import NONE, Key, World

UNKNOWN_GRANT = "0" * 64
UNKNOWN_TOKEN = "bm8gZ3JhbnQ="  # noqa: S105 (no secret: a token of no grant)
VIEWS = ("ListGrants", "GetKeyPolicy", "ListKeyPolicies", "ListResourceTags", "GetKeyLastUsage")
_SERVICE = "events.amazonaws.com"
_MARKER = "no-page-came-with-it"
_POLICIES = (
    *("single", "several", "older", "unversioned", "everybody", "largest"),
    *("denieselse", "deniesothers"),
    *("lockoutothers", "lockoutservice", "lockoutdenied", "lockoutdeniedput"),
    *("malformedtext", "malformedversion", "malformedelement", "malformednothing"),
    *("malformedstatement", "malformedwithout", "malformedeffect", "malformedparty"),
    *("malformedprincipal", "malformednobody", "malformedboth"),
)
"""Forms of key policies, tried where a policy was given."""
_PAIRS = Pairs(tuple((f"name-{number}", "value") for number in range(9)))


def unknown() -> Iterator[Probe]:
    """What does not exist, and what is wrong whatever there is."""
    named: dict[str, Value] = {"KeyId": UNKNOWN_KEY}
    grant: dict[str, Value] = {**named, "GrantId": UNKNOWN_GRANT}
    for operation in VIEWS:
        yield kms("unknown", operation, **named)
    yield kms("unknown", "RevokeGrant", **grant)
    yield kms("unknown", "RetireGrant", **grant)
    yield kms("unknown-token", "RetireGrant", GrantToken=UNKNOWN_TOKEN)
    yield kms("nothing", "RetireGrant")
    yield kms("key-only", "RetireGrant", **named)
    yield kms("grant-only", "RetireGrant", GrantId=UNKNOWN_GRANT)
    yield kms("", "ListRetirableGrants", RetiringPrincipal=RETIRING)
    yield kms("nobody", "ListRetirableGrants")
    yield kms("malformed", "ListRetirableGrants", RetiringPrincipal="nobody")
    yield kms("unknown", "PutKeyPolicy", Policy=Ref("policy", 0), **named)
    yield kms("unknown", "TagResource", Tags=tags(("a", "1")), **named)
    yield kms("unknown", "UntagResource", TagKeys=("a",), **named)
    parties: dict[str, Value] = {"GranteePrincipal": GRANTEE, "Operations": ("Encrypt",)}
    yield kms("unknown", "CreateGrant", **named, **parties)
    for form in ("malformed", "lockout"):
        yield kms(f"policy-{form}", "CreateKey", Policy=Ref("policy", 0, form))
    yield kms("tag-reserved", "CreateKey", Tags=tags(("aws:a", "1")))
    yield kms("tag-twice", "CreateKey", Tags=tags(("a", "1"), ("a", "2")))
    yield kms("reserved", "CreateAlias", AliasName=Ref("service", 0), TargetKeyId=UNKNOWN_KEY)
    yield kms("reserved", "DeleteAlias", AliasName=Ref("service", 0))


def of_key(key: Key) -> Iterator[Probe]:
    """What looks at what belongs to a key, and a key by its alias."""
    named = Ref("key", key.index)
    for operation in VIEWS:
        yield kms("", operation, KeyId=named)
    yield kms("unknown-id", "RevokeGrant", KeyId=named, GrantId=UNKNOWN_GRANT)
    token: Value = (UNKNOWN_TOKEN,)
    yield kms("unknown-token", "DescribeKey", KeyId=named, GrantTokens=token)
    if key.service != NONE:
        yield from _by_service(key)


def refused(world: World, key: Key) -> Iterator[Probe]:
    """What is refused whatever the state of the key, and what only narrows a look at it."""
    named = Ref("key", key.index)
    yield kms("other-grantee", "ListGrants", KeyId=named, GranteePrincipal=RETIRING)
    yield kms("unknown-id", "ListGrants", KeyId=named, GrantId=UNKNOWN_GRANT)
    yield kms("malformed-id", "ListGrants", KeyId=named, GrantId="grant")
    yield from _grants_that_are_refused(key)
    yield kms("ram", "GetKeyPolicy", KeyId=named, PolicyName="AWS_RAM")
    put = "PutKeyPolicy"
    yield kms("ram", put, KeyId=named, PolicyName="AWS_RAM", Policy=Ref("policy", 0))
    for form in ("malformed", "lockout"):
        yield kms(form, put, KeyId=named, Policy=Ref("policy", 0, form))
    yield kms("reserved", "CreateAlias", AliasName=Ref("service", 0), TargetKeyId=named)
    yield kms("reserved", "TagResource", KeyId=named, Tags=tags(("AWS:a", "1")))
    yield kms("twice", "TagResource", KeyId=named, Tags=tags(("a", "1"), ("a", "2")))
    token: Value = (UNKNOWN_TOKEN,)
    plaintext = Ref("plaintext", 0)
    yield kms("unknown-token", "Encrypt", KeyId=named, Plaintext=plaintext, GrantTokens=token)
    yield kms("after-use", "GetKeyLastUsage", KeyId=named)
    for alias in world.aliases[:1]:
        for operation in VIEWS:
            yield kms("alias", operation, KeyId=Ref("alias", alias.index))
    for grant in world.grants[:1]:
        token = (Ref("granttoken", grant.index),)
        yield kms("token", "Encrypt", KeyId=named, Plaintext=plaintext, GrantTokens=token)
        yield kms("token", "DescribeKey", KeyId=named, GrantTokens=token)


def _by_service(key: Key) -> Iterator[Probe]:
    """An AWS managed key by its alias, and that alias."""
    service, plaintext = Ref("service", key.service), Ref("plaintext", 0)
    arn = Ref("service", key.service, "arn")
    yield kms("service", "DescribeKey", KeyId=service)
    yield kms("service-arn", "DescribeKey", KeyId=arn)
    yield kms("service", "Encrypt", KeyId=service, Plaintext=plaintext)
    yield kms("service", "GenerateDataKey", KeyId=arn, KeySpec="AES_256")
    yield kms("service", "DisableKey", KeyId=service)
    target = Ref("key", key.index)
    for operation in ("CreateAlias", "UpdateAlias"):
        yield kms("reserved", operation, AliasName=service, TargetKeyId=target)
    yield kms("reserved", "DeleteAlias", AliasName=service)


def _grants_that_are_refused(key: Key) -> Iterator[Probe]:
    def grant(variant: str, without: str = "", **more: Value) -> Probe:
        whole = create_grant(key.index, **more)
        kept = tuple(pair for pair in whole.arguments if pair[0] != without)
        return Probe(f"CreateGrant/{variant}", whole._replace(arguments=kept))

    named = Ref("key", key.index)
    yield grant("dry-run", DryRun=True)
    yield grant("nobody", "GranteePrincipal")
    yield grant("two-grantees", GranteeServicePrincipal=_SERVICE)
    yield grant("two-retiring", RetiringServicePrincipal=_SERVICE)
    yield grant("service", "GranteePrincipal", GranteeServicePrincipal=_SERVICE)
    yield grant("malformed", GranteePrincipal="nobody")
    yield grant("unfit", Operations=("Sign",))
    pairs = Pairs((("EncryptionContextEquals", _PAIRS),))
    yield grant("too-many-pairs", Constraints=pairs)
    yield kms("malformed-id", "RevokeGrant", KeyId=named, GrantId="grant")


def changes(world: World, key: Key) -> Iterator[Probe]:
    """What changes what belongs to a key."""
    named = Ref("key", key.index)
    context = Pairs((("EncryptionContextSubset", Ref("context", 0)),))
    yield Probe("CreateGrant", create_grant(key.index))
    of_pairs = create_grant(key.index, Operations=("GenerateDataKeyPair", "DescribeKey"))
    yield Probe("CreateGrant/pairs", of_pairs)
    yield Probe("TagResource", tag(key.index, ("a", "2"), ("b", "")))
    yield kms("", "PutKeyPolicy", KeyId=named, Policy=Ref("policy", 1))
    yield kms("absent", "UntagResource", KeyId=named, TagKeys=("absent",))
    for grant in world.grants[:1]:
        yield Probe("CreateGrant/again", create_grant(grant.key, Name="first"))
        constrained = create_grant(grant.key, Name="first", Constraints=context)
        yield Probe("CreateGrant/other", constrained)
        identity = {"KeyId": Ref("key", grant.key, "arn"), "GrantId": Ref("grant", grant.index)}
        several = "id" if len(world.grants) == 1 else "id-of-several"
        yield kms(several, "ListGrants", **identity)
        yield kms("grantee", "ListGrants", KeyId=identity["KeyId"], GranteePrincipal=GRANTEE)
        for operation in ("RetireGrant", "RevokeGrant"):
            yield kms("dry-run", operation, DryRun=True, **identity)
            yield kms("", operation, **identity)
        yield kms("token", "RetireGrant", GrantToken=Ref("granttoken", grant.index))
    ended = [n for n in range(world.made.grants) if world.grant(n) is None]
    for index in ended[:1]:
        yield kms("ended", "RetireGrant", GrantToken=Ref("granttoken", index))
        yield kms("ended", "RevokeGrant", KeyId=named, GrantId=Ref("grant", index))
    if len(world.grants) > 1:
        for variant, limit in (("page", 1), ("largest-page", 100)):
            yield kms(variant, "ListGrants", KeyId=named, Limit=limit)
        yield kms("marker", "ListGrants", KeyId=named, Marker=_MARKER)
    if key.tags is not None:
        for variant, limit in (("page", 1), ("largest-page", 50)) if len(key.tags) > 1 else ():
            yield kms(variant, "ListResourceTags", KeyId=named, Limit=limit)
        yield kms("", "UntagResource", KeyId=named, TagKeys=("a",))
        one_more = tag(key.index, ("one more", ""))
        yield Probe(f"TagResource/{len(key.tags)}-tags", one_more)
    if key.policy is not None:
        bypass = {"BypassPolicyLockoutSafetyCheck": True}
        lockout = Ref("policy", 0, "lockout")
        yield kms("bypass", "PutKeyPolicy", KeyId=named, Policy=lockout, **bypass)
        for form in _POLICIES:
            yield kms(form, "PutKeyPolicy", KeyId=named, Policy=Ref("policy", 1, form))
