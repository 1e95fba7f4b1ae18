"""External key stores: refused by name, whatever else is in the request."""

import pytest

from kmspec.names import ErrorCode
from tests.unit.impl.support import Customer

CREDENTIAL = {"AccessKeyId": "A" * 20, "RawSecretAccessKey": "a" * 43}
PROXY: dict[str, object] = {
    "XksProxyUriEndpoint": "https://xks.example.com",
    "XksProxyUriPath": "/kms/xks/v1",
    "XksProxyConnectivity": "PUBLIC_ENDPOINT",
    "XksProxyVpcEndpointServiceName": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0",
    "XksProxyVpcEndpointServiceOwner": "111122223333",
    "XksProxyAuthenticationCredential": CREDENTIAL,
}


def not_offered(customer: Customer, operation: str, **parameters: object) -> None:
    """The refusal says that it is kmspec that has none."""
    code = ErrorCode.UNSUPPORTED_OPERATION
    message = customer.refused(code, "kms", operation, **parameters)
    assert "kmspec does not offer external key stores" in message


@pytest.mark.parametrize("member", PROXY)
def test_no_store_has_a_proxy(member: str) -> None:
    customer = Customer()
    part = {member: PROXY[member]}
    not_offered(customer, "CreateCustomKeyStore", CustomKeyStoreName="x", **part)
    not_offered(customer, "UpdateCustomKeyStore", CustomKeyStoreId="cks-1", **part)


def test_no_store_is_external() -> None:
    customer = Customer()
    external: dict[str, object] = {
        "CustomKeyStoreName": "x",
        "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
    }
    not_offered(customer, "CreateCustomKeyStore", **external)
    not_offered(customer, "CreateCustomKeyStore", **external, **PROXY)
    assert customer.kms("DescribeCustomKeyStores")["CustomKeyStores"] == []


def test_no_key_is_in_one() -> None:
    customer = Customer()
    external = {"Origin": "EXTERNAL_KEY_STORE"}
    not_offered(customer, "CreateKey", **external)
    not_offered(customer, "CreateKey", **external, CustomKeyStoreId="cks-1", XksKeyId="x")
    for origin in ("AWS_KMS", "AWS_CLOUDHSM", "EXTERNAL"):
        parameters = {"Origin": origin, "XksKeyId": "x"}
        customer.refused(ErrorCode.VALIDATION, "kms", "CreateKey", **parameters)
    assert customer.kms("ListKeys")["Keys"] == []
