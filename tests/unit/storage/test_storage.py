"""What is kept on disk: whole, in order, sealed, by one process at a time."""

import dataclasses
import fcntl
import sqlite3
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from kmspec_impl import data
from kmspec_impl.caller import Caller
from kmspec_impl.clock import Clock, RealClock, VirtualClock
from kmspec_impl.embedded import Embedded
from kmspec_impl.emulator import Emulator, Settings
from kmspec_impl.storage import database, sealing
from kmspec_impl.storage.database import MIGRATIONS, Database, Written
from kmspec_impl.storage.durable import Durable
from kmspec_impl.storage.faults import DataError, LostError
from kmspec_impl.storage.journal import Place
from kmspec_impl.storage.tables import Memory


@dataclass(frozen=True, slots=True)
class Word:
    """A row of a test."""

    id: str
    text: str = ""


def words(directory: Path) -> list[Word]:
    """What a directory holds."""
    durable = Durable(directory)
    found = list(durable.table(Word, "me"))
    durable.close()
    return found


def test_rows_outlive_the_process_in_the_order_of_their_putting(tmp_path: Path) -> None:
    durable = Durable(tmp_path)
    table = durable.table(Word, "me")
    for name in "abc":
        table.put(Word(name))
    durable.commit()
    table.put(Word("a", "later"))
    table.remove("b")
    table.remove("c")
    table.put(Word("c", "again"))
    table.put(Word("d"))
    table.remove("d")
    table.put(Word("b", "again"))
    expected = list(table)
    durable.commit()
    durable.close()
    assert (
        words(tmp_path) == expected == [Word("a", "later"), Word("c", "again"), Word("b", "again")]
    )


def test_what_was_not_committed_is_gone_with_the_process(tmp_path: Path) -> None:
    durable = Durable(tmp_path)
    table = durable.table(Word, "me")
    table.put(Word("kept"))
    durable.commit()
    table.put(Word("lost"))
    table.remove("kept")
    durable._database.close()  # noqa: SLF001 - as a crash does
    assert words(tmp_path) == [Word("kept")]


def test_what_cannot_be_written_is_undone(tmp_path: Path) -> None:
    durable = Durable(tmp_path)
    durable.table(Word, "me").put(Word("kept"))
    durable.commit()
    connection = durable._database._connection  # noqa: SLF001 - a disk that is full
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    again: list[list[Word]] = []
    durable.when_lost = lambda: again.append(list(durable.table(Word, "me")))
    table = Durable.table(durable, Word, "you")
    table.put(Word("large", "x" * 100_000))
    with pytest.raises(LostError, match="cannot be written: database or disk is full"):
        durable.commit()
    assert again == [[Word("kept")]]
    durable.commit()
    durable.close()
    assert words(tmp_path) == [Word("kept")]


def test_nothing_is_readable_without_the_key(tmp_path: Path) -> None:
    durable = Durable(tmp_path)
    durable.table(Word, "me").put(Word("a", "planted secret"))
    durable.commit()
    durable.close()
    assert not any(b"planted" in file.read_bytes() for file in tmp_path.iterdir())
    key = tmp_path / sealing.FILE_NAME
    assert key.stat().st_mode & 0o777 == 0o600
    key.write_text("00" * 32)
    with pytest.raises(DataError, match="written with another key, or altered"):
        Durable(tmp_path)
    key.unlink()
    with pytest.raises(DataError, match="is missing, and with it the key"):
        Durable(tmp_path)


def test_a_row_cannot_be_put_in_the_place_of_another(tmp_path: Path) -> None:
    durable = Durable(tmp_path)
    for name in "ab":
        durable.table(Word, name).put(Word("same"))
    durable.commit()
    durable.close()
    with sqlite3.connect(tmp_path / database.FILE_NAME) as connection:
        ((value,),) = connection.execute("SELECT value FROM rows WHERE owner = 'a'")
        connection.execute("UPDATE rows SET value = ? WHERE owner = 'b'", (value,))
    connection.close()
    with pytest.raises(DataError, match="altered"):
        Durable(tmp_path)


def test_the_key_may_be_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there, file = tmp_path / "data", tmp_path / "my.key"
    monkeypatch.setenv(sealing.KEY_FILE, str(file))
    Durable(there).close()
    assert file.stat().st_mode & 0o777 == 0o600
    assert not (there / sealing.FILE_NAME).exists()
    monkeypatch.setenv(sealing.KEY, file.read_text().strip())
    monkeypatch.delenv(sealing.KEY_FILE)
    Durable(there).close()
    monkeypatch.setenv(sealing.KEY, "no key")
    with pytest.raises(DataError, match="holds no key; a key is 64 hex digits"):
        Durable(there)


def test_a_directory_belongs_to_one_process(tmp_path: Path) -> None:
    first = Durable(tmp_path)
    with pytest.raises(DataError, match="in use by another kmspec; stop that one, or give"):
        Durable(tmp_path)
    first.close()
    Durable(tmp_path).close()


def test_a_schema_is_brought_up_to_date_and_never_down(tmp_path: Path) -> None:
    place = Place("Word", "me", "a")
    old = Database(tmp_path)
    assert old.fresh
    old.write([Written(place, b"value")])
    old.close()
    later = (*MIGRATIONS, "ALTER TABLE rows ADD COLUMN more TEXT")
    new = Database(tmp_path, later)
    assert not new.fresh
    assert list(new.read()) == [(place, b"value")]
    new.close()
    with pytest.raises(DataError, match=r"written by a later kmspec \(schema 2\); use that one"):
        Database(tmp_path)


@pytest.mark.parametrize("clock", [VirtualClock, RealClock])
def test_time_that_was_moved_goes_back_if_that_cannot_be_kept(
    tmp_path: Path, clock: Callable[[], Clock]
) -> None:
    """Also where nothing was kept before; and the kind of the clock is kept later."""
    durable = Durable(tmp_path)
    emulator = Emulator(Settings(clock=clock()), durable)
    for moved in (0, 1000):
        before = emulator.handle("clock", "Now", {})["Now"]
        emulator.advance(50_000)
        lose(durable)
        now = emulator.handle("clock", "Now", {})["Now"]
        assert 0 <= now - before < 1000
        emulator.advance(moved)
        emulator.commit()
    emulator.close()
    durable = Durable(tmp_path)
    again = Emulator(Settings(clock=clock()), durable)
    assert 1000 <= again.handle("clock", "Now", {})["Now"] - before < 2000
    again.close()
    other = RealClock if clock is VirtualClock else VirtualClock
    durable = Durable(tmp_path)
    with pytest.raises(DataError, match="made by --clock"):
        Emulator(Settings(clock=other()), durable)
    durable.close()


def lose(durable: Durable) -> None:
    """Let what was done not be kept, as on a disk that is full."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Database, "write", full)
        with pytest.raises(LostError):
            durable.commit()


def full(database: Database, rows: object) -> None:
    """A disk that takes nothing."""
    del database, rows
    raise LostError("full")


def test_a_clock_of_another_kind_is_refused(tmp_path: Path) -> None:
    durable = Durable(tmp_path)
    clock = VirtualClock()
    emulator = Emulator(Settings(clock=clock), durable)
    emulator.advance(5.5)
    emulator.commit()
    emulator.close()
    durable = Durable(tmp_path)
    with pytest.raises(DataError, match="made by --clock virtual; use --clock virtual"):
        Emulator(Settings(clock=RealClock()), durable)
    durable.close()
    durable = Durable(tmp_path)
    again = Embedded(storage=durable)
    assert again.call("clock", "Now", {}) == (200, {"Now": clock.now()})
    again.close()


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / database.FILE_NAME
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE precious (text)")
    connection.close()
    before = file.read_bytes()
    with pytest.raises(DataError, match="is a database of another program; give another"):
        Durable(tmp_path)
    with pytest.raises(DataError, match="is a database of another program"):
        data.reset(tmp_path)
    assert file.read_bytes() == before


def test_a_lock_that_is_gone_from_the_directory_locks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a directory is emptied between the opening of the lock and the locking."""
    taken = fcntl.flock
    opened: list[int] = []

    def flock(lock: int, how: int) -> None:
        if not opened:
            (tmp_path / database.LOCK_NAME).unlink()
        opened.append(lock)
        taken(lock, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    first = Database(tmp_path)
    assert len(opened) == 2
    with pytest.raises(DataError, match="in use by another"):
        Database(tmp_path)
    first.close()


def test_a_row_that_cannot_be_read_shows_nothing_of_itself(tmp_path: Path) -> None:
    """As one that another version of kmspec wrote."""
    durable = Durable(tmp_path)
    durable.table(Word, "me").put(Word("a", "planted secret"))
    durable.commit()
    durable.close()
    durable = Durable(tmp_path)
    changed = dataclasses.make_dataclass("Word", [("id", int), ("other", int)], frozen=True)
    with pytest.raises(DataError, match="has a Word that this kmspec cannot read") as caught:
        durable.table(changed, "me")
    durable.close()
    shown = traceback.format_exception(caught.value)
    assert "planted" not in "".join(shown)


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("", "KMSPEC_DATA_KEY_FILE names no file; name one"),
        ("/nowhere/key", "the key /nowhere/key cannot be made: No such file or directory; mend"),
        (".", r"the key in \. cannot be read: Is a directory; mend that"),
    ],
)
def test_a_key_file_that_cannot_be_had_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, why: str
) -> None:
    monkeypatch.setenv(sealing.KEY_FILE, file)
    with pytest.raises(DataError, match=why):
        Durable(tmp_path)


def test_memory_keeps_nothing() -> None:
    storage = Memory()
    storage.table(Word, "me").put(Word("a"))
    storage.commit()
    assert list(storage.table(Word, "me")) == []
    assert list(storage.owners()) == []
    storage.close()


def test_what_a_key_was_used_for_is_kept_at_the_end(tmp_path: Path) -> None:
    embedded = Embedded(storage=Durable(tmp_path))
    _, answer = embedded.call("kms", "CreateKey", {})
    key = answer["KeyMetadata"]["KeyId"]
    embedded.call("kms", "Encrypt", {"KeyId": key, "Plaintext": b"text"})
    _, used = embedded.call("kms", "GetKeyLastUsage", {"KeyId": key})
    embedded.close()
    again = Embedded(storage=Durable(tmp_path))
    assert again.call("kms", "GetKeyLastUsage", {"KeyId": key}) == (200, used)
    again.close()


def test_each_account_and_region_has_its_own_again(tmp_path: Path) -> None:
    emulator = Emulator(storage=Durable(tmp_path))
    callers = [Caller(account, region) for account in ("1" * 12, "2" * 12) for region in ("a", "b")]
    made = [emulator.handle("kms", "CreateKey", {}, one)["KeyMetadata"]["KeyId"] for one in callers]
    emulator.commit()
    emulator.close()
    again = Emulator(storage=Durable(tmp_path))
    for caller, key in zip(callers, made, strict=True):
        listed = again.handle("kms", "ListKeys", {}, caller)["Keys"]
        assert [one["KeyId"] for one in listed] == [key]
    again.close()


@pytest.mark.parametrize("left", [None, b""])
def test_a_directory_that_lost_its_database_is_no_new_one(
    tmp_path: Path, left: bytes | None
) -> None:
    durable = Durable(tmp_path)
    durable.table(Word, "me").put(Word("a"))
    durable.commit()
    durable.close()
    file = tmp_path / database.FILE_NAME
    file.unlink()
    if left is not None:
        file.write_bytes(left)
    for _ in range(2):
        with pytest.raises(DataError, match="has a key, and what was kept under it is gone; put"):
            Durable(tmp_path)
    (tmp_path / sealing.FILE_NAME).unlink()
    assert words(tmp_path) == []


def test_a_directory_that_lost_its_key_before_anything_was_kept_gets_another(
    tmp_path: Path,
) -> None:
    Durable(tmp_path).close()
    (tmp_path / sealing.FILE_NAME).unlink()
    durable = Durable(tmp_path)
    durable.table(Word, "me").put(Word("a"))
    durable.commit()
    durable.close()
    assert words(tmp_path) == [Word("a")]


@pytest.mark.parametrize(
    "wrong", [object(), b"planted", 7, ["planted"]], ids=["object", "bytes", "number", "list"]
)
def test_a_row_that_cannot_be_written_is_undone_with_all_that_came_with_it(
    tmp_path: Path, wrong: object, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor is one written that could not be read again; what is said of it does not show it."""
    durable = Durable(tmp_path)
    table = durable.table(Word, "me")
    table.put(Word("kept"))
    durable.commit()
    table.put(Word("lost"))
    table.put(Word("wrong", wrong))  # type: ignore[arg-type]  # a defect of ours
    with pytest.raises(ValueError, match=r"Unable to serialize|Expected `str`"):
        durable.commit()
    durable.commit()
    durable.close()
    assert words(tmp_path) == [Word("kept")]
    assert "a defect; what was asked for is undone" in caplog.text
    assert "durable.py" in caplog.text
    assert "planted" not in caplog.text
