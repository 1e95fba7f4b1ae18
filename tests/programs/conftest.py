"""One served emulator, and a customer in it with a connected key store."""

from collections.abc import Iterator

import pytest

from tests.helpers.server import serving
from tests.story.customer import Customer, new_customer


@pytest.fixture(scope="session")
def customer() -> Iterator[Customer]:
    """A customer whose key store is connected; the clock stands still but for the tests."""
    with serving("--clock", "virtual") as url, new_customer(url) as made:
        made.everything()
        yield made
