"""Connecting: every way it can fail, and what it does to the password of kmsuser."""

from collections.abc import Callable

import pytest

from kmspec.names import ConnectionErrorCode, ErrorCode
from kmspec_impl.identity import Ids
from kmspec_impl.storage.tables import Table
from tests.unit.impl.support import PASSWORD, Authority, Customer


def unconnected() -> Customer:
    customer = Customer()
    customer.build_cluster()
    customer.create_store()
    return customer


def fault(name: str) -> Callable[[Customer], None]:
    return lambda customer: customer.operate("SetFault", Name=name) and None


def delete_cluster(customer: Customer) -> None:
    customer.delete_hsms()
    customer.hsm("DeleteCluster", ClusterId=customer.cluster_id)


def delete_user(customer: Customer) -> None:
    customer.operate("DeleteUser", UserName="kmsuser")


def log_in(customer: Customer) -> None:
    customer.operate("LoginUser", UserName="kmsuser", Password=PASSWORD)


def lock(customer: Customer) -> None:
    customer.operate("LockUser", UserName="kmsuser")


def change_password(customer: Customer) -> None:
    customer.operate("ChangePassword", UserName="kmsuser", Password="another12")


CAUSES = [
    (delete_cluster, "CLUSTER_NOT_FOUND"),
    (fault("subnet-deleted"), "SUBNET_NOT_FOUND"),
    (Customer.delete_hsms, "INSUFFICIENT_CLOUDHSM_HSMS"),
    (fault("no-free-addresses"), "INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET"),
    (fault("network"), "NETWORK_ERRORS"),
    (delete_user, "USER_NOT_FOUND"),
    (fault("user-missing"), "USER_NOT_FOUND"),
    (lock, "USER_LOCKED_OUT"),
    (log_in, "USER_LOGGED_IN"),
    (change_password, "INVALID_CREDENTIALS"),
    (fault("internal-error"), "INTERNAL_ERROR"),
]


def test_every_code_has_a_cause() -> None:
    assert {code for _, code in CAUSES} == set(ConnectionErrorCode)


@pytest.mark.parametrize(("cause", "code"), CAUSES)
def test_a_connect_fails_and_must_be_disconnected(
    cause: Callable[[Customer], None], code: str
) -> None:
    customer = unconnected()
    cause(customer)
    store = customer.connect()
    assert (store["ConnectionState"], store["ConnectionErrorCode"]) == ("FAILED", code)
    wanted = {"CustomKeyStoreId": customer.store_id}
    customer.refused(ErrorCode.STORE_INVALID_STATE, "kms", "ConnectCustomKeyStore", **wanted)
    customer.disconnect()
    assert "ConnectionErrorCode" not in customer.store()


def test_what_is_wrong_with_the_cluster_at_once_is_refused_at_once() -> None:
    customer = unconnected()
    customer.operate("SetFault", Name="security-group")
    wanted = {"CustomKeyStoreId": customer.store_id}
    code = ErrorCode.CLUSTER_INVALID_CONFIGURATION
    customer.refused(code, "kms", "ConnectCustomKeyStore", **wanted)
    assert customer.store()["ConnectionState"] == "DISCONNECTED"


def test_connecting_twice_asks_nothing() -> None:
    customer = unconnected()
    wanted = {"CustomKeyStoreId": customer.store_id}
    for _ in range(2):
        assert customer.kms("ConnectCustomKeyStore", **wanted) == {}
    customer.wait()
    assert customer.kms("ConnectCustomKeyStore", **wanted) == {}
    assert customer.store()["ConnectionState"] == "CONNECTED"


def test_disconnecting_twice_is_refused() -> None:
    customer = Customer().build_store()
    wanted = {"CustomKeyStoreId": customer.store_id}
    customer.kms("DisconnectCustomKeyStore", **wanted)
    code = ErrorCode.STORE_INVALID_STATE
    for operation in ("DisconnectCustomKeyStore", "ConnectCustomKeyStore", "DeleteCustomKeyStore"):
        customer.refused(code, "kms", operation, **wanted)
    customer.wait()
    customer.refused(code, "kms", "DisconnectCustomKeyStore", **wanted)


def test_a_connect_that_is_called_off_does_not_complete() -> None:
    customer = unconnected()
    wanted = {"CustomKeyStoreId": customer.store_id}
    customer.kms("ConnectCustomKeyStore", **wanted)
    customer.kms("DisconnectCustomKeyStore", **wanted)
    customer.wait()
    assert customer.store()["ConnectionState"] == "DISCONNECTED"
    customer.operate("LoginUser", UserName="kmsuser", Password=PASSWORD)


def test_the_password_is_rotated_and_kept_to_itself() -> None:
    customer = Customer().build_store()
    wanted = {"ClusterId": customer.cluster_id, "UserName": "kmsuser", "Password": PASSWORD}
    code = ErrorCode.OPERATOR_INVALID_REQUEST
    customer.refused(code, "operator", "LoginUser", **wanted)
    customer.disconnect()
    assert "another password" in customer.refused(code, "operator", "LoginUser", **wanted)
    assert customer.connect()["ConnectionState"] == "CONNECTED"
    users = {user["UserName"]: user for user in customer.operate("ListUsers")["Users"]}
    assert users["kmsuser"] == {
        "UserName": "kmsuser",
        "Role": "crypto-user",
        "Locked": False,
        "LoggedIn": True,
    }


def test_no_seed_tells_a_password() -> None:
    one, other = (Ids("seed", Table()) for _ in range(2))
    assert one.key() == other.key()
    assert one.password() != other.password()


def test_a_failed_connect_leaves_the_password() -> None:
    customer = unconnected()
    customer.operate("SetFault", Name="internal-error")
    customer.connect()
    customer.operate("LoginUser", UserName="kmsuser", Password=PASSWORD)


def test_five_wrong_passwords_lock_kmsuser() -> None:
    customer = unconnected()
    customer.operate("ChangePassword", UserName="kmsuser", Password="another12")
    codes = []
    for _ in range(6):
        codes.append(customer.connect()["ConnectionErrorCode"])
        customer.disconnect()
    assert codes == ["INVALID_CREDENTIALS"] * 5 + ["USER_LOCKED_OUT"]


def test_the_cause_is_judged_when_the_connect_ends() -> None:
    customer = unconnected()
    customer.operate("SetFault", Name="network")
    customer.kms("ConnectCustomKeyStore", CustomKeyStoreId=customer.store_id)
    customer.operate("ClearFault", Name="network")
    customer.wait()
    assert customer.store()["ConnectionState"] == "CONNECTED"


def test_a_restored_cluster_has_the_password_of_its_backup() -> None:
    customer = Customer().build_store()
    customer.disconnect()
    backup = customer.backups()[0]["BackupId"]  # from before the rotation
    customer.delete_hsms()
    customer.create_cluster(SourceBackupId=backup)
    customer.add_hsm(0)
    customer.add_hsm(1)
    update = {"CustomKeyStoreId": customer.store_id, "CloudHsmClusterId": customer.cluster_id}
    customer.kms("UpdateCustomKeyStore", **update)
    assert customer.connect()["ConnectionErrorCode"] == "INVALID_CREDENTIALS"
    customer.disconnect()
    customer.kms("UpdateCustomKeyStore", **update, KeyStorePassword=PASSWORD)
    assert customer.connect()["ConnectionState"] == "CONNECTED"


def test_an_unrelated_cluster_is_no_replacement() -> None:
    customer = unconnected()
    other = Customer(customer.emulator)
    other.build_cluster()
    update = {"CustomKeyStoreId": customer.store_id, "CloudHsmClusterId": other.cluster_id}
    customer.refused(ErrorCode.CLUSTER_NOT_RELATED, "kms", "UpdateCustomKeyStore", **update)


def test_another_anchor_is_no_anchor() -> None:
    customer = Customer()
    customer.build_cluster()
    wanted = customer.store_parameters(TrustAnchorCertificate=Authority().anchor)
    customer.refused(ErrorCode.INCORRECT_TRUST_ANCHOR, "kms", "CreateCustomKeyStore", **wanted)
