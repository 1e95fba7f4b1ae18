"""Scopes: the only place that says which parts of the machine are visited whole.

Each is bounded by how many resources it makes. Where a scope is not about what is under way, it
lets everything settle before the next command.
"""

from collections.abc import Mapping

from kmspec_model.explore import Scope
from kmspec_model.scopes import (
    attributes,
    breakage,
    imports,
    kinds,
    lifecycle,
    limits,
    login,
    regions,
    rotation,
    settings,
    several_clusters,
)

SCOPES: Mapping[str, Scope] = {
    scope.name: scope
    for module in (
        lifecycle,
        kinds,
        regions,
        breakage,
        login,
        several_clusters,
        limits,
        imports,
        rotation,
        attributes,
        settings,
    )
    for scope in module.SCOPES
}
"""Every scope by its name."""

DEFAULT = tuple(SCOPES)
"""The scopes that the matrix and the tour use when none is named."""
