"""Requests by chance, fewer than `make fuzz` sends: nothing is answered that must not be."""

import pytest

from tests.fuzz import bodies, sockets
from tests.fuzz.run import fuzz
from tests.fuzz.values import unmatched
from tests.helpers.server import served, serving

REQUESTS = 8_000
BODIES = 6_000
CLIENTS = 200


def test_the_examples_are_of_their_patterns() -> None:
    assert unmatched() == []


@pytest.mark.slow
def test_whatever_comes_is_answered_as_it_may_be() -> None:
    with serving("--clock", "virtual") as url:
        found = fuzz(int(url.rpartition(":")[2]), REQUESTS)
    assert not found.lost
    assert not found.faults, "\n".join(found.lines())
    assert found.answers.total() >= REQUESTS
    asked = {(service, name) for service, name, _ in found.answers}
    assert len(asked) == 80, "the 74 operations, one of STS, four of the operator, and odd ones"


def test_whatever_a_body_holds() -> None:
    found = bodies.fuzz(BODIES)
    assert not found.faults, "\n".join(found.lines())
    assert found.answers["success"] > BODIES / 100


def test_the_same_seed_gives_the_same_bodies() -> None:
    first, second = (bodies.fuzz(200, seed=1) for _ in range(2))
    assert first.answers == second.answers


def test_whatever_comes_at_the_socket() -> None:
    with served("--clock", "virtual") as server:
        found = sockets.fuzz(server.port, server.process, CLIENTS)
        complaints = server.complaints()
    assert not found.faults, "\n".join(found.lines())
    assert not complaints
    assert found.served > 10
    assert {200, 400, 431} <= set(found.statuses)
