"""Predicates: the only place that says when a condition of the tables is not met.

Each is named as the ``when`` of rows under ``conditions/`` and in ``connection_errors.toml``, and
holds when the condition fails. A module a resource; here they are put together.
"""

from collections.abc import Mapping

from kmspec_model.predicates import (
    attributes,
    cloudhsm,
    external_stores,
    imports,
    keys,
    kinds_of_key,
    operator,
    recipients,
    regions,
    requests,
    rotation,
    stores,
)
from kmspec_model.predicates.behind_stores import OF_STORE, material_missing, rate_of
from kmspec_model.predicates.kinds import OfCase, OfKey, OfStore

__all__ = [
    "OF_CASE",
    "OF_KEY",
    "OF_STORE",
    "OfCase",
    "OfKey",
    "OfStore",
    "material_missing",
    "rate_of",
]

OF_CASE: Mapping[str, OfCase] = {
    **keys.OF_CASE,
    **kinds_of_key.OF_CASE,
    **stores.OF_CASE,
    **cloudhsm.OF_CASE,
    **operator.OF_CASE,
    **attributes.OF_CASE,
    **imports.OF_CASE,
    **rotation.OF_CASE,
    **regions.OF_CASE,
    **requests.OF_CASE,
    **external_stores.OF_CASE,
    **recipients.OF_CASE,
}
"""Predicates of a request, by the word the tables use."""

OF_KEY: Mapping[str, OfKey] = {**kinds_of_key.OF_KEY, **attributes.OF_KEY}
"""Predicates of each KMS key that a request uses, by the word the tables use."""
