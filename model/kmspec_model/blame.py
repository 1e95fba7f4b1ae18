"""Blame: the only place that says which rule an answer violates.

An unexpected refusal points at the rule whose row gives that refusal elsewhere, best one that the
target was not seen to keep, a success that answers something else at the rule of the answer, a
success instead of one of several refusals at the first of them that was not seen to be kept, any
other deviation at the rule that decided what was expected. What is only a ``should`` is at fault
itself where every other rule was seen to be kept. A state that is wrong after a right answer points
at the rule of the step before that says what the view shows.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from kmspec.rules import Cell, Condition, ConnectFailure, Effect, Transition
from kmspec.tables import Spec

_SHOWN: Mapping[str, tuple[str, ...]] = {
    "DescribeKey": ("key", "rotation"),
    "ListKeyRotations": ("materials", "rotation", "expiration"),
    "GetKeyRotationStatus": ("rotation",),
    "ListKeys": ("key",),
    "DescribeCustomKeyStores": ("connection",),
    "DescribeClusters": ("cluster", "hsm", "settings", "retention", "rollback"),
    "DescribeBackups": ("backup", "retention"),
    "GetResourcePolicy": ("policy",),
    "ListHsmKeys": ("material", "restores"),
    "ListRetirableGrants": ("key",),
}
"""What a view shows: machines, and the last words of the effects that it shows."""


def rule_of_state(spec: Spec, rules: Iterable[str], view: str) -> tuple[str, ...]:
    """The rules of a step that was answered rightly, what a wrong view points at first.

    :param rules: those that permitted the step.
    :param view: the operation that shows another state than must be after the step.
    """
    return tuple(sorted(dict.fromkeys(rules), key=lambda name: _distance(spec, name, view)))


def _distance(spec: Spec, name: str, view: str) -> int:
    """How far a rule is from saying what a view shows; a cell says only that a step succeeds."""
    rule, shown = spec.rules[name], _SHOWN.get(view, ())
    if isinstance(rule, ConnectFailure) and "connection" in shown:
        return 0
    if isinstance(rule, Effect):
        return 1 if name.rpartition("/")[2] in shown else 3
    if isinstance(rule, Transition):
        return 2 if rule.machine in shown else 4
    return 5


def violated_rule(
    spec: Spec,
    expected: tuple[str, ...],
    concerned: Iterable[str],
    observed: str | None,
    kept: Collection[str] = (),
) -> str:
    """The rule to name for an answer that none of the permitted outcomes fits.

    :param expected: the rules of the expected outcomes, the first outcome's first.
    :param concerned: every rule that says something of the case, such as success.
    :param observed: the error code that came, or ``None`` for a success.
    :param kept: the rules that the target was seen to keep.
    """
    if observed is not None:
        rules = (*concerned, *expected)
        giving = [name for name in rules if observed in _refusals_of_row(spec, name)]
        unseen = [name for name in giving if name not in kept]
        if unseen or (giving and spec.rules[expected[0]].level == "must"):
            return _most_likely(spec, unseen or giving, observed)
        return expected[0]
    effects = (name for name in expected if isinstance(spec.rules[name], Effect))
    broken = (name for name in expected if name not in kept)
    return next(effects, next(broken, expected[0]))


def _most_likely(spec: Spec, names: list[str], code: str) -> str:
    """The first rule; of the cells of several keys that of the state which refuses most so."""
    first = spec.rules[names[0]]
    if not isinstance(first, Cell):
        return names[0]
    refuses = Counter(
        cell.state
        for cell in spec.cells
        if cell.table == first.table and any(answer.code == code for answer in cell.answers)
    )
    cells = (rule for name in names if isinstance(rule := spec.rules[name], Cell))
    of_row = (cell for cell in cells if (cell.table, cell.row) == (first.table, first.row))
    return max(of_row, key=lambda cell: refuses[cell.state]).id


def _refusals_of_row(spec: Spec, name: str) -> frozenset[str]:
    """The error codes that the row of a rule gives, in whatever state."""
    rule = spec.rules[name]
    if isinstance(rule, Condition):
        return frozenset(answer.code for answer in rule.answers if answer.code)
    if not isinstance(rule, Cell):
        return frozenset()
    return frozenset(
        answer.code
        for cell in spec.cells
        if cell.table == rule.table and cell.row == rule.row
        for answer in cell.answers
        if answer.code
    )
