"""What the Terraform AWS provider takes for granted of any endpoint, one test an obligation."""

import json
import re
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from tests.helpers.server import pass_time
from tests.terraform import keys, stores
from tests.terraform.provider import REGION, Call, Provider

LOCKED_OUT = "The new key policy will not allow you to update the key policy in the future"
SPECS = {
    "SYMMETRIC_DEFAULT": "ENCRYPT_DECRYPT",
    "RSA_2048": "ENCRYPT_DECRYPT",
    "ECC_NIST_P256": "SIGN_VERIFY",
    "HMAC_256": "GENERATE_VERIFY_MAC",
}


def new_key(provider: Provider, **arguments: object) -> str:
    """Create a key; its id."""
    provider.run((Call("CreateKey", arguments, keep={"key": "KeyMetadata.KeyId"}),))
    return str(provider.kept["key"])


@pytest.mark.parametrize(("spec", "usage"), SPECS.items())
def test_every_key_has_a_policy_from_birth(provider: Provider, spec: str, usage: str) -> None:
    key = new_key(provider, KeySpec=spec, KeyUsage=usage)
    answer = provider.ask(Call("GetKeyPolicy", {"KeyId": key, "PolicyName": "default"}))
    policy = json.loads(answer["Policy"])
    assert policy["Statement"][0]["Sid"] == "Enable IAM User Permissions"
    root = f"arn:aws:iam::{provider.kept['account']}:root"
    assert policy["Statement"][0]["Principal"]["AWS"] == root


@pytest.mark.parametrize(("spec", "usage"), SPECS.items())
def test_rotation_can_be_read_of_every_key(provider: Provider, spec: str, usage: str) -> None:
    key = new_key(provider, KeySpec=spec, KeyUsage=usage)
    answer = provider.ask(Call("GetKeyRotationStatus", {"KeyId": key}))
    assert answer["KeyRotationEnabled"] is False


def test_a_rotation_that_is_on_has_a_period(provider: Provider) -> None:
    key = new_key(provider)
    on = Call("EnableKeyRotation", {"KeyId": key})
    read = Call(
        "GetKeyRotationStatus",
        {"KeyId": key},
        gives={"KeyRotationEnabled": True, "RotationPeriodInDays": 365},
        reads=("NextRotationDate",),
    )
    provider.run((on, read))


def test_tags_are_readable_at_once(provider: Provider) -> None:
    tags = [{"TagKey": "a", "TagValue": "1"}]
    more = [{"TagKey": "b", "TagValue": ""}]
    key = new_key(provider, Tags=tags)
    listed = Call("ListResourceTags", {"KeyId": key}, gives={"Tags": tags})
    provider.run((listed, Call("TagResource", {"KeyId": key, "Tags": more})))
    provider.run((listed._replace(gives={"Tags": tags + more}),))


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("kms", "create_key", {"Origin": "EXTERNAL_KEY_STORE", "XksKeyId": "one"}),
        (
            "kms",
            "create_custom_key_store",
            {"CustomKeyStoreName": "xks", "CustomKeyStoreType": "EXTERNAL_KEY_STORE"},
        ),
        ("kms", "create_key", {"KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY"}),
    ],
)
def test_what_is_not_offered_is_refused_with_a_typed_4xx(
    provider: Provider, service: str, operation: str, arguments: dict[str, str]
) -> None:
    client = provider.client(service, REGION)
    with pytest.raises(ClientError) as refused:
        getattr(client, operation)(**arguments)
    status = refused.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert 400 <= status < 500
    assert refused.value.response["Error"]["Code"].endswith("Exception")


def test_a_new_cluster_rests_uninitialized(provider: Provider) -> None:
    provider.run(stores.cluster_create())
    pass_time(provider.url, 3600)
    rests = Call("DescribeClusters", gives={"Clusters.0.State": "UNINITIALIZED"})
    provider.run((rests,))


def test_every_hsm_has_a_network_interface_in_every_state(provider: Provider) -> None:
    provider.run(stores.cluster_create())
    zone = provider.ask(Call("DescribeClusters"))["Clusters"][0]["SubnetMapping"]
    described = Call("DescribeClusters", reads=("Clusters.0.Hsms.0.EniId",))
    create = Call("CreateHsm", {"ClusterId": "{cluster}", "AvailabilityZone": min(zone)})
    provider.run((create._replace(keep={"hsm": "Hsm.HsmId"}), described))
    pass_time(provider.url)
    delete = Call("DeleteHsm", {"ClusterId": "{cluster}", "HsmId": "{hsm}"})
    provider.run((described, delete, described))
    pass_time(provider.url)
    provider.run((Call("DescribeClusters", gives={"Clusters.0.Hsms": []}),))


def test_an_unknown_cluster_is_an_empty_list(provider: Provider) -> None:
    filters = {"clusterIds": ["cluster-aaaaaaaaaaa"]}
    provider.run((Call("DescribeClusters", {"Filters": filters}, gives={"Clusters": []}),))


def test_a_key_is_pending_deletion_as_soon_as_it_is_scheduled(provider: Provider) -> None:
    key = new_key(provider)
    schedule = Call("ScheduleKeyDeletion", {"KeyId": key, "PendingWindowInDays": 7})
    pending = {"KeyMetadata.KeyState": "PendingDeletion"}
    provider.run((schedule, Call("DescribeKey", {"KeyId": key}, gives=pending)))


def test_a_second_scheduling_says_that_it_is_pending_deletion(provider: Provider) -> None:
    schedule = Call("ScheduleKeyDeletion", {"KeyId": new_key(provider)})
    again = schedule._replace(error="KMSInvalidStateException", says="is pending deletion")
    provider.run((schedule, again))


def test_the_region_is_that_of_the_signature(provider: Provider) -> None:
    key = new_key(provider)
    elsewhere = Call("DescribeKey", {"KeyId": key}, error="NotFoundException", region="eu-west-1")
    provider.run((elsewhere,))
    kms = provider.client("kms", "eu-west-1")
    assert ":eu-west-1:" in kms.create_key()["KeyMetadata"]["Arn"]


def test_who_is_asking_has_an_arn_that_can_be_read(provider: Provider) -> None:
    arn = provider.client("sts", REGION).get_caller_identity()["Arn"]
    assert re.fullmatch(r"arn:aws:(iam|sts)::\d{12}:\S+", arn)


@pytest.mark.parametrize("operation", ["CreateKey", "PutKeyPolicy"])
def test_a_policy_that_locks_everybody_out_is_refused(provider: Provider, operation: str) -> None:
    policy = json.loads(keys.policy(provider.kept["account"]))
    policy["Statement"][0]["Action"] = "kms:Encrypt"
    locking = {"Policy": json.dumps(policy)}
    if operation == "PutKeyPolicy":
        locking |= {"KeyId": new_key(provider), "PolicyName": "default"}
    refused = Call(operation, locking, error="MalformedPolicyDocumentException", says=LOCKED_OUT)
    allowed = Call(operation, {**locking, "BypassPolicyLockoutSafetyCheck": True})
    provider.run((refused, allowed))


def test_ids_and_arns_have_their_forms(provider: Provider) -> None:
    provider.run(stores.cluster_create())
    cluster = provider.ask(Call("DescribeClusters"))["Clusters"][0]
    zone = min(cluster["SubnetMapping"])
    create = Call("CreateHsm", {"ClusterId": cluster["ClusterId"], "AvailabilityZone": zone})
    hsm = provider.ask(create)["Hsm"]
    key = provider.ask(Call("CreateKey", {}))["KeyMetadata"]
    related = provider.ask(Call("CreateKey", {"MultiRegion": True}))["KeyMetadata"]
    forms = {
        cluster["ClusterId"]: r"cluster-[2-7a-zA-Z]{11,16}",
        cluster["SecurityGroup"]: r"sg-[0-9a-f]{8,17}",
        hsm["HsmId"]: r"hsm-[2-7a-zA-Z]{11,16}",
        hsm["EniId"]: r"eni-[0-9a-f]{8,17}",
        key["KeyId"]: r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        related["KeyId"]: r"mrk-[0-9a-f]{32}",
    }
    assert [name for name, form in forms.items() if not re.fullmatch(form, name)] == []
    provider.run((Call("CreateAlias", {"AliasName": "alias/form", "TargetKeyId": key["KeyId"]}),))
    aliases = provider.ask(Call("ListAliases", {}))["Aliases"]
    arn = next(one["AliasArn"] for one in aliases if one["AliasName"] == "alias/form")
    assert arn == f"arn:aws:kms:{REGION}:{provider.kept['account']}:alias/form"


def test_a_key_that_a_destroy_leaves_is_gone_when_time_has_passed(
    start: Callable[[], Provider],
) -> None:
    provider = start()
    key = new_key(provider)
    provider.run((Call("CreateAlias", {"AliasName": "alias/again", "TargetKeyId": key}),))
    provider.run((Call("ScheduleKeyDeletion", {"KeyId": key, "PendingWindowInDays": 7}),))
    pass_time(provider.url, 8 * 86_400)
    other = new_key(provider)
    provider.run(
        (
            Call("DescribeKey", {"KeyId": key}, error="NotFoundException"),
            Call("CreateAlias", {"AliasName": "alias/again", "TargetKeyId": other}),
        )
    )


@pytest.mark.parametrize("alias", ["alias/aws/s3", "alias/aws/ebs"])
def test_aliases_of_aws_services_resolve(provider: Provider, alias: str) -> None:
    managed = Call("DescribeKey", {"KeyId": alias}, gives={"KeyMetadata.KeyManager": "AWS"})
    provider.run((managed,))
