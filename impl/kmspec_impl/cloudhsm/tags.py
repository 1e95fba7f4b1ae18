"""Tags: the only place that changes and lists the tags of clusters and backups."""

from dataclasses import replace

from kmspec.limits import CLOUDHSM_TAGS
from kmspec.names import ErrorCode
from kmspec_impl.cloudhsm import requests
from kmspec_impl.cloudhsm.requests import Tags
from kmspec_impl.cloudhsm.state import Backup, Cluster
from kmspec_impl.errors import ServiceError
from kmspec_impl.realm import Parameters, Realm, Response

_PAGE = 100


def tag_resource(realm: Realm, parameters: Parameters, now: float) -> Response:
    """TagResource: the value of a key that is there is replaced."""
    del now
    given = requests.read_tags(parameters["TagList"])
    row = _tagged(realm, parameters)
    tags = {**dict(row.tags), **dict(given)}
    if len(tags) > CLOUDHSM_TAGS:
        message = f"{row.id} would have {len(tags)} tags; it can have {CLOUDHSM_TAGS}."
        raise ServiceError(ErrorCode.CLOUDHSM_RESOURCE_LIMIT_EXCEEDED, message)
    return _put(realm, row, tuple(tags.items()))


def untag_resource(realm: Realm, parameters: Parameters, now: float) -> Response:
    """UntagResource: a key that is not there is none the worse."""
    del now
    row = _tagged(realm, parameters)
    gone = parameters["TagKeyList"]
    return _put(realm, row, tuple(tag for tag in row.tags if tag[0] not in gone))


def list_tags(realm: Realm, parameters: Parameters, now: float) -> Response:
    """ListTags, in the order of the keys."""
    del now
    row = _tagged(realm, parameters)
    chosen, token = requests.page(
        parameters, row.tags, lambda tag: tag[0], _PAGE, f"tags of {row.id}"
    )
    response: Response = {"TagList": requests.tag_list(tuple(chosen))}
    return response if token is None else {**response, "NextToken": token}


def _tagged(realm: Realm, parameters: Parameters) -> Cluster | Backup:
    name = parameters["ResourceId"]
    row = realm.clusters.get(name) or realm.backups.get(name)
    if row is None:
        message = f"CloudHSM couldn't find {name} in this account and Region."
        raise ServiceError(ErrorCode.CLOUDHSM_RESOURCE_NOT_FOUND, message)
    return row


def _put(realm: Realm, row: Cluster | Backup, tags: Tags) -> Response:
    if isinstance(row, Cluster):
        realm.clusters.put(replace(row, tags=tags))
    else:
        realm.backups.put(replace(row, tags=tags))
    return {}
