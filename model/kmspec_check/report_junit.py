"""The JUnit report: the only place that writes a result as CI servers read test results.

A suite for each phase, a test case for each cell, with names that are the same in every run. A
violation is a failure, trouble is an error, what was not reached or is not offered is skipped,
and so is a violation that was expected. The first suite holds one test: that the check ran.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final
from xml.etree import ElementTree as ET

from kmspec_check.cells import Cell, Decided, Status
from kmspec_check.result import Result
from kmspec_check.summary import clipped, headline, identity_lines, unexpected
from kmspec_check.violation import Violation, lines

CHECK: Final = "check"
"""The suite of the check itself."""
_ENDED: Final = "the check runs to its end"
_OUTSIDE_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FORMS: Final = {
    Status.UNSUPPORTED: "skipped",
    Status.SKIP: "skipped",
    Status.EXPECTED_FAIL: "skipped",
    Status.UNEXPECTED_PASS: "failure",
    Status.FAIL: "failure",
    Status.ERROR: "error",
}
"""The element that says what became of a cell; a pass has none."""


def dumps(result: Result) -> str:
    """The JUnit report."""
    cells: Mapping[str, list[Decided]] = defaultdict(list)
    for decided in result.cells:
        cells[decided.cell.phase].append(decided)
    root = ET.Element("testsuites", name="kmspec", time=f"{result.seconds:.3f}")
    root.append(_check(result))
    told = _Told(result)
    seconds = {phase.name: phase.seconds for phase in result.phases}
    for phase, ones in cells.items():
        root.append(_suite(result, phase, seconds.get(phase, 0.0), map(told.case, ones)))
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, 0)) for suite in root)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def _suite(result: Result, name: str, seconds: float, cases: Iterable[ET.Element]) -> ET.Element:
    suite = ET.Element("testsuite", name=name)
    suite.extend(cases)
    found = Counter(ending.tag for case in suite for ending in case)
    suite.set("tests", str(len(suite)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(found[tag]))
    suite.set("time", f"{seconds:.3f}")
    if result.identity.date:
        suite.set("timestamp", result.identity.date)
    return suite


def _check(result: Result) -> ET.Element:
    """The suite that says whether anything was found out at all, and of what."""
    case = ET.Element("testcase", classname=CHECK, name=_ENDED)
    could_not = result.trouble or result.exit_code not in (0, 1)
    if could_not:
        _end(case, "error", headline(result), "")
    suite = _suite(result, CHECK, 0.0, [case])
    properties = ET.Element("properties")
    for name, value in identity_lines(result):
        ET.SubElement(properties, "property", name=name, value=_xml(value))
    suite.insert(0, properties)
    return suite


def _end(case: ET.Element, tag: str, message: str, text: str, kind: str = "") -> None:
    ending = ET.SubElement(case, tag, message=_xml(message))
    if kind:
        ending.set("type", kind)
    if text:
        ending.text = _xml(text)


class _Told:
    """What is to be said of each cell."""

    def __init__(self, result: Result) -> None:
        self._violations: Mapping[Cell, list[Violation]] = defaultdict(list)
        for violation in result.violations:
            self._violations[violation.cell].append(violation)
        self._full = {one.rule: one for one in result.violations if one.trace is not None}
        self._reasons = dict(result.expected)
        self._new = {one.rule for one in unexpected(result)}

    def case(self, decided: Decided) -> ET.Element:
        """The test case of a cell."""
        cell = decided.cell
        where = "" if cell.situation == "-" else f" in {cell.situation}"
        case = ET.Element("testcase", classname=f"{cell.phase}.{cell.operation}")
        case.set("name", f"{cell.probe}{where}")
        tag = _FORMS.get(decided.status)
        if tag is None:
            return case
        violations = self._violations[cell] if decided.status in _VIOLATED else []
        if not violations:
            _end(case, tag, f"{decided.status.word}: {decided.reason}", "", decided.status.word)
            return case
        first = next((one for one in violations if one.rule in self._new), violations[0])
        message = f"{first.rule}: {first.sentence}"
        if decided.status is Status.EXPECTED_FAIL:
            message = f"expected: {self._reasons.get(first.rule, '')}: {message}"
        text = "\n\n".join(map(self._text, violations))
        _end(case, tag, message, text, first.rule)
        return case

    def _text(self, violation: Violation) -> str:
        told = "\n".join(clipped(line) for line in lines(violation))
        full = self._full.get(violation.rule)
        if violation.trace is None and full is not None:
            told += f"\n  steps: as told in {full.cell}"
        return told


_VIOLATED: Final = (Status.FAIL, Status.EXPECTED_FAIL)


def _xml(text: str) -> str:
    """A text without the characters that XML has no way to hold; each is written as escaped."""
    return _OUTSIDE_XML.sub(lambda one: f"\\u{ord(one[0]):04x}", text)
