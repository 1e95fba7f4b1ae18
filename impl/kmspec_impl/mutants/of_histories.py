"""Mutants that are wrong only after what happened before: a single request never shows them.

Each of the steps is answered as it should be from wherever a shortest way leads; it takes several
that have nothing to do with one another.
"""

from dataclasses import replace
from typing import Final
from weakref import WeakKeyDictionary

from kmspec.names import Service
from kmspec_impl.kms import aliases, keys, multi_region
from kmspec_impl.kms.identifiers import find_key_without_alias
from kmspec_impl.kms.state import Key
from kmspec_impl.mutants.mutant import Mutant, Patch
from kmspec_impl.realm import Parameters, Realm, Response

_earlier: WeakKeyDictionary[Realm, dict[str, Key]] = WeakKeyDictionary()
"""Keys as they were when something was done to them, by their id."""


def _move_all(realm: Realm, parameters: Parameters, now: float) -> Response:
    before = realm.aliases.get(parameters["AliasName"])
    response = aliases.update_alias(realm, parameters, now)
    moved = realm.aliases[parameters["AliasName"]].key
    for alias in list(realm.aliases):
        if before is not None and alias.key == before.key:
            realm.aliases.put(replace(alias, key=moved, updated=now))
    return response


def _remember(realm: Realm, parameters: Parameters) -> None:
    key = find_key_without_alias(realm, parameters["KeyId"])
    _earlier.setdefault(realm, {})[key.id] = key


def _schedule_and_remember(realm: Realm, parameters: Parameters, now: float) -> Response:
    _remember(realm, parameters)
    return keys.schedule_key_deletion(realm, parameters, now)


def _cancel_and_bring_back(realm: Realm, parameters: Parameters, now: float) -> Response:
    response = keys.cancel_key_deletion(realm, parameters, now)
    key = find_key_without_alias(realm, parameters["KeyId"])
    realm.keys.put(replace(key, policy=_earlier[realm][key.id].policy))
    return response


def _disable_and_remember(realm: Realm, parameters: Parameters, now: float) -> Response:
    _remember(realm, parameters)
    return keys.disable_key(realm, parameters, now)


def _enable_and_bring_back(realm: Realm, parameters: Parameters, now: float) -> Response:
    response = keys.enable_key(realm, parameters, now)
    key = find_key_without_alias(realm, parameters["KeyId"])
    before = _earlier.get(realm, {}).pop(key.id, key)
    realm.keys.put(replace(key, description=before.description))
    return response


def _swap_with_tags(realm: Realm, key_id: str, region: str, when: float) -> None:
    there = realm.shared.realms[realm.caller._replace(region=region)]
    here, other = realm.keys[key_id], there.keys[key_id]
    _swap(realm, key_id, region, when)
    realm.keys.put(replace(realm.keys[key_id], tags=other.tags))
    there.keys.put(replace(there.keys[key_id], tags=here.tags))


_swap = multi_region._swap  # noqa: SLF001 - a mutant reaches inside

MUTANTS: Final = (
    Mutant(
        "alias-takes-others-along",
        "effect/UpdateAlias/answer",
        "UpdateAlias moves every alias of the key that the alias pointed to.",
        handlers=((Service.KMS, "UpdateAlias", _move_all),),
        found_by="walks",
    ),
    Mutant(
        "cancel-brings-back-policy",
        "effect/CancelKeyDeletion/answer",
        "CancelKeyDeletion brings back the key policy of when the deletion was scheduled.",
        handlers=(
            (Service.KMS, "ScheduleKeyDeletion", _schedule_and_remember),
            (Service.KMS, "CancelKeyDeletion", _cancel_and_bring_back),
        ),
        found_by="walks",
    ),
    Mutant(
        "enable-brings-back-description",
        "effect/DescribeKey/answer",
        "EnableKey brings back the description of when the key was disabled.",
        handlers=(
            (Service.KMS, "DisableKey", _disable_and_remember),
            (Service.KMS, "EnableKey", _enable_and_bring_back),
        ),
        found_by="walks",
    ),
    Mutant(
        "tags-follow-primary",
        "effect/Advance/answer",
        "UpdatePrimaryRegion swaps the tags of the two keys with their roles.",
        (Patch(multi_region, "_swap", _swap_with_tags),),
        found_by="walks",
    ),
)
