"""Predicates of any request: whether it is well formed, and begins where a page ended."""

from collections.abc import Mapping

from kmspec_model.constraints import broken
from kmspec_model.predicates.kinds import OfCase

OF_CASE: Mapping[str, OfCase] = {
    "breaks-a-constraint": lambda case: bool(broken(case.command)),
    "marker-made-up": lambda case: bool({"Marker", "NextToken"} & case.arguments.keys()),
}
"""By the word the tables use."""
