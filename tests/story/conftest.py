"""Served emulators for the story, one for each backend, with clocks that only the tests move."""

from collections.abc import Iterator

import pytest

from tests.helpers import softhsm
from tests.helpers.server import serving


@pytest.fixture(scope="session", params=["software", "pkcs11"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The endpoint URL a user would put into a configuration."""
    if request.param == "pkcs11":
        softhsm.require()
    with serving("--clock", "virtual", "--hsm", request.param) as served:
        yield served
