"""Which operations of AWS CloudHSM v2 are offered, and who answers them."""

from types import MappingProxyType
from typing import Final

from kmspec_impl.cloudhsm import backups, clusters, hsms
from kmspec_impl.realm import Handler

HANDLERS: Final[MappingProxyType[str, Handler]] = MappingProxyType(
    {
        "CreateCluster": clusters.create_cluster,
        "CreateHsm": hsms.create_hsm,
        "DeleteBackup": backups.delete_backup,
        "DeleteCluster": clusters.delete_cluster,
        "DeleteHsm": hsms.delete_hsm,
        "DescribeBackups": backups.describe_backups,
        "DescribeClusters": clusters.describe_clusters,
        "InitializeCluster": clusters.initialize_cluster,
        "RestoreBackup": backups.restore_backup,
    }
)
