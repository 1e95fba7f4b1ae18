"""The whole model, explored once for all tests of a process."""

from functools import cache

from kmspec_check.plan import Explored
from kmspec_model.model import Model


@cache
def explored() -> Explored:
    """Every scope of the tables as they are: to explore them is most of a small check."""
    return Explored(Model())
