"""Effects on what belongs to a key: grants, key policies, tags, its last usage."""

from collections.abc import Callable, Iterable, Mapping

from kmspec_model.case import Case
from kmspec_model.command import Pairs, Ref, Value
from kmspec_model.grants import Grant
from kmspec_model.moves import Change, Moves
from kmspec_model.outcome import (
    Bind,
    Items,
    Mark,
    Members,
    OneOf,
    Pattern,
    Text,
    Values,
    members,
)
from kmspec_model.predicates.attributes import grant_named, tag_pairs
from kmspec_model.world import NONE, World

_ACCOUNT = Text(r"arn:aws[a-z-]*:iam::\d{12}:root")
_NOT_GIVEN = ("KeyId", "GrantTokens", "DryRun")
"""Members of CreateGrant that say nothing of the grant."""


def _entry(grant: Grant) -> Members:
    """A grant in a list."""
    given = dict(grant.given)
    shown: dict[str, Pattern] = {
        "GrantId": Ref("grant", grant.index),
        "KeyId": Ref("key", grant.key, "arn"),
        "Name": str(given["Name"]) if "Name" in given else OneOf(("", Mark.ABSENT)),
        "IssuingAccount": _ACCOUNT,
        "CreationDate": Mark.PRESENT,
        "Operations": Values(_texts(given["Operations"])),
        "Constraints": _structure(given.get("Constraints")),
    }
    for member in ("GranteePrincipal", "RetiringPrincipal"):
        shown[member] = str(given[member]) if member in given else Mark.ABSENT
    return members(**shown)


def _texts(value: Value) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, tuple) else ()


def _structure(value: Value | None) -> Pattern:
    if not isinstance(value, Pairs):
        return Mark.ABSENT
    return Members(tuple((name, _inner(inner)) for name, inner in value.items))


def _inner(value: Value) -> Pattern:
    return value if isinstance(value, Ref) else str(value)


def create_grant(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """A new grant with a token, or the one of that name that is just like it."""
    if case.key is None:
        return ()
    world = case.world
    found = sorted((name, arg) for name, arg in case.arguments.items() if name not in _NOT_GIVEN)
    given = tuple(found)
    for grant in world.grants:
        if "Name" in case.arguments and (grant.key, grant.given) == (case.key.index, given):
            answer = members(GrantId=Ref("grant", grant.index), GrantToken=Mark.PRESENT)
            return (Change(world, answer, ("effect/CreateGrant/idempotent",)),)
    index = world.made.grants
    grant = Grant(index, case.key.index, given)
    answer = members(GrantId=Bind(Ref("grant", index)), GrantToken=Bind(Ref("granttoken", index)))
    made = world.made._replace(grants=index + 1)
    return (Change(world._replace(grants=(*world.grants, grant), made=made), answer),)


def _listed(case: Case, grants: Iterable[Grant]) -> tuple[Change, ...]:
    entries = tuple(_entry(grant) for grant in grants)
    return (Change(case.world, members(Grants=Items("GrantId", entries))),)


def list_grants(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The grants of the key that pass the filters."""
    if case.key is None:
        return ()
    own = [grant for grant in case.world.grants if grant.key == case.key.index]
    if "GrantId" in case.arguments:
        own = [grant for grant in own if grant == grant_named(case)]
    grantee = case.arguments.get("GranteePrincipal")
    if grantee is not None:
        own = [grant for grant in own if dict(grant.given).get("GranteePrincipal") == grantee]
    return _listed(case, own)


def list_retirable(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The grants that the principal may retire."""
    wanted = case.arguments.get("RetiringPrincipal")
    return _listed(
        case,
        (one for one in case.world.grants if dict(one.given).get("RetiringPrincipal") == wanted),
    )


def end_grant(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The grant is gone, and its tokens with it."""
    gone = grant_named(case)
    grants = tuple(grant for grant in case.world.grants if grant != gone)
    return (Change(case.world._replace(grants=grants)),)


def get_policy(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The document that was put last, or the default one."""
    if case.key is None:
        return ()
    policy: Pattern = case.key.policy or Ref("policy", 0, "default")
    if case.key.service != NONE:
        policy = Mark.PRESENT
    return (Change(case.world, members(Policy=policy, PolicyName="default")),)


def put_policy(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """Another document."""
    if case.key is None:
        return ()
    return (Change(case.world.with_key(case.key._replace(policy=case.arguments["Policy"]))),)


def list_policies(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The one name."""
    return (Change(case.world, members(PolicyNames=Values(("default",)))),)


def _tagged(case: Case, tags: Mapping[str, str]) -> tuple[Change, ...]:
    world: World = case.world
    if case.key is not None:
        world = world.with_key(case.key._replace(tags=tuple(sorted(tags.items()))))
    return (Change(world),)


def tag(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """More tags, or other values."""
    old = dict((case.key.tags if case.key is not None else None) or ())
    return _tagged(case, {**old, **dict(tag_pairs(case))})


def untag(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """Fewer tags."""
    if case.key is None or case.key.tags is None:
        return (Change(case.world),)
    old, gone = dict(case.key.tags), case.arguments["TagKeys"]
    return _tagged(case, {name: value for name, value in old.items() if name not in gone})


def list_tags(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """Each tag once."""
    if case.key is None:
        return ()
    entries = tuple(members(TagKey=name, TagValue=value) for name, value in case.key.tags or ())
    return (Change(case.world, members(Tags=Items("TagKey", entries))),)


def last_usage(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The last success that used the key, or nothing."""
    key = case.key
    if key is None:
        return ()
    mark = Mark.PRESENT if key.used else Mark.ABSENT
    used = members(
        Operation=key.used or Mark.ABSENT, Timestamp=mark, CloudTrailEventId=mark, KmsRequestId=mark
    )
    named = OneOf((Ref("key", key.index, "arn"), Ref("key", key.index)))
    answer = members(
        KeyId=named,
        KeyLastUsage=used,
        TrackingStartDate=Mark.PRESENT,
        KeyCreationDate=Mark.PRESENT,
    )
    return (Change(case.world, answer),)


EFFECTS: Mapping[str, Callable[[Moves, Case], tuple[Change, ...]]] = {
    "CreateGrant": create_grant,
    "ListGrants": list_grants,
    "ListRetirableGrants": list_retirable,
    "RetireGrant": end_grant,
    "RevokeGrant": end_grant,
    "GetKeyPolicy": get_policy,
    "PutKeyPolicy": put_policy,
    "ListKeyPolicies": list_policies,
    "TagResource": tag,
    "UntagResource": untag,
    "ListResourceTags": list_tags,
    "GetKeyLastUsage": last_usage,
}
