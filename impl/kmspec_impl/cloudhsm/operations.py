"""Which operations of AWS CloudHSM v2 are offered, and who answers them."""

from types import MappingProxyType
from typing import Final

from kmspec_impl.cloudhsm import (
    backups,
    clusters,
    copies,
    hsms,
    modification,
    policies,
    tags,
)
from kmspec_impl.realm import Handler

HANDLERS: Final[MappingProxyType[str, Handler]] = MappingProxyType(
    {
        "CopyBackupToRegion": copies.copy_backup_to_region,
        "CreateCluster": clusters.create_cluster,
        "CreateHsm": hsms.create_hsm,
        "DeleteBackup": backups.delete_backup,
        "DeleteCluster": clusters.delete_cluster,
        "DeleteHsm": hsms.delete_hsm,
        "DeleteResourcePolicy": policies.delete_resource_policy,
        "DescribeBackups": backups.describe_backups,
        "DescribeClusters": clusters.describe_clusters,
        "GetResourcePolicy": policies.get_resource_policy,
        "InitializeCluster": clusters.initialize_cluster,
        "ListTags": tags.list_tags,
        "ModifyBackupAttributes": backups.modify_backup_attributes,
        "ModifyCluster": modification.modify_cluster,
        "PutResourcePolicy": policies.put_resource_policy,
        "RestoreBackup": backups.restore_backup,
        "TagResource": tags.tag_resource,
        "UntagResource": tags.untag_resource,
    }
)
