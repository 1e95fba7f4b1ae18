"""Grants: what a caller gets, what is refused, what lists show, and when a grant ends."""

import base64
import re

import pytest

from kmspec.limits import GRANT_CONSTRAINT_PAIRS
from kmspec.names import ErrorCode
from kmspec_impl.kms import grants
from tests.unit.impl.support import DAY, Customer

GRANTEE = "arn:aws:iam::111122223333:role/grantee"
RETIRING = "arn:aws:iam::111122223333:user/retiring"
SERVICE = "events.amazonaws.com"
SOURCE = "arn:aws:events:us-east-1:111122223333:rule/one"
DRY_RUN = "The request would have succeeded, but the DryRun option is set."


def new_key(customer: Customer, **more: object) -> str:
    return str(customer.kms("CreateKey", **more)["KeyMetadata"]["KeyId"])


def wanted(key_id: str, **more: object) -> dict[str, object]:
    return {
        "KeyId": key_id,
        "GranteePrincipal": GRANTEE,
        "Operations": ["Encrypt", "Decrypt"],
        **more,
    }


def listed(customer: Customer, key_id: str, **more: object) -> list[str]:
    found = customer.kms("ListGrants", KeyId=key_id, **more)["Grants"]
    return [grant["GrantId"] for grant in found]


def test_a_grant_is_listed_as_it_was_made() -> None:
    customer = Customer()
    key_id = new_key(customer)
    constraints = {"EncryptionContextSubset": {"a": "b"}, "SourceArn": SOURCE}
    made = customer.kms(
        "CreateGrant",
        **wanted(key_id, RetiringPrincipal=RETIRING, Name="mine", Constraints=constraints),
    )
    assert re.fullmatch("[0-9a-f]{64}", made["GrantId"])
    assert base64.b64decode(made["GrantToken"], validate=True)
    arn = f"arn:aws:kms:us-east-1:000000000000:key/{key_id}"
    entry = {
        "KeyId": arn,
        "GrantId": made["GrantId"],
        "Name": "mine",
        "CreationDate": 1_767_225_600.0,
        "GranteePrincipal": GRANTEE,
        "RetiringPrincipal": RETIRING,
        "IssuingAccount": "arn:aws:iam::000000000000:root",
        "Operations": ["Encrypt", "Decrypt"],
        "Constraints": constraints,
    }
    assert customer.kms("ListGrants", KeyId=arn) == {"Grants": [entry], "Truncated": False}
    retirable = customer.kms("ListRetirableGrants", RetiringPrincipal=RETIRING)
    assert retirable["Grants"] == [entry]
    assert customer.kms("ListRetirableGrants", RetiringPrincipal=GRANTEE)["Grants"] == []
    customer.kms("CreateGrant", **wanted(key_id))
    plain = next(one for one in customer.kms("ListGrants", KeyId=arn)["Grants"] if one != entry)
    assert plain["Name"] == ""
    assert {"RetiringPrincipal", "Constraints"}.isdisjoint(plain)


def test_a_name_makes_one_grant_of_the_same_requests_and_new_tokens() -> None:
    customer = Customer()
    key_id = new_key(customer)
    first, again = (customer.kms("CreateGrant", **wanted(key_id, Name="one")) for _ in range(2))
    assert first["GrantId"] == again["GrantId"]
    assert first["GrantToken"] != again["GrantToken"]
    other = customer.kms("CreateGrant", **wanted(key_id, Name="one", Operations=["Encrypt"]))
    nameless = [customer.kms("CreateGrant", **wanted(key_id))["GrantId"] for _ in range(2)]
    assert len({first["GrantId"], other["GrantId"], *nameless}) == 4
    for token in (first["GrantToken"], again["GrantToken"]):
        customer.kms("DescribeKey", KeyId=key_id, GrantTokens=[token])
    customer.kms("RetireGrant", GrantToken=again["GrantToken"])
    refused = {"KeyId": key_id, "GrantTokens": [first["GrantToken"]]}
    customer.refused(ErrorCode.INVALID_GRANT_TOKEN, "kms", "DescribeKey", **refused)


@pytest.mark.parametrize(
    ("code", "more"),
    [
        (ErrorCode.VALIDATION, {"GranteePrincipal": None}),
        (ErrorCode.VALIDATION, {"GranteeServicePrincipal": SERVICE}),
        (
            ErrorCode.VALIDATION,
            {"RetiringPrincipal": RETIRING, "RetiringServicePrincipal": SERVICE},
        ),
        (ErrorCode.VALIDATION, {"GranteePrincipal": None, "GranteeServicePrincipal": SERVICE}),
        (
            ErrorCode.VALIDATION,
            {
                "GranteePrincipal": None,
                "GranteeServicePrincipal": SERVICE,
                "RetiringPrincipal": RETIRING,
            },
        ),
        (ErrorCode.VALIDATION, {"Operations": []}),
        (ErrorCode.VALIDATION, {"Operations": ["Encrypt", "Sign"]}),
        (ErrorCode.VALIDATION, {"Operations": ["GetPublicKey"]}),
        (ErrorCode.VALIDATION, {"Operations": ["CreateKey"]}),
        (
            ErrorCode.VALIDATION,
            {"Constraints": {"EncryptionContextEquals": {str(n): "" for n in range(9)}}},
        ),
        (ErrorCode.VALIDATION, {"Constraints": {"EncryptionContextSubset": {"a": "b" * 385}}}),
        (ErrorCode.INVALID_ARN, {"GranteePrincipal": "somebody"}),
        (ErrorCode.INVALID_ARN, {"RetiringPrincipal": "somebody"}),
        (ErrorCode.INVALID_GRANT_TOKEN, {"GrantTokens": ["bm9uZQ=="]}),
        (ErrorCode.NOT_FOUND, {"KeyId": "alias/a"}),
        (ErrorCode.DRY_RUN, {"DryRun": True}),
    ],
)
def test_grants_that_are_not_made(code: ErrorCode, more: dict[str, object]) -> None:
    customer = Customer()
    key_id = new_key(customer)
    given = {name: value for name, value in wanted(key_id, **more).items() if value is not None}
    customer.refused(code, "kms", "CreateGrant", **given)
    assert listed(customer, key_id) == []


def test_a_grant_to_a_service_needs_a_source_and_somebody_to_retire_it() -> None:
    customer = Customer()
    key_id = new_key(customer)
    pairs = {str(number): "" for number in range(GRANT_CONSTRAINT_PAIRS)}
    constraints = {"SourceArn": SOURCE, "EncryptionContextEquals": pairs}
    made = customer.kms(
        "CreateGrant",
        KeyId=key_id,
        GranteeServicePrincipal=SERVICE,
        RetiringServicePrincipal=SERVICE,
        Operations=["GenerateDataKey"],
        Constraints=constraints,
    )
    (entry,) = customer.kms("ListGrants", KeyId=key_id)["Grants"]
    assert (entry["GranteeServicePrincipal"], entry["RetiringServicePrincipal"]) == (
        SERVICE,
        SERVICE,
    )
    found = customer.kms("ListRetirableGrants", RetiringServicePrincipal=SERVICE)["Grants"]
    assert [one["GrantId"] for one in found] == [made["GrantId"]]


def test_filters_pages_and_ids_that_are_none() -> None:
    customer = Customer()
    key_id, other = new_key(customer), new_key(customer)
    made = [customer.kms("CreateGrant", **wanted(key_id))["GrantId"] for _ in range(5)]
    assert sorted(made) == listed(customer, key_id)
    assert listed(customer, key_id, GrantId=made[2]) == [made[2]]
    assert listed(customer, other, GrantId=made[2]) == []
    assert listed(customer, key_id, GranteePrincipal=RETIRING) == []
    seen: list[str] = []
    marker: dict[str, object] = {}
    for _ in range(3):
        page = customer.kms("ListGrants", KeyId=key_id, Limit=2, **marker)
        seen += [grant["GrantId"] for grant in page["Grants"]]
        marker = {"Marker": page["NextMarker"]} if page["Truncated"] else {}
    assert seen == sorted(made)
    for operation in ("ListGrants", "RevokeGrant", "RetireGrant"):
        malformed = {"KeyId": key_id, "GrantId": "grant"}
        customer.refused(ErrorCode.INVALID_GRANT_ID, "kms", operation, **malformed)
    customer.refused(ErrorCode.VALIDATION, "kms", "ListGrants", KeyId=key_id, Limit=101)
    both = {"GranteePrincipal": GRANTEE, "GranteeServicePrincipal": SERVICE}
    customer.refused(ErrorCode.VALIDATION, "kms", "ListGrants", KeyId=key_id, **both)


def test_how_grants_end() -> None:
    customer = Customer()
    key_id, other = new_key(customer), new_key(customer)
    made = [customer.kms("CreateGrant", **wanted(key_id)) for _ in range(3)]
    ids = [one["GrantId"] for one in made]
    identity = {"KeyId": key_id, "GrantId": ids[0]}
    for operation in ("RevokeGrant", "RetireGrant"):
        dry = {**identity, "DryRun": True}
        assert customer.refused(ErrorCode.DRY_RUN, "kms", operation, **dry) == DRY_RUN
        foreign = {**identity, "KeyId": other}
        customer.refused(ErrorCode.NOT_FOUND, "kms", operation, **foreign)
    assert len(listed(customer, key_id)) == 3
    customer.kms("RevokeGrant", **identity)
    customer.refused(ErrorCode.NOT_FOUND, "kms", "RevokeGrant", **identity)
    customer.kms(
        "RetireGrant", KeyId=f"arn:aws:kms:us-east-1:000000000000:key/{key_id}", GrantId=ids[1]
    )
    customer.kms("RetireGrant", GrantToken=made[2]["GrantToken"])
    assert listed(customer, key_id) == []
    gone = {"GrantToken": made[2]["GrantToken"]}
    customer.refused(ErrorCode.INVALID_GRANT_TOKEN, "kms", "RetireGrant", **gone)
    for half in ({}, {"KeyId": key_id}, {"GrantId": ids[0]}):
        customer.refused(ErrorCode.VALIDATION, "kms", "RetireGrant", **half)


def test_the_states_of_the_key() -> None:
    customer = Customer()
    key_id = new_key(customer)
    made = customer.kms("CreateGrant", **wanted(key_id, RetiringPrincipal=RETIRING))
    customer.kms("DisableKey", KeyId=key_id)
    text = customer.refused(ErrorCode.DISABLED, "kms", "CreateGrant", **wanted(key_id))
    assert text.endswith("is disabled.")
    customer.kms("ScheduleKeyDeletion", KeyId=key_id, PendingWindowInDays=7)
    customer.refused(ErrorCode.KMS_INVALID_STATE, "kms", "CreateGrant", **wanted(key_id))
    assert listed(customer, key_id) == [made["GrantId"]]
    customer.wait(7 * DAY)
    assert customer.kms("ListRetirableGrants", RetiringPrincipal=RETIRING)["Grants"] == []
    token = {"GrantToken": made["GrantToken"]}
    customer.refused(ErrorCode.INVALID_GRANT_TOKEN, "kms", "RetireGrant", **token)


def test_a_key_of_a_store_while_it_is_unavailable() -> None:
    customer = Customer().build_store()
    key_id = customer.create_key()
    pairs = wanted(key_id, Operations=["GenerateDataKeyPair"])
    customer.refused(ErrorCode.VALIDATION, "kms", "CreateGrant", **pairs)
    customer.disconnect()
    assert customer.key_state(key_id) == "Unavailable"
    made = customer.kms("CreateGrant", **wanted(key_id))
    assert listed(customer, key_id) == [made["GrantId"]]
    customer.kms("RetireGrant", GrantToken=made["GrantToken"])
    customer.kms("TagResource", KeyId=key_id, Tags=[{"TagKey": "a", "TagValue": ""}])


def test_tokens_are_taken_by_whatever_takes_them() -> None:
    customer = Customer()
    key_id = new_key(customer)
    token = customer.kms("CreateGrant", **wanted(key_id))["GrantToken"]
    blob = customer.encrypt(key_id)
    calls: dict[str, dict[str, object]] = {
        "Encrypt": {"KeyId": key_id, "Plaintext": b"x"},
        "Decrypt": {"CiphertextBlob": blob},
        "ReEncrypt": {"CiphertextBlob": blob, "DestinationKeyId": key_id},
        "GenerateDataKey": {"KeyId": key_id, "KeySpec": "AES_256"},
        "GenerateDataKeyWithoutPlaintext": {"KeyId": key_id, "KeySpec": "AES_256"},
        "DescribeKey": {"KeyId": key_id},
        "CreateGrant": wanted(key_id),
    }
    for operation, given in calls.items():
        customer.kms(operation, GrantTokens=[token], **given)
        unknown = {**given, "GrantTokens": [token, "bm9uZQ=="]}
        customer.refused(ErrorCode.INVALID_GRANT_TOKEN, "kms", operation, **unknown)


def test_a_key_has_so_many_grants_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grants, "GRANTS_PER_KEY", 2)
    customer = Customer()
    key_id = new_key(customer)
    named = wanted(key_id, Name="one")
    customer.kms("CreateGrant", **named)
    customer.kms("CreateGrant", **wanted(key_id))
    customer.kms("CreateGrant", **named)
    customer.refused(ErrorCode.LIMIT_EXCEEDED, "kms", "CreateGrant", **wanted(key_id))
