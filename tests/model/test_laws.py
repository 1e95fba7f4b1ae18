"""Laws of the one interface: it is pure, refusals change nothing, only time moves time."""

from importlib import import_module
from pkgutil import iter_modules

import pytest

from kmspec_model import predicates
from kmspec_model.explore import explore
from kmspec_model.model import Model
from kmspec_model.outcome import Refusal
from kmspec_model.probes import probes
from kmspec_model.scopes import SCOPES

PLACES = predicates.__path__
SAMPLED = 11
"""Every so manieth world of a scope; the differential tests visit all."""


@pytest.mark.parametrize("scope", SCOPES)
def test_permitted_is_pure_and_total(scope: str) -> None:
    model = Model()
    for world in explore(model, SCOPES[scope]).worlds[::SAMPLED]:
        before = hash(world)
        for probe in probes(world):
            once = model.permitted(world, probe.command)
            assert once, f"{probe.label} has no outcome"
            assert once == model.permitted(world, probe.command)
        assert hash(world) == before


@pytest.mark.parametrize("scope", SCOPES)
def test_a_refused_operation_changes_nothing(scope: str) -> None:
    model = Model()
    for world in explore(model, SCOPES[scope]).worlds[::SAMPLED]:
        for probe in probes(world):
            for one in model.permitted(world, probe.command):
                if isinstance(one.outcome, Refusal):
                    assert one.world == world, probe.label


@pytest.mark.parametrize("scope", SCOPES)
def test_only_advance_moves_time(scope: str) -> None:
    model = Model()
    for world in explore(model, SCOPES[scope]).worlds[::SAMPLED]:
        for probe in probes(world):
            for one in model.permitted(world, probe.command):
                assert one.world.now == world.now, probe.label


def test_every_outcome_names_rules_of_the_tables() -> None:
    model = Model()
    for scope in SCOPES.values():
        for world in explore(model, scope).worlds[::SAMPLED]:
            for probe in probes(world):
                for one in model.permitted(world, probe.command):
                    assert one.rules, probe.label
                    assert set(one.rules) <= set(model.spec.rules), probe.label


def test_each_word_of_the_tables_names_one_predicate() -> None:
    modules = [import_module(f"{predicates.__name__}.{one.name}") for one in iter_modules(PLACES)]
    words = [word for module in modules for word in getattr(module, "OF_CASE", {})]
    assert sorted(words) == sorted(set(words))
