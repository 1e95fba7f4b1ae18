"""Grants: the only place that creates, lists, retires and revokes them, and knows their tokens.

There is no IAM here and nobody is denied anything: a grant authorises nothing by itself. What
AWS documents of its life is kept: its id and tokens, where it is listed, and when it ends.
A grant takes effect at once; its tokens are good for as long as it is there.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from kmspec.limits import (
    GRANT_CONSTRAINT_CHARACTERS,
    GRANT_CONSTRAINT_PAIRS,
    GRANTS_PER_KEY,
)
from kmspec.names import ErrorCode, KeySpec, KeyUsage
from kmspec_impl.errors import ServiceError
from kmspec_impl.identity import key_arn, root_arn
from kmspec_impl.kms import requests
from kmspec_impl.kms.identifiers import find_key_without_alias
from kmspec_impl.kms.key_state import require_grantable
from kmspec_impl.kms.state import Grant, Key
from kmspec_impl.realm import Parameters, Realm, Response

_PAGE: Final = 50
_LARGEST_PAGE: Final = 100
_GRANT_ID: Final = re.compile(r"[0-9a-f]{64}")
_PRINCIPAL: Final = re.compile(
    r"arn:aws[a-z-]*:(?:iam|sts)::\d{12}:.+|\d{12}|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+){2,}"
)
"""An ARN, an account, or a service principal, which lists show where a service is the grantee."""
_CONTEXTS: Final = ("EncryptionContextEquals", "EncryptionContextSubset")

_OF_ANY_KEY: Final = frozenset({"CreateGrant", "RetireGrant", "DescribeKey"})
_PAIRS: Final = frozenset({"GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"})
_ENCRYPTION: Final = frozenset({"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo"})
_SYMMETRIC: Final = _ENCRYPTION | _PAIRS | {"GenerateDataKey", "GenerateDataKeyWithoutPlaintext"}
_OF_USAGE: Final[Mapping[KeyUsage, frozenset[str]]] = {
    KeyUsage.ENCRYPT_DECRYPT: _ENCRYPTION | {"GetPublicKey"},
    KeyUsage.SIGN_VERIFY: frozenset({"Sign", "Verify", "GetPublicKey"}),
    KeyUsage.GENERATE_VERIFY_MAC: frozenset({"GenerateMac", "VerifyMac"}),
    KeyUsage.KEY_AGREEMENT: frozenset({"DeriveSharedSecret", "GetPublicKey"}),
    KeyUsage.ENCAPSULATE_DECAPSULATE: frozenset({"Encapsulate", "Decapsulate", "GetPublicKey"}),
}
"""The grant operations of keys that are not symmetric encryption keys [Grants]."""


def create_grant(realm: Realm, parameters: Parameters, now: float) -> Response:
    """CreateGrant. The same again under a name is the same grant, with another token."""
    _check_parties(parameters)
    _check_contexts(parameters)
    key = _named(realm, parameters)
    check_tokens(realm, parameters)
    require_grantable(realm, key)
    _check_operations(key, parameters)
    wanted = _read(key, parameters, now)
    grants = realm.grants_of(key.id)
    same = next((old for old in grants if wanted.name and _alike(old, wanted)), None)
    if same is None and len(grants) >= GRANTS_PER_KEY:
        message = f"{key.arn} has {GRANTS_PER_KEY} grants, as many as a key may have."
        raise ServiceError(ErrorCode.LIMIT_EXCEEDED, message)
    requests.stop_dry_run(parameters)
    token = realm.ids.token()
    grant = same or replace(wanted, id=realm.ids.grant())
    realm.grants.put(replace(grant, tokens=(*grant.tokens, token)))
    return {"GrantToken": token, "GrantId": grant.id}


def list_grants(realm: Realm, parameters: Parameters, now: float) -> Response:
    """ListGrants: those of a key, or of them those with the id or the grantee asked for."""
    del now
    _at_most_one(parameters, "GranteePrincipal", "GranteeServicePrincipal")
    wanted = parameters.get("GrantId")
    key = _named(realm, parameters)
    if wanted is not None and not _GRANT_ID.fullmatch(wanted):
        raise ServiceError(ErrorCode.INVALID_GRANT_ID, f"Invalid grant id {wanted}")
    filters = {"id": wanted, "grantee": _either(parameters, "Grantee")}
    chosen = {name: value for name, value in filters.items() if value is not None}
    found = [
        grant
        for grant in realm.grants_of(key.id)
        if all(getattr(grant, name) == value for name, value in chosen.items())
    ]
    return _listed(realm, parameters, found)


def list_retirable_grants(realm: Realm, parameters: Parameters, now: float) -> Response:
    """ListRetirableGrants: every grant here that a principal may retire."""
    del now
    _exactly_one(parameters, "RetiringPrincipal", "RetiringServicePrincipal")
    _check_principal(parameters.get("RetiringPrincipal"))
    retiring = _either(parameters, "Retiring")
    return _listed(realm, parameters, [one for one in realm.grants if one.retiring == retiring])


def retire_grant(realm: Realm, parameters: Parameters, now: float) -> Response:
    """RetireGrant: by a token of the grant, or by its key and its id."""
    del now
    token = parameters.get("GrantToken")
    if token is None:
        if parameters.get("KeyId") is None or parameters.get("GrantId") is None:
            raise requests.invalid("Give a GrantToken, or both KeyId and GrantId.")
        grant = _found(realm, parameters)
    else:
        check_tokens(realm, {"GrantTokens": [token]})
        grant = realm.grants[realm.grant_of_token[token]]
    requests.stop_dry_run(parameters)
    realm.grants.remove(grant.id)
    return {}


def revoke_grant(realm: Realm, parameters: Parameters, now: float) -> Response:
    """RevokeGrant."""
    del now
    grant = _found(realm, parameters)
    requests.stop_dry_run(parameters)
    realm.grants.remove(grant.id)
    return {}


def check_tokens(realm: Realm, parameters: Mapping[str, Any]) -> None:
    """Refuse a request with a token that no grant has (crypto.md, open question 12).

    :raises ServiceError: InvalidGrantTokenException.
    """
    for token in parameters.get("GrantTokens") or ():
        if token not in realm.grant_of_token:
            raise ServiceError(ErrorCode.INVALID_GRANT_TOKEN, "There is no grant with this token.")


def drop_grants_of(realm: Realm, key: Key) -> None:
    """End the grants of a key that is deleted [Del]."""
    for grant in realm.grants_of(key.id):
        realm.grants.remove(grant.id)


def _named(realm: Realm, parameters: Mapping[str, Any]) -> Key:
    return find_key_without_alias(realm, parameters["KeyId"], ErrorCode.INVALID_ARN)


def _found(realm: Realm, parameters: Mapping[str, Any]) -> Grant:
    key, grant_id = _named(realm, parameters), parameters["GrantId"]
    if not _GRANT_ID.fullmatch(grant_id):
        raise ServiceError(ErrorCode.INVALID_GRANT_ID, f"Invalid grant id {grant_id}")
    grant = realm.grants.get(grant_id)
    if grant is None or grant.key != key.id:
        raise ServiceError(ErrorCode.NOT_FOUND, f"Grant ID {grant_id} not found")
    return grant


def _read(key: Key, parameters: Mapping[str, Any], now: float) -> Grant:
    return Grant(
        id="",
        key=key.id,
        created=now,
        name=parameters.get("Name") or "",
        grantee=_either(parameters, "Grantee") or "",
        grantee_is_service=parameters.get("GranteePrincipal") is None,
        retiring=_either(parameters, "Retiring"),
        retiring_is_service=parameters.get("RetiringServicePrincipal") is not None,
        operations=tuple(parameters["Operations"]),
        constraints=dict(parameters.get("Constraints") or {}),
    )


def _alike(old: Grant, wanted: Grant) -> bool:
    return replace(wanted, id=old.id, created=old.created, tokens=old.tokens) == old


def _check_parties(parameters: Mapping[str, Any]) -> None:
    """Who gets the grant and who may retire it: a principal or a service, never both."""
    _exactly_one(parameters, "GranteePrincipal", "GranteeServicePrincipal")
    _at_most_one(parameters, "RetiringPrincipal", "RetiringServicePrincipal")
    if not parameters["Operations"]:
        raise requests.invalid("Operations names no operation.")
    if parameters.get("GranteeServicePrincipal") is not None:
        constraints = parameters.get("Constraints") or {}
        if constraints.get("SourceArn") is None or _either(parameters, "Retiring") is None:
            message = "GranteeServicePrincipal needs a SourceArn constraint and a retiring party."
            raise requests.invalid(message)
    _check_principal(parameters.get("GranteePrincipal"))
    _check_principal(parameters.get("RetiringPrincipal"))


def _check_principal(principal: str | None) -> None:
    if principal is not None and not _PRINCIPAL.fullmatch(principal):
        raise ServiceError(ErrorCode.INVALID_ARN, f"Invalid principal {principal}")


def _check_contexts(parameters: Mapping[str, Any]) -> None:
    for name in _CONTEXTS:
        pairs = (parameters.get("Constraints") or {}).get(name) or {}
        if len(pairs) > GRANT_CONSTRAINT_PAIRS:
            raise requests.invalid(f"{name} has more than {GRANT_CONSTRAINT_PAIRS} pairs.")
        longest = max((len(text) for pair in pairs.items() for text in pair), default=0)
        if longest > GRANT_CONSTRAINT_CHARACTERS:
            message = f"{name} has more than {GRANT_CONSTRAINT_CHARACTERS} characters in a text."
            raise requests.invalid(message)


def _check_operations(key: Key, parameters: Mapping[str, Any]) -> None:
    """Only what the key can do may be granted, and only what has a context be bound to one."""
    symmetric = key.spec is KeySpec.SYMMETRIC_DEFAULT
    fitting = _OF_ANY_KEY | (_SYMMETRIC if symmetric else _OF_USAGE[key.usage])
    if key.store is not None:
        fitting -= _PAIRS
    unfit = [one for one in parameters["Operations"] if one not in fitting]
    if unfit:
        raise requests.invalid(f"{key.arn} does not support the grant operation {unfit[0]}.")
    constraints = parameters.get("Constraints") or {}
    if not symmetric and any(constraints.get(name) is not None for name in _CONTEXTS):
        raise requests.invalid(f"Operations with {key.arn} have no encryption context.")


def _either(parameters: Mapping[str, Any], party: str) -> str | None:
    found: str | None = parameters.get(f"{party}Principal")
    return parameters.get(f"{party}ServicePrincipal") if found is None else found


def _exactly_one(parameters: Mapping[str, Any], first: str, second: str) -> None:
    _at_most_one(parameters, first, second)
    if parameters.get(first) is None and parameters.get(second) is None:
        raise requests.invalid(f"Give {first} or {second}.")


def _at_most_one(parameters: Mapping[str, Any], first: str, second: str) -> None:
    if parameters.get(first) is not None and parameters.get(second) is not None:
        raise requests.invalid(f"Give {first} or {second}, not both.")


def _listed(realm: Realm, parameters: Parameters, grants: list[Grant]) -> Response:
    def shape(grant: Grant) -> dict[str, Any]:
        grantee = "GranteeServicePrincipal" if grant.grantee_is_service else "GranteePrincipal"
        shown: dict[str, Any] = {
            "KeyId": key_arn(realm.caller, grant.key),
            "GrantId": grant.id,
            "Name": grant.name,
            "CreationDate": round(grant.created, 3),
            grantee: grant.grantee,
            "IssuingAccount": root_arn(realm.caller),
            "Operations": list(grant.operations),
        }
        if grant.retiring is not None:
            party = "RetiringServicePrincipal" if grant.retiring_is_service else "RetiringPrincipal"
            shown[party] = grant.retiring
        if grant.constraints:
            shown["Constraints"] = grant.constraints
        return shown

    return requests.page(
        parameters, "Grants", grants, lambda grant: grant.id, shape, _PAGE, _LARGEST_PAGE
    )
