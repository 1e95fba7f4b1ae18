"""Callers: the only place that says in whose name, and in which Region, a request is made."""

from typing import NamedTuple


class Caller(NamedTuple):
    """The account (12 digits) and the Region a request is for. State is kept per caller."""

    account: str = "000000000000"
    region: str = "us-east-1"


DEFAULT_CALLER = Caller()
"""Who calls when nothing says otherwise."""
