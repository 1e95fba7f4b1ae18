"""The four conditions of a cryptographic operation in a key store, broken and mended in turn.

Each test encrypts once, breaks one condition, sees the documented exception, mends it, and
decrypts the same ciphertext.
"""

from collections.abc import Iterator

import pytest

from tests.story.customer import PASSWORD, Customer, new_customer, refused

INVALID_STATE = "KMSInvalidStateException"


@pytest.fixture(scope="module")
def customer(url: str) -> Iterator[Customer]:
    """A customer with a connected store."""
    with new_customer(url) as made:
        made.everything()
        yield made


@pytest.fixture
def key_id(customer: Customer) -> str:
    """A new key of the store."""
    return str(customer.create_key()["KeyId"])


@pytest.fixture
def ciphertext(customer: Customer, key_id: str) -> bytes:
    """Something encrypted while all was well."""
    return bytes(customer.kms.encrypt(KeyId=key_id, Plaintext=b"secret")["CiphertextBlob"])


def fails(customer: Customer, key_id: str, ciphertext: bytes, code: str) -> None:
    """Both directions are refused with this exception."""
    refused(code, customer.kms.decrypt, CiphertextBlob=ciphertext)
    refused(code, customer.kms.encrypt, KeyId=key_id, Plaintext=b"more")


def works(customer: Customer, ciphertext: bytes) -> None:
    """The ciphertext opens again."""
    assert customer.kms.decrypt(CiphertextBlob=ciphertext)["Plaintext"] == b"secret"


def test_key_state(customer: Customer, key_id: str, ciphertext: bytes) -> None:
    customer.kms.disable_key(KeyId=key_id)
    assert customer.key_state(key_id) == "Disabled"
    fails(customer, key_id, ciphertext, "DisabledException")
    customer.kms.enable_key(KeyId=key_id)
    works(customer, ciphertext)


def test_pending_deletion(customer: Customer, key_id: str, ciphertext: bytes) -> None:
    customer.kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    assert customer.key_state(key_id) == "PendingDeletion"
    fails(customer, key_id, ciphertext, INVALID_STATE)
    customer.kms.cancel_key_deletion(KeyId=key_id)
    fails(customer, key_id, ciphertext, "DisabledException")
    customer.kms.enable_key(KeyId=key_id)
    works(customer, ciphertext)


def test_connection(customer: Customer, key_id: str, ciphertext: bytes) -> None:
    customer.disconnect()
    assert customer.key_state(key_id) == "Unavailable"
    fails(customer, key_id, ciphertext, INVALID_STATE)
    customer.connect()
    assert customer.key_state(key_id) == "Enabled"
    works(customer, ciphertext)


def test_active_hsm(customer: Customer, key_id: str, ciphertext: bytes) -> None:
    for hsm in customer.cluster()["Hsms"]:
        customer.hsm.delete_hsm(ClusterId=customer.cluster_id, HsmId=hsm["HsmId"])
    customer.wait()
    assert customer.connection() == "CONNECTED"
    assert customer.key_state(key_id) == "Enabled"
    fails(customer, key_id, ciphertext, INVALID_STATE)
    customer.add_hsm(0)
    works(customer, ciphertext)
    customer.add_hsm(1)


def test_key_material(customer: Customer, key_id: str, ciphertext: bytes) -> None:
    """Deleted in the cluster, it is still in a backup, and a cluster restored from that has it."""
    customer.wait(86_400)
    customer.wait()
    arn = customer.kms.describe_key(KeyId=key_id)["KeyMetadata"]["Arn"]
    lines = customer.operator("key", "list", customer.cluster_id).splitlines()
    handle = next(line.split()[0] for line in lines if line.split()[-1] == arn)
    backup_id = newest_backup(customer)
    customer.operator("key", "delete", customer.cluster_id, handle)
    fails(customer, key_id, ciphertext, INVALID_STATE)
    move_to_backup(customer, backup_id)
    works(customer, ciphertext)


def newest_backup(customer: Customer) -> str:
    """The id of the cluster's newest backup."""
    found = customer.hsm.describe_backups(Filters={"clusterIds": [customer.cluster_id]})
    newest = max(found["Backups"], key=lambda backup: backup["CreateTimestamp"])
    return str(newest["BackupId"])


def move_to_backup(customer: Customer, backup_id: str) -> None:
    """Put a cluster made from a backup behind the store, with a new password of `kmsuser`."""
    customer.disconnect()
    made = customer.hsm.create_cluster(
        HsmType="hsm2m.medium",
        SubnetIds=list(customer.cluster()["SubnetMapping"].values()),
        SourceBackupId=backup_id,
    )
    customer.cluster_id = made["Cluster"]["ClusterId"]
    customer.wait()
    customer.add_hsm(0)
    customer.add_hsm(1)
    customer.operator("user", "password", customer.cluster_id, "kmsuser", "--password", PASSWORD)
    customer.kms.update_custom_key_store(
        CustomKeyStoreId=customer.store_id,
        CloudHsmClusterId=customer.cluster_id,
        KeyStorePassword=PASSWORD,
    )
    customer.connect()
