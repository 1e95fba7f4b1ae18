"""What the provider does with clusters, HSMs and key stores: a table for each step of a life."""

from typing import Final

from tests.terraform.keys import key_read
from tests.terraform.provider import NOT_FOUND, Call, Row, cluster_state, hsm_state

SUBNETS: Final = ("subnet-0123456789abcdef0", "subnet-0fedcba9876543210")
HSM_TYPE: Final = "hsm2m.medium"


def cluster_create() -> tuple[Row, ...]:
    """aws_cloudhsm_v2_cluster without a backup: it must rest UNINITIALIZED."""
    return (
        Call(
            "CreateCluster",
            {
                "HsmType": HSM_TYPE,
                "SubnetIds": list(SUBNETS),
                "TagList": [{"Key": "Name", "Value": "terraform"}],
            },
            keep={"cluster": "Cluster.ClusterId"},
        ),
        cluster_state({"UNINITIALIZED"}, {"CREATE_IN_PROGRESS", "INITIALIZE_IN_PROGRESS"}),
        Call(
            "DescribeClusters",
            {"Filters": {"clusterIds": ["{cluster}"]}},
            reads=("Clusters.0.SecurityGroup", "Clusters.0.VpcId", "Clusters.0.SubnetMapping"),
            gives={
                "Clusters.0.HsmType": HSM_TYPE,
                "Clusters.0.Mode": "FIPS",
                "Clusters.0.TagList": [{"Key": "Name", "Value": "terraform"}],
            },
        ),
    )


def cluster_tags() -> tuple[Row, ...]:
    """The only thing the provider changes of a cluster."""
    named = {"ResourceId": "{cluster}"}
    changed = [{"Key": "Name", "Value": "changed"}, {"Key": "Stage", "Value": "test"}]
    service = "cloudhsmv2"
    return (
        Call("TagResource", {**named, "TagList": changed}, service=service),
        Call("UntagResource", {**named, "TagKeyList": ["Stage"]}, service=service),
        Call("ListTags", named, gives={"TagList": changed[:1]}, service=service),
    )


def hsm_create(zone: str) -> tuple[Row, ...]:
    """aws_cloudhsm_v2_hsm in a zone of the cluster."""
    return (
        Call(
            "CreateHsm",
            {"ClusterId": "{cluster}", "AvailabilityZone": zone},
            keep={"hsm": "Hsm.HsmId"},
            reads=("Hsm.EniId",),
        ),
        hsm_state({"ACTIVE"}, {"CREATE_IN_PROGRESS"}),
    )


def hsm_destroy() -> tuple[Row, ...]:
    """An HSM deleted: it must leave the list."""
    return (
        Call("DeleteHsm", {"ClusterId": "{cluster}", "HsmId": "{hsm}"}),
        hsm_state({NOT_FOUND}, {"DELETE_IN_PROGRESS"}),
        Call(
            "DeleteHsm",
            {"ClusterId": "{cluster}", "HsmId": "{hsm}"},
            error="CloudHsmResourceNotFoundException",
        ),
    )


def cluster_destroy() -> tuple[Row, ...]:
    """A cluster deleted: gone, or DELETED; an unknown id in a filter is an empty list."""
    return (
        Call("DeleteCluster", {"ClusterId": "{cluster}"}),
        cluster_state({NOT_FOUND, "DELETED"}, {"DELETE_IN_PROGRESS"}),
        Call(
            "DescribeClusters",
            {"Filters": {"clusterIds": ["{cluster}"]}},
            gives={"Clusters": []},
        ),
        Call(
            "DeleteCluster",
            {"ClusterId": "{cluster}"},
            error="CloudHsmResourceNotFoundException",
        ),
    )


def store_create() -> tuple[Row, ...]:
    """aws_kms_custom_key_store on an active cluster; nobody waits, nobody connects."""
    return (
        Call(
            "CreateCustomKeyStore",
            {
                "CloudHsmClusterId": "{cluster}",
                "CustomKeyStoreName": "terraform",
                "KeyStorePassword": "{password}",
                "TrustAnchorCertificate": "{anchor}",
            },
            keep={"store": "CustomKeyStoreId"},
        ),
        *store_read(),
    )


def store_read() -> tuple[Row, ...]:
    """Exactly one store, with its certificate byte for byte."""
    return (
        Call(
            "DescribeCustomKeyStores",
            {"CustomKeyStoreId": "{store}"},
            reads=("CustomKeyStores.0.CreationDate",),
            gives={
                "CustomKeyStores.0.CloudHsmClusterId": "{cluster}",
                "CustomKeyStores.0.TrustAnchorCertificate": "{anchor}",
                "CustomKeyStores.0.CustomKeyStoreType": "AWS_CLOUDHSM",
                "CustomKeyStores.0.XksProxyConfiguration": None,
                "CustomKeyStores.1": None,
            },
        ),
    )


def store_update() -> tuple[Row, ...]:
    """Another name; older versions send the cluster along whether it changes or not."""
    return (
        Call(
            "UpdateCustomKeyStore",
            {
                "CustomKeyStoreId": "{store}",
                "CloudHsmClusterId": "{cluster}",
                "NewCustomKeyStoreName": "changed",
            },
        ),
        *store_read(),
    )


def store_destroy() -> tuple[Row, ...]:
    """A store that is disconnected and empty, deleted; it is looked for afterwards."""
    return (
        Call("DeleteCustomKeyStore", {"CustomKeyStoreId": "{store}"}),
        Call(
            "DescribeCustomKeyStores",
            {"CustomKeyStoreId": "{store}"},
            error="CustomKeyStoreNotFoundException",
        ),
    )


def store_key() -> tuple[Row, ...]:
    """aws_kms_key in a store; its rotation is never read."""
    return (
        Call(
            "CreateKey",
            {
                "BypassPolicyLockoutSafetyCheck": False,
                "KeySpec": "SYMMETRIC_DEFAULT",
                "KeyUsage": "ENCRYPT_DECRYPT",
                "CustomKeyStoreId": "{store}",
                "Origin": "AWS_CLOUDHSM",
            },
            keep={"key": "KeyMetadata.KeyId"},
            gives={"KeyMetadata.CustomKeyStoreId": "{store}"},
        ),
        *key_read(rotation=False),
    )
