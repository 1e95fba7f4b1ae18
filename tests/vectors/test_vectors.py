"""Test vectors: what is written is as documented, and runs."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from kmspec_check import profile
from kmspec_check.conform import UsageError
from kmspec_check.trace import TraceError
from kmspec_check.vectors import export, file, running, running_text
from kmspec_impl.embedded import Embedded
from tests.helpers.machine import explored
from tests.helpers.schemas import validate
from tests.helpers.server import done, kmspec
from tests.helpers.source import text
from tests.vectors.support import data, whole

EVERY: Final = 20


def test_they_are_as_the_schema_says() -> None:
    some = {name: data()[name][::EVERY] for name in ("requests", "expectations", "vectors")}
    validate({**data(), **some}, "vectors-1")


def test_the_same_tables_give_the_same_bytes(tmp_path: Path) -> None:
    here, there = tmp_path / "here.json", tmp_path / "there.json"
    list(export.export(here, ["alias"]))
    said = done("vectors", "export", str(there), "--only", "alias")
    assert here.read_bytes() == there.read_bytes()
    found = json.loads(here.read_text())
    assert said.startswith(f"{len(found['vectors'])} vectors with ")
    one = found["vectors"][0]["id"]
    assert done("replay", str(here), "--vector", one) == "1 vectors: 1 passed\n"
    other = kmspec("replay", str(here), "--vector", "nonsense")
    assert (other.returncode, other.stdout) == (2, "")
    assert other.stderr.endswith("has no vector 'nonsense'; give the id of one\n")


def test_the_file_is_not_large() -> None:
    assert len(whole()) < 12_000_000


def test_counts_are_told() -> None:
    counts = data()["counts"]
    cells = explored().cells()
    assert counts["vectors"] == len(data()["vectors"])
    assert counts["steps"] == sum(len(one["steps"]) for one in data()["vectors"])
    assert counts["cells"] + sum(counts["leftOut"].values()) == len(cells)
    assert counts["leftOut"].keys() == {
        "STS answers in XML",
        "kmspec does not offer external key stores",
    }
    names = Counter(one["id"] for one in data()["vectors"])
    assert max(names.values()) == 1


def test_each_reference_can_be_resolved() -> None:
    fixtures = data()["fixtures"]
    bound = set(re.findall(r'"\$bind": "([^"]+)"', whole()))
    arguments = json.dumps([one["arguments"] for one in data()["requests"]])
    for ref in set(re.findall(r'"\$ref": "([^"]+)"', arguments)):
        known = [one for one in fixtures.values() if isinstance(one, dict) and ref in one]
        plain = ref.partition(".")[0]
        held = plain in bound or plain in fixtures["values"] or plain in fixtures["unbound"]
        assert known or held, ref


def test_each_pattern_is_documented() -> None:
    said = text("docs/vectors.md")
    words = set(re.findall(r'"(\$[a-zA-Z]+)"', whole()))
    assert {word for word in words if word not in said} == set()


def test_regular_expressions_are_plain() -> None:
    """Such as every language has."""
    for expression in set(re.findall(r'"\$text": ("[^"]+")', whole())):
        assert re.fullmatch(r"([\w:/*+{}-]|\\d|\[[a-z0-9-]+\])+", json.loads(expression))


def test_a_part_passes_on_the_embedded_emulator() -> None:
    vectors = file.read(data())
    chosen = range(0, len(vectors.names), EVERY)
    endings = Counter(
        one.ending
        for one in running.run(vectors, chosen, Embedded(), profile.load("embedded"), "test")
    )
    assert set(endings) <= {running.Ending.PASSED, running.Ending.CUT}
    assert endings[running.Ending.PASSED] > len(chosen) * 0.98


def test_a_wrong_emulator_fails_and_is_told_why() -> None:
    vectors = file.read(data())
    rule = "key-state/Encrypt/Disabled"
    about = [n for n, one in enumerate(data()["vectors"]) if rule in one["rules"]][:3]
    target = Embedded(mutant="encrypts-with-disabled-key")
    ran = list(running.run(vectors, about, target, profile.load("embedded"), "test"))
    assert {one.ending for one in ran} == {running.Ending.FAILED}
    assert all(rule in one.rules for one in ran)
    assert running.exit_code(Counter(one.ending for one in ran)) == 1
    said = list(running_text.failure(ran[0]))
    assert said[0].startswith(f"failed: {ran[0].vector.name}, step ")
    assert f"  rule: {rule}" in said


def test_what_cannot_be_run_is_no_failure() -> None:
    vectors = file.read(data())
    chosen = [n for n, one in enumerate(data()["vectors"]) if one["needs"] == ["operator"]]
    nowhere = profile.load("generic")
    ran = list(running.run(vectors, chosen, Embedded(), nowhere, "test"))
    assert {one.ending for one in ran} == {running.Ending.UNSUPPORTED}
    assert running.exit_code(Counter(one.ending for one in ran)) == 2


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ({"version": 7}, "version 7 of vectors is not known, only 1; give a file"),
        ({"vectors": [{"name": "a"}]}, "the vectors are damaged at 'id'; give a file"),
        ({"requests": []}, " is damaged at list index out of range; give a file"),
    ],
)
def test_a_damaged_file_is_told_in_a_line(damage: dict[str, Any], told: str) -> None:
    with pytest.raises(TraceError, match=re.escape(told)):
        file.read({**data(), **damage}).vector(0)


def test_an_area_alone(tmp_path: Path) -> None:
    out = tmp_path / "vectors.json"
    lines = list(export.export(out, ["alias", "matrix"]))
    found = json.loads(out.read_text())
    validate(found, "vectors-1")
    assert found["only"] == ["alias", "matrix"]
    assert {one["id"].partition("/")[0] for one in found["vectors"]} == {"matrix"}
    assert lines[0].startswith(f"{len(found['vectors'])} vectors with ")


def test_no_vectors_are_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there are no vectors of 'walks'; choose one of"):
        list(export.export(tmp_path / "vectors.json", ["walks"]))
    assert list(tmp_path.iterdir()) == []
