"""Predicates of requests about external key stores."""

from collections.abc import Mapping

from kmspec.names import Origin
from kmspec_model.case import Case
from kmspec_model.predicates.kinds import OfCase

_EXTERNAL = Origin.EXTERNAL_KEY_STORE


def _asked_for(case: Case) -> bool:
    asked = case.arguments
    if _EXTERNAL in (asked.get("CustomKeyStoreType"), asked.get("Origin")):
        return True
    return any(member.startswith("XksProxy") for member in asked)


OF_CASE: Mapping[str, OfCase] = {
    "external-key-store": _asked_for,
    "external-key-of-other-origin": lambda case: (
        "XksKeyId" in case.arguments and case.arguments.get("Origin") != _EXTERNAL
    ),
}
"""By the word the tables use."""
