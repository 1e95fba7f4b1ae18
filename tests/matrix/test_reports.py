"""Reports: each is what its readers take, whatever was found and whatever was answered."""

import json
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import junitparser
import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from kmspec_check import (
    expected,
    report_badge,
    report_expected,
    report_json,
    report_junit,
    report_markdown,
    report_text,
)
from kmspec_check.cells import Status
from kmspec_check.conform import conform
from kmspec_check.result import Result
from kmspec_impl.embedded import Embedded
from tests.helpers import results, schemas
from tests.helpers.machine import explored
from tests.unit.check.support import Altered

RESULTS: Final = (results.clean, results.hostile, results.expected, results.troubled)
Making = Callable[[], Result]
made = pytest.mark.parametrize("make", RESULTS, ids=lambda make: make.__name__)


def objects(data: object) -> Iterator[dict[str, Any]]:
    """Every object in JSON data, itself first."""
    if isinstance(data, dict):
        yield data
        for inner in data.values():
            yield from objects(inner)
    elif isinstance(data, list):
        for inner in data:
            yield from objects(inner)


@made
def test_json_keeps_its_schema(make: Making) -> None:
    schemas.validate(json.loads(report_json.dumps(make())), "report-1")


def test_the_schema_takes_no_other_member() -> None:
    """A member of another name is refused in each object that is not a map."""
    data = report_json.to_data(results.hostile())
    data["cells"] = data["cells"][:1]
    data["violations"] = [one for one in data["violations"] if one["trace"]][:1]
    free = [data["expected"], data["violations"][0]["trace"]["steps"][0]["recorded"]["body"]]
    free += [one for one in objects(data) if any(name.startswith("$") for name in one)]
    for one in objects(data["violations"][0]["trace"]):
        free += [one[name] for name in ("arguments", "$map", "$members") if name in one]
    closed = [one for one in objects(data) if not any(one is map_ for map_ in free)]
    assert len(closed) > 15
    for one in closed:
        one["unheard-of"] = 1
        assert not schemas.validator("report-1").is_valid(data), sorted(one)
        del one["unheard-of"]
    schemas.validate(data, "report-1")


def test_identity_says_what_was_checked() -> None:
    found = report_json.to_data(results.clean())["identity"]
    assert found["date"] == "2026-01-02T03:04:05+00:00"
    assert found["command"] == results.COMMAND
    assert (found["seed"], found["profile"], found["endpoint_kind"]) == (0, "embedded", "embedded")
    assert all(found[name] for name in ("subject", "kmspec", "botocore", "spec", "level"))


def suites(result: Result, file: Path) -> dict[str, junitparser.TestSuite]:
    """The JUnit report as somebody else's program reads it."""
    file.write_bytes(report_junit.dumps(result).encode())
    return {suite.name: suite for suite in junitparser.JUnitXml.fromfile(str(file))}


@made
def test_junit_is_read_by_others(make: Making, tmp_path: Path) -> None:
    result = make()
    found = suites(result, tmp_path / "junit.xml")
    assert list(found) == ["check", *dict.fromkeys(one.cell.phase for one in result.cells)]
    counted = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in found.values():
        before = {word: getattr(suite, word) for word in counted}
        suite.update_statistics()  # type: ignore[no-untyped-call]
        assert before == {word: getattr(suite, word) for word in counted}
        counted = {word: counted[word] + before[word] for word in counted}
    failures = result.count(Status.FAIL) + result.count(Status.UNEXPECTED_PASS)
    skipped = (Status.SKIP, Status.UNSUPPORTED, Status.EXPECTED_FAIL)
    assert counted == {
        "tests": len(result.cells) + 1,
        "failures": failures,
        "errors": result.count(Status.ERROR) + bool(result.trouble),
        "skipped": sum(result.count(status) for status in skipped),
    }
    names = [(case.classname, case.name) for suite in found.values() for case in suite]
    assert len(names) == len(set(names)), "a name means one cell"


def test_junit_tells_a_violation(tmp_path: Path) -> None:
    cases = list(suites(results.hostile(), tmp_path / "junit.xml")["matrix"])
    failed = next(case for case in cases if case.result)
    assert failed.classname == "matrix.GetKeyLastUsage"
    assert failed.name == "GetKeyLastUsage/unknown in nothing made"
    (failure,) = failed.result
    assert isinstance(failure, junitparser.Failure)
    assert failure.type == "attribute/key-exists"
    words = ["attribute/key-exists (must)", "source:", "expected: ", "observed: ", "steps:", "1. "]
    places = [failure.text.index(word) for word in words]
    assert places == sorted(places)
    assert "<script>alert(1)</script>" in failure.text
    further = next(
        case for case in cases if case.result and case is not failed and case.name != failed.name
    )
    assert "as told in matrix: " in further.result[0].text


def test_junit_says_that_the_check_could_not_run(tmp_path: Path) -> None:
    (case,) = suites(results.troubled(), tmp_path / "junit.xml")["check"]
    assert isinstance(case.result[0], junitparser.Error)
    assert "could not run: no operation was answered as AWS would" in case.result[0].message


class Elements(HTMLParser):
    """The elements of a page, and what stands in code blocks."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.attributes: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@made
def test_markdown_shows_answers_as_text(make: Making) -> None:
    text = report_markdown.dumps(make())
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    page = Elements(markdown.render(text.encode("utf-8", "backslashreplace").decode()))
    allowed = {"h2", "h3", "table", "thead", "tbody", "tr", "th", "td", "pre", "code", "p"}
    assert set(page.seen) <= allowed | {"details", "summary"}
    assert set(page.attributes) <= {"class"}
    assert page.seen.count("h2") == 1
    if make is results.hostile:
        assert page.seen.count("details") == 3, "one for each rule that is violated"
        assert "<script>alert(1)</script><img src=x" in page.text


def test_markdown_stays_small() -> None:
    result = results.hostile()
    one = next(one for one in result.violations if one.trace)
    many = tuple(one._replace(rule=f"{one.rule}/{n}", observed=("`" * 3000,)) for n in range(500))
    text = report_markdown.dumps(result._replace(violations=many))
    assert len(text.encode("utf-8", "backslashreplace")) <= report_markdown.MOST_BYTES
    assert "There was no room for" in text


@made
def test_the_badge_is_a_picture(make: Making) -> None:
    text = report_badge.dumps(make())
    assert text == report_badge.dumps(make())
    root = ET.fromstring(text)  # noqa: S314 - our own
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    words = {
        "clean": "kmspec: 0 violations | 2% of rules",
        "hostile": "kmspec: 3 rules violated",
        "expected": "kmspec: 0 violations, 3 expected | 2% of rules",
        "troubled": "kmspec: could not run",
    }
    reached = results.clean().coverage.rules
    share = 100 * reached.reached // reached.total
    assert root.get("aria-label") == words[make.__name__].replace("2%", f"{share}%")
    assert "id=" not in text, "several of them can stand in one page"
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


@made
def test_the_text_cannot_move_the_cursor(make: Making) -> None:
    written = StringIO()
    report_text.write(make(), Console(file=written, highlight=False))
    text = written.getvalue()
    assert text.replace("\n", "").isprintable()
    assert text.encode()


def test_expected_violations_are_written_and_read(tmp_path: Path) -> None:
    """With the file that a run wrote the next one is green; reasons that were given are kept."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text(report_expected.dumps(results.hostile()))
    rules = {one.rule for one in results.hostile().violations}
    read = expected.read(first, rules)
    assert dict(read) == dict.fromkeys(rules, report_expected.UNEXPLAINED)
    blank = f"attribute/key-exists {report_expected.UNEXPLAINED}"
    told = first.read_text().replace(blank, "attribute/key-exists we know")
    first.write_text(f"{told}alias/exists not tried here\n")
    target = Altered(results.spiteful)
    again = conform(target, only=results.ONLY, explored=explored(), expect=first)
    assert again.exit_code == 0
    assert again.count(Status.EXPECTED_FAIL) == results.hostile().count(Status.FAIL)
    second.write_text(report_expected.dumps(again))
    reasons = expected.read(second, {*rules, "alias/exists"})
    assert reasons == {**read, "attribute/key-exists": "we know", "alias/exists": "not tried here"}
    mended = conform(Embedded(), only=results.ONLY, explored=explored(), expect=first)
    assert mended.exit_code == 1
    third = report_expected.dumps(mended)
    left = [line.split()[0] for line in third.splitlines() if line and not line.startswith("#")]
    kept = "effect/GetKeyLastUsage/answer"
    assert mended.unexpected_passes == (kept,), "of the others not everything was tried"
    assert set(left) == {*rules, "alias/exists"} - {kept}
