"""A wrong table is noticed: one cell changed, and the checker names exactly that cell."""

import random
from collections.abc import Iterable
from functools import cache

import pytest

from kmspec.names import Service
from kmspec.rules import Cell
from kmspec.tables import load
from kmspec_check.conform import conform
from kmspec_check.oracle import Node, Way
from kmspec_check.plan import Explored, Stop
from kmspec_impl.embedded import Embedded
from kmspec_model import EMPTY, Command, Refusal
from kmspec_model.model import Model
from kmspec_model.probes import Probe
from kmspec_model.views import views
from tests.helpers.machine import explored

DRAWN = 20
SEED = 2026

_IN_STORES_ONLY = "a KMS key is Unavailable in a key store only, where no key pair is generated"
_NO_ROTATION = "only a replica key is Creating, with which rotation is neither set nor begun"
_NO_HSM = "such a cluster has no HSM with which it could be activated"
MASKED = {
    "key-state/GenerateDataKeyPair/Unavailable": _IN_STORES_ONLY,
    "key-state/GenerateDataKeyPairWithoutPlaintext/Unavailable": _IN_STORES_ONLY,
    "key-state/EnableKeyRotation-of-EXTERNAL/Creating": _NO_ROTATION,
    "key-state/EnableKeyRotation-of-no-symmetric-key/Creating": _NO_ROTATION,
    "key-state/DisableKeyRotation-of-EXTERNAL/Creating": _NO_ROTATION,
    "key-state/DisableKeyRotation-of-no-symmetric-key/Creating": _NO_ROTATION,
    "key-state/RotateKeyOnDemand-of-no-symmetric-key/Creating": _NO_ROTATION,
    "key-state/ReplicateKey/Creating": "only a replica key is Creating, which is no primary key",
    "cluster/DeleteCluster/INITIALIZE_IN_PROGRESS": (
        "the HSM with which a cluster is initialized is not gone before that ends"
    ),
    "cluster/ActivateCluster/CREATE_IN_PROGRESS": _NO_HSM,
    "cluster/ActivateCluster/DELETE_IN_PROGRESS": _NO_HSM,
}
"""Cells in scope where another rule refuses with the same error whenever they do, and why."""

REFUSALS = {
    Service.KMS: "incorrect-key",
    Service.CLOUDHSM: "cloudhsm-limit",
    Service.OPERATOR: "operator-not-found",
}
"""An error of each service that none of its cells has."""


@cache
def shown() -> frozenset[str]:
    """The operations that show what there is: what a cell of theirs says is asked everywhere."""
    worlds = (world for graph in explored().graphs.values() for world in graph.worlds)
    asked = {(view.service, view.operation) for world in worlds for view in views(world)}
    return frozenset(load().operation(*one).name for one in asked)


def in_scope() -> list[Cell]:
    return [cell for cell in load().cells if load().in_scope(cell.id)]


def drawn() -> list[Cell]:
    cells = [cell for cell in in_scope() if cell.id not in MASKED]
    return random.Random(SEED).sample(cells, DRAWN)


def wrong(cell: Cell) -> str:
    """Success where every answer is a refusal, and a refusal where success is among them."""
    if not any(answer.ok for answer in cell.answers):
        return "ok"
    return REFUSALS[load().operations[cell.operation].service]


def deciding(ways: Iterable[Way]) -> set[str]:
    """The rules without which what our emulator answers would not be permitted."""
    first, *others = ways
    if not isinstance(first.outcome, Refusal):
        return set(first.rules)
    code = first.outcome.code
    same = [way for way in others if isinstance(way.outcome, Refusal) and way.outcome.code == code]
    return {rule for rule in first.rules if all(rule in way.rules for way in same)}


def test_every_cell_in_scope_decides_something_that_is_tried() -> None:
    tried = [explored().node(stop).permitted(probe.command) for stop, probe in explored().cells()]
    decide = {rule for ways in tried for rule in deciding(ways)}
    assert {cell.id for cell in in_scope()} - decide == set(MASKED)


def test_a_cell_that_is_not_reached_decides_nothing_alone() -> None:
    unreached = {cell.id for cell in load().cells if not cell.reached}
    for stop, probe in explored().cells():
        first, *others = explored().node(stop).permitted(probe.command)
        alone = unreached.intersection(first.rules, *(way.rules for way in others))
        assert not alone, f"{probe.label} in {explored().node(stop).situation}"


class Concerned(Explored):
    """What a changed cell says something of, at a stop or on the way there; all else is as ever."""

    def __init__(self, model: Model, cell: Cell) -> None:
        super().__init__(model)
        self._cell = cell
        self._anywhere = load().operations[cell.operation].name in shown()
        self._behind = {(name, index) for name in self.graphs for index in self._changed(name)}

    def _concerns(self, node: Node, command: Command) -> bool:
        operation = self.oracle.model.spec.operation(command.service, command.operation)
        return operation.name == self._cell.operation and self._cell.id in node.rules(command)

    def _changed(self, name: str) -> set[int]:
        """The worlds of a scope whose way there the cell says something of."""
        graph = self.graphs[name]
        node, changed = self.oracle.node(EMPTY), set[int]()
        for step in graph.scope.preamble:
            if self._concerns(node, step):
                return set(range(len(graph.worlds)))
            node = node.permitted(step)[0].node
        for index, parent in enumerate(graph.parents):
            if parent is not None:
                before, step = parent
                if before in changed or self._concerns(self.node(Stop(name, before)), step):
                    changed.add(index)
        return changed

    def cells(self) -> tuple[tuple[Stop, Probe], ...]:
        if self._anywhere:
            return super().cells()
        return tuple(
            (stop, probe)
            for stop, probe in super().cells()
            if stop in self._behind or self._concerns(self.node(stop), probe.command)
        )


@pytest.mark.parametrize("cell", drawn(), ids=lambda cell: cell.id)
def test_a_wrong_cell_is_the_one_that_fails(cell: Cell) -> None:
    model = Model(load().with_cell(cell.id, wrong(cell)))
    area = load().operations[cell.operation].resource
    result = conform(
        Embedded(), profile="embedded", only=("matrix", area), explored=Concerned(model, cell)
    )
    assert {violation.rule for violation in result.violations} == {cell.id}
