"""Blame: the only place that says which rule an answer violates.

An unexpected refusal points at the rule whose row gives that refusal elsewhere; any other
deviation at the rule that decided what was expected.
"""

from collections.abc import Iterable

from kmspec.rules import Cell, Condition
from kmspec.tables import Spec


def violated_rule(
    spec: Spec, expected: tuple[str, ...], concerned: Iterable[str], observed: str | None
) -> str:
    """The rule to name for an answer that none of the permitted outcomes fits.

    :param expected: the rules of the expected outcomes, the first outcome's first.
    :param concerned: every rule that says something of the case, such as success.
    :param observed: the error code that came, or ``None`` for a success.
    """
    if observed is not None:
        for name in (*concerned, *expected):
            if observed in _refusals_of_row(spec, name):
                return name
    return expected[0]


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
