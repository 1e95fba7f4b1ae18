"""The whole emulator behind the edge: whatever the models allow is answered, never a defect."""

import base64
import json
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kmspec.names import Service
from kmspec_impl.clock import VirtualClock
from kmspec_impl.emulator import Emulator, Settings
from kmspec_impl.gateway.json_rpc import TARGET_PREFIXES
from kmspec_impl.gateway.service_model import operation
from tests.unit.gateway.test_routes import ask
from tests.unit.gateway.test_validation_properties import OPERATIONS, SETTINGS, allowed, anything

PREFIXES: Final = {service: prefix for prefix, service in TARGET_PREFIXES.items()}
JSON: Final = "application/x-amz-json-1.1"

OPERATOR: Final = (
    "ActivateCluster",
    "CreateUser",
    "ChangePassword",
    "LockUser",
    "LoginUser",
    "LogoutUser",
    "DeleteUser",
    "ListUsers",
    "ListHsmKeys",
    "DeleteHsmKey",
    "SetFault",
    "ClearFault",
    "ListFaults",
    "SetLoad",
    "Nonsense",
)
MEMBERS: Final = ("ClusterId", "UserName", "Password", "Handle", "Name", "HsmId", "Rate", "Seconds")


def travelling(value: object) -> object:
    """A drawn value as JSON carries it."""
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case dict():
            return {str(name): travelling(item) for name, item in value.items()}
        case list():
            return [travelling(item) for item in value]
        case float() if value != value or abs(value) == float("inf"):  # noqa: PLR0124 - a NaN
            return None
        case _:
            return value


def new_emulator() -> tuple[Emulator, dict[str, str]]:
    """An emulator with one key, one alias and one cluster, and how they are named."""
    emulator = Emulator(Settings(clock=VirtualClock()))
    key = emulator.handle("kms", "CreateKey", {})["KeyMetadata"]
    emulator.handle("kms", "CreateAlias", {"AliasName": "alias/a", "TargetKeyId": key["KeyId"]})
    cluster = emulator.handle(
        "cloudhsm", "CreateCluster", {"HsmType": "hsm2m.medium", "SubnetIds": ["subnet-0123abcd"]}
    )["Cluster"]
    return emulator, {"KeyId": key["KeyId"], "ClusterId": cluster["ClusterId"]}


def names_of(named: dict[str, str]) -> dict[str, str]:
    """The members by which requests name the key and the cluster there are."""
    key, cluster = named["KeyId"], named["ClusterId"]
    return {
        "KeyId": key,
        "TargetKeyId": key,
        "DestinationKeyId": "alias/a",
        "AliasName": "alias/a",
        "ClusterId": cluster,
        "CloudHsmClusterId": cluster,
    }


@pytest.mark.parametrize(("service", "name"), OPERATIONS, ids=str)
@SETTINGS
@given(data=st.data())
def test_no_allowed_request_is_a_defect(service: Service, name: str, data: st.DataObject) -> None:
    emulator, named = new_emulator()
    shape = operation(service, name).input
    parameters: dict[str, Any] = data.draw(allowed(shape))
    if data.draw(st.booleans()):
        known = {member.name for member in shape.members}
        parameters |= {name: value for name, value in names_of(named).items() if name in known}
    body = json.dumps(travelling(parameters)).encode()
    headers = {"x-amz-target": f"{PREFIXES[service]}.{name}", "content-type": JSON}
    response = ask(emulator, "POST", "/", headers, body)
    assert response.status in (200, 400), response.body


@settings(SETTINGS, max_examples=200)
@given(name=st.sampled_from(OPERATOR), data=st.data())
def test_no_request_of_an_operator_is_a_defect(name: str, data: st.DataObject) -> None:
    emulator, named = new_emulator()
    parameters = data.draw(st.dictionaries(st.sampled_from(MEMBERS), anything))
    if data.draw(st.booleans()):
        parameters["ClusterId"] = named["ClusterId"]
    body = json.dumps(travelling(parameters)).encode()
    headers = {"content-type": "application/json"}
    for path in (f"/_kmspec/operator/{name}", "/_kmspec/clock/Advance", "/_kmspec/clock/Now"):
        response = ask(emulator, "POST", path, headers, body)
        assert response.status in (200, 400), response.body
