"""Tags of KMS keys: the only place that reads, changes and lists them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from kmspec.limits import TAGS_PER_KEY
from kmspec.names import ErrorCode
from kmspec_impl.errors import ServiceError
from kmspec_impl.kms import requests
from kmspec_impl.kms.identifiers import find_key_without_alias
from kmspec_impl.kms.key_state import require_customer_managed, require_not_pending_deletion
from kmspec_impl.kms.state import Key
from kmspec_impl.realm import Parameters, Realm, Response

_PAGE: Final = 50


def tag_resource(realm: Realm, parameters: Parameters, now: float) -> Response:
    """TagResource: new tags, and new values of tags that are there."""
    del now
    given = read_tags(parameters["Tags"])
    key = _changeable(realm, parameters)
    tags = tuple({**dict(key.tags), **dict(given)}.items())
    _check_number(len(tags))
    realm.keys.put(replace(key, tags=tags))
    return {}


def untag_resource(realm: Realm, parameters: Parameters, now: float) -> Response:
    """UntagResource; what is not there is no error."""
    del now
    gone = set(parameters["TagKeys"])
    key = _changeable(realm, parameters)
    kept = tuple((name, value) for name, value in key.tags if name not in gone)
    realm.keys.put(replace(key, tags=kept))
    return {}


def list_resource_tags(realm: Realm, parameters: Parameters, now: float) -> Response:
    """ListResourceTags."""
    del now
    key = find_key_without_alias(realm, parameters["KeyId"], ErrorCode.INVALID_ARN)
    return requests.page(
        parameters,
        "Tags",
        key.tags,
        lambda tag: tag[0],
        lambda tag: {"TagKey": tag[0], "TagValue": tag[1]},
        _PAGE,
        _PAGE,
    )


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
    _check_number(len(names))
    return pairs


def _check_number(number: int) -> None:
    if number > TAGS_PER_KEY:
        raise ServiceError(ErrorCode.TAG, "Too many tags")


def _changeable(realm: Realm, parameters: Parameters) -> Key:
    key = find_key_without_alias(realm, parameters["KeyId"], ErrorCode.INVALID_ARN)
    require_customer_managed(realm, key)
    require_not_pending_deletion(key)
    return key
