"""The whole life of a custom key store, and every wrong order on the way."""

import pytest

from kmspec.names import ErrorCode
from tests.unit.impl.support import DAY, DELAY, PASSWORD, SUBNETS, Customer


def test_from_nothing_to_a_connected_store_and_back() -> None:
    customer = Customer().build_store()
    key_id = customer.create_key()
    metadata = customer.kms("DescribeKey", KeyId=key_id)["KeyMetadata"]
    assert metadata["CustomKeyStoreId"] == customer.store_id
    assert metadata["CloudHsmClusterId"] == customer.cluster_id
    assert (metadata["KeyState"], metadata["Origin"]) == ("Enabled", "AWS_CLOUDHSM")
    assert "CurrentKeyMaterialId" not in metadata
    store = {"CustomKeyStoreId": customer.store_id}
    cluster = {"ClusterId": customer.cluster_id}
    invalid = ErrorCode.CLOUDHSM_INVALID_REQUEST
    customer.refused(invalid, "cloudhsm", "DeleteCluster", **cluster)
    customer.refused(ErrorCode.STORE_INVALID_STATE, "kms", "DeleteCustomKeyStore", **store)
    customer.kms("ScheduleKeyDeletion", KeyId=key_id, PendingWindowInDays=7)
    customer.wait(7 * DAY)
    customer.refused(ErrorCode.NOT_FOUND, "kms", "DescribeKey", KeyId=key_id)
    assert customer.operate("ListHsmKeys") == {"Keys": []}
    customer.disconnect()
    customer.kms("DeleteCustomKeyStore", **store)
    customer.refused(ErrorCode.STORE_NOT_FOUND, "kms", "DescribeCustomKeyStores", **store)
    customer.delete_hsms()
    shown = customer.hsm("DeleteCluster", **cluster)["Cluster"]
    assert shown["State"] == "DELETE_IN_PROGRESS"
    assert shown["StateMessage"] == "The cluster is being deleted."
    customer.wait()
    assert customer.hsm("DescribeClusters") == {"Clusters": []}


def test_every_state_that_passes_is_visible() -> None:
    customer = Customer()
    made = customer.hsm("CreateCluster", HsmType="hsm2m.medium", SubnetIds=list(SUBNETS))
    customer.cluster_id = made["Cluster"]["ClusterId"]
    assert made["Cluster"]["State"] == "CREATE_IN_PROGRESS"
    assert made["Cluster"]["Certificates"] == {}
    customer.wait(DELAY / 2)
    assert customer.cluster()["State"] == "CREATE_IN_PROGRESS"
    customer.wait(DELAY / 2)
    assert customer.cluster()["State"] == "UNINITIALIZED"
    zone = min(customer.cluster()["SubnetMapping"])
    hsm = customer.hsm("CreateHsm", ClusterId=customer.cluster_id, AvailabilityZone=zone)["Hsm"]
    assert hsm["State"] == "CREATE_IN_PROGRESS"
    assert hsm["EniId"].startswith("eni-")
    customer.wait()
    assert customer.cluster()["Hsms"][0]["State"] == "ACTIVE"


def test_a_second_hsm_before_activation_is_refused() -> None:
    customer = Customer()
    cluster_id = customer.create_cluster()
    customer.add_hsm()
    wanted = {"ClusterId": cluster_id, "AvailabilityZone": "us-east-1b"}
    told = customer.refused(ErrorCode.CLOUDHSM_INVALID_REQUEST, "cloudhsm", "CreateHsm", **wanted)
    assert told == (
        f"Cluster '{cluster_id}' already contains an HSM but has not yet been fully activated"
    )


@pytest.mark.parametrize("kind", ["id", "arn", "alias", "alias arn"])
def test_a_key_goes_by_four_names(kind: str) -> None:
    customer = Customer().build_store()
    key_id = customer.create_key()
    customer.kms("CreateAlias", AliasName="alias/a", TargetKeyId=key_id)
    arn = customer.kms("DescribeKey", KeyId="alias/a")["KeyMetadata"]["Arn"]
    place = arn.partition(":key/")[0]
    names = {"id": key_id, "arn": arn, "alias": "alias/a", "alias arn": f"{place}:alias/a"}
    named = names[kind]
    blob = customer.kms("Encrypt", KeyId=named, Plaintext=b"x")["CiphertextBlob"]
    assert customer.kms("Decrypt", KeyId=named, CiphertextBlob=blob) == {
        "KeyId": arn,
        "Plaintext": b"x",
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }
    made = customer.kms("GenerateDataKey", KeyId=named, KeySpec="AES_256")
    assert customer.decrypt(made["CiphertextBlob"]) == made["Plaintext"]
    quiet = customer.kms("GenerateDataKeyWithoutPlaintext", KeyId=named, NumberOfBytes=7)
    assert len(customer.decrypt(quiet["CiphertextBlob"])) == 7
    moved = customer.kms("ReEncrypt", CiphertextBlob=blob, DestinationKeyId=named)
    assert (moved["SourceKeyId"], moved["KeyId"]) == (arn, arn)


def test_nothing_leaks_between_accounts_and_regions() -> None:
    customer = Customer().build_store()
    key_id = customer.create_key()
    blob = customer.encrypt(key_id)
    stranger = Customer(customer.emulator, "111111111111")
    assert stranger.kms("ListKeys") == {"Keys": [], "Truncated": False}
    assert stranger.hsm("DescribeBackups") == {"Backups": []}
    stranger.refused(ErrorCode.NOT_FOUND, "kms", "DescribeKey", KeyId=key_id)
    told = stranger.decrypt_refused(ErrorCode.ACCESS_DENIED, blob)
    assert told.startswith("The ciphertext refers to a customer master key that does not exist")
    status, _ = customer.emulator.call(
        "kms", "Decrypt", {"CiphertextBlob": blob}, region="eu-west-1"
    )
    assert status == 400


def test_what_an_operation_is_not() -> None:
    customer = Customer()
    for service, operation in (("kms", "Nonsense"), ("nonsense", "Encrypt")):
        customer.refused(ErrorCode.UNKNOWN_OPERATION, service, operation)
    for service in ("operator", "clock"):
        customer.refused(ErrorCode.UNKNOWN_OPERATION, service, "Nonsense")


def test_the_caller_is_told_who_it_is() -> None:
    told = Customer(account="123456789012").ok("sts", "GetCallerIdentity")
    arn = "arn:aws:iam::123456789012:root"
    assert told == {"UserId": "123456789012", "Account": "123456789012", "Arn": arn}


def test_the_same_seed_gives_the_same_ids() -> None:
    one, other = Customer().build_store(), Customer().build_store()
    assert (one.cluster_id, one.store_id) == (other.cluster_id, other.store_id)
    assert one.create_key() == other.create_key()
    assert PASSWORD not in str(one.store())
