"""One served emulator for the tests of the command line, with a clock that stands still."""

from collections.abc import Iterator

import pytest

from tests.helpers.server import serving


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """Its endpoint URL."""
    with serving("--clock", "virtual") as served:
        yield served
