"""The database goes away, or is held up: typed refusals, nothing lost, and it goes on."""

from contextlib import closing
from typing import Any

import psycopg
import pytest

from benchmarks.servers import postgres
from kmspec_impl.clock import VirtualClock
from kmspec_impl.embedded import Embedded
from kmspec_impl.storage.faults import LostError
from kmspec_impl.storage.joint import Joint
from kmspec_impl.storage.postgres import Postgres
from tests.crash.server import Client
from tests.helpers.server import served
from tests.several.conftest import Make
from tests.unit.impl.support import Customer

ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
CLOSED = "ALTER DATABASE {} ALLOW_CONNECTIONS {}"


def test_a_lost_connection_is_made_anew(another: Make, server: postgres.Postgres) -> None:
    customer = Customer(another())
    key = customer.kms("CreateKey")["KeyMetadata"]["KeyId"]
    server.execute(ALL)
    assert customer.kms("DescribeKey", KeyId=key)["KeyMetadata"]["KeyId"] == key


def test_a_database_that_is_away_and_comes_back(server: postgres.Postgres, url: str) -> None:
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    with (
        served("--data-url", url, before=None, **server.key()) as running,
        closing(Client(running.port)) as client,
    ):
        key = client.ask("CreateKey")["KeyMetadata"]["KeyId"]
        server.execute(CLOSED.format(name, "false"))
        server.execute(ALL)
        for operation in ("ListKeys", "CreateKey"):
            assert client.ask(operation)["__type"] == "KMSInternalException"
        assert len(running.complaints().splitlines()) == 2
        server.execute(CLOSED.format(name, "true"))
        assert [one["KeyId"] for one in client.ask("ListKeys")["Keys"]] == [key]
        assert "KeyMetadata" in client.ask("CreateKey")


def test_who_holds_it_up_is_not_waited_for_for_ever(url: str) -> None:
    impatient = f"{url}&options=-c%20lock_timeout%3D100"
    emulator = Embedded(storage=Joint(impatient), clock=VirtualClock())
    customer = Customer(emulator)
    with closing(emulator), psycopg.connect(url) as connection:
        connection.execute("SELECT number FROM kmspec_last FOR UPDATE")
        status, body = customer.call("kms", "CreateKey")
        assert (status, body["__type"]) == (500, "KMSInternalException")
        connection.rollback()
        assert customer.kms("ListKeys")["Keys"] == []
        assert customer.kms("CreateKey")


@pytest.mark.parametrize("done", [True, False])
def test_a_commit_whose_end_was_not_heard_of(
    another: Make, monkeypatch: pytest.MonkeyPatch, *, done: bool
) -> None:
    customer, elsewhere, write = Customer(another()), Customer(another()), Postgres.write

    def unheard(self: Postgres, *given: Any, **more: Any) -> None:  # noqa: ANN401 - passed on
        monkeypatch.undo()
        if done:
            write(self, *given, **more)
        self.close()
        raise LostError("the connection is lost")

    monkeypatch.setattr(Postgres, "write", unheard)
    status, _ = customer.call("kms", "CreateKey")
    assert status == (200 if done else 500)
    for one in (customer, elsewhere):
        assert len(one.kms("ListKeys")["Keys"]) == done


def test_a_database_that_is_away_is_asked_once(
    another: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To find out that it is away takes seconds, and a client waits for them."""
    customer, tried = Customer(another()), list[int]()

    def away(self: Postgres) -> None:
        self.close()
        tried.append(1)
        raise LostError("the database is away")

    monkeypatch.setattr(Postgres, "connect", away)
    monkeypatch.setattr(Postgres, "last", away)
    for _ in range(2):
        tried.clear()
        assert customer.call("kms", "ListKeys")[0] == 500
        assert len(tried) <= 2  # the old connection, and a new one
    assert len(tried) == 1
