"""The HTML report, read as a file: one file, small, and what was answered is text in it."""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any, Final

import pytest

from kmspec_check import report_html, report_json
from kmspec_check.result import Result
from tests.helpers import results

RESULTS: Final = (results.clean, results.hostile, results.expected, results.troubled)
VOID: Final = {"meta", "link", "input", "br"}
LOADING: Final = {"src", "href", "action", "formaction", "data", "poster", "srcset", "background"}
Making = Callable[[], Result]
made = pytest.mark.parametrize("make", RESULTS, ids=lambda make: make.__name__)


class Page(HTMLParser):
    """A page: its elements, what they would load, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.loads: list[tuple[str, str]] = []
        self.scripted: list[str] = []
        self.policy = ""
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        found = dict(attrs)
        self.loads += [(tag, found[name] or "") for name in LOADING & found.keys()]
        self.scripted += [name for name in found if name.startswith("on") or name == "style"]
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"] or ""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} is closed where it was not opened"

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self.open[-1] if self.open else "", []).append(data)


def unpacked(page: Page) -> dict[str, Any]:
    """The data of the matrix."""
    packed = page.texts["script"][0]
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", packed), "nothing in it can end the script"
    found: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed)))
    return found


@made
def test_a_page_is_whole_and_loads_nothing(make: Making) -> None:
    page = Page(report_html.dumps(make()))
    assert page.open == [], "every element is closed"
    assert page.tags.count("script") == 2
    assert page.tags.count("style") == 1
    assert not {"img", "iframe", "object", "embed", "base", "audio", "video"} & set(page.tags)
    assert page.scripted == [], "no script and no style in an attribute"
    loaded = [address for tag, address in page.loads if tag != "a"]
    assert loaded == ["data:,"], "the icon, which is empty"
    links = [address for tag, address in page.loads if tag == "a"]
    assert all(address.startswith(("#", "https://")) for address in links), links


@made
def test_the_policy_allows_what_is_ours_and_nothing_else(make: Making) -> None:
    page = Page(report_html.dumps(make()))
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        text = page.texts[tag][-1].encode()
        allowed = base64.b64encode(hashlib.sha256(text).digest()).decode()
        assert f"{directive} 'sha256-{allowed}';" in page.policy
    assert page.policy.startswith("default-src 'none'; ")


def test_what_was_answered_is_text() -> None:
    text = report_html.dumps(results.hostile())
    assert "<script>alert(1)" not in text
    assert "<img" not in text
    shown = "".join(Page(text).texts["p"])
    assert "</script><script>alert(1)</script><img src=x onerror=alert(1)>" in shown
    assert "{{ 7 * 7 }} \\x00\\x1b[31m\\ufffe\\ud800 \\u202e\\u2028`" in shown
    assert "\x1b" not in text
    assert text.encode()


@made
def test_the_data_is_the_result(make: Making) -> None:
    """What the script reads of each cell is what the JSON report has."""
    result = make()
    data = unpacked(Page(report_html.dumps(result)))
    found = []
    for phase, situation, *pairs in data["rows"]:
        for probe, verdict in zip(pairs[::2], pairs[1::2], strict=True):
            status, _, rules = data["verdicts"][verdict]
            cell = data["phases"][phase], data["situations"][situation], data["probes"][probe][0]
            ids = [data["rules"][rule] for rule in data["ruleSets"][rules]]
            found.append((*cell, data["statuses"][status], ids))
    told = report_json.to_data(result)
    names = ("phase", "situation", "probe", "status", "rules")
    assert sorted(found) == sorted(tuple(one[name] for name in names) for one in told["cells"])
    said = {
        (*found[place][:3], data["violated"][rule]["rule"])
        for place, rule, *_ in data["violations"]
    }
    assert said == {
        (*(one["cell"][name] for name in names[:3]), one["rule"]) for one in told["violations"]
    }
    programs = {one["rule"]: one["boto3"] for one in told["violations"] if one["boto3"]}
    for rule, program in zip(data["violated"], data["programs"], strict=True):
        assert program[0] == programs[rule["rule"]]


def test_a_report_is_the_same_each_time() -> None:
    assert report_html.dumps(results.hostile()) == report_html.dumps(results.hostile())


def test_a_large_run_stays_under_a_megabyte() -> None:
    result = results.large()
    assert len(result.cells) > 40_000
    assert len(report_html.dumps(result).encode()) < 1_000_000
