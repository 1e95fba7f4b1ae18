"""What is set on clusters and backups: HSM type, mode, retention, copies, sharing, tags."""

import json
from typing import Any

import pytest

from kmspec.names import ErrorCode
from kmspec_impl.embedded import Embedded
from tests.unit.impl.support import DAY, OK, SUBNETS, Customer

INVALID = ErrorCode.CLOUDHSM_INVALID_REQUEST
UNKNOWN = ErrorCode.CLOUDHSM_RESOURCE_NOT_FOUND
ELSEWHERE = "eu-central-1"


class Abroad(Customer):
    """A customer whose calls go to another Region."""

    def call(self, service: str, operation: str, **parameters: object) -> tuple[int, Any]:
        """Status and body."""
        return self.emulator.call(service, operation, parameters, region=ELSEWHERE)


def with_backup(customer: Customer | None = None) -> Customer:
    """An active cluster with an HSM and one READY backup."""
    customer = customer or Customer()
    customer.create_cluster()
    customer.add_hsm()
    customer.initialize()
    customer.wait()
    return customer


def policy_for(account: str, effect: str = "Allow") -> str:
    principal = {"AWS": f"arn:aws:iam::{account}:root"}
    statement = {"Effect": effect, "Principal": principal, "Action": ["cloudhsm:CreateCluster"]}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def test_a_change_of_the_type_takes_its_time_and_can_be_taken_back_for_a_day() -> None:
    customer = Customer()
    customer.create_cluster(HsmType="hsm1.medium")
    customer.add_hsm()
    customer.initialize()
    named = {"ClusterId": customer.cluster_id}
    newer, older = {**named, "HsmType": "hsm2m.medium"}, {**named, "HsmType": "hsm1.medium"}
    made = customer.hsm("ModifyCluster", **newer)["Cluster"]
    assert made["State"] == "MODIFY_IN_PROGRESS"
    zone = next(iter(made["SubnetMapping"]))
    hsm = {**named, "HsmId": customer.hsms()[0]}
    customer.refused(INVALID, "cloudhsm", "CreateHsm", **named, AvailabilityZone=zone)
    customer.refused(INVALID, "cloudhsm", "DeleteHsm", **hsm)
    customer.refused(INVALID, "cloudhsm", "ModifyCluster", **older)
    code = ErrorCode.OPERATOR_INVALID_REQUEST
    user = {"UserName": "kmsuser", "Password": "kmsuserPassword1"}
    customer.refused(code, "operator", "CreateUser", **named, **user)
    customer.wait()
    changed = customer.cluster()
    assert (changed["State"], changed["HsmType"]) == ("ACTIVE", "hsm2m.medium")
    assert changed["Hsms"][0]["HsmType"] == "hsm2m.medium"
    expiration = changed["HsmTypeRollbackExpiration"]
    assert customer.hsm("ModifyCluster", **older)["Cluster"]["State"] == "ROLLBACK_IN_PROGRESS"
    customer.wait()
    assert customer.cluster()["HsmType"] == "hsm1.medium"
    assert "HsmTypeRollbackExpiration" not in customer.cluster()
    customer.hsm("ModifyCluster", **newer)
    customer.wait()
    assert customer.cluster()["HsmTypeRollbackExpiration"] > expiration
    customer.wait(DAY)
    assert "HsmTypeRollbackExpiration" not in customer.cluster()
    customer.refused(INVALID, "cloudhsm", "ModifyCluster", **older)


def test_a_store_over_a_changing_cluster_uses_its_keys_and_makes_none() -> None:
    customer = Customer()
    customer.create_cluster(HsmType="hsm1.medium")
    customer.add_hsm(0)
    customer.initialize()
    customer.operate("CreateUser", UserName="kmsuser", Password="kmsuserPassword1")
    customer.add_hsm(1)
    customer.create_store()
    customer.connect()
    blob = customer.encrypt(customer.create_key())
    customer.hsm("ModifyCluster", ClusterId=customer.cluster_id, HsmType="hsm2m.medium")
    assert customer.decrypt(blob) == b"secret"
    code = ErrorCode.CLUSTER_INVALID_CONFIGURATION
    wanted = {"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": customer.store_id}
    customer.refused(code, "kms", "CreateKey", **wanted)
    customer.wait()
    customer.create_key()
    assert customer.decrypt(blob) == b"secret"


@pytest.mark.parametrize("days", ["6", "380", "999"])
def test_a_retention_policy_has_bounds(days: str) -> None:
    customer = with_backup()
    policy = {"Type": "DAYS", "Value": days}
    named = {"ClusterId": customer.cluster_id}
    customer.refused(INVALID, "cloudhsm", "ModifyCluster", **named, BackupRetentionPolicy=policy)
    customer.refused(INVALID, "cloudhsm", "ModifyCluster", **named)
    assert customer.cluster()["BackupRetentionPolicy"]["Value"] == "90"


def test_a_shorter_policy_holds_for_what_is_there_but_never_for_the_last() -> None:
    customer = with_backup()
    customer.delete_hsms()
    first, last = (backup["BackupId"] for backup in reversed(customer.backups()))
    policy = {"Type": "DAYS", "Value": "7"}
    customer.wait(30 * DAY)
    customer.hsm("ModifyCluster", ClusterId=customer.cluster_id, BackupRetentionPolicy=policy)
    customer.hsm("ModifyBackupAttributes", BackupId=first, NeverExpires=True)
    customer.wait(8 * DAY)

    def states() -> dict[str, str]:
        return {one["BackupId"]: one["BackupState"] for one in customer.backups()}

    assert states() == {first: "READY", last: "READY"}
    customer.hsm("ModifyBackupAttributes", BackupId=first, NeverExpires=False)
    customer.wait(DAY - 1)
    assert states()[first] == "READY"
    customer.wait(1)
    assert states() == {first: "PENDING_DELETION", last: "READY"}
    customer.refused(
        INVALID, "cloudhsm", "ModifyBackupAttributes", BackupId=first, NeverExpires=True
    )
    customer.hsm("RestoreBackup", BackupId=first)
    policy["Value"] = "379"
    customer.hsm("ModifyCluster", ClusterId=customer.cluster_id, BackupRetentionPolicy=policy)
    customer.wait(300 * DAY)
    assert states() == {first: "READY", last: "READY"}


def test_a_copy_is_found_by_its_source_and_restored_there() -> None:
    emulator = Embedded()
    customer, abroad = Customer(emulator), Abroad(emulator)
    customer.build_store()
    customer.create_key()
    customer.delete_hsms()
    source = customer.backups()[0]
    tag = {"Key": "Stage", "Value": "test"}
    customer.hsm("TagResource", ResourceId=source["BackupId"], TagList=[tag])
    copy = {"BackupId": source["BackupId"], "DestinationRegion": ELSEWHERE}
    told = customer.hsm("CopyBackupToRegion", **copy)["DestinationBackup"]
    assert told == {
        "CreateTimestamp": source["CreateTimestamp"],
        "SourceRegion": "us-east-1",
        "SourceBackup": source["BackupId"],
        "SourceCluster": customer.cluster_id,
    }
    found = {"Filters": {"sourceBackupIds": [source["BackupId"]]}}
    assert customer.hsm("DescribeBackups", **found) == {"Backups": []}
    (made,) = abroad.hsm("DescribeBackups", **found)["Backups"]
    assert made.items() >= told.items()
    assert made["BackupState"] == "CREATE_IN_PROGRESS"
    assert made["TagList"] == [tag]
    assert made["CopyTimestamp"] > made["CreateTimestamp"]
    other = [{"Key": "Owner", "Value": ""}]
    customer.hsm("CopyBackupToRegion", **copy, TagList=other)
    assert abroad.backups()[0]["TagList"] == other
    abroad.wait()
    assert {backup["BackupState"] for backup in abroad.backups()} == {"READY"}
    abroad.create_cluster(SourceBackupId=made["BackupId"])
    abroad.add_hsm()
    there, here = abroad.cluster()["Certificates"], customer.cluster()["Certificates"]
    assert there == here
    users = [user["UserName"] for user in abroad.operate("ListUsers")["Users"]]
    assert "kmsuser" in users
    assert len(abroad.operate("ListHsmKeys")["Keys"]) == 1
    abroad.wait(400 * DAY)
    assert len(abroad.hsm("DescribeBackups", **found)["Backups"]) == 2


def test_what_is_not_copied() -> None:
    customer = with_backup()
    copy = {"BackupId": customer.backups()[0]["BackupId"]}
    for region in ("us-east-1", "us-gov-west-1"):
        customer.refused(
            INVALID, "cloudhsm", "CopyBackupToRegion", **copy, DestinationRegion=region
        )
    copy["BackupId"] = "backup-aaaaaaaaaaa"
    customer.refused(UNKNOWN, "cloudhsm", "CopyBackupToRegion", **copy, DestinationRegion=ELSEWHERE)


def test_a_policy_lets_another_account_restore() -> None:
    emulator = Embedded()
    owner, other = with_backup(Customer(emulator)), Customer(emulator, "111122223333")
    arn = owner.backups()[0]["BackupArn"]
    source = {"HsmType": "hsm2m.medium", "SubnetIds": list(SUBNETS), "SourceBackupId": arn}
    other.refused(UNKNOWN, "cloudhsm", "CreateCluster", **source)
    assert owner.hsm("GetResourcePolicy", ResourceArn=arn) == {}
    for policy in (policy_for(other.account), policy_for("444455556666")):
        put = owner.hsm("PutResourcePolicy", ResourceArn=arn, Policy=policy)
        assert put == {"ResourceArn": arn, "Policy": policy}
        assert owner.hsm("GetResourcePolicy", ResourceArn=arn) == {"Policy": policy}
    other.refused(UNKNOWN, "cloudhsm", "CreateCluster", **source)
    owner.hsm("PutResourcePolicy", ResourceArn=arn, Policy=policy_for(other.account))
    assert other.hsm("DescribeBackups", Shared=True) == {"Backups": []}
    other.create_cluster(SourceBackupId=arn)
    gone = owner.hsm("DeleteResourcePolicy", ResourceArn=arn)
    assert gone == {"ResourceArn": arn, "Policy": policy_for(other.account)}
    other.add_hsm()
    assert other.cluster()["Certificates"] == owner.cluster()["Certificates"]
    assert [user["UserName"] for user in other.operate("ListUsers")["Users"]] == [
        "admin",
        "app_user",
    ]


@pytest.mark.parametrize(
    "policy",
    ["no JSON", "[]", "{}", "1", '{"Statement": [1]}', "[" * 20_000, policy_for("1", "Let")],
)
def test_a_policy_is_a_document_with_statements(policy: str) -> None:
    customer = with_backup()
    arn = customer.backups()[0]["BackupArn"]
    customer.refused(INVALID, "cloudhsm", "PutResourcePolicy", ResourceArn=arn, Policy=policy)


def test_only_a_backup_of_ones_own_has_a_policy() -> None:
    customer = with_backup()
    backup = customer.backups()[0]
    arn, policy = backup["BackupArn"], policy_for("111122223333")
    other = arn.replace("000000000000", "111122223333")
    cluster = arn.replace(f"backup/{backup['BackupId']}", f"cluster/{customer.cluster_id}")
    for operation in ("GetResourcePolicy", "DeleteResourcePolicy", "PutResourcePolicy"):
        more = {"Policy": policy} if operation == "PutResourcePolicy" else {}
        customer.refused(UNKNOWN, "cloudhsm", operation, ResourceArn=other, **more)
        customer.refused(INVALID, "cloudhsm", operation, ResourceArn=cluster, **more)
        customer.refused(INVALID, "cloudhsm", operation, **more)
    customer.hsm("DeleteBackup", BackupId=backup["BackupId"])
    customer.refused(INVALID, "cloudhsm", "PutResourcePolicy", ResourceArn=arn, Policy=policy)


def test_tags_are_added_replaced_listed_and_removed() -> None:
    customer = with_backup()
    for name in (customer.cluster_id, customer.backups()[0]["BackupId"]):
        tags = [{"Key": f"k{number:02}", "Value": ""} for number in range(50)]
        assert customer.hsm("TagResource", ResourceId=name, TagList=tags) == {}
        more = [{"Key": "one more", "Value": ""}]
        code = ErrorCode.CLOUDHSM_RESOURCE_LIMIT_EXCEEDED
        customer.refused(code, "cloudhsm", "TagResource", ResourceId=name, TagList=more)
        customer.hsm("TagResource", ResourceId=name, TagList=[{"Key": "k00", "Value": "new"}])
        first = customer.hsm("ListTags", ResourceId=name, MaxResults=30)
        rest = customer.hsm("ListTags", ResourceId=name, NextToken=first["NextToken"])
        assert len(first["TagList"]) == 30
        listed = first["TagList"] + rest["TagList"]
        assert listed == [{"Key": "k00", "Value": "new"}, *tags[1:]]
        keys = [tag["Key"] for tag in tags[1:]]
        customer.hsm("UntagResource", ResourceId=name, TagKeyList=[*keys, "none"])
        left = {"TagList": [{"Key": "k00", "Value": "new"}]}
        assert customer.hsm("ListTags", ResourceId=name) == left
    assert customer.cluster()["TagList"] == left["TagList"]
    assert customer.backups()[0]["TagList"] == left["TagList"]


def test_an_hsm_of_a_dualstack_cluster_has_two_addresses() -> None:
    customer = Customer()
    customer.create_cluster(NetworkType="DUALSTACK")
    zone = next(iter(customer.cluster()["SubnetMapping"]))
    named = {"ClusterId": customer.cluster_id, "AvailabilityZone": zone, "IpAddress": "10.0.0.5"}
    made = customer.hsm("CreateHsm", **named)["Hsm"]
    assert (made["EniIp"], made["EniIpV6"]) == ("10.0.0.5", "2001:db8::a00:5")
    assert customer.cluster()["NetworkType"] == "DUALSTACK"


def test_terraform_finds_what_it_waits_for() -> None:
    """States and members at the moments at which the AWS provider polls."""
    customer = with_backup()
    seen = []
    made = customer.hsm(
        "CreateCluster",
        HsmType="hsm2m.medium",
        SubnetIds=list(SUBNETS),
        SourceBackupId=customer.backups()[0]["BackupId"],
    )["Cluster"]
    for _ in range(2):
        seen.append(customer.cluster(made["ClusterId"])["State"])
        customer.wait(30)
    assert seen == ["CREATE_IN_PROGRESS", "ACTIVE"]
    new = customer.create_cluster()
    customer.wait(30)
    assert customer.cluster(new)["State"] == "UNINITIALIZED"
    customer.add_hsm()
    hsms = [hsm for one in customer.hsm("DescribeClusters")["Clusters"] for hsm in one["Hsms"]]
    assert len(hsms) == 2
    assert all(hsm["EniId"] for hsm in hsms)
    customer.delete_hsms()
    customer.hsm("DeleteCluster", ClusterId=new)
    customer.wait(30)
    status, body = customer.call("cloudhsm", "DescribeClusters", Filters={"clusterIds": [new]})
    assert (status, body) == (OK, {"Clusters": []})
