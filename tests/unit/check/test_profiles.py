"""Profiles: what they say of a target is heeded, and AWS is left alone unless asked for by name."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from kmspec.tables import load as load_spec
from kmspec_check.conform import conform
from kmspec_check.endpoint import Endpoint
from kmspec_check.profile import Profile, load, names
from kmspec_check.target import Answer, Trouble
from kmspec_impl.embedded import Embedded
from tests.helpers.machine import explored

_MAKING = ("Create", "Delete", "Import", "Schedule", "Replicate", "Put", "Tag", "Update", "Enable")
_CHANGING = (*_MAKING, "Disable", "Connect", "Disconnect", "Cancel", "Rotate", "Retire", "Revoke")


class _Recording:
    """AWS as it is not: it performs everything, and remembers what it was asked."""

    def __init__(self) -> None:
        self.emulator = Embedded()
        self.asked: set[tuple[str, str]] = set()
        self.named: list[Mapping[str, Any]] = []

    def call(
        self, service: str, operation: str, parameters: Mapping[str, Any], **where: str
    ) -> tuple[int, dict[str, Any]]:
        """Perform and remember."""
        self.asked.add((service, operation))
        self.named.append(parameters)
        return self.emulator.call(service, operation, parameters, **where)


def test_nothing_that_makes_or_changes_anything_leaves_for_aws() -> None:
    target = _Recording()
    result = conform(target, profile="aws", explored=explored())
    assert result.exit_code == 0, result.violations
    assert not [name for _, name in target.asked if name.startswith(_CHANGING)]
    assert {service for service, _ in target.asked} == {"kms"}
    assert {name for _, name in target.asked} <= set(load("aws").operations)
    assert not [named for named in target.named if "alias/aws/" in json.dumps(named, default=str)]


def test_the_profile_of_aws_lists_only_what_changes_nothing() -> None:
    allowed = set(load("aws").operations)
    assert not [name for name in allowed if name.startswith(_CHANGING)]
    assert allowed <= {one.called for one in load_spec().operations.values()}


@pytest.mark.parametrize(
    "url",
    [
        "https://kms.eu-west-1.amazonaws.com",
        "https://kms-fips.us-gov-west-1.amazonaws.com",
        "https://kms.cn-north-1.amazonaws.com.cn",
        "https://kms.eu-west-1.api.aws",
        "https://vpce-0a1b-2c3d.kms.us-east-1.vpce.amazonaws.com",
        "https://KMS.us-east-1.amazonaws.com.",
    ],
)
@pytest.mark.parametrize("profile", [None, "generic", "moto"])
def test_aws_is_refused_without_its_profile(url: str, profile: str | None) -> None:
    with pytest.raises(Trouble, match="--profile aws"):
        Endpoint(url, load(profile) if profile else None)


def test_aws_is_asked_in_the_region_of_its_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "kmspec")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "kmspec")
    with Endpoint("https://kms.eu-west-1.amazonaws.com", load("aws")) as endpoint:
        assert endpoint.region == "eu-west-1"
        with pytest.raises(Trouble, match="CreateKey is not to be asked"):
            endpoint.call("kms", "CreateKey", {})


@pytest.mark.parametrize(
    "name", [name for name in names() if (told := load(name).recognised) and told.version]
)
def test_a_target_is_recognised_by_what_it_tells(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = load(name).recognised
    assert told is not None
    said = told.text if ":" in told.text else f'{told.text}:"ok"'
    body = f'{{{said},"{told.version}":"1.2.3"}}'.encode()

    def exchange(_: Endpoint, method: str, path: str, *__: object) -> tuple[int, bytes]:
        return (200, body) if (method, path) == ("GET", told.route) else (404, b"")

    monkeypatch.setattr(Endpoint, "_exchange", exchange)
    with Endpoint("http://127.0.0.1:1") as target:
        assert target.profile.name == name
        assert target.version() == "1.2.3"


def test_a_kind_is_unsupported_if_the_profile_says_so_and_the_target_too() -> None:
    profile = load("ministack")
    plain = {"__type": "UnsupportedOperationException", "message": "X is not yet implemented"}
    assert profile.declines("Sign", {}, Answer(400, plain))
    assert not profile.declines("Sign", {}, Answer(400, {**plain, "message": "no"}))
    listed = {"__type": "ValidationException", "message": "Member must satisfy enum value set: []"}
    pair = "GenerateDataKeyPair"
    assert profile.declines(pair, {"KeyPairSpec": "ML_KEM_512"}, Answer(400, listed))
    assert not profile.declines(pair, {"KeyPairSpec": "RSA_2048"}, Answer(400, listed))
    assert not profile.declines(pair, {"KeyPairSpec": "ML_KEM_512"}, Answer(200, {}))


class _WithoutStores(_Recording):
    """It knows no store, cluster or unknown operation, and says so in words of its own."""

    def call(
        self, service: str, operation: str, parameters: Mapping[str, Any], **where: str
    ) -> tuple[int, dict[str, Any]]:
        """Perform, but nothing of stores."""
        if service == "cloudhsm":
            return 400, {"__type": "WhoIsThat", "message": "Unknown service: BaldrApiService"}
        if "CustomKeyStore" in operation or operation == "AskNothing":
            return 400, {"__type": "WhatIsThat", "message": f"{operation}? Never heard of it"}
        ignored = {"CustomKeyStoreId", "XksKeyId"}
        if parameters.get("Origin") == "AWS_CLOUDHSM":
            ignored.add("Origin")
        heeded = {name: value for name, value in parameters.items() if name not in ignored}
        return super().call(service, operation, heeded, **where)


def test_what_a_target_does_not_claim_is_never_red() -> None:
    profile = load("embedded").model_copy(update={"unknown_operation": ()})
    rules = ("create-key/store-and-origin", "create-key/external-key", "store/exists")
    target = _WithoutStores()
    result = conform(target, profile=profile, only=["matrix"], rules=rules, explored=explored())
    assert not result.violations, result.violations[0]


def test_every_profile_says_where_it_is_from() -> None:
    assert {"aws", "awsim", "cloudemu", "fakecloud", "floci", "local-kms"} <= set(names())
    assert {"localstack", "ministack", "moto", "winterbaume"} <= set(names())
    assert all(isinstance(load(name), Profile) for name in names())
