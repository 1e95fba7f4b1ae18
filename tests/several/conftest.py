"""One server of PostgreSQL for these tests, with a new database for each."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from benchmarks.servers import postgres
from kmspec_impl.clock import VirtualClock
from kmspec_impl.embedded import Embedded
from kmspec_impl.storage.joint import Joint

Make = Callable[[], Embedded]


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Postgres]:
    if not postgres.is_here():
        pytest.skip(postgres.WHY)
    with postgres.started(hurried=True) as running:
        yield running


@pytest.fixture
def url(server: postgres.Postgres, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new database, which a process finds the key of."""
    for name, value in server.key().items():
        monkeypatch.setenv(name, value)
    return server.database()


@pytest.fixture
def another(url: str) -> Iterator[Make]:
    """What makes one more emulator over the same database, as another process is."""
    with ExitStack() as opened:

        def make() -> Embedded:
            made = Embedded(storage=Joint(url), clock=VirtualClock())
            opened.callback(made.close)
            return made

        yield make
