"""Predicates of multi-Region keys."""

from collections.abc import Mapping

from kmspec.names import MultiRegionKeyType
from kmspec_model.case import Case
from kmspec_model.command import Ref
from kmspec_model.predicates.kinds import OfCase
from kmspec_model.states import is_updating


def _named(case: Case) -> object:
    return case.arguments.get(case.operation.region or "")


def _is_elsewhere(case: Case) -> bool:
    """Whether the request names another Region than its own."""
    named = _named(case)
    return isinstance(named, Ref) and named.index != case.world.region


def _not_primary(case: Case) -> bool:
    return case.key is not None and case.key.role != MultiRegionKeyType.PRIMARY


def _replica_exists(case: Case) -> bool:
    return _is_elsewhere(case) and case.related is not None


def _region_of_its_own(case: Case) -> bool:
    return isinstance(_named(case), Ref) and not _is_elsewhere(case)


def _no_replica_there(case: Case) -> bool:
    return _is_elsewhere(case) and case.related is None


def _another_update_runs(case: Case) -> bool:
    """The one key is Updating and the other is not: two others hand over."""
    pair = (case.key, case.related)
    return len({key is not None and is_updating(key) for key in pair}) > 1 and None not in pair


OF_CASE: Mapping[str, OfCase] = {
    "not-primary": _not_primary,
    "replica": lambda case: case.key is not None and case.key.role == MultiRegionKeyType.REPLICA,
    "region-unknown": lambda case: not isinstance(_named(case), Ref),
    "replica-exists": _replica_exists,
    "region-of-its-own": _region_of_its_own,
    "no-replica-there": _no_replica_there,
    "another-update-runs": _another_update_runs,
}
"""By the word the tables use."""
