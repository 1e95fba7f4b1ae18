"""Predicates of requests about the rotation of key material."""

from collections.abc import Mapping

from kmspec import limits
from kmspec.names import Origin, RotationType
from kmspec_model.case import Case
from kmspec_model.kinds import is_symmetric
from kmspec_model.predicates.kinds import OfCase

_NEAR = limits.CONFLICT_BEFORE_ROTATION * 1000


def _rotated_25_times(case: Case) -> bool:
    if case.key is None:
        return False
    done = sum(one.rotation == RotationType.ON_DEMAND for one in case.key.materials)
    return done + (case.key.rotating is not None) >= limits.ON_DEMAND_ROTATIONS


def _rotation_near(case: Case) -> bool:
    rotation = case.key.rotation if case.key is not None else None
    return rotation is not None and rotation.due - case.world.now <= _NEAR


def _no_material_waits(case: Case) -> bool:
    key = case.key
    if key is None or key.origin != Origin.EXTERNAL or not is_symmetric(key):
        return False
    return not case.world.waits_everywhere(key)


OF_CASE: Mapping[str, OfCase] = {
    "rotated-25-times": _rotated_25_times,
    "rotation-near": _rotation_near,
    "rotation-under-way": lambda case: case.key is not None and case.key.rotating is not None,
    "no-material-waits": _no_material_waits,
}
"""By the word the tables use."""
