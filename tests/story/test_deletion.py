"""Taking everything down in the documented order, refused in every wrong one."""

from typing import Final

from tests.story.customer import Customer, new_customer, refused

DAY: Final = 86_400
STORE_STATE: Final = "CustomKeyStoreInvalidStateException"
HSM_REQUEST: Final = "CloudHsmInvalidRequestException"


def test_documented_order(url: str) -> None:
    with new_customer(url) as customer:
        customer.everything()
        key_id = str(customer.create_key()["KeyId"])
        delete_key(customer, key_id)
        delete_store(customer)
        delete_cluster(customer)


def delete_key(customer: Customer, key_id: str) -> None:
    """A key goes after its waiting period; the store cannot go before it."""
    kms, store = customer.kms, {"CustomKeyStoreId": customer.store_id}
    customer.disconnect()
    refused("CustomKeyStoreHasCMKsException", kms.delete_custom_key_store, **store)
    customer.connect()
    kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    refused("KMSInvalidStateException", kms.schedule_key_deletion, KeyId=key_id)
    customer.disconnect()
    refused("CustomKeyStoreHasCMKsException", kms.delete_custom_key_store, **store)
    customer.connect()
    customer.wait(6 * DAY)
    assert customer.key_state(key_id) == "PendingDeletion"
    customer.wait(DAY)
    refused("NotFoundException", kms.describe_key, KeyId=key_id)
    assert customer.operator("key", "list", customer.cluster_id) == "none\n"


def delete_store(customer: Customer) -> None:
    """A store goes when it is disconnected; its cluster stays."""
    kms, store = customer.kms, {"CustomKeyStoreId": customer.store_id}
    refused(STORE_STATE, kms.delete_custom_key_store, **store)
    customer.disconnect()
    kms.delete_custom_key_store(**store)
    refused("CustomKeyStoreNotFoundException", kms.describe_custom_key_stores, **store)
    assert kms.describe_custom_key_stores()["CustomKeyStores"] == []
    assert customer.cluster()["State"] == "ACTIVE"


def delete_cluster(customer: Customer) -> None:
    """A cluster goes when its HSMs are gone."""
    hsm, cluster = customer.hsm, {"ClusterId": customer.cluster_id}
    refused(HSM_REQUEST, hsm.delete_cluster, **cluster)
    first, second = customer.hsm_ids
    hsm.delete_hsm(HsmId=first, **cluster)
    refused(HSM_REQUEST, hsm.delete_cluster, **cluster)
    customer.wait()
    refused(HSM_REQUEST, hsm.delete_cluster, **cluster)
    hsm.delete_hsm(HsmId=second, **cluster)
    customer.wait()
    assert customer.cluster()["Hsms"] == []
    assert hsm.delete_cluster(**cluster)["Cluster"]["State"] == "DELETE_IN_PROGRESS"
    customer.wait()
    found = hsm.describe_clusters(Filters={"clusterIds": [customer.cluster_id]})
    assert found["Clusters"] == []
    refused("CloudHsmResourceNotFoundException", hsm.delete_cluster, **cluster)
