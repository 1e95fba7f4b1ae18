"""The catalogue: the only place that knows all mutants, and finds one by its name."""

from difflib import get_close_matches
from typing import Final

from kmspec_impl.emulator import Emulator, Settings
from kmspec_impl.mutants import (
    of_attributes,
    of_backups,
    of_choices,
    of_clusters,
    of_computation,
    of_connections,
    of_effects,
    of_freedom,
    of_histories,
    of_imports,
    of_keys,
    of_kinds,
    of_life,
    of_lists,
    of_moves,
    of_operators,
    of_races,
    of_recipients,
    of_refusals,
    of_regions,
    of_settings,
    of_states,
    of_stores,
    of_use,
    of_values,
)
from kmspec_impl.mutants.mutant import Mutant, MutatedEmulator
from kmspec_impl.storage.tables import Storage

CATALOGUE: Final[tuple[Mutant, ...]] = (
    *of_keys.MUTANTS,
    *of_life.MUTANTS,
    *of_use.MUTANTS,
    *of_kinds.MUTANTS,
    *of_stores.MUTANTS,
    *of_connections.MUTANTS,
    *of_clusters.MUTANTS,
    *of_backups.MUTANTS,
    *of_attributes.MUTANTS,
    *of_settings.MUTANTS,
    *of_imports.MUTANTS,
    *of_regions.MUTANTS,
    *of_recipients.MUTANTS,
    *of_values.MUTANTS,
    *of_computation.MUTANTS,
    *of_states.MUTANTS,
    *of_moves.MUTANTS,
    *of_effects.MUTANTS,
    *of_operators.MUTANTS,
    *of_lists.MUTANTS,
    *of_freedom.MUTANTS,
    *of_refusals.MUTANTS,
    *of_races.MUTANTS,
    *of_histories.MUTANTS,
    *of_choices.MUTANTS,
)


def find(name: str) -> Mutant:
    """The mutant of that name.

    :raises ValueError: there is none; the text says so, and what is nearest.
    """
    for mutant in CATALOGUE:
        if mutant.name == name:
            return mutant
    near = get_close_matches(name, [mutant.name for mutant in CATALOGUE])
    remedy = f"did you mean {' or '.join(near)}?" if near else "see `kmspec mutants`"
    message = f"there is no mutant {name!r}; {remedy}"
    raise ValueError(message)


def emulator(settings: Settings, mutant: str | None, storage: Storage | None = None) -> Emulator:
    """An emulator, wrong in one way if a mutant is named.

    :raises ValueError: there is no mutant of that name.
    :raises DataError: what is kept in storage does not fit the settings.
    """
    if mutant is None:
        return Emulator(settings, storage)
    return MutatedEmulator(settings, find(mutant), storage)
