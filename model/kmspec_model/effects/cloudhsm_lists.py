"""What the lists of CloudHSM have in common: filters and tags."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from kmspec_model.case import Case
from kmspec_model.command import Pairs, Value
from kmspec_model.outcome import Items, members

T = TypeVar("T")
Tags = tuple[tuple[str, str], ...]


def filters(case: Case) -> Mapping[str, tuple[Value, ...]]:
    """The values that pass, by the name of the filter."""
    given: Any = case.arguments.get("Filters", Pairs(()))
    return dict(given.items)


def passes(
    row: T, wanted: Mapping[str, tuple[Value, ...]], known: Mapping[str, Callable[[T], object]]
) -> bool:
    """Whether a row passes every filter, each by any of its values."""
    return all(known[name](row) in values for name, values in wanted.items())


def tags_of(case: Case) -> Tags:
    """The tags among the arguments, in the order given."""
    given: Any = case.arguments.get("TagList", ())
    return tuple((dict(tag.items)["Key"], dict(tag.items)["Value"]) for tag in given)


def tag_list(tags: Tags) -> Items:
    """All tags of a cluster or backup and nothing else."""
    return Items("Key", tuple(members(Key=key, Value=value) for key, value in tags))
