"""Probes about a custom key store, and new ones on its cluster."""

from collections.abc import Iterator

from kmspec.names import Origin
from kmspec_model.command import Ref, Value
from kmspec_model.probes.probe import (
    UNKNOWN_CLUSTER,
    Probe,
    kms,
)
from kmspec_model.setup import (
    OTHER_PASSWORD,
    PASSWORD,
    create_store,
    of_store,
)
from kmspec_model.world import Cluster, Store, World


def of_the_store(world: World, store: Store) -> Iterator[Probe]:
    """What is done with a key store, and made in it."""
    named: Value = Ref("store", store.index)
    for operation in (
        "ConnectCustomKeyStore",
        "DisconnectCustomKeyStore",
        "DeleteCustomKeyStore",
    ):
        yield Probe(operation, of_store(operation, store.index))
    yield kms("id", "DescribeCustomKeyStores", CustomKeyStoreId=named)
    by_name = Ref("name", store.name)
    yield kms("name", "DescribeCustomKeyStores", CustomKeyStoreName=by_name)
    yield kms("no-name", "DescribeCustomKeyStores", CustomKeyStoreName=Ref("name", 4))
    update = "UpdateCustomKeyStore"
    yield kms("name", update, CustomKeyStoreId=named, NewCustomKeyStoreName=Ref("name", 2))
    yield kms("password", update, CustomKeyStoreId=named, KeyStorePassword=OTHER_PASSWORD)
    for cluster in world.clusters:
        own = cluster.index == store.cluster
        same = "same-cluster" if own else f"cluster-{cluster.state}"
        of_cluster = Ref("cluster", cluster.index)
        yield kms(same, update, CustomKeyStoreId=named, CloudHsmClusterId=of_cluster)
    yield kms("unknown-cluster", update, CustomKeyStoreId=named, CloudHsmClusterId=UNKNOWN_CLUSTER)
    for other in world.stores:
        if other.index != store.index:
            taken = Ref("name", other.name)
            yield kms("name-taken", update, CustomKeyStoreId=named, NewCustomKeyStoreName=taken)
    in_store: dict[str, Value] = {
        "Origin": Origin.AWS_CLOUDHSM.value,
        "CustomKeyStoreId": named,
    }
    yield kms("store", "CreateKey", **in_store)
    yield kms("store-rsa", "CreateKey", KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT", **in_store)
    yield kms("store-multi-region", "CreateKey", MultiRegion=True, **in_store)
    yield kms("of-store", "GenerateRandom", NumberOfBytes=32, CustomKeyStoreId=named)


def on_another_cluster(world: World, cluster: Cluster) -> Iterator[Probe]:
    """A store on a cluster that no store names, related to that of a store or not."""
    for other in world.clusters:
        if other.index == cluster.index or world.store_of(other.index) is not None:
            continue
        related = "related" if other.lineage == cluster.lineage else "unrelated"
        label = f"CreateCustomKeyStore/{related}-{other.state}"
        yield Probe(label, create_store(3, other.index, max(other.anchor, 0)))


def new_store(cluster: Cluster) -> Iterator[Probe]:
    """Stores on the cluster: another one, the same again, and with one thing wrong."""
    operation = "CreateCustomKeyStore"
    anchor = max(cluster.anchor, 0)
    yield Probe(f"{operation}/repeated", create_store(0, cluster.index, anchor))
    yield Probe(f"{operation}/new", create_store(3, cluster.index, anchor))
    yield Probe(f"{operation}/wrong-anchor", create_store(3, cluster.index, 2))
    yield kms(
        "unknown-cluster",
        operation,
        CustomKeyStoreName=Ref("name", 3),
        CloudHsmClusterId=UNKNOWN_CLUSTER,
        TrustAnchorCertificate=Ref("ca", anchor),
        KeyStorePassword=PASSWORD,
    )
