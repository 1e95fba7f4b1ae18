"""Signature scopes: the only place that reads in whose name and where a request is signed.

The signature itself is not verified here (:mod:`.sigv4` does that, where it is asked for). What
the scope does not say, or says in a form AWS does not use, is the default: account 000000000000,
Region us-east-1.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import parse_qs

from kmspec_impl.caller import Caller

_SCOPE: Final = re.compile(
    rb"([^/,\s]{1,128})/[0-9]{8}/([a-z][a-z0-9-]{1,40})/([a-z][a-z0-9-]{0,40})/aws4_request"
)
_CREDENTIAL: Final = b"Credential="
_PARAMETER: Final = b"X-Amz-Credential"
_ACCOUNT: Final = re.compile(rb"[0-9]{12}")


class Scope(NamedTuple):
    """In whose name, in which Region, and for which service a request is signed."""

    caller: Caller
    service: str | None


_UNSIGNED: Final = Scope(Caller(), None)


def scope_of(authorization: bytes | None, query: bytes) -> Scope:
    """The scope of a request, from its Authorization header or, presigned, from its query."""
    if authorization is not None:
        given = authorization.partition(_CREDENTIAL)[2].partition(b",")[0]
        return _scope(given.rstrip())
    if _PARAMETER in query:
        return _scope(parse_qs(query).get(_PARAMETER, [b""])[0])
    return _UNSIGNED


@lru_cache(maxsize=1024)
def _scope(credential: bytes) -> Scope:
    """An access key id of exactly 12 digits is the account's id."""
    found = _SCOPE.fullmatch(credential)
    if found is None:
        return _UNSIGNED
    access_key, region, service = found.groups()
    account = access_key.decode() if _ACCOUNT.fullmatch(access_key) else Caller().account
    return Scope(Caller(account, region.decode()), service.decode())
