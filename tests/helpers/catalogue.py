"""The catalogue of mutants: the only place that says how tests that are slow take some of it."""

import hashlib
from collections.abc import Iterable

from kmspec_impl.mutants.mutant import Mutant


def drawn(mutants: Iterable[Mutant], most: int) -> list[Mutant]:
    """Some of them, the same ones while others come and go."""
    return sorted(mutants, key=lambda one: hashlib.sha256(one.name.encode()).digest())[:most]
