"""Identifiers: the only place that finds the key a caller names.

A key has an id and an ARN; many operations take an alias name or alias ARN too (crypto.md,
section 2). All of them are looked up in the caller's own account and Region.
"""

import re
from typing import Final

from kmspec.names import ErrorCode
from kmspec_impl.errors import ServiceError
from kmspec_impl.identity import alias_arn, key_arn
from kmspec_impl.kms.state import Key
from kmspec_impl.realm import Realm

ALIAS: Final = "alias/"
RESERVED: Final = "alias/aws/"
_SERVICES: Final = (
    *("acm", "backup", "codecommit", "connect", "dms", "dynamodb", "ebs", "elasticfilesystem"),
    *("es", "fsx", "glue", "kafka", "kinesis", "kinesisvideo", "lambda", "lex", "lightsail"),
    *("rds", "redshift", "s3", "secretsmanager", "ses", "sns", "sqs", "ssm", "storagegateway"),
    *("workspaces", "xray"),
)
"""AWS publishes no list: services that are known to have an AWS managed key."""
PREDEFINED: Final = frozenset(RESERVED + service for service in _SERVICES)


class UnmintedError(ServiceError):
    """An alias names no key yet, and one of AWS's own could be made for it."""

    def __init__(self, alias: str, message: str) -> None:
        super().__init__(ErrorCode.NOT_FOUND, message)
        self.alias: Final = alias


_KEY_ID: Final = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|mrk-[0-9a-fA-F]{32}"
)
_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:kms:(?P<region>[a-z0-9-]+):(?P<account>\d{12})"
    r":(?P<kind>key|alias)/(?P<name>.+)"
)


def find_key(realm: Realm, named: str, malformed: ErrorCode = ErrorCode.NOT_FOUND) -> Key:
    """The key of that id, ARN, alias name or alias ARN, for an operation that takes all four.

    ``malformed`` is what an ARN that is none gives: InvalidArnException where the operation
    lists it (crypto.md, open question 11).

    :raises ServiceError: NotFoundException, or ``malformed``.
    """
    key = realm.keys.get(named)
    if key is None and named in realm.key_of_arn:
        key = realm.keys.get(realm.key_of_arn[named])
    if key is not None:
        return key
    name = named
    if named.startswith("arn:"):
        match = _parse(realm, named, malformed)
        if match["kind"] == "key":
            raise _unknown(named)
        name = ALIAS + match["name"]
    if not name.startswith(ALIAS):
        raise _unknown_id(realm, named)
    alias = realm.aliases.get(name)
    if alias is None and name in PREDEFINED and named in (name, alias_arn(realm.caller, name)):
        raise UnmintedError(name, f"Alias {named} has no key yet.")
    if alias is None or named not in (name, alias.arn):
        raise alias_not_found(realm, name, named)
    return realm.keys[alias.key]


def find_key_without_alias(
    realm: Realm, named: str, malformed: ErrorCode = ErrorCode.NOT_FOUND
) -> Key:
    """The key of that id or ARN, for an operation that takes no alias.

    An alias is no key id here (crypto.md, open question 10).

    :raises ServiceError: NotFoundException, or ``malformed``, as in :func:`find_key`.
    """
    key = realm.keys.get(realm.key_of_arn.get(named, named))
    if key is not None:
        return key
    if named.startswith("arn:") and _parse(realm, named, malformed)["kind"] == "key":
        raise _unknown(named)
    raise _unknown_id(realm, named)


def alias_not_found(realm: Realm, name: str, named: str | None = None) -> ServiceError:
    """NotFoundException for an alias; the text has the ARN even if the name was given."""
    arn = named if named and named.startswith("arn:") else alias_arn(realm.caller, name)
    return ServiceError(ErrorCode.NOT_FOUND, f"Alias {arn} is not found.")


def _parse(realm: Realm, named: str, malformed: ErrorCode) -> re.Match[str]:
    match = _ARN.fullmatch(named)
    if match is None:
        raise ServiceError(malformed, f"Invalid arn {named}")
    if match["region"] != realm.caller.region:
        raise ServiceError(ErrorCode.NOT_FOUND, f"Invalid arn {match['region']}")  # [REC 2025-11]
    return match


def _unknown_id(realm: Realm, named: str) -> ServiceError:
    if _KEY_ID.fullmatch(named):
        return _unknown(key_arn(realm.caller, named))
    return ServiceError(ErrorCode.NOT_FOUND, f"Invalid keyId '{named}'")  # [REC 2023-11]


def _unknown(arn: str) -> ServiceError:
    return ServiceError(ErrorCode.NOT_FOUND, f"Key '{arn}' does not exist")
