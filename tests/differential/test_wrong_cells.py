"""A wrong table is noticed: one cell changed, and the checker names exactly that cell."""

import random
from functools import cache

import pytest

from kmspec.names import Service
from kmspec.rules import Cell
from kmspec.tables import load
from kmspec_check.conform import conform
from kmspec_check.plan import Explored
from kmspec_impl.embedded import Embedded
from kmspec_model.model import Model

DRAWN = 20
SEED = 2026

REFUSALS = {
    Service.KMS: "unsupported",
    Service.CLOUDHSM: "cloudhsm-limit",
    Service.OPERATOR: "operator-not-found",
}
"""An answer of each service that none of its cells has."""


@cache
def scopes() -> dict[str, str]:
    """The rules that alone decide something tried in the matrix, each with a scope of that."""
    explored = Explored(Model())
    found: dict[str, str] = {}
    for stop, probe in explored.cells():
        ways = explored.node(stop).permitted(probe.command)
        for rule in ways[0].rules:
            if all(rule in way.rules for way in ways):
                found.setdefault(rule, stop.scope)
    return found


def drawn() -> list[Cell]:
    cells = [cell for cell in load().cells if cell.id in scopes()]
    return random.Random(SEED).sample(cells, DRAWN)


def wrong(cell: Cell) -> str:
    """Success where every answer is a refusal, and a refusal where success is among them."""
    if not any(answer.ok for answer in cell.answers):
        return "ok"
    return REFUSALS[load().operations[cell.operation].service]


@pytest.mark.parametrize("cell", drawn(), ids=lambda cell: cell.id)
def test_a_wrong_cell_is_the_one_that_fails(cell: Cell) -> None:
    model = Model(load().with_cell(cell.id, wrong(cell)))
    area = load().operations[cell.operation].resource
    explored = Explored(model, (scopes()[cell.id],))
    result = conform(
        Embedded(), profile="embedded", only=("matrix", area), model=model, explored=explored
    )
    assert {violation.rule for violation in result.violations} == {cell.id}
