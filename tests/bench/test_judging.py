"""What the benchmarks hold against each other: answers, ratios, bounds."""

import json

import pytest

from benchmarks.load.answers import Answer, whole
from benchmarks.results import Bound, Ratio, Results, Section, shown
from benchmarks.stored import worse
from benchmarks.workloads import CREATE_KEY, LIST_KEYS, WrongAnswerError

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


@pytest.mark.parametrize(
    ("received", "answer"),
    [
        (HEAD + b"Content-Length: 2\r\n\r\nok", Answer(200, b"ok", closes=False)),
        (
            HEAD + b"content-length:2\r\nConnection: close\r\n\r\nok",
            Answer(200, b"ok", closes=True),
        ),
        (
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
            Answer(200, b"ok", closes=False),
        ),
        (HEAD + b"Content-Length: 3\r\n\r\nok", None),
        (HEAD, None),
    ],
    ids=["length", "closes", "chunked", "more-to-come", "head-to-come"],
)
def test_where_an_answer_ends(received: bytes, answer: Answer | None) -> None:
    assert whole(received) == answer


def test_an_answer_of_no_length_is_not_measured() -> None:
    with pytest.raises(ValueError, match="without a length"):
        whole(HEAD + b"\r\n")


def test_what_a_quick_server_says_must_be_true() -> None:
    same = json.dumps({"KeyMetadata": {"KeyId": "one"}}).encode()
    with pytest.raises(WrongAnswerError, match="the same key twice"):
        CREATE_KEY.check([], [same, same])
    with pytest.raises(WrongAnswerError, match="ListKeys"):
        LIST_KEYS.check([], [b"{}"])
    with pytest.raises(WrongAnswerError, match="no answer"):
        LIST_KEYS.check([], [])


def of(*ratios: Ratio) -> Results:
    """Results with nothing but ratios."""
    section = Section(name="one", title="One", text="", ratios=ratios)
    return Results(effort="tiny", machine=(), seconds=1.0, sections=(section,))


def test_a_ratio_that_is_a_fifth_worse_is_told() -> None:
    before = of(
        Ratio(name="speed", value=1.0),
        Ratio(name="time", value=1.0, more_is_better=False),
        Ratio(name="gone", value=1.0),
    )
    good = of(Ratio(name="speed", value=0.81), Ratio(name="time", value=1.19, more_is_better=False))
    bad = of(Ratio(name="speed", value=0.79), Ratio(name="time", value=1.21, more_is_better=False))
    assert list(worse(good, before)) == []
    assert list(worse(bad, before)) == [
        "speed: 0.79, was 1, 21% worse",
        "time: 1.21, was 1, 21% worse",
    ]


@pytest.mark.parametrize(
    ("value", "missed"), [(0.9, True), (1.0, False), (2.0, False), (2.1, True), (None, False)]
)
def test_a_bound_is_met_or_missed(value: float | None, *, missed: bool) -> None:
    assert Bound(name="x", value=value, unit="", at_least=1.0, at_most=2.0).missed == missed


def test_figures_have_the_digits_that_mean_something() -> None:
    cells = (12345.6, 45.67, 4.567, 0.4567, 0.0, "text", None)
    assert [shown(cell) for cell in cells] == ["12,346", "45.7", "4.57", "0.457", "0", "text", "-"]
