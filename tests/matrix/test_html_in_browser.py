"""The HTML report in a real headless Chromium: by keyboard alone, in each size and scheme."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from kmspec_check import report_html, report_json
from kmspec_check.cells import Cell, Decided, Status
from kmspec_check.result import Result
from kmspec_check.summary import headline
from tests.helpers import results
from tests.helpers.browser import Browser, browsing

READY: Final = "'ready' in document.documentElement.dataset"
FOCUS: Final = "document.activeElement"
DIALOG: Final = "document.getElementById('dialog')"
WIDE: Final = (1440, 900)
NARROW: Final = (375, 800)
# What has less contrast than WCAG asks for at level AA, 4.5 to 1.
PALE: Final = """
(() => {
  const channel = (one) => (one <= 10 ? one / 3294.6 : ((one / 255 + .055) / 1.055) ** 2.4);
  const light = ([red, green, blue]) =>
    .2126 * channel(red) + .7152 * channel(green) + .0722 * channel(blue);
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const back = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const found = parts(getComputedStyle(at).backgroundColor);
      if (found.length < 4 || found[3]) return found;
    }
    return [255, 255, 255];
  };
  const pale = new Set();
  for (const one of document.querySelectorAll('body *')) {
    const marked = one.matches('.mark');
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if ((!own && !marked) || !one.checkVisibility() || one.disabled) continue;
    const lights = [light(parts(getComputedStyle(one).color)), light(back(one))];
    const contrast = (Math.max(...lights) + .05) / (Math.min(...lights) + .05);
    if (contrast < 4.5) pale.add(`${one.tagName}.${one.className} ${contrast.toFixed(2)}`);
  }
  return [...pale];
})()
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("browser")) as started:
        yield started


def written(result: Result, folder: Path) -> Path:
    """A report in a file."""
    file = folder / "report.html"
    file.write_text(report_html.dumps(result))
    return file


@pytest.fixture
def hostile(browser: Browser, tmp_path: Path) -> Browser:
    """A report full of hostile answers, opened wide."""
    browser.show(*WIDE)
    browser.open(written(results.hostile(), tmp_path), ready=READY)
    return browser


def test_nothing_that_was_answered_runs(hostile: Browser) -> None:
    """Everything is opened, and there is no dialog, no request, no complaint of the browser."""
    hostile.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    hostile.value("document.querySelector('#grid td[tabindex]').click()")
    hostile.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert hostile.value(f"{DIALOG}.textContent").count("<script>alert(1)</script>") >= 2
    assert hostile.value("document.querySelectorAll('img, iframe').length") == 0
    assert hostile.value("document.scripts.length") == 2
    seen = {event["method"] for event in hostile.events}
    assert not seen & {"Page.javascriptDialogOpening", "Runtime.exceptionThrown", "Log.entryAdded"}
    asked = [
        event["params"]["request"]["url"]
        for event in hostile.events
        if event["method"] == "Network.requestWillBeSent"
    ]
    assert [url for url in asked if not url.startswith("file:")] in ([], ["data:,"])
    assert len([url for url in asked if url.startswith("file:")]) == 1


def test_the_matrix_is_used_by_keyboard_alone(hostile: Browser) -> None:
    for _ in range(30):
        hostile.press("Tab")
        if hostile.value(f"{FOCUS}.tagName") == "TD":
            break
    assert hostile.value(f"{FOCUS}.tagName") == "TD", "the matrix is reached by Tab"
    assert hostile.value(f"getComputedStyle({FOCUS}).outlineStyle") == "solid"
    hostile.value("window.first = document.activeElement")
    hostile.press("ArrowDown", "ArrowDown", "ArrowUp")
    assert hostile.value(f"{FOCUS} !== window.first && {FOCUS}.tagName") == "TD"
    hostile.press("ArrowUp", "End", "Home")
    assert hostile.value(f"{FOCUS} === window.first")
    assert hostile.value("document.querySelectorAll('#grid [tabindex=\"0\"]').length") == 1
    hostile.press("Enter")
    assert hostile.value(f"{DIALOG}.open")
    assert hostile.value("document.getElementById('dialog-title').textContent").startswith(
        "GetKeyLastUsage in "
    )
    for _ in range(20):
        hostile.press("Tab")
        inside = f"{DIALOG}.contains({FOCUS}) || {FOCUS} === document.body"
        assert hostile.value(inside), "the rest of the page is out of reach"
    hostile.press("Escape")
    assert not hostile.value(f"{DIALOG}.open")
    hostile.until(f"{FOCUS} === window.first")


def test_arrows_lead_out_of_a_column_with_one_square(browser: Browser, tmp_path: Path) -> None:
    """The walks are in no situation: nothing else is in their row or in their column."""
    browser.show(*WIDE)
    found = results.expected()
    walks = Decided(Cell("walks", "-", "random walks"), Status.PASS, "", ())
    browser.open(written(found._replace(cells=(walks, *found.cells)), tmp_path), ready=READY)
    browser.value("""(() => {
      const all = [...document.querySelectorAll("#grid td[tabindex]")];
      const beside = (one, other) => one.place.some((at, axis) => at === other.place[axis]);
      window.first = all.find((one) => all.every((other) => other === one || !beside(one, other)));
      window.first.focus();
    })()""")
    browser.press("ArrowDown")
    assert browser.value(f"{FOCUS} !== window.first && {FOCUS}.tagName") == "TD"


def test_the_next_red_one_is_a_key_away(hostile: Browser) -> None:
    hostile.value("document.querySelector('#grid td[tabindex]').click()")
    title = "document.getElementById('dialog-title').textContent"
    first = hostile.value(title)
    assert hostile.value("document.getElementById('previous').disabled")
    hostile.value("document.getElementById('next').focus()")
    hostile.press("Enter")
    hostile.until(f"{title} !== {json.dumps(first)}")
    hostile.press("Escape")
    hostile.until(f"{FOCUS}.tagName === 'TD'")
    assert hostile.value(f"{FOCUS}.getAttribute('aria-label')").endswith(" fail")


def test_filters_show_what_is_asked_for(hostile: Browser) -> None:
    shown = "document.getElementById('shown').textContent"
    every = hostile.value(shown)
    cells, failed = len(results.hostile().cells), results.hostile().count(Status.FAIL)
    assert every.startswith(f"{failed} cells of {cells}: 1 operation by ")
    hostile.value("document.getElementById('text').focus()")
    hostile.send("Input.insertText", text="unknown disabled")
    hostile.until(f"{shown} !== {every!r}")
    assert hostile.value("document.querySelectorAll('#grid tbody tr').length") > 1
    named = "[...document.querySelectorAll('#grid tbody th')].map((one) => one.textContent)"
    assert all("Disabled" in name for name in hostile.value(named))
    hostile.send("Input.insertText", text=" no such thing")
    hostile.until(f"{shown}.startsWith('Nothing is like that')")
    hostile.value("document.querySelector('#filters [type=reset]').focus()")
    hostile.press("Enter")
    hostile.until(f"{shown} === {every!r}")
    hostile.value("document.querySelector('#statuses input').focus()")
    hostile.press(" ")
    hostile.until(f"{shown}.startsWith('Nothing is like that')")
    hostile.value("document.querySelector('#rules .rule').open = true")
    hostile.value("document.querySelector('#rules .rule > p button').click()")
    hostile.until(f"{FOCUS}.tagName === 'TD'")
    assert hostile.value("document.getElementById('text').value") == "attribute/key-exists"


def test_programs_are_shown_and_copied(hostile: Browser) -> None:
    hostile.value("document.querySelector('#rules .rule').open = true")
    hostile.until("document.querySelectorAll('#rules .program').length >= 3")
    hostile.value(
        "document.querySelectorAll('#rules .program').forEach((one) => { one.open = true; })"
    )
    hostile.until("document.querySelector('#rules .program pre').textContent")
    programs = "[...document.querySelectorAll('#rules .program pre')].map((one) => one.textContent)"
    boto3, cli, trace, *_ = hostile.value(programs)
    told = next(one for one in report_json.to_data(results.hostile())["violations"] if one["trace"])
    assert (boto3, cli) == (told["boto3"], told["cli"])
    assert json.loads(trace) == told["trace"]
    hostile.value("document.querySelector('#rules .program button').focus()")
    hostile.press("Enter")
    hostile.until("document.querySelector('#rules .program button').textContent === 'Copied'")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_it_fits_and_can_be_read(
    size: tuple[int, int], scheme: str, browser: Browser, tmp_path: Path
) -> None:
    """Nothing sticks out to the side, and every text stands out from what is behind it."""
    for make in (results.hostile, results.expected, results.clean, results.troubled):
        browser.show(*size, scheme=scheme)
        browser.open(written(make(), tmp_path), ready=READY)
        browser.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert browser.value("document.documentElement.scrollWidth") <= size[0]
        assert browser.value(PALE) == []
        if make is results.hostile:
            browser.value("document.querySelector('#grid td[tabindex]').click()")
            assert browser.value(f"{DIALOG}.scrollWidth <= {DIALOG}.clientWidth")
            assert browser.value(PALE) == []
            browser.picture(tmp_path / "seen.png")
            assert (tmp_path / "seen.png").stat().st_size > 10_000


def test_a_large_run_opens(browser: Browser, tmp_path: Path) -> None:
    result = results.large()
    browser.show(*WIDE)
    browser.open(written(result, tmp_path), ready=READY)
    shown = browser.value("document.getElementById('shown').textContent")
    assert shown.startswith(f"{len(result.cells):,} cells of {len(result.cells):,}: ")


def test_without_script_the_rest_is_there(browser: Browser, tmp_path: Path) -> None:
    browser.show(*WIDE, script=False)
    browser.open(written(results.hostile(), tmp_path))
    seen = browser.value("document.body.innerText")
    browser.show(*WIDE)
    assert "need JavaScript" in seen
    assert headline(results.hostile()) in seen
    assert "attribute/key-exists" in seen
    assert "Operations by situations" not in seen
