"""A served emulator with a clock that only the waits move, and a provider that starts there."""

import itertools
from collections.abc import Callable, Iterator

import pytest

from tests.helpers.server import serving
from tests.terraform.provider import Provider


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """The one endpoint of a configuration."""
    with serving("--clock", "virtual") as served:
        yield served


@pytest.fixture(scope="session")
def start(url: str) -> Callable[[], Provider]:
    """Start the provider, each time in an account of its own."""
    accounts = itertools.count(200_000_000_001)
    return lambda: Provider(url, str(next(accounts)))


@pytest.fixture
def provider(start: Callable[[], Provider]) -> Provider:
    """The provider in an account where nothing is yet."""
    return start()
