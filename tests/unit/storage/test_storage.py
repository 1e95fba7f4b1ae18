"""What is kept on disk: whole, in order, sealed, by one process at a time."""

import copy
import dataclasses
import fcntl
import json
import math
import sqlite3
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kmspec_impl import data
from kmspec_impl.caller import Caller
from kmspec_impl.client.keystore import up
from kmspec_impl.clock import RealClock, VirtualClock
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


def test_what_is_exported_is_what_is_imported(tmp_path: Path) -> None:
    made, there, back = tmp_path / "made", tmp_path / "there", tmp_path / "back.json"
    embedded = Embedded(storage=Durable(made))
    _, answer = embedded.call("kms", "CreateKey", {"Description": "exported"})
    key = answer["KeyMetadata"]["KeyId"]
    _, sealed = embedded.call("kms", "Encrypt", {"KeyId": key, "Plaintext": b"text"})
    embedded.close()
    file = tmp_path / "all.json"
    count = data.export(made, file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert data.restore(there, file) == count
    assert data.export(there, back) == count
    assert back.read_bytes() == file.read_bytes()
    again = Embedded(storage=Durable(there))
    blob = {"CiphertextBlob": sealed["CiphertextBlob"]}
    assert again.call("kms", "Decrypt", blob)[1]["Plaintext"] == b"text"
    again.close()
    with pytest.raises(DataError, match="holds something already; empty it with"):
        data.restore(there, file)
    data.reset(there)
    assert list(there.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "Invalid JSON"),
        ('{"format": "other", "rows": []}', "its format is 'other'"),
        ('{"format": "kmspec-data-1"}', "Field required"),
        (
            '{"format": "kmspec-data-1", "rows": [{"kind":"No","owner":"a","id":"a","row":{}}]}',
            "there are no rows of kind 'No'",
        ),
        (
            '{"format": "kmspec-data-1", "rows": [{"kind":"Key","owner":"a","id":"a","row":{}}]}',
            "Key a of a is no such row",
        ),
        (
            '{"format": "kmspec-data-1", "rows": ['
            + ",".join(2 * ['{"kind":"Drawn","owner":"a","id":"a","row":{"id":"a","count":1}}'])
            + "]}",
            "Drawn a of a is there twice",
        ),
    ],
)
def test_what_is_no_export_is_refused(tmp_path: Path, content: str, why: str) -> None:
    file = tmp_path / "file.json"
    file.write_text(content)
    with pytest.raises(DataError, match="is no export of kmspec: .*" + why):
        data.restore(tmp_path / "new", file)
    assert not (tmp_path / "new").exists()


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """An export with most kinds of rows."""
    folder = tmp_path_factory.mktemp("exported")
    embedded = Embedded(storage=Durable(folder / "data"), clock=VirtualClock())
    store = up(embedded, "exported", lambda: embedded.advance(1.0)).store_id

    def made(**parameters: object) -> str:
        status, answer = embedded.call("kms", "CreateKey", parameters)
        assert status == 200
        key: str = answer["KeyMetadata"]["KeyId"]
        return key

    made(Origin="AWS_CLOUDHSM", CustomKeyStoreId=store)
    key = made()
    embedded.call("kms", "CreateAlias", {"AliasName": "alias/a", "TargetKeyId": key})
    granted = {"GranteePrincipal": "arn:aws:iam::000000000000:role/a", "Operations": ["Decrypt"]}
    embedded.call("kms", "CreateGrant", {"KeyId": key, **granted})
    embedded.call("kms", "Encrypt", {"KeyId": key, "Plaintext": b"text"})
    replicated = made(MultiRegion=True)
    embedded.call("kms", "ReplicateKey", {"KeyId": replicated, "ReplicaRegion": "eu-west-1"})
    embedded.close()
    data.export(folder / "data", folder / "all.json")
    read: dict[str, Any] = json.loads((folder / "all.json").read_text())
    return read


def row_of(document: dict[str, Any], kind: str, number: int = 0) -> dict[str, Any]:
    """An entry of a document."""
    found: dict[str, Any] = [one for one in document["rows"] if one["kind"] == kind][number]
    return found


def lost(document: dict[str, Any], kind: str, number: int = 0) -> None:
    """Let an entry be lost."""
    document["rows"].remove(row_of(document, kind, number))


EDITS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "store": (lambda of: lost(of, "Store"), "is in the key store cks-[0-9a-f]+, which is not"),
    "key": (lambda of: lost(of, "Key", 1), "names the key [-0-9a-f]+, which is not there"),
    "replica": (lambda of: lost(of, "Key", 3), "is related to a key in eu-west-1, which is not"),
    "material": (lambda of: lost(of, "HeldKey", -1), "has the key material .*, which is not in"),
    "cluster": (lambda of: lost(of, "Cluster"), "belongs to nobody who has such rows"),
    "ids drawn": (lambda of: lost(of, "Drawn"), "has an id that could be drawn again"),
    "owner": (lambda of: row_of(of, "Alias").update(owner="me"), "belongs to nobody who has such"),
    "other account": (
        lambda of: row_of(of, "Alias").update(owner="111122223333 us-east-1"),
        "Alias alias/a of 111122223333 us-east-1 names the key",
    ),
    "member": (lambda of: row_of(of, "Key")["row"].update(enabld=False), "has a member that is"),
    "type": (lambda of: row_of(of, "Key")["row"].update(created="5"), "or of another type"),
    "truth": (
        lambda of: row_of(of, "User")["row"].update(failures=True),
        "is no such row|of anoth",
    ),
    "no number": (lambda of: row_of(of, "Key")["row"].update(created="NaN"), "of another type"),
    "infinite": (lambda of: row_of(of, "Due")["row"].update(moment=math.inf), "of another type"),
    "lines": (
        lambda of: row_of(of, "Alias").update(id="a\nb"),
        r"Alias 'a\\nb' of 000000000000 us-east-1 has another id in its row",
    ),
    "ARN": (lambda of: row_of(of, "Key")["row"].update(arn="arn:aws:kms"), "has another ARN"),
    "origin": (lambda of: row_of(of, "Key")["row"].update(origin="AWS_KMS"), "of origin AWS_KMS"),
    "handle": (
        lambda of: row_of(of, "HeldKey")["row"]["entry"].update(handle=99),
        "has another id in its row",
    ),
    "secret": (
        lambda of: row_of(of, "HeldKey")["row"].update(material="AAAA"),
        "holds no key material of KeySpec SYMMETRIC_DEFAULT",
    ),
    "backup": (
        lambda of: row_of(of, "Backup")["row"].update(content="AAAA"),
        "holds nothing that an HSM can restore",
    ),
    "no clock": (lambda of: lost(of, "Ahead"), "the clock that its moments are of is missing"),
    "clock": (lambda of: row_of(of, "Ahead")["row"].update(kind="sand"), "is no clock, or one"),
    "due": (
        lambda of: row_of(of, "Due")["row"].update(arguments=[]),
        "has 0 arguments, as many as backup-[a-z]+ never has",
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_export_that_does_not_hold_together_is_refused(
    tmp_path: Path, exported: dict[str, Any], edit: str
) -> None:
    document = copy.deepcopy(exported)
    change, why = EDITS[edit]
    change(document)
    file = tmp_path / "all.json"
    file.write_text(json.dumps(document))
    with pytest.raises(DataError, match=f"is no export of kmspec: .*({why})") as caught:
        data.restore(tmp_path / "new", file)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "new").exists()


def test_an_export_may_lack_what_has_a_default(tmp_path: Path, exported: dict[str, Any]) -> None:
    document = copy.deepcopy(exported)
    del row_of(document, "Key")["row"]["enabled"]
    file = tmp_path / "all.json"
    file.write_text(json.dumps(document))
    assert data.restore(tmp_path / "new", file) == len(document["rows"])


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


def test_nobody_opens_a_directory_while_it_is_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not before all is gone, nor by the lock of before."""
    Durable(tmp_path).close()
    refused: list[str] = []
    unlink = Path.unlink

    def spied(file: Path, *, missing_ok: bool = False) -> None:
        with pytest.raises(DataError) as caught:
            Database(tmp_path)
        refused.append(caught.value.what)
        unlink(file, missing_ok=missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", spied)
        data.reset(tmp_path)
    assert len(refused) == 5
    assert {why.rpartition(" is in use")[2] for why in refused} == {" by another kmspec"}


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


def test_what_is_none_of_ours_is_not_emptied(tmp_path: Path) -> None:
    mine = tmp_path / "precious"
    mine.write_text("text")
    with pytest.raises(DataError, match="is no data directory of kmspec"):
        data.reset(tmp_path)
    assert mine.read_text() == "text"


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


def test_a_row_that_cannot_be_written_is_undone_with_all_that_came_with_it(tmp_path: Path) -> None:
    durable = Durable(tmp_path)
    table = durable.table(Word, "me")
    table.put(Word("kept"))
    durable.commit()
    table.put(Word("lost"))
    table.put(Word("wrong", object()))  # type: ignore[arg-type]  # a defect of ours
    with pytest.raises(ValueError, match="Unable to serialize"):
        durable.commit()
    durable.commit()
    durable.close()
    assert words(tmp_path) == [Word("kept")]


def test_an_import_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, there = tmp_path / "file.json", tmp_path / "there"
    file.write_text('{"format": "kmspec-data-1", "rows": []}')

    def fill(durable: Durable, contents: object) -> None:
        del durable, contents
        raise LostError("there cannot be written: database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(Durable, "fill", fill)
        with pytest.raises(DataError, match="is full; make room"):
            data.restore(there, file)
    assert list(there.iterdir()) == []
    assert data.restore(there, file) == 0


def test_an_export_overwrites_nothing(tmp_path: Path) -> None:
    Embedded(storage=Durable(tmp_path / "made")).close()
    with pytest.raises(DataError, match="/dev/full cannot be written: File exists; name a new"):
        data.export(tmp_path / "made", Path("/dev/full"))
