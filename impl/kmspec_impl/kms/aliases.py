"""Aliases: the only place that creates, moves, deletes and lists them.

An alias points to one key; its name is unique in the account and Region and case sensitive. It
may point to a key of a store as to any other [Alias].
"""

import re
from dataclasses import replace
from typing import Any, Final

from kmspec.limits import ALIASES_PER_KEY
from kmspec.names import ErrorCode, KeySpec
from kmspec_impl.errors import ServiceError
from kmspec_impl.identity import alias_arn
from kmspec_impl.kms import requests
from kmspec_impl.kms.identifiers import (
    ALIAS,
    RESERVED,
    alias_not_found,
    find_key_without_alias,
)
from kmspec_impl.kms.key_state import (
    denied,
    require_customer_managed,
    require_not_pending_deletion,
)
from kmspec_impl.kms.managed import predefined
from kmspec_impl.kms.state import Alias, Key
from kmspec_impl.realm import Parameters, Realm, Response

_NAME: Final = re.compile(r"alias/[a-zA-Z0-9/_-]+")
_NO_PREFIX: Final = (
    'Alias must start with the prefix "alias/". Please see '
    "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
)
"""[REC]"""
_PAGE: Final = 50
_LARGEST_PAGE: Final = 100


def create_alias(realm: Realm, parameters: Parameters, now: float) -> Response:
    """CreateAlias."""
    name = parameters["AliasName"]
    if not name.startswith(ALIAS):
        raise requests.invalid(_NO_PREFIX)
    if name.startswith(RESERVED) or not _NAME.fullmatch(name):
        message = f"{name} is not a valid alias name: letters, digits, / _ - and not {RESERVED}"
        raise ServiceError(ErrorCode.INVALID_ALIAS_NAME, message)
    key = _target(realm, parameters)
    require_not_pending_deletion(key)
    arn = alias_arn(realm.caller, name)
    if name in realm.aliases:
        message = f"An alias with the name {arn} already exists"
        raise ServiceError(ErrorCode.ALREADY_EXISTS, message)
    _check_room(realm, key)
    realm.aliases.put(Alias(id=name, arn=arn, key=key.id, created=now, updated=now))
    return {}


def update_alias(realm: Realm, parameters: Parameters, now: float) -> Response:
    """UpdateAlias: point an alias to another key. Only the new key's state matters (note 10)."""
    alias = _found(realm, parameters["AliasName"])
    key = _target(realm, parameters)
    require_not_pending_deletion(key)
    if alias.key != key.id:
        _check_alike(realm.keys[alias.key], key)
        _check_room(realm, key)
    realm.aliases.put(replace(alias, key=key.id, updated=now))
    return {}


def delete_alias(realm: Realm, parameters: Parameters, now: float) -> Response:
    """DeleteAlias, in whatever state its key is."""
    del now
    realm.aliases.remove(_found(realm, parameters["AliasName"]).id)
    return {}


def list_aliases(realm: Realm, parameters: Parameters, now: float) -> Response:
    """ListAliases: all, or those of one key."""
    del now
    named = parameters.get("KeyId")
    key = None if named is None else find_key_without_alias(realm, named, ErrorCode.INVALID_ARN)
    rows = [alias for alias in realm.aliases if key is None or alias.key == key.id]
    if key is None:
        rows += predefined(realm)
    return requests.page(
        parameters, "Aliases", rows, lambda alias: alias.id, _shape, _PAGE, _LARGEST_PAGE
    )


def drop_aliases_of(realm: Realm, key: Key) -> None:
    """Delete the aliases of a key that is deleted [Alias]."""
    for alias in [alias for alias in realm.aliases if alias.key == key.id]:
        realm.aliases.remove(alias.id)


def _target(realm: Realm, parameters: Parameters) -> Key:
    return require_customer_managed(realm, find_key_without_alias(realm, parameters["TargetKeyId"]))


def _found(realm: Realm, name: str) -> Alias:
    """An alias that its account may change: those of AWS it may not."""
    if name.startswith(RESERVED):
        raise denied(realm, alias_arn(realm.caller, name))
    alias = realm.aliases.get(name)
    if alias is None:
        raise alias_not_found(realm, name)
    return alias


def _check_alike(old: Key, new: Key) -> None:
    """Key and new key of an alias are both symmetric, asymmetric or HMAC, and used alike."""
    if (_kind(old), old.usage) != (_kind(new), new.usage):
        message = (
            f"An alias of {old.arn}, for {old.usage}, cannot be pointed to {new.arn}: another "
            "type or usage."
        )
        raise requests.invalid(message)


def _kind(key: Key) -> str:
    if key.spec is KeySpec.SYMMETRIC_DEFAULT:
        return "symmetric"
    return "HMAC" if key.spec.startswith("HMAC") else "asymmetric"


def _check_room(realm: Realm, key: Key) -> None:
    if sum(alias.key == key.id for alias in realm.aliases) >= ALIASES_PER_KEY:
        message = f"{key.arn} has {ALIASES_PER_KEY} aliases, as many as a key may have."
        raise ServiceError(ErrorCode.LIMIT_EXCEEDED, message)


def _shape(alias: Alias) -> dict[str, Any]:
    if not alias.key:
        return {"AliasName": alias.id, "AliasArn": alias.arn}
    return {
        "AliasName": alias.id,
        "AliasArn": alias.arn,
        "TargetKeyId": alias.key,
        "CreationDate": round(alias.created, 3),
        "LastUpdatedDate": round(alias.updated, 3),
    }
