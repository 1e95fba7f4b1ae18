"""A wrong table is noticed: one cell changed, and the checker names exactly that cell."""

import random

import pytest

from kmspec.names import Service
from kmspec.rules import Cell
from kmspec.tables import load
from kmspec_check.conform import conform
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


def drawn() -> list[Cell]:
    spec = load()
    cells = [cell for cell in spec.cells if spec.in_scope(cell.id)]
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
    result = conform(Embedded(), profile="embedded", only=("matrix", area), model=model)
    assert {violation.rule for violation in result.violations} == {cell.id}
