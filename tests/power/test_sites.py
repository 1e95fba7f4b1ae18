"""The mutants of the tool: each is another module that compiles, changed where it is said to be."""

import random

import pytest

from tests.helpers.source import text
from tests.power.sites import GUARDS, file, sites


@pytest.mark.parametrize("module", random.Random(0).sample(GUARDS, 6))
def test_a_mutant_is_changed_in_the_function_that_is_named(module: str) -> None:
    before = text(file(module)).splitlines()
    every = list(sites(module))
    assert len(every) == len(set(every))
    for site in random.Random(0).sample(every, min(len(every), 5)):
        after = site.source().splitlines()
        compile(site.source(), module, "exec")
        changed = [
            n for n, pair in enumerate(zip(before, after, strict=True), 1) if len({*pair}) > 1
        ]
        assert changed
        assert changed[0] >= site.line
        assert site.line in site.statement()


def test_every_guard_has_mutants() -> None:
    assert [module for module in GUARDS if not any(sites(module))] == []


def test_a_mutant_stands_in_the_head_of_a_statement() -> None:
    found = {site.within: site.statement() for site in sites("cloudhsm/modification")}
    lines = text(file("cloudhsm/modification")).splitlines()
    head = [lines[number - 1].strip() for number in found["_settle"]]
    assert head == ["if cluster is not None and cluster.rollback_until == when:"]
