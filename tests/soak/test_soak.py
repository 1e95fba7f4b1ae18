"""A short form of a long life."""

from tests.soak.run import soak

REQUESTS = 4000


def test_nothing_is_left_of_what_is_gone() -> None:
    found = soak(REQUESTS)
    assert found.faults == []
    assert found.requests >= REQUESTS
    assert not found.grew, list(found.lines())
