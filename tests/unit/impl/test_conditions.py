"""The four conditions of cryptography in a store: each broken, and mended for the same blob.

Of both backends, since what is mended comes from another HSM or from a backup.
"""

import pytest

from kmspec.names import ErrorCode
from kmspec_impl.embedded import Embedded
from kmspec_impl.hsm.backend import Backend
from tests.helpers import softhsm
from tests.unit.impl.support import DAY, Customer


@pytest.fixture(params=Backend)
def customer(request: pytest.FixtureRequest) -> Customer:
    if request.param is Backend.PKCS11:
        softhsm.require()
    return Customer(Embedded(hsm=request.param)).build_store()


@pytest.fixture
def key_id(customer: Customer) -> str:
    return customer.create_key()


@pytest.fixture
def blob(customer: Customer, key_id: str) -> bytes:
    return customer.encrypt(key_id)


def arn(key_id: str) -> str:
    return f"arn:aws:kms:us-east-1:000000000000:key/{key_id}"


def test_disabled_and_enabled(customer: Customer, key_id: str, blob: bytes) -> None:
    customer.kms("DisableKey", KeyId=key_id)
    told = customer.decrypt_refused(ErrorCode.DISABLED, blob)
    assert told == f"{arn(key_id)} is disabled."
    customer.kms("EnableKey", KeyId=key_id)
    assert customer.decrypt(blob) == b"secret"


def test_deletion_scheduled_and_cancelled(customer: Customer, key_id: str, blob: bytes) -> None:
    told = customer.kms("ScheduleKeyDeletion", KeyId=key_id)
    assert (told["KeyState"], told["PendingWindowInDays"]) == ("PendingDeletion", 30)
    text = customer.decrypt_refused(ErrorCode.KMS_INVALID_STATE, blob)
    assert text == f"{arn(key_id)} is pending deletion."
    for operation in ("ScheduleKeyDeletion", "EnableKey", "DisableKey"):
        customer.refused(ErrorCode.KMS_INVALID_STATE, "kms", operation, KeyId=key_id)
    assert customer.kms("CancelKeyDeletion", KeyId=key_id) == {"KeyId": arn(key_id)}
    assert customer.key_state(key_id) == "Disabled"
    customer.refused(ErrorCode.KMS_INVALID_STATE, "kms", "CancelKeyDeletion", KeyId=key_id)
    customer.kms("EnableKey", KeyId=key_id)
    assert customer.decrypt(blob) == b"secret"


def test_disconnected_and_connected(customer: Customer, key_id: str, blob: bytes) -> None:
    customer.kms("DisconnectCustomKeyStore", CustomKeyStoreId=customer.store_id)
    text = customer.decrypt_refused(ErrorCode.KMS_INVALID_STATE, blob)
    assert text == f"{arn(key_id)} is unavailable."
    customer.wait()
    assert customer.key_state(key_id) == "Unavailable"
    customer.connect()
    assert customer.decrypt(blob) == b"secret"


def test_without_an_active_hsm(customer: Customer, blob: bytes) -> None:
    customer.delete_hsms()
    customer.decrypt_refused(ErrorCode.KMS_INVALID_STATE, blob)
    assert customer.store()["ConnectionState"] == "CONNECTED"
    customer.add_hsm()
    assert customer.decrypt(blob) == b"secret"


def test_with_every_hsm_degraded(customer: Customer, blob: bytes) -> None:
    hsms = customer.hsms()
    for hsm_id in hsms:
        customer.operate("SetFault", Name="hsm-degraded", HsmId=hsm_id)
    customer.decrypt_refused(ErrorCode.KMS_INVALID_STATE, blob)
    customer.operate("ClearFault", Name="hsm-degraded", HsmId=hsms[0])
    assert customer.decrypt(blob) == b"secret"


def test_material_from_a_backup_older_than_the_key(customer: Customer, blob: bytes) -> None:
    for hsm_id in customer.hsms():
        customer.operate("SetFault", Name="hsm-lost", HsmId=hsm_id)
    customer.add_hsm()
    customer.decrypt_refused(ErrorCode.KMS_INVALID_STATE, blob)
    assert customer.operate("ListHsmKeys") == {"Keys": []}


def test_material_deleted_and_recovered(customer: Customer, key_id: str, blob: bytes) -> None:
    original = customer.cluster_id
    customer.add_hsm()  # backs up the cluster with the key in it
    handle = customer.operate("ListHsmKeys")["Keys"][0]["Handle"]
    customer.operate("DeleteHsmKey", Handle=handle)
    customer.decrypt_refused(ErrorCode.KMS_INVALID_STATE, blob)
    assert customer.key_state(key_id) == "Enabled"
    source = customer.backups()[0]["BackupId"]
    customer.delete_hsms()
    customer.create_cluster(SourceBackupId=source)
    assert customer.cluster_id != original
    customer.add_hsm(0)
    customer.add_hsm(1)
    customer.disconnect()
    customer.kms(
        "UpdateCustomKeyStore",
        CustomKeyStoreId=customer.store_id,
        CloudHsmClusterId=customer.cluster_id,
    )
    assert customer.connect()["ConnectionState"] == "CONNECTED"
    assert customer.decrypt(blob) == b"secret"
    metadata = customer.kms("DescribeKey", KeyId=key_id)["KeyMetadata"]
    assert metadata["CloudHsmClusterId"] == customer.cluster_id


def test_one_hsm_is_enough_to_use_a_key_but_not_to_make_one(customer: Customer) -> None:
    key_id = customer.create_key()
    customer.hsm("DeleteHsm", ClusterId=customer.cluster_id, HsmId=customer.hsms()[0])
    assert customer.decrypt(customer.encrypt(key_id)) == b"secret"
    wanted = {"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": customer.store_id}
    code = ErrorCode.CLUSTER_INVALID_CONFIGURATION
    customer.refused(code, "kms", "CreateKey", **wanted)
    assert len(customer.kms("ListKeys")["Keys"]) == 1


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("network", ErrorCode.KMS_INVALID_STATE),
        ("internal-error", ErrorCode.KMS_INTERNAL),
        ("no-sessions", ErrorCode.KMS_INTERNAL),
    ],
)
def test_faults_on_the_way(customer: Customer, blob: bytes, fault: str, code: ErrorCode) -> None:
    customer.operate("SetFault", Name=fault)
    assert customer.operate("ListFaults") == {"Faults": [{"Name": fault}]}
    customer.decrypt_refused(code, blob)
    wanted = {"NumberOfBytes": 5, "CustomKeyStoreId": customer.store_id}
    customer.refused(ErrorCode.KMS_INTERNAL, "kms", "GenerateRandom", **wanted)
    customer.operate("ClearFault", Name=fault)
    assert customer.decrypt(blob) == b"secret"
    assert len(customer.kms("GenerateRandom", **wanted)["Plaintext"]) == 5


def test_faults_that_only_connecting_meets(customer: Customer, blob: bytes) -> None:
    for fault in ("no-free-addresses", "subnet-deleted", "security-group", "user-missing"):
        customer.operate("SetFault", Name=fault)
        assert customer.decrypt(blob) == b"secret"


def test_kmsuser_locked_out(customer: Customer, blob: bytes) -> None:
    customer.operate("LockUser", UserName="kmsuser")
    text = customer.decrypt_refused(ErrorCode.KMS_INVALID_STATE, blob)
    assert "because the kmsuser is locked out" in text
    changed = {"ClusterId": customer.cluster_id, "UserName": "kmsuser", "Password": "another12"}
    customer.refused(ErrorCode.OPERATOR_INVALID_REQUEST, "operator", "ChangePassword", **changed)
    customer.disconnect()
    customer.operate("ChangePassword", UserName="kmsuser", Password="another12")
    customer.kms(
        "UpdateCustomKeyStore", CustomKeyStoreId=customer.store_id, KeyStorePassword="another12"
    )
    customer.connect()
    assert customer.decrypt(blob) == b"secret"


def test_the_cluster_is_gone(customer: Customer, blob: bytes) -> None:
    customer.delete_hsms()
    customer.hsm("DeleteCluster", ClusterId=customer.cluster_id)
    customer.decrypt_refused(ErrorCode.KMS_INVALID_STATE, blob)
    customer.wait()
    customer.decrypt_refused(ErrorCode.KMS_INVALID_STATE, blob)


@pytest.mark.parametrize("wish", ["EnableKey", "DisableKey"])
def test_wishes_for_an_unavailable_key_come_true_later(
    customer: Customer, key_id: str, wish: str
) -> None:
    customer.kms("DisableKey" if wish == "EnableKey" else "EnableKey", KeyId=key_id)
    customer.disconnect()
    customer.kms(wish, KeyId=key_id)
    assert customer.key_state(key_id) == "Unavailable"
    customer.connect()
    assert customer.key_state(key_id) == ("Enabled" if wish == "EnableKey" else "Disabled")


def test_a_deletion_survives_disconnection(customer: Customer, key_id: str) -> None:
    customer.kms("ScheduleKeyDeletion", KeyId=key_id, PendingWindowInDays=7)
    customer.disconnect()
    assert customer.key_state(key_id) == "PendingDeletion"
    customer.kms("CancelKeyDeletion", KeyId=key_id)
    assert customer.key_state(key_id) == "Unavailable"
    customer.connect()
    assert customer.key_state(key_id) == "Disabled"


def test_material_is_orphaned_when_the_store_is_disconnected(
    customer: Customer, key_id: str
) -> None:
    customer.kms("ScheduleKeyDeletion", KeyId=key_id, PendingWindowInDays=7)
    customer.disconnect()
    customer.wait(7 * DAY - 1)
    assert customer.key_state(key_id) == "PendingDeletion"
    customer.wait(1)
    customer.refused(ErrorCode.NOT_FOUND, "kms", "DescribeKey", KeyId=key_id)
    assert [key["Label"] for key in customer.operate("ListHsmKeys")["Keys"]] == [arn(key_id)]
