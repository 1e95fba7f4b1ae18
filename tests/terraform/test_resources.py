"""Each resource of the Terraform AWS provider: created, read twice alike, changed, destroyed."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.helpers.authority import Authority
from tests.helpers.server import admin, done, pass_time
from tests.terraform import keys, stores
from tests.terraform.provider import REGION, Call, Provider, Row

PASSWORD = "noplaintextpasswords1"


def planned_without_change(provider: Provider, reads: tuple[Row, ...]) -> None:
    """A plan reads everything; a second one must see the same."""
    first = [provider.ask(row) for row in reads]
    second = [provider.ask(row) for row in reads]
    for answer in (*first, *second):
        answer.pop("ResponseMetadata", None)
    assert first == second


def wrap(provider: Provider) -> None:
    """Key material wrapped as the provider does it, with RSA-OAEP and SHA-256."""
    public = serialization.load_der_public_key(provider.kept["public"])
    assert isinstance(public, rsa.RSAPublicKey)
    material = provider.kept.setdefault("material", os.urandom(32))
    sha256 = hashes.SHA256()
    oaep = padding.OAEP(padding.MGF1(sha256), sha256, None)
    provider.kept["wrapped"] = public.encrypt(material, oaep)


def test_a_key(provider: Provider) -> None:
    provider.run(keys.key_create(provider.kept["account"]))
    planned_without_change(provider, keys.key_read())
    provider.run(keys.key_update())
    planned_without_change(provider, keys.key_read())
    provider.run(keys.key_destroy())


@pytest.mark.parametrize(
    ("spec", "usage"),
    [
        ("RSA_2048", "SIGN_VERIFY"),
        ("ECC_NIST_P256", "KEY_AGREEMENT"),
        ("HMAC_256", "GENERATE_VERIFY_MAC"),
    ],
)
def test_a_key_of_another_kind(provider: Provider, spec: str, usage: str) -> None:
    provider.run(keys.asymmetric_key(spec, usage))
    planned_without_change(provider, keys.key_read())
    provider.run(keys.key_destroy())


def test_an_external_key(provider: Provider) -> None:
    account = provider.kept["account"]
    provider.run(keys.external_key_create(account))
    wrap(provider)
    provider.run(keys.external_key_import(account))
    provider.run(keys.wrapping())
    wrap(provider)
    now = admin(provider.url, "clock/Now")["Now"]
    valid_to = datetime.fromtimestamp(int(now), UTC) + timedelta(days=30)
    provider.run(keys.external_key_valid_to(valid_to))
    planned_without_change(provider, keys.key_read(rotation=False))
    provider.run(keys.key_destroy())


def test_a_replica(provider: Provider) -> None:
    there = keys.OTHER_REGION
    provider.run(keys.replica_create(provider.kept["account"]))
    planned_without_change(provider, keys.key_read(region=there))
    provider.run(keys.key_destroy(there))
    provider.run(keys.key_destroy())


def test_an_alias(provider: Provider) -> None:
    provider.run(keys.alias_life())


@pytest.mark.parametrize("operation", ["RevokeGrant", "RetireGrant"])
def test_a_grant(provider: Provider, operation: str) -> None:
    provider.run(keys.grant_create())
    provider.run(keys.grant_destroy(operation))


def test_a_key_policy(provider: Provider) -> None:
    provider.run(keys.key_policy_life(provider.kept["account"]))


def initialised(provider: Provider) -> None:
    """What Terraform cannot do, between the first HSM and the store."""
    cluster, authority = provider.kept["cluster"], Authority()
    hsm = provider.client("cloudhsmv2", REGION)
    csr = hsm.describe_clusters()["Clusters"][0]["Certificates"]["ClusterCsr"]
    hsm.initialize_cluster(
        ClusterId=cluster, SignedCert=authority.sign(csr), TrustAnchor=authority.trust_anchor
    )
    pass_time(provider.url)
    where = ("--endpoint-url", provider.url)
    done("hsm", "activate", cluster, "--password", "adminPassword1", *where)
    done("hsm", "user", "add", cluster, "kmsuser", "--password", PASSWORD, *where)
    provider.kept.update(anchor=authority.trust_anchor, password=PASSWORD)


def test_a_cluster_an_hsm_a_store_and_its_key(provider: Provider) -> None:
    provider.run(stores.cluster_create())
    provider.run(stores.cluster_tags())
    mapping = provider.client("cloudhsmv2", REGION).describe_clusters()["Clusters"][0][
        "SubnetMapping"
    ]
    assert set(mapping.values()) == set(stores.SUBNETS)
    zones = sorted(mapping)
    provider.run(stores.hsm_create(zones[0]))
    early = Call(
        "CreateHsm",
        {"ClusterId": "{cluster}", "AvailabilityZone": zones[1]},
        error="CloudHsmInvalidRequestException",
        says="already contains an HSM but has not yet been fully activated",
    )
    provider.run((early,))
    initialised(provider)
    first = provider.kept["hsm"]
    provider.run(stores.hsm_create(zones[1]))
    provider.run(stores.store_create())
    provider.run(stores.store_update())
    kms = provider.client("kms", REGION)
    kms.connect_custom_key_store(CustomKeyStoreId=provider.kept["store"])
    pass_time(provider.url)
    provider.run(stores.store_key())
    provider.run(keys.key_destroy())
    # A destroy says that all is well; the store is there still, because of its key.
    refused = Call(
        "DeleteCustomKeyStore",
        {"CustomKeyStoreId": "{store}"},
        error="CustomKeyStoreInvalidStateException",
    )
    provider.run((refused, *stores.store_read()))
    kms.disconnect_custom_key_store(CustomKeyStoreId=provider.kept["store"])
    pass_time(provider.url)
    provider.run((refused._replace(error="CustomKeyStoreHasCMKsException"),))
    pass_time(provider.url, 8 * 86_400)
    provider.run(stores.store_destroy())
    provider.run(stores.hsm_destroy())
    provider.kept["hsm"] = first
    provider.run(stores.hsm_destroy())
    provider.run(stores.cluster_destroy())
