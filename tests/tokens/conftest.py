"""All of this needs SoftHSM 2."""

import pytest

from tests.helpers import softhsm


@pytest.fixture(autouse=True, scope="session")
def _softhsm() -> None:
    softhsm.require()
