"""Pages of lists: the only place that says what a list answers that is asked for by pages.

What is listed is the operation's own; here is how much of it a page may hold.
"""

from collections.abc import Callable, Mapping
from itertools import combinations
from typing import NamedTuple

from kmspec_model.case import Case
from kmspec_model.moves import Change, Moves
from kmspec_model.outcome import Items, Mark, Members, OneOf, Pattern

Effect = Callable[[Moves, Case], tuple[Change, ...]]


class _List(NamedTuple):
    """A list: the member that says how much is asked for, and what says that there is more."""

    limit: str
    more: Mapping[str, Pattern]


_OF_KMS = _List("Limit", {"Truncated": True, "NextMarker": Mark.PRESENT})
_OF_CLOUDHSM = _List("MaxResults", {"NextToken": Mark.PRESENT})
_LISTS: Mapping[str, _List] = {
    "ListAliases": _OF_KMS,
    "ListGrants": _OF_KMS,
    "ListResourceTags": _OF_KMS,
    "ListKeyRotations": _OF_KMS,
    "ListTags": _OF_CLOUDHSM,
    "DescribeBackups": _OF_CLOUDHSM,
    "DescribeClusters": _OF_CLOUDHSM,
}
"""By operation, those that are asked for by pages here."""


def paging(effects: Mapping[str, Effect]) -> Mapping[str, Effect]:
    """The effects of these operations, with no more on a page than is asked for."""
    return {name: _paged(name, effects[name], row) for name, row in _LISTS.items()}


def _paged(name: str, effect: Effect, row: _List) -> Effect:
    def paged(moves: Moves, case: Case) -> tuple[Change, ...]:
        changes = effect(moves, case)
        most = case.arguments.get(row.limit)
        if not isinstance(most, int):
            return changes
        return tuple(_page(name, change, most, row) for change in changes)

    return paged


def _page(name: str, change: Change, most: int, row: _List) -> Change:
    """As much of a list as is asked for, or less: AWS says that it may be."""
    ((member, items),) = change.response.fields
    if not isinstance(items, Items) or len(items.entries) <= most:
        return change
    some = (items._replace(entries=part) for part in combinations(items.entries, most))
    page: Pattern = OneOf((*some, items._replace(entries=())))
    shown = Members(((member, page), *sorted(row.more.items())))
    return change._replace(response=shown, answer=f"effect/{name}/page")
