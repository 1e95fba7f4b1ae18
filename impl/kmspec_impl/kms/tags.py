"""Tags of KMS keys: the only place that reads them from a request."""

from collections.abc import Iterable, Mapping
from typing import Final

from kmspec.names import ErrorCode
from kmspec_impl.errors import ServiceError

_MOST: Final = 50


def read_tags(tags: Iterable[Mapping[str, str]] | None) -> tuple[tuple[str, str], ...]:
    """The tags of a request, in their order.

    :raises ServiceError: TagException [REC 2025-01].
    """
    pairs = tuple((tag["TagKey"], tag["TagValue"]) for tag in tags or ())
    names = [name for name, _ in pairs]
    if any(name.lower().startswith("aws:") for name in names):
        raise ServiceError(ErrorCode.TAG, "Tags beginning with aws: are reserved")
    if len(set(names)) < len(names):
        raise ServiceError(ErrorCode.TAG, "Duplicate tag keys")
    if len(names) > _MOST:
        raise ServiceError(ErrorCode.TAG, "Too many tags")
    return pairs
