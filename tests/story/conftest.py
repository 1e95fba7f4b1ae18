"""One served emulator for the story, with a clock that only the tests move."""

from collections.abc import Iterator

import pytest

from tests.helpers.server import serving


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """The endpoint URL a user would put into a configuration."""
    with serving("--clock", "virtual") as served:
        yield served
