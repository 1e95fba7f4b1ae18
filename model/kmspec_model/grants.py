"""Grants: the only place that says what the model knows of one."""

from typing import NamedTuple

from kmspec_model.command import Value


class Grant(NamedTuple):
    """One grant: its KMS key, and the members that it was made with, sorted.

    ``granttoken#n`` is the token that came with ``grant#n``.
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, of no use here
    key: int
    given: tuple[tuple[str, Value], ...]
