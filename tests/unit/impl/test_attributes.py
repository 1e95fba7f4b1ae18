"""Key policies, tags, last usage and AWS managed keys, as a caller meets them."""

import json

import pytest
from botocore.loaders import Loader

from kmspec.names import ErrorCode
from kmspec_impl.kms import last_usage
from kmspec_model import usage
from tests.unit.impl.support import Customer

ROOT = "arn:aws:iam::000000000000:root"
LOCKED_OUT = "The new key policy will not allow you to update the key policy in the future."
OTHER_ROLE = "arn:aws:iam::111122223333:role/other"


def new_key(customer: Customer, **more: object) -> str:
    return str(customer.kms("CreateKey", **more)["KeyMetadata"]["KeyId"])


def document(principal: object = None, action: object = "kms:*", **more: object) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": ROOT} if principal is None else principal,
        "Action": action,
        "Resource": "*",
        **more,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def put(customer: Customer, key_id: str, policy: str, **more: object) -> tuple[int, str]:
    given = {"KeyId": key_id, "Policy": policy, **more}
    status, body = customer.call("kms", "PutKeyPolicy", **given)
    return status, str(body.get("__type", "")) + str(body.get("message", ""))


def test_a_policy_is_kept_as_it_was_written() -> None:
    customer = Customer()
    key_id = new_key(customer)
    first = customer.kms("GetKeyPolicy", KeyId=key_id)
    assert first["PolicyName"] == "default"
    assert json.loads(first["Policy"])["Statement"][0]["Sid"] == "Enable IAM User Permissions"
    written = document() + "\n "
    customer.kms("PutKeyPolicy", KeyId=key_id, Policy=written, PolicyName="default")
    assert customer.kms("GetKeyPolicy", KeyId=key_id)["Policy"] == written
    assert customer.kms("ListKeyPolicies", KeyId=key_id) == {
        "PolicyNames": ["default"],
        "Truncated": False,
    }


@pytest.mark.parametrize(
    "policy",
    [
        document("*"),
        document({"AWS": "*"}),
        document({"AWS": "000000000000"}),
        document({"AWS": [OTHER_ROLE, "arn:aws:iam::000000000000:user/me"]}),
        document({"AWS": "arn:aws:iam:::root"}),
        document({"Service": "logs.amazonaws.com", "AWS": ROOT}),
        document(action=["kms:Get*", "kms:Put*"]),
        document(action="*"),
        document(action="KMS:putkeypolicy"),
        json.dumps({"Statement": json.loads(document())["Statement"][0]}),
    ],
)
def test_policies_that_are_taken(policy: str) -> None:
    customer = Customer()
    key_id = new_key(customer, Policy=policy)
    customer.kms("PutKeyPolicy", KeyId=key_id, Policy=policy)
    assert customer.kms("GetKeyPolicy", KeyId=key_id)["Policy"] == policy


@pytest.mark.parametrize(
    "policy",
    [
        document({"AWS": OTHER_ROLE}),
        document(action="kms:Describe*"),
        document(action="s3:*"),
        document(Effect="Deny"),
        document(Condition={"Bool": {"aws:SecureTransport": "true"}}),
        document({"Service": "logs.amazonaws.com"}),
    ],
)
def test_policies_that_lock_out(policy: str) -> None:
    customer = Customer()
    key_id = new_key(customer)
    malformed = ErrorCode.MALFORMED_POLICY
    assert put(customer, key_id, policy) == (400, malformed.value + LOCKED_OUT)
    assert customer.refused(malformed, "kms", "CreateKey", Policy=policy) == LOCKED_OUT
    bypass = {"BypassPolicyLockoutSafetyCheck": True}
    assert put(customer, key_id, policy, **bypass) == (200, "")
    new_key(customer, Policy=policy, **bypass)


@pytest.mark.parametrize(
    "policy",
    [
        "nonsense",
        "[]",
        "{}",
        '{"Statement": []}',
        '{"Statement": ["x"]}',
        '{"Version": "2020-01-01", "Statement": {"Effect": "Allow", "Principal": "*"}}',
        '{"Statement": {"Effect": "Perhaps", "Principal": "*"}}',
        '{"Statement": {"Effect": "Allow", "Action": "kms:*"}}',
        '{"Statement": {"Effect": "Allow", "Principal": "*", "NotPrincipal": "*"}}',
        '{"Statement": {"Effect": "Allow", "Principal": "*"}, "Other": 1}',
        document({"AWS": "somebody"}),
        document({"AWS": []}),
        document({"AWS": 1}),
        document({"Nobody": "x"}),
        document({}),
        document(1),
    ],
)
def test_policies_that_are_none(policy: str) -> None:
    customer = Customer()
    key_id = new_key(customer)
    before = customer.kms("GetKeyPolicy", KeyId=key_id)
    given = {"KeyId": key_id, "Policy": policy, "BypassPolicyLockoutSafetyCheck": True}
    customer.refused(ErrorCode.MALFORMED_POLICY, "kms", "PutKeyPolicy", **given)
    assert customer.kms("GetKeyPolicy", KeyId=key_id) == before


def test_policies_of_another_name_and_size() -> None:
    customer = Customer()
    key_id = new_key(customer)
    ram = {"KeyId": key_id, "PolicyName": "AWS_RAM"}
    customer.refused(ErrorCode.NOT_FOUND, "kms", "GetKeyPolicy", **ram)
    text = customer.refused(ErrorCode.VALIDATION, "kms", "PutKeyPolicy", Policy=document(), **ram)
    assert text == "The AWS_RAM policy can only be managed by the RAM service."
    other = {"KeyId": key_id, "PolicyName": "other", "Policy": document()}
    customer.refused(ErrorCode.VALIDATION, "kms", "PutKeyPolicy", **other)
    large = {"KeyId": key_id, "Policy": document() + " " * 32_768}
    customer.refused(ErrorCode.LIMIT_EXCEEDED, "kms", "PutKeyPolicy", **large)


def tag(name: str, value: str = "") -> dict[str, str]:
    return {"TagKey": name, "TagValue": value}


def test_tags_come_change_and_go() -> None:
    customer = Customer()
    key_id = new_key(customer, Tags=[tag("b", "1")])
    customer.kms("TagResource", KeyId=key_id, Tags=[tag("a"), tag("b", "2"), tag("B", "3")])
    listed = customer.kms("ListResourceTags", KeyId=key_id)
    assert listed == {"Tags": [tag("B", "3"), tag("a"), tag("b", "2")], "Truncated": False}
    first = customer.kms("ListResourceTags", KeyId=key_id, Limit=2)
    rest = customer.kms("ListResourceTags", KeyId=key_id, Marker=first["NextMarker"])
    assert first["Tags"] + rest["Tags"] == listed["Tags"]
    customer.kms("UntagResource", KeyId=key_id, TagKeys=["a", "absent"])
    assert customer.kms("ListResourceTags", KeyId=key_id)["Tags"] == listed["Tags"][::2]
    customer.refused(ErrorCode.VALIDATION, "kms", "ListResourceTags", KeyId=key_id, Limit=51)
    marker = {"KeyId": key_id, "Marker": "x"}
    customer.refused(ErrorCode.INVALID_MARKER, "kms", "ListResourceTags", **marker)


@pytest.mark.parametrize(
    ("tags", "text"),
    [
        ([tag("a"), tag("a", "2")], "Duplicate tag keys"),
        ([tag("aWs:a")], "Tags beginning with aws: are reserved"),
        ([tag("one more")], "Too many tags"),
    ],
)
def test_tags_that_are_not_taken(tags: list[dict[str, str]], text: str) -> None:
    customer = Customer()
    key_id = new_key(customer, Tags=[tag(str(number)) for number in range(50)])
    given = {"KeyId": key_id, "Tags": tags}
    assert customer.refused(ErrorCode.TAG, "kms", "TagResource", **given) == text
    assert len(customer.kms("ListResourceTags", KeyId=key_id)["Tags"]) == 50
    customer.kms("TagResource", KeyId=key_id, Tags=[tag("0", "other")])


def test_neither_aliases_nor_keys_on_their_way_out_are_tagged() -> None:
    customer = Customer()
    key_id = new_key(customer)
    customer.kms("CreateAlias", AliasName="alias/a", TargetKeyId=key_id)
    alias = {"KeyId": "alias/a", "Tags": [tag("a")]}
    customer.refused(ErrorCode.NOT_FOUND, "kms", "TagResource", **alias)
    customer.kms("ScheduleKeyDeletion", KeyId=key_id)
    for operation, given in (
        ("TagResource", {"Tags": [tag("a")]}),
        ("UntagResource", {"TagKeys": ["a"]}),
    ):
        customer.refused(ErrorCode.KMS_INVALID_STATE, "kms", operation, KeyId=key_id, **given)


def used(customer: Customer, key_id: str) -> dict[str, object]:
    found: dict[str, object] = customer.kms("GetKeyLastUsage", KeyId=key_id)["KeyLastUsage"]
    return found


def test_the_last_use_of_a_key() -> None:
    customer = Customer()
    key_id, other = new_key(customer), new_key(customer)
    assert customer.kms("GetKeyLastUsage", KeyId=key_id) == {
        "KeyId": f"arn:aws:kms:us-east-1:000000000000:key/{key_id}",
        "KeyLastUsage": {},
        "TrackingStartDate": 1_767_225_600.0,
        "KeyCreationDate": 1_767_225_600.0,
    }
    blob = customer.encrypt(key_id)
    customer.wait(5)
    first = used(customer, key_id)
    assert first["Operation"] == "Encrypt"
    assert first["Timestamp"] == 1_767_225_600.0
    assert len({first["CloudTrailEventId"], first["KmsRequestId"]}) == 2
    dry = {"KeyId": key_id, "KeySpec": "AES_256", "DryRun": True}
    customer.refused(ErrorCode.DRY_RUN, "kms", "GenerateDataKey", **dry)
    wrong = {"CiphertextBlob": blob, "EncryptionContext": {"a": "b"}}
    customer.refused(ErrorCode.INVALID_CIPHERTEXT, "kms", "Decrypt", **wrong)
    assert used(customer, key_id) == first
    assert used(customer, other) == {}
    customer.kms("ReEncrypt", CiphertextBlob=blob, DestinationKeyId=other)
    for one in (key_id, other):
        assert used(customer, one)["Operation"] == "ReEncrypt"
        assert used(customer, one)["Timestamp"] == 1_767_225_605.0


def test_every_operation_that_aws_follows_is_followed() -> None:
    model = Loader().load_service_model("kms", "service-2")
    followed = set(model["shapes"]["KeyLastUsageTrackingOperation"]["enum"])
    assert followed == last_usage.TRACKED == usage.TRACKED


def test_an_aws_managed_key_is_made_when_it_is_first_asked_for() -> None:
    customer = Customer()
    aliases = {one["AliasName"]: one for one in customer.kms("ListAliases", Limit=100)["Aliases"]}
    arn = "arn:aws:kms:us-east-1:000000000000:alias/aws/s3"
    assert aliases["alias/aws/s3"] == {"AliasName": "alias/aws/s3", "AliasArn": arn}
    assert customer.kms("ListKeys")["Keys"] == []
    shown = customer.kms("DescribeKey", KeyId="alias/aws/s3")["KeyMetadata"]
    assert (shown["KeyManager"], shown["Origin"], shown["Enabled"]) == ("AWS", "AWS_KMS", True)
    assert customer.kms("DescribeKey", KeyId=arn)["KeyMetadata"] == shown
    (alias,) = customer.kms("ListAliases", KeyId=shown["KeyId"])["Aliases"]
    assert (alias["AliasName"], alias["TargetKeyId"]) == ("alias/aws/s3", shown["KeyId"])
    assert [key["KeyId"] for key in customer.kms("ListKeys")["Keys"]] == [shown["KeyId"]]
    policy = json.loads(customer.kms("GetKeyPolicy", KeyId=shown["KeyId"])["Policy"])
    assert policy["Statement"][0]["Condition"]["StringEquals"]["kms:ViaService"].startswith("s3.")
    assert customer.decrypt(customer.encrypt("alias/aws/ebs")) == b"secret"
    customer.refused(ErrorCode.NOT_FOUND, "kms", "DescribeKey", KeyId="alias/aws/nothing")


def test_a_refused_request_makes_no_aws_managed_key() -> None:
    customer = Customer()
    dry = {"KeyId": "alias/aws/s3", "Plaintext": b"x", "DryRun": True}
    customer.refused(ErrorCode.DRY_RUN, "kms", "Encrypt", **dry)
    customer.refused(ErrorCode.NOT_FOUND, "kms", "DisableKey", KeyId="alias/aws/s3")
    assert customer.kms("ListKeys")["Keys"] == []


def test_an_aws_managed_key_is_not_changed() -> None:
    customer = Customer()
    key_id = customer.kms("DescribeKey", KeyId="alias/aws/s3")["KeyMetadata"]["KeyId"]
    calls: dict[str, dict[str, object]] = {
        "EnableKey": {},
        "DisableKey": {},
        "UpdateKeyDescription": {"Description": "mine"},
        "ScheduleKeyDeletion": {},
        "CancelKeyDeletion": {},
        "PutKeyPolicy": {"Policy": document()},
        "TagResource": {"Tags": [tag("a")]},
        "UntagResource": {"TagKeys": ["a"]},
    }
    for operation, given in calls.items():
        customer.refused(ErrorCode.ACCESS_DENIED, "kms", operation, KeyId=key_id, **given)
    target = {"AliasName": "alias/mine", "TargetKeyId": key_id}
    customer.refused(ErrorCode.ACCESS_DENIED, "kms", "CreateAlias", **target)
    own = new_key(customer)
    reserved = {"AliasName": "alias/aws/s3", "TargetKeyId": own}
    customer.refused(ErrorCode.INVALID_ALIAS_NAME, "kms", "CreateAlias", **reserved)
    customer.refused(ErrorCode.ACCESS_DENIED, "kms", "UpdateAlias", **reserved)
    name = {"AliasName": "alias/aws/s3"}
    customer.refused(ErrorCode.ACCESS_DENIED, "kms", "DeleteAlias", **name)
