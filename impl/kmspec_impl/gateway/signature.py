"""Signature scopes: the only place that reads in whose name and where a request is signed.

The signature itself is not verified. What the scope does not say, or says in a form AWS does not
use, is the default: account 000000000000, Region us-east-1.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import parse_qs

from kmspec_impl.caller import Caller

_SCOPE: Final = (
    rb"([^/,\s]{1,128})/[0-9]{8}/([a-z][a-z0-9-]{1,40})/([a-z][a-z0-9-]{0,40})/aws4_request"
)
_HEADER: Final = re.compile(rb"Credential=" + _SCOPE + rb"(?![^,\s])")
_PARAMETER: Final = re.compile(_SCOPE)
_ACCOUNT: Final = re.compile(rb"[0-9]{12}")
_PARAMETER_NAME: Final = b"X-Amz-Credential"


class Scope(NamedTuple):
    """In whose name, in which Region, and for which service a request is signed."""

    caller: Caller
    service: str | None


_UNSIGNED: Final = Scope(Caller(), None)


def scope_of(authorization: bytes | None, query: bytes) -> Scope:
    """The scope of a request, from its Authorization header or, presigned, from its query."""
    found = None
    if authorization is not None:
        found = _HEADER.search(authorization)
    elif _PARAMETER_NAME in query:
        values = parse_qs(query).get(_PARAMETER_NAME, [b""])
        found = _PARAMETER.fullmatch(values[0])
    return _UNSIGNED if found is None else _scope(*found.groups())


@lru_cache(maxsize=1024)
def _scope(access_key: bytes, region: bytes, service: bytes) -> Scope:
    """An access key id of exactly 12 digits is the account's id."""
    account = access_key.decode() if _ACCOUNT.fullmatch(access_key) else Caller().account
    return Scope(Caller(account, region.decode()), service.decode())
