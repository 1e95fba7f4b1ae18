"""A running server for the tests that need the network."""

from collections.abc import Iterator

import pytest

from tests.unit.gateway.support import CannedEmulator, Running, running


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """A server whose emulator has an empty answer for everything, until told otherwise."""
    with running(CannedEmulator()) as started:
        yield started
