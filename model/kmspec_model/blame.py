"""Blame: the only place that says which rule an answer violates.

An unexpected refusal points at the rule whose row knows that refusal in another state; any other
deviation at the first rule that decided what was expected.
"""

from kmspec.rules import Cell, Condition
from kmspec.tables import Spec


def violated_rule(spec: Spec, expected: tuple[str, ...], observed: str | None) -> str:
    """The rule to name, of those that an expected outcome follows.

    :param expected: the rules of the expected outcomes, the first outcome's first.
    :param observed: the error code that came, or ``None`` for a success.
    """
    if observed is not None:
        for name in expected:
            if observed in _refusals_of_row(spec, name):
                return name
    return expected[0]


def _refusals_of_row(spec: Spec, name: str) -> frozenset[str]:
    """The error codes that the row of a rule gives in any state."""
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
