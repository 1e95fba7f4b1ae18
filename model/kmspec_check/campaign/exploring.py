"""Exploring: the only place that spreads the exploration of a scope over workers.

Each round, the worlds found in the one before are shared out, and each worker says where what is
tried in its worlds leads. Worlds are told apart here, in their order, so that the graph is the one
that a single process finds.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from kmspec_check.campaign.workers import Work, Workers, in_order
from kmspec_check.events import Listener, PhaseEnded, PhaseStarted, Progressed
from kmspec_model import Command, Model, World
from kmspec_model.explore import Graph, Tried, explore, tried
from kmspec_model.scopes import SCOPES
from kmspec_model.scopes.larger import LARGER

EVERY = {**SCOPES, **LARGER}
"""Every scope by its name, also those that only exploration visits."""
_MOST = 250
"""Worlds that are sent at once: to try their commands takes about a tenth of a second."""
_FEWEST = 20
"""To send fewer takes as long as to try them."""
_SHARES = 16
"""Into so many batches the worlds of a round go at least, where they are many."""


class Batch(NamedTuple):
    """Some worlds of a scope."""

    scope: str
    worlds: tuple[World, ...]


@cache
def _model() -> Model:
    return Model()


def try_all(batch: Batch) -> tuple[tuple[Tried, ...], ...]:
    """What comes of what is tried in each world; what is equal is one and the same, to be sent."""
    model, scope = _model(), EVERY[batch.scope]
    worlds = {world: world for world in batch.worlds}
    commands: dict[Command, Command] = {}
    return tuple(
        tuple(
            (
                commands.setdefault(command, command),
                None if after is None else worlds.setdefault(after, after),
            )
            for command, after in tried(model, scope, world)
        )
        for world in batch.worlds
    )


@contextlib.contextmanager
def exploring(workers: Workers, listener: Listener) -> Iterator[Callable[[Model, str], Graph]]:
    """Explores scopes, by these workers."""
    work: Work[Batch, tuple[tuple[Tried, ...], ...]] = try_all
    with workers.doing(work) as each:

        def visit(model: Model, name: str) -> Graph:
            count = 0

            def trying(worlds: Sequence[World]) -> Iterable[Sequence[Tried]]:
                nonlocal count
                size = max(_FEWEST, min(_MOST, len(worlds) // _SHARES))
                starts = range(0, len(worlds), size)
                batches = [Batch(name, tuple(worlds[start : start + size])) for start in starts]
                for done in in_order(each(batches)):
                    count += len(done)
                    listener(Progressed(name, count))
                    yield from done

            listener(PhaseStarted(name, None))
            found = explore(model, EVERY[name], trying=trying)
            listener(PhaseEnded(name, found.transitions, 0.0))
            return found

        yield visit
