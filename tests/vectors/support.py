"""All vectors, made once for all tests of a process."""

import json
from functools import cache
from typing import Any

from kmspec.tables import load
from kmspec_check.plan import Plan
from kmspec_check.vectors import file, making
from tests.helpers.machine import explored


@cache
def whole() -> str:
    """All vectors, as a file."""
    plan = Plan(explored())
    header = file.Header(plan.explored.edition, (), load())
    return "".join(file.text(making.Making(plan).made(), header))


@cache
def data() -> dict[str, Any]:
    """The same, read."""
    found: dict[str, Any] = json.loads(whole())
    return found
