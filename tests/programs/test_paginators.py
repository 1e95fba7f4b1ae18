"""boto3's paginators, of every operation that has one: page by page as at once."""

import contextlib
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import pytest
from botocore.loaders import Loader

from tests.model.test_whole_api import MISSING
from tests.story.customer import Customer

CLIENTS: Final = {"kms": "kms", "cloudhsm": "cloudhsmv2"}
FEW: Final = 3


class Listed(NamedTuple):
    """How something is made that an operation lists, and what has to be named."""

    make: Callable[[Customer, dict[str, Any]], None]
    named: Callable[[dict[str, Any]], dict[str, Any]] = lambda _: {}
    least: int = FEW


def everything(customer: Customer, made: dict[str, Any]) -> None:
    """Keys with aliases; what the store and its cluster brought is there already."""
    for number in range(FEW):
        key = customer.kms.create_key()["KeyMetadata"]["KeyId"]
        customer.kms.create_alias(AliasName=f"alias/{number}", TargetKeyId=key)
        made["KeyId"] = key


def grants(customer: Customer, made: dict[str, Any]) -> None:
    for number in range(FEW):
        customer.kms.create_grant(
            KeyId=made["KeyId"],
            GranteePrincipal=made["Principal"],
            RetiringPrincipal=made["Principal"],
            Operations=["Encrypt"],
            Name=f"grant-{number}",
        )


def tags_of_key(customer: Customer, made: dict[str, Any]) -> None:
    tags = [{"TagKey": f"tag-{number}", "TagValue": "x"} for number in range(FEW)]
    customer.kms.tag_resource(KeyId=made["KeyId"], Tags=tags)


def tags_of_cluster(customer: Customer, made: dict[str, Any]) -> None:
    del made
    tags = [{"Key": f"tag-{number}", "Value": "x"} for number in range(FEW)]
    customer.hsm.tag_resource(ResourceId=customer.cluster_id, TagList=tags)


def rotations(customer: Customer, made: dict[str, Any]) -> None:
    for _ in range(FEW):
        customer.kms.rotate_key_on_demand(KeyId=made["KeyId"])
        customer.wait(3600)


def backups(customer: Customer, made: dict[str, Any]) -> None:
    """A cluster is backed up once a day."""
    del made
    for _ in range(FEW):
        customer.wait(90_000)


def nothing(customer: Customer, made: dict[str, Any]) -> None:
    del customer, made


def of_key(made: dict[str, Any]) -> dict[str, Any]:
    return {"KeyId": made["KeyId"]}


LISTED: Final = {
    "kms:ListKeys": Listed(everything),
    "kms:ListAliases": Listed(nothing),
    "kms:ListGrants": Listed(grants, of_key),
    "kms:ListRetirableGrants": Listed(
        nothing, lambda made: {"RetiringPrincipal": made["Principal"]}
    ),
    "kms:ListKeyPolicies": Listed(nothing, of_key, least=1),
    "kms:ListResourceTags": Listed(tags_of_key, of_key),
    "kms:ListKeyRotations": Listed(rotations, of_key),
    "kms:DescribeCustomKeyStores": Listed(nothing, least=1),
    "cloudhsm:DescribeClusters": Listed(nothing, least=1),
    "cloudhsm:DescribeBackups": Listed(backups),
    "cloudhsm:ListTags": Listed(tags_of_cluster, lambda made: {"ResourceId": made["ClusterId"]}),
}
"""All is made before anything is listed, in this order: a later one needs what an earlier made."""


@pytest.fixture(scope="module")
def made(customer: Customer) -> dict[str, Any]:
    """What is named in the requests, of all that is made."""
    arn = customer.kms.create_key()["KeyMetadata"]["Arn"]
    principal = f"arn:aws:iam::{arn.split(':')[4]}:root"
    named = {"ClusterId": customer.cluster_id, "Principal": principal}
    for listed in LISTED.values():
        listed.make(customer, named)
    return named


def test_every_paginator_is_tried() -> None:
    known = {
        f"{service}:{name}"
        for service, client in CLIENTS.items()
        for name in Loader().load_service_model(client, "paginators-1")["pagination"]
    }
    assert known == LISTED.keys()


@pytest.mark.parametrize("operation", [name for name in LISTED if name not in MISSING])
def test_page_by_page(customer: Customer, made: dict[str, Any], operation: str) -> None:
    service, _, name = operation.partition(":")
    client = {"kms": customer.kms, "cloudhsm": customer.hsm}[service]
    listed = LISTED[operation]
    called = next(method for method, of in client.meta.method_to_api_mapping.items() if of == name)
    paginator = client.get_paginator(called)
    items = str(paginator.result_keys[0].expression)
    wanted = {**listed.named(made)}
    at_once = getattr(client, called)(**wanted)[items]
    pages = list(paginator.paginate(**wanted, PaginationConfig={"PageSize": 1}))
    assert len(at_once) >= listed.least
    assert [item for page in pages for item in page[items]] == at_once
    assert all(len(page[items]) <= 1 for page in pages)
    with contextlib.suppress(KeyError):
        assert [page["Truncated"] for page in pages] == [True] * (len(pages) - 1) + [False]
