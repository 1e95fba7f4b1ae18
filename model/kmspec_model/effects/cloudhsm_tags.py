"""Effects on the tags of clusters and backups."""

from collections.abc import Callable, Mapping

from kmspec_model.case import Case
from kmspec_model.effects.cloudhsm_lists import Tags, tag_list, tags_of
from kmspec_model.moves import Change, Moves
from kmspec_model.outcome import members
from kmspec_model.world import World


def held_tags(case: Case) -> Tags:
    """The tags of the cluster or backup that a request names."""
    named = case.cluster if case.cluster is not None else case.backup
    return named.tags if named is not None else ()


def _with_tags(case: Case, tags: Tags) -> World:
    if case.cluster is not None:
        return case.world.with_cluster(case.cluster._replace(tags=tags))
    if case.backup is not None:
        return case.world.with_backup(case.backup._replace(tags=tags))
    return case.world


def tag(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """New tags, and new values of those that are there."""
    tags = {**dict(held_tags(case)), **dict(tags_of(case))}
    return (Change(_with_tags(case, tuple(sorted(tags.items())))),)


def untag(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """Without the tags of these keys."""
    gone = case.arguments["TagKeyList"]
    return (Change(_with_tags(case, tuple(one for one in held_tags(case) if one[0] not in gone))),)


def list_all(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """Every tag."""
    return (Change(case.world, members(TagList=tag_list(held_tags(case)))),)


EFFECTS: Mapping[str, Callable[[Moves, Case], tuple[Change, ...]]] = {
    "cloudhsm:TagResource": tag,
    "cloudhsm:UntagResource": untag,
    "ListTags": list_all,
}
