"""From nothing to a key in a connected key store, with boto3 as users configure it."""

import pytest

from tests.story.customer import new_customer


def test_endpoint_by_argument(url: str) -> None:
    from_nothing(url, by_argument=True)


def test_endpoint_by_environment(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    from_nothing(url, by_argument=False)


def from_nothing(url: str, *, by_argument: bool) -> None:
    """The whole way, looking at every state on it."""
    with new_customer(url, by_argument=by_argument) as customer:
        customer.create_cluster()
        assert customer.cluster()["State"] == "UNINITIALIZED"
        customer.add_hsm(0)
        assert customer.cluster()["Certificates"]["ClusterCsr"].startswith("-----BEGIN CERT")
        customer.initialize()
        assert customer.cluster()["State"] == "ACTIVE"
        customer.add_hsm(1)
        assert [hsm["State"] for hsm in customer.cluster()["Hsms"]] == ["ACTIVE", "ACTIVE"]
        customer.create_store()
        assert customer.connection() == "DISCONNECTED"
        customer.connect()
        key = customer.create_key()
    assert key["Origin"] == "AWS_CLOUDHSM"
    assert key["KeyState"] == "Enabled"
    assert key["CustomKeyStoreId"] == customer.store_id
    assert key["CloudHsmClusterId"] == customer.cluster_id
