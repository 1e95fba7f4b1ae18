"""A scope is the same graph, world by world, whoever tries what is to be tried in it."""

import pytest

from kmspec_check.campaign.exploring import EVERY, exploring
from kmspec_check.campaign.processes import Processes
from kmspec_check.campaign.workers import Alone, Workers
from kmspec_check.events import Event, PhaseEnded, PhaseStarted, Progressed
from kmspec_model.explore import Graph, explore
from kmspec_model.invariants import broken
from kmspec_model.model import Model
from kmspec_model.scopes import DEFAULT
from kmspec_model.scopes.larger import LARGER
from tests.helpers.machine import explored

WORLDS, TRANSITIONS = 1350, 16320
"""Of the smallest of the larger scopes; twelve times as many worlds with each key more."""


def graph(workers: Workers, name: str) -> tuple[Graph, list[Event]]:
    told: list[Event] = []
    with exploring(workers, told.append) as visit:
        return visit(Model(), name), told


@pytest.mark.parametrize("workers", [Alone(), Processes(2)], ids=["alone", "processes"])
def test_the_graph_is_the_same(workers: Workers) -> None:
    found, told = graph(workers, "login")
    assert found == explored().graphs["login"]
    assert told[0] == PhaseStarted("login", None)
    assert Progressed("login", len(found.worlds)) in told
    assert told[-1] == PhaseEnded("login", found.transitions, 0.0)


def test_a_larger_scope_is_pinned_and_keeps_the_invariants() -> None:
    found, _ = graph(Processes(2), "two-keys")
    assert (len(found.worlds), found.transitions) == (WORLDS, TRANSITIONS)
    assert found == explore(Model(), EVERY["two-keys"])
    assert list(broken(Model(), found)) == []


def test_larger_scopes_are_no_part_of_a_check() -> None:
    assert not set(LARGER) & set(DEFAULT)
