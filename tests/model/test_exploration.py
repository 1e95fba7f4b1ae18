"""Every world of every scope: how many there are, what holds in them, what they reach."""

from functools import cache

import pytest

from kmspec_model.explore import Graph, explore
from kmspec_model.invariants import (
    broken,
    required_witnesses,
    witnessed_errors,
    witnesses,
)
from kmspec_model.model import Model
from kmspec_model.scopes import SCOPES

PINNED = {
    "keys": (117, 1613),
    "kinds": (54, 135),
    "replicas": (32, 282),
    "relatives": (41, 105),
    "creating": (2, 1),
    "related-kinds": (35, 34),
    "related-grants": (4, 3),
    "cluster": (219, 1037),
    "store": (72, 366),
    "hsms": (399, 960),
    "faults": (255, 827),
    "orphans": (53, 221),
    "login": (656, 1905),
    "lockout": (40, 70),
    "unready": (9, 23),
    "recovery": (300, 900),
    "pair": (280, 1064),
    "quota": (6, 16),
    "limits": (1, 2),
    "stores": (3, 6),
    "aliases": (3, 6),
    "grants": (39, 333),
    "store-grants": (6, 10),
    "tags": (12, 120),
    "fifty-tags": (2, 4),
    "managed": (4, 12),
    "imports": (46, 386),
    "materials": (24, 168),
    "imported-again": (6, 12),
    "imported-kinds": (23, 104),
    "imported-replicas": (32, 174),
    "imported-updating": (3, 2),
    "imported-belongings": (2, 2),
    "rotation": (177, 1053),
    "rotating-replicas": (25, 41),
    "on-demand": (1, 1),
    "types": (22, 45),
    "migration": (12, 32),
    "retention": (22, 66),
    "last-backups": (6, 8),
    "settings": (51, 435),
    "copies": (13, 12),
}
"""Reachable worlds and transitions. A change here is a change of the machine: say why it is."""


@cache
def graph(scope: str) -> Graph:
    return explore(Model(), SCOPES[scope])


def test_every_scope_is_pinned() -> None:
    assert set(PINNED) == set(SCOPES)


@pytest.mark.parametrize("scope", SCOPES)
def test_the_number_of_worlds_and_transitions_is_pinned(scope: str) -> None:
    assert (len(graph(scope).worlds), graph(scope).transitions) == PINNED[scope]


@pytest.mark.parametrize("scope", SCOPES)
def test_invariants_hold_in_every_world(scope: str) -> None:
    assert list(broken(Model(), graph(scope))) == []


def test_every_state_and_every_connection_error_is_reached() -> None:
    reached = {witness for scope in SCOPES for witness in witnesses(graph(scope))}
    assert required_witnesses(Model()) <= reached


def test_every_error_that_the_tables_answer_is_reached() -> None:
    model = Model()
    answered = {answer.code for answer in model.spec.answers.values() if answer.code}
    reached = {code for scope in SCOPES for code in witnessed_errors(model, graph(scope))}
    assert answered - reached == set()


@pytest.mark.parametrize("scope", SCOPES)
def test_a_shortest_path_leads_to_each_world(scope: str) -> None:
    found = graph(scope)
    for index in range(0, len(found.worlds), 7):
        here = 0
        for step in found.path(index):
            edge = next(edge for edge in found.edges[here] if edge.command == step)
            here = edge.target
        assert here == index


@pytest.mark.parametrize("scope", ["store", "recovery", "orphans"])
def test_whatever_freedom_is_taken_the_invariants_hold(scope: str) -> None:
    everything = explore(Model(), SCOPES[scope], everything=True)
    assert len(everything.worlds) >= len(graph(scope).worlds)
    assert list(broken(Model(), everything)) == []
