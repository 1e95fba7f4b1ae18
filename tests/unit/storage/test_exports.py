"""What a data directory is exported to, what is imported, and what is emptied."""

import copy
import json
import math
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from kmspec_impl import data
from kmspec_impl.client.keystore import up
from kmspec_impl.clock import VirtualClock
from kmspec_impl.embedded import Embedded
from kmspec_impl.storage.database import Database
from kmspec_impl.storage.durable import Durable
from kmspec_impl.storage.faults import DataError, LostError


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


FAULTS = ("network", "internal-error", "no-sessions", "security-group")


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
    cluster = embedded.call("cloudhsm", "DescribeClusters", {})[1]["Clusters"][0]["ClusterId"]
    for name in FAULTS:
        embedded.call("operator", "SetFault", {"ClusterId": cluster, "Name": name})
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
    "always": (
        lambda of: row_of(of, "Key")["row"].update(rotation={"days": 0, "due": 0.0}),
        "rotates every 0 days, as no key does",
    ),
    "never": (lambda of: row_of(of, "Due")["row"].update(moment=-1e308), "is due at no moment"),
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


def test_a_set_is_written_in_any_order(tmp_path: Path, exported: dict[str, Any]) -> None:
    document = copy.deepcopy(exported)
    faults = row_of(document, "Cluster")["row"]["faults"]
    assert sorted(faults) == sorted(FAULTS)
    for number, order in enumerate(permutations(FAULTS)):
        faults[:] = order
        file = tmp_path / "all.json"
        file.write_text(json.dumps(document))
        assert data.restore(tmp_path / f"{number}", file) == len(document["rows"])
    faults[0] = faults[1]
    file.write_text(json.dumps(document))
    with pytest.raises(DataError, match="has a member that is of no such row"):
        data.restore(tmp_path / "new", file)


def test_an_export_may_lack_what_has_a_default(tmp_path: Path, exported: dict[str, Any]) -> None:
    document = copy.deepcopy(exported)
    del row_of(document, "Key")["row"]["enabled"]
    file = tmp_path / "all.json"
    file.write_text(json.dumps(document))
    assert data.restore(tmp_path / "new", file) == len(document["rows"])


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


def test_what_is_none_of_ours_is_not_emptied(tmp_path: Path) -> None:
    mine = tmp_path / "precious"
    mine.write_text("text")
    with pytest.raises(DataError, match="is no data directory of kmspec"):
        data.reset(tmp_path)
    assert mine.read_text() == "text"


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
