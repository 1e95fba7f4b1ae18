"""Custom key stores: creation, update and deletion, with every documented precondition."""

import pytest

from kmspec.names import ErrorCode
from tests.unit.impl.support import PASSWORD, Customer


@pytest.fixture
def customer() -> Customer:
    customer = Customer()
    customer.build_cluster()
    return customer


def refuse(customer: Customer, code: ErrorCode, **more: object) -> None:
    wanted = customer.store_parameters(**more)
    customer.refused(code, "kms", "CreateCustomKeyStore", **wanted)


def test_a_store_as_it_is_described(customer: Customer) -> None:
    store_id = customer.create_store()
    assert customer.store() == {
        "CustomKeyStoreId": store_id,
        "CustomKeyStoreName": "store",
        "CustomKeyStoreType": "AWS_CLOUDHSM",
        "CloudHsmClusterId": customer.cluster_id,
        "TrustAnchorCertificate": customer.authority.anchor,
        "ConnectionState": "DISCONNECTED",
        "CreationDate": pytest.approx(1_767_225_601.0),
    }
    assert customer.kms("DescribeCustomKeyStores", CustomKeyStoreName="store")["Truncated"] is False
    both = {"CustomKeyStoreName": "store", "CustomKeyStoreId": store_id}
    customer.refused(ErrorCode.VALIDATION, "kms", "DescribeCustomKeyStores", **both)
    code = ErrorCode.STORE_NOT_FOUND
    customer.refused(code, "kms", "DescribeCustomKeyStores", CustomKeyStoreName="other")


def test_a_retry_gets_the_same_store(customer: Customer) -> None:
    first = customer.create_store()
    assert customer.create_store() == first
    refuse(customer, ErrorCode.STORE_NAME_IN_USE, KeyStorePassword="different1")
    customer.connect()
    refuse(customer, ErrorCode.STORE_NAME_IN_USE)
    refuse(customer, ErrorCode.CLUSTER_IN_USE, CustomKeyStoreName="other")


@pytest.mark.parametrize(
    "member", ["CloudHsmClusterId", "TrustAnchorCertificate", "KeyStorePassword"]
)
def test_what_a_store_needs(customer: Customer, member: str) -> None:
    refuse(customer, ErrorCode.VALIDATION, **{member: None})


def test_the_cluster_must_be_there_active_and_configured(customer: Customer) -> None:
    unknown = "cluster-aaaaaaaaaaa"
    refuse(customer, ErrorCode.CLUSTER_NOT_FOUND, CloudHsmClusterId=unknown)
    customer.operate("SetFault", Name="security-group")
    refuse(customer, ErrorCode.CLUSTER_INVALID_CONFIGURATION)
    customer.operate("ClearFault", Name="security-group")
    customer.hsm("DeleteHsm", ClusterId=customer.cluster_id, HsmId=customer.hsms()[0])
    refuse(customer, ErrorCode.CLUSTER_INVALID_CONFIGURATION)
    customer.wait()
    customer.add_hsm(1)  # two HSMs, but in one zone
    refuse(customer, ErrorCode.CLUSTER_INVALID_CONFIGURATION)
    customer.add_hsm(0)
    customer.create_store()
    customer.create_cluster()
    refuse(customer, ErrorCode.CLUSTER_NOT_ACTIVE, CustomKeyStoreName="other")


def test_a_cluster_in_one_zone_is_not_enough() -> None:
    customer = Customer()
    customer.create_cluster(SubnetIds=["subnet-11111111"])
    customer.add_hsm()
    customer.initialize()
    refuse(customer, ErrorCode.CLUSTER_INVALID_CONFIGURATION)


def test_a_related_cluster_is_in_use_too(customer: Customer) -> None:
    customer.create_store()
    backup = customer.backups()[0]["BackupId"]
    customer.delete_hsms()
    customer.create_cluster(SourceBackupId=backup)
    customer.add_hsm(0)
    customer.add_hsm(1)
    refuse(customer, ErrorCode.CLUSTER_IN_USE, CustomKeyStoreName="other")
    store = {"CustomKeyStoreId": customer.store_id}
    customer.kms("DeleteCustomKeyStore", **store)
    customer.create_store(CustomKeyStoreName="other")


def test_a_related_cluster_needs_two_hsms_to_replace(customer: Customer) -> None:
    customer.create_store()
    backup = customer.backups()[0]["BackupId"]
    customer.delete_hsms()
    customer.create_cluster(SourceBackupId=backup)
    update = {"CustomKeyStoreId": customer.store_id, "CloudHsmClusterId": customer.cluster_id}
    code = ErrorCode.CLUSTER_INVALID_CONFIGURATION
    customer.refused(code, "kms", "UpdateCustomKeyStore", **update)
    customer.add_hsm(0)
    customer.refused(code, "kms", "UpdateCustomKeyStore", **update)
    customer.add_hsm(1)
    customer.kms("UpdateCustomKeyStore", **update)
    assert customer.store()["CloudHsmClusterId"] == customer.cluster_id


def test_what_may_be_updated_when(customer: Customer) -> None:
    store = {"CustomKeyStoreId": customer.create_store()}
    customer.kms("UpdateCustomKeyStore", **store)
    customer.kms("UpdateCustomKeyStore", **store, NewCustomKeyStoreName="renamed")
    customer.connect()
    customer.kms("UpdateCustomKeyStore", **store, NewCustomKeyStoreName="again")
    code = ErrorCode.STORE_INVALID_STATE
    customer.refused(code, "kms", "UpdateCustomKeyStore", **store, KeyStorePassword=PASSWORD)
    cluster = {"CloudHsmClusterId": customer.cluster_id}
    customer.refused(code, "kms", "UpdateCustomKeyStore", **store, **cluster)
    customer.kms("DisconnectCustomKeyStore", **store)
    name = {"NewCustomKeyStoreName": "more"}
    customer.refused(code, "kms", "UpdateCustomKeyStore", **store, **name)
    customer.wait()
    both = {**name, **cluster, "KeyStorePassword": PASSWORD}
    customer.kms("UpdateCustomKeyStore", **store, **both)
    assert customer.store()["CustomKeyStoreName"] == "more"


def test_a_name_is_taken_once(customer: Customer) -> None:
    customer.create_store()
    other = Customer(customer.emulator)
    other.build_cluster()
    second = other.create_store(CustomKeyStoreName="second")
    update = {"CustomKeyStoreId": second, "NewCustomKeyStoreName": "store"}
    customer.refused(ErrorCode.STORE_NAME_IN_USE, "kms", "UpdateCustomKeyStore", **update)


def test_a_store_with_keys_is_not_deleted() -> None:
    customer = Customer().build_store()
    key_id = customer.create_key()
    customer.kms("ScheduleKeyDeletion", KeyId=key_id)
    customer.disconnect()
    store = {"CustomKeyStoreId": customer.store_id}
    customer.refused(ErrorCode.STORE_HAS_KEYS, "kms", "DeleteCustomKeyStore", **store)
