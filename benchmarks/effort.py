"""Efforts: the only place that says how long and how often things are measured."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Effort:
    """How much is done. Every contender has a turn in each round, so that all have the same luck.

    ``seconds`` is what a turn takes, ``rounds`` how many there are and ``careful`` how many where
    two figures are expected to be nearly the same.
    """

    name: str
    seconds: float
    rounds: int
    careful: int
    listed: int
    """Keys that are listed."""
    patience: float
    """Seconds in which they are made; a contender that is slower lists fewer."""
    accounts: int
    """Accounts, each with a store, that are asked in turns where a store has its quota."""
    sizes: tuple[int, ...]
    """Keys in an account, to see how cost grows with them."""
    connections: tuple[int, ...]
    steady: float
    """Seconds of a steady rate."""
    tries: int
    """How often that is measured."""
    starts: int
    mutants: int
    """How many are looked for."""
    budget: float
    """Seconds for the matrix over HTTP."""
    only: tuple[str, ...] = ()
    """What the checker is asked for, nothing for all."""
    scopes: tuple[str, ...] = ()
    """What is explored, nothing for all."""


TINY: Final = Effort(
    name="tiny",
    seconds=0.02,
    rounds=1,
    careful=1,
    listed=20,
    patience=5,
    accounts=2,
    sizes=(10,),
    connections=(1, 2),
    steady=0.2,
    tries=1,
    starts=1,
    mutants=1,
    budget=20,
    only=("tag", "matrix"),
    scopes=("login",),
)
QUICK: Final = Effort(
    name="quick",
    seconds=0.08,
    rounds=3,
    careful=6,
    listed=1_000,
    patience=3,
    accounts=16,
    sizes=(10, 1_000),
    connections=(1, 4, 16),
    steady=3.0,
    tries=1,
    starts=3,
    mutants=5,
    budget=8,
    only=("alias", "matrix"),
)
FULL: Final = Effort(
    name="full",
    seconds=0.15,
    rounds=12,
    careful=24,
    listed=10_000,
    patience=40,
    accounts=16,
    sizes=(10, 1_000, 100_000),
    connections=(1, 2, 4, 8, 16, 32, 64),
    steady=8.0,
    tries=3,
    starts=7,
    mutants=40,
    budget=25,
)
EFFORTS: Final = {effort.name: effort for effort in (TINY, QUICK, FULL)}
