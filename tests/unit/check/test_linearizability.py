"""The search for an order, on histories of a register and of a queue written by hand."""

import random
from collections.abc import Iterator

import pytest

from kmspec_check import linearizability
from kmspec_check.linearizability import Interval, Undecided, ends, orders, overlapping

Operation = tuple[str, int]
Timed = tuple[int, int, Operation]


def register(history: list[Timed], *starts: int) -> dict[int, tuple[int, ...]]:
    """The values that a register may hold after a history of writes and reads."""

    def take(value: int, number: int) -> Iterator[int]:
        word, argument = history[number][2]
        if word == "write":
            yield argument
        elif value == argument:
            yield value

    intervals = [Interval(called, answered) for called, answered, _ in history]
    return dict(ends(intervals, starts or (0,), take))


GOOD = {
    "nothing happens": [],
    "one after the other": [(0, 1, ("write", 1)), (2, 3, ("read", 1))],
    "a read sees a write that is under way": [(0, 9, ("write", 1)), (2, 3, ("read", 1))],
    "a read does not see a write that is under way": [(0, 9, ("write", 1)), (2, 3, ("read", 0))],
    "the later write took effect first": [
        (0, 9, ("write", 1)),
        (1, 8, ("write", 2)),
        (10, 11, ("read", 1)),
    ],
    "two reads on either side of a write": [
        (0, 9, ("write", 1)),
        (1, 2, ("read", 0)),
        (3, 4, ("read", 1)),
    ],
}
BAD = {
    "a lost write": [(0, 1, ("write", 1)), (2, 3, ("read", 0))],
    "a value from nowhere": [(0, 9, ("write", 1)), (1, 2, ("read", 2))],
    "what was seen is gone again": [
        (0, 9, ("write", 1)),
        (1, 2, ("read", 1)),
        (3, 4, ("read", 0)),
    ],
    "two readers see two writes in either order": [
        (0, 20, ("write", 1)),
        (0, 20, ("write", 2)),
        (1, 2, ("read", 1)),
        (5, 6, ("read", 2)),
        (7, 8, ("read", 1)),
        (9, 10, ("read", 2)),
    ],
}


@pytest.mark.parametrize("name", GOOD)
def test_an_order_is_found(name: str) -> None:
    found = register(GOOD[name])
    assert found
    for order in found.values():
        assert sorted(order) == list(range(len(GOOD[name])))


@pytest.mark.parametrize("name", BAD)
def test_there_is_no_order(name: str) -> None:
    assert not register(BAD[name])


def test_every_state_that_may_be_left_is_found() -> None:
    both = register([(0, 9, ("write", 1)), (0, 9, ("write", 2))])
    assert both == {2: (0, 1), 1: (1, 0)}
    assert register([(0, 1, ("read", 3))], 3, 4) == {3: (0,)}


def test_the_order_of_real_time_is_kept() -> None:
    one_by_one = [Interval(0, 1), Interval(4, 5), Interval(2, 3)]
    assert list(orders(one_by_one)) == [(0, 2, 1)]
    assert len(list(orders([Interval(0, 9)] * 4))) == 24
    assert list(orders([])) == [()]


def test_a_request_that_is_made_when_another_is_answered_overlaps_it() -> None:
    assert not Interval(0, 2).precedes(Interval(2, 3))
    assert overlapping([Interval(4, 5), Interval(0, 3), Interval(2, 6)])
    assert not overlapping([Interval(4, 5), Interval(0, 3)])


def test_too_many_states_are_not_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linearizability, "MOST", 100)
    intervals = [Interval(0, 9)] * 12
    with pytest.raises(Undecided):
        ends(intervals, [""], lambda state, number: [f"{state} {number}"])


@pytest.mark.parametrize("seed", range(50))
def test_what_a_register_did_under_any_overlap_has_an_order_and_a_wrong_read_has_none(
    seed: int,
) -> None:
    """Each operation takes effect at a moment; its interval is any around that moment."""
    rng = random.Random(seed)
    value, history = 0, list[Timed]()
    for moment in range(10, 110, 10):
        called, answered = moment - rng.randrange(25), moment + rng.randrange(25)
        if rng.random() < 0.5:
            value = moment
            history.append((called, answered, ("write", value)))
        else:
            history.append((called, answered, ("read", value)))
    rng.shuffle(history)
    assert value in register(history)
    assert not register([*history, (200, 201, ("read", -1))])
