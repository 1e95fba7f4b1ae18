"""Pages: the only place that cuts a list into pages and makes the tokens between them.

A token names the last item of its page by the item's place in the order, so that a page follows
even if that item is gone by then. A token is good for the list that made it, nothing else.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final, TypeAlias, TypeVar

ItemT = TypeVar("ItemT")
After: TypeAlias = Callable[[str | None], Iterable[ItemT]]
"""The items whose place is after that one, or all, in their order."""

_CHECK_BYTES: Final = 8


class TokenError(Exception):
    """A token that no page of this list came with."""


def in_order(items: Iterable[ItemT], place: Callable[[ItemT], str]) -> After[ItemT]:
    """The items of a short list, in the order of ``place``."""

    def after(last: str | None) -> list[ItemT]:
        left = items if last is None else (item for item in items if place(item) > last)
        return sorted(left, key=place)

    return after


def page(
    after: After[ItemT], place: Callable[[ItemT], str], limit: int, token: str | None, of: str
) -> tuple[list[ItemT], str | None]:
    """At most ``limit`` items in the order of ``place``, and the token of the next page, if any.

    ``of`` names the list.

    :raises TokenError: ``token`` is not from this list.
    """
    last = None if token is None else _opened(token, of)
    found = list(islice(after(last), limit + 1))
    chosen = found[:limit]
    if len(found) <= limit:
        return chosen, None
    return chosen, _closed(place(chosen[-1]), of)


def _closed(place: str, of: str) -> str:
    payload = place.encode()
    return base64.urlsafe_b64encode(_check(payload, of) + payload).decode()


def _opened(token: str, of: str) -> str:
    try:
        written = base64.urlsafe_b64decode(token)
    except (ValueError, binascii.Error) as cause:
        raise TokenError from cause
    check, payload = written[:_CHECK_BYTES], written[_CHECK_BYTES:]
    if check != _check(payload, of):
        raise TokenError
    return payload.decode()


def _check(payload: bytes, of: str) -> bytes:
    return hashlib.sha256(of.encode() + b"\0" + payload).digest()[:_CHECK_BYTES]
