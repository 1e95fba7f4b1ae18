"""State goes from a directory to a database and back; and what is said where it does not."""

from pathlib import Path

import pytest

from benchmarks.servers import postgres
from kmspec_impl import data
from kmspec_impl.storage import sealing
from kmspec_impl.storage.faults import DataError
from kmspec_impl.storage.joint import Joint
from kmspec_impl.storage.postgres import MIGRATIONS, Postgres
from tests.helpers.server import done, kmspec
from tests.several.conftest import Make
from tests.unit.impl.support import Customer


def test_there_and_back(another: Make, server: postgres.Postgres, url: str, tmp_path: Path) -> None:
    key = Customer(another()).kms("CreateKey")["KeyMetadata"]["KeyId"]
    there, back = tmp_path / "there.json", tmp_path / "back.json"
    count = data.export(url, there)
    assert data.restore(tmp_path / "data", there) == count
    assert data.export(tmp_path / "data", back) == count
    assert back.read_text() == there.read_text()
    elsewhere = server.database()
    assert data.restore(elsewhere, back) == count
    listed = done("call", "ListKeys", "--data-url", elsewhere, **server.key())
    assert key in listed
    with pytest.raises(DataError, match="holds something already"):
        data.restore(elsewhere, back)


def test_who_uses_it_finds_nothing_after_a_reset(another: Make, url: str) -> None:
    customer = Customer(another())
    customer.kms("CreateKey")
    data.reset(url)
    assert customer.kms("ListKeys")["Keys"] == []
    assert customer.kms("CreateKey")


def test_a_database_of_a_later_version(url: str) -> None:
    Postgres(url, (*MIGRATIONS, "SELECT 1")).close()
    with pytest.raises(DataError, match=r"later kmspec \(schema 2\)"):
        Joint(url)


@pytest.mark.parametrize(
    ("words", "variables", "told"),
    [
        (["postgresql://a:secret@127.0.0.1:1/k"], {}, "127.0.0.1 port 1 cannot be used"),
        (["nothing"], {}, "give postgresql://USER@HOST/DATABASE"),
        ([None], {}, "a database needs a key, which is not in it"),
        ([None], {sealing.KEY: "00"}, "holds no key"),
        ([None, "--data-dir", "here"], {}, "give either --data-dir or --data-url"),
    ],
)
def test_what_is_said_in_one_line(
    url: str, words: list[str | None], variables: dict[str, str], told: str
) -> None:
    given = [url if word is None else word for word in words]
    finished = kmspec("call", "ListKeys", "--data-url", *given, **variables)
    (line,) = finished.stderr.splitlines()
    assert finished.returncode == 2
    assert told in line
    assert "secret" not in line


def test_another_key_than_that_of_the_others(another: Make, url: str) -> None:
    another()
    finished = kmspec("call", "ListKeys", "--data-url", url, **{sealing.KEY: "00" * 32})
    assert "written with another key" in finished.stderr
