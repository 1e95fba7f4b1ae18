"""What all tests of a process share."""

import gc
from collections.abc import Iterator

import pytest

from tests.helpers.warm import Warm

gc.set_threshold(50_000)
"""As the command has it: a check makes millions of objects, and hardly any circles."""


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """Commands that need not be started anew."""
    kept = Warm(tmp_path_factory.mktemp("warm"))
    yield kept
    kept.close()
