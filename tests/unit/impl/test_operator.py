"""The operator of the HSMs, the clock, and quotas."""

import pytest

from kmspec.names import ErrorCode
from kmspec_impl.embedded import Embedded
from kmspec_impl.emulator import Emulator, Settings
from tests.unit.impl.support import PASSWORD, Customer

REFUSED = ErrorCode.OPERATOR_INVALID_REQUEST
UNKNOWN = ErrorCode.OPERATOR_NOT_FOUND


@pytest.fixture
def customer() -> Customer:
    customer = Customer()
    customer.build_cluster()
    return customer


def refuse(customer: Customer, code: ErrorCode, operation: str, **more: object) -> str:
    return customer.refused(
        code, "operator", operation, **{"ClusterId": customer.cluster_id, **more}
    )


def test_users_are_created_once_and_named_well(customer: Customer) -> None:
    again = {"UserName": "KMSUSER", "Password": PASSWORD}
    assert "already" in refuse(customer, REFUSED, "CreateUser", **again)
    for name, password in (("a b", PASSWORD), ("x" * 32, PASSWORD), ("good", "short")):
        refuse(customer, REFUSED, "CreateUser", UserName=name, Password=password)
    refuse(customer, UNKNOWN, "LockUser", UserName="nobody")
    assert len(customer.operate("ListUsers")["Users"]) == 3


def test_members_are_checked(customer: Customer) -> None:
    assert "is missing" in refuse(customer, REFUSED, "LockUser")
    assert "is unknown" in refuse(customer, REFUSED, "ListUsers", Colour="red")
    refuse(customer, REFUSED, "SetLoad", Rate=-1)
    refuse(customer, REFUSED, "SetLoad", Rate="much")
    refuse(customer, REFUSED, "DeleteHsmKey", Handle="1")
    refuse(customer, UNKNOWN, "DeleteHsmKey", Handle=99)
    refuse(customer, UNKNOWN, "ListUsers", ClusterId="cluster-aaaaaaaaaaa")


def test_a_login_excludes_aws_kms_and_deletion(customer: Customer) -> None:
    login = {"UserName": "kmsuser", "Password": PASSWORD}
    for _ in range(2):
        customer.operate("LoginUser", **login)
    refuse(customer, REFUSED, "DeleteUser", UserName="kmsuser")
    refuse(customer, REFUSED, "ChangePassword", UserName="kmsuser", Password=PASSWORD)
    customer.operate("LogoutUser", UserName="kmsuser")
    refuse(customer, REFUSED, "LogoutUser", UserName="kmsuser")
    customer.operate("DeleteUser", UserName="kmsuser")
    refuse(customer, REFUSED, "DeleteUser", UserName="admin")


def test_a_user_with_keys_is_not_deleted() -> None:
    customer = Customer().build_store()
    customer.create_key()
    customer.disconnect()
    told = refuse(customer, REFUSED, "DeleteUser", UserName="kmsuser")
    assert "owns keys, 1 in all" in told


def test_five_wrong_passwords_lock_and_a_new_one_unlocks(customer: Customer) -> None:
    wrong = {"UserName": "kmsuser", "Password": "wrongPassword"}
    for _ in range(5):
        assert "another password" in refuse(customer, REFUSED, "LoginUser", **wrong)
    right = {"UserName": "kmsuser", "Password": PASSWORD}
    assert "is locked" in refuse(customer, REFUSED, "LoginUser", **right)
    customer.operate("ChangePassword", UserName="kmsuser", Password="another12")
    customer.operate("LoginUser", UserName="kmsuser", Password="another12")


def test_activation_comes_once_after_initialisation(customer: Customer) -> None:
    refuse(customer, REFUSED, "ActivateCluster", Password=PASSWORD)
    customer.create_cluster()
    refuse(customer, REFUSED, "ActivateCluster", Password=PASSWORD)
    refuse(customer, REFUSED, "CreateUser", UserName="u", Password=PASSWORD)
    assert customer.operate("ListUsers") == {"Users": []}


def test_faults_name_what_they_break(customer: Customer) -> None:
    hsm_id = customer.hsms()[0]
    refuse(customer, REFUSED, "SetFault", Name="nonsense")
    refuse(customer, REFUSED, "SetFault", Name="network", HsmId=hsm_id)
    refuse(customer, REFUSED, "SetFault", Name="hsm-degraded")
    refuse(customer, UNKNOWN, "SetFault", Name="hsm-degraded", HsmId="hsm-aaaaaaaaaaa")
    customer.operate("SetFault", Name="hsm-degraded", HsmId=hsm_id)
    assert customer.operate("ListFaults") == {"Faults": [{"Name": "hsm-degraded", "HsmId": hsm_id}]}
    assert customer.cluster()["Hsms"][0]["State"] == "DEGRADED"
    refuse(customer, REFUSED, "ClearFault", Name="hsm-lost", HsmId=hsm_id)
    customer.operate("ClearFault", Name="hsm-degraded", HsmId=hsm_id)
    assert customer.operate("ListFaults") == {"Faults": []}


def test_the_clock_is_moved_forward_only() -> None:
    customer = Customer()
    before = customer.ok("clock", "Now")["Now"]
    assert customer.ok("clock", "Advance", Seconds=1.5) == {"Now": before + 1.5}
    for seconds in (-1, float("inf"), 1e12, 10**400, "1", None):
        customer.refused(REFUSED, "clock", "Advance", Seconds=seconds)


def test_settings_are_bounded() -> None:
    with pytest.raises(ValueError, match="give seconds"):
        Settings(delay=-1)
    with pytest.raises(ValueError, match="use one of none, store, all"):
        Settings(quotas="some")


def test_a_real_clock_runs() -> None:
    emulator = Emulator()
    before = emulator.handle("clock", "Now", {})["Now"]
    assert emulator.handle("clock", "Advance", {"Seconds": 60})["Now"] >= before + 60


def throttled(customer: Customer, key_id: str, count: int) -> int:
    statuses = [
        customer.call("kms", "Encrypt", KeyId=key_id, Plaintext=b"x")[0] for _ in range(count)
    ]
    return statuses.count(400)


def test_a_store_has_its_own_quota() -> None:
    customer = Customer().build_store()
    one, other = customer.create_key(), customer.create_key()
    assert throttled(customer, one, 900) == 0
    assert throttled(customer, other, 1000) == 100
    text = customer.refused(ErrorCode.THROTTLING, "kms", "Encrypt", KeyId=one, Plaintext=b"x")
    assert text.startswith("You have exceeded the rate at which you may call KMS.")
    outside = customer.kms("CreateKey")["KeyMetadata"]["KeyId"]
    assert throttled(customer, outside, 10) == 0
    customer.wait(0.5)
    assert throttled(customer, one, 1000) == 100


def test_a_busy_cluster_throttles_sooner() -> None:
    customer = Customer().build_store()
    key_id = customer.create_key()
    customer.operate("SetLoad", Rate=3500)
    assert throttled(customer, key_id, 150) == 50
    customer.operate("SetLoad", Rate=5000)
    customer.wait(1)
    assert throttled(customer, key_id, 3) == 2
    customer.operate("SetLoad", Rate=0)
    customer.wait(1)
    assert throttled(customer, key_id, 1800) == 0


def test_re_encrypt_in_one_store_counts_once() -> None:
    customer = Customer().build_store()
    key_id = customer.create_key()
    blob = customer.encrypt(key_id)
    assert throttled(customer, key_id, 1798) == 0
    customer.kms("ReEncrypt", CiphertextBlob=blob, DestinationKeyId=key_id)
    customer.decrypt_refused(ErrorCode.THROTTLING, blob)


def test_quotas_of_the_account_are_enforced_if_asked_for() -> None:
    customer = Customer(Embedded(quotas="all"))
    for _ in range(5):
        customer.kms("CreateKey")
    customer.refused(ErrorCode.THROTTLING, "kms", "CreateKey")
    customer.wait(0.2)
    customer.kms("CreateKey")
    customer.refused(ErrorCode.THROTTLING, "kms", "CreateKey")


def test_quotas_can_be_off() -> None:
    customer = Customer(Embedded(quotas="none")).build_store()
    assert throttled(customer, customer.create_key(), 2000) == 0


def test_the_clock_has_an_end_and_a_key_that_rotates_until_then_is_answered() -> None:
    customer = Customer()
    key = customer.ok("kms", "CreateKey")["KeyMetadata"]["KeyId"]
    customer.ok("kms", "EnableKeyRotation", KeyId=key, RotationPeriodInDays=90)
    for _ in range(9):
        customer.ok("clock", "Advance", Seconds=100 * 365.25 * 86_400)
    assert customer.ok("kms", "DescribeKey", KeyId=key)["KeyMetadata"]["Enabled"]
    customer.refused(REFUSED, "clock", "Advance", Seconds=100 * 365.25 * 86_400)
