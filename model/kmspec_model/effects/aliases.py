"""Effects on aliases."""

from collections.abc import Callable, Mapping

from kmspec_model.case import Case
from kmspec_model.command import Ref
from kmspec_model.moves import Change, Moves
from kmspec_model.outcome import Items, Text, members
from kmspec_model.world import NONE, Alias

_PREDEFINED = members(
    AliasName=Text("alias/aws/[a-z0-9-]+"),
    AliasArn=Text(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:alias/aws/[a-z0-9-]+"),
)
"""A predefined alias: AWS does not say which there are, nor for which of them an AWS service has
made the AWS managed key, whose id is then in TargetKeyId."""


def point(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The alias names the key, whether it is new or not."""
    named = case.arguments["AliasName"]
    if case.key is None or not isinstance(named, Ref):
        return ()
    others = tuple(alias for alias in case.world.aliases if alias.index != named.index)
    aliases = tuple(sorted((*others, Alias(named.index, case.key.index))))
    return (Change(case.world._replace(aliases=aliases)),)


def delete(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The alias is gone; its key stays."""
    gone = case.alias
    aliases = tuple(alias for alias in case.world.aliases if alias != gone)
    return (Change(case.world._replace(aliases=aliases)),)


def list_all(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """Every alias, or those of one key."""
    entries = tuple(
        members(
            AliasName=Ref("alias", alias.index),
            AliasArn=Ref("alias", alias.index, "arn"),
            TargetKeyId=Ref("key", alias.key),
        )
        for alias in case.world.aliases
        if case.key is None or alias.key == case.key.index
    )
    entries += tuple(
        members(
            AliasName=Ref("service", key.service),
            AliasArn=Ref("service", key.service, "arn"),
            TargetKeyId=Ref("key", key.index),
        )
        for key in case.world.keys
        if key.service != NONE and (case.key is None or key == case.key)
    )
    also = (_PREDEFINED,) if case.key is None else ()
    return (Change(case.world, members(Aliases=Items("AliasName", entries, also=also))),)


EFFECTS: Mapping[str, Callable[[Moves, Case], tuple[Change, ...]]] = {
    "CreateAlias": point,
    "UpdateAlias": point,
    "DeleteAlias": delete,
    "ListAliases": list_all,
}
