"""Requests by chance, fewer than `make fuzz` sends: nothing is answered that must not be."""

import pytest

from tests.fuzz.run import fuzz
from tests.fuzz.values import unmatched
from tests.helpers.server import serving

REQUESTS = 8_000


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
