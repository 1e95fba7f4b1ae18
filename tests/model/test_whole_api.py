"""Every operation of AWS KMS and AWS CloudHSM v2 is there, in each part that it has to be in.

While parts are written, MISSING says what is not there yet. It only shrinks: whoever brings an
operation takes it off.
"""

from collections import defaultdict

import pytest

from kmspec.names import Service
from kmspec.tables import load
from kmspec_impl.cloudhsm.operations import HANDLERS as CLOUDHSM_HANDLERS
from kmspec_impl.kms.operations import HANDLERS as KMS_HANDLERS
from kmspec_model.effects import EFFECTS
from kmspec_model.outcome import Success
from tests.helpers.machine import explored
from tests.unit.spec.api.facts import MODELS, installed

HANDLERS = {"kms": KMS_HANDLERS, "cloudhsm": CLOUDHSM_HANDLERS}
PARTS = ("a handler", "a row", "an effect", "a cell that succeeds", "a cell that is refused")

ALWAYS_SUCCEEDS = {
    "kms:ListKeys",
    "cloudhsm:DescribeBackups",
    "cloudhsm:DescribeClusters",
}
"""Operations that no world refuses: only what validation refuses."""

MISSING: frozenset[str] = frozenset()
"""Operations of which a part or more is missing."""


def every_operation() -> list[str]:
    """Each operation of botocore, its service before it."""
    return [
        f"{service}:{fact.removeprefix('operation ')}"
        for service in MODELS
        for fact in installed(service)
        if fact.startswith("operation ")
    ]


@pytest.fixture(scope="module")
def endings() -> dict[str, set[bool]]:
    """How the cells of the matrix may end for each operation: with success, or refused."""
    found: dict[str, set[bool]] = defaultdict(set)
    for stop, probe in explored().cells():
        command = probe.command
        first = explored().node(stop).permitted(command)[0]
        name = f"{command.service}:{command.operation}"
        found[name].add(isinstance(first.outcome, Success))
    return found


def lacking(operation: str, endings: dict[str, set[bool]]) -> list[str]:
    """The parts of an operation that are missing."""
    service, _, name = operation.partition(":")
    rows = {(row.service, row.called): row.name for row in load().operations.values()}
    row = rows.get((Service(service), name))
    ends = endings.get(operation, set())
    there = (
        name in HANDLERS[service],
        row is not None,
        row in EFFECTS,
        True in ends,
        False in ends or operation in ALWAYS_SUCCEEDS,
    )
    return [part for part, is_there in zip(PARTS, there, strict=True) if not is_there]


def test_there_are_as_many_as_aws_has() -> None:
    assert len(every_operation()) == 74


@pytest.mark.parametrize("operation", every_operation())
def test_every_operation_is_there(operation: str, endings: dict[str, set[bool]]) -> None:
    missing = lacking(operation, endings)
    if operation in MISSING:
        assert missing, f"{operation} is there now: take it off MISSING, in {__file__}"
    else:
        assert missing == [], f"{operation} has not {', '.join(missing)}"


def test_nothing_is_said_of_what_can_be_refused(endings: dict[str, set[bool]]) -> None:
    refused = {name for name in ALWAYS_SUCCEEDS if False in endings[name]}
    assert refused == set(), "take these off ALWAYS_SUCCEEDS: there is a cell that is refused"
