"""Keys, aliases, stores and ciphertext: parameters, limits, pages and refusals."""

import pytest

from kmspec.names import ErrorCode
from tests.unit.impl.support import DAY, Customer

UNKNOWN = "7e6b1b1e-0000-4000-8000-000000000000"
DRY_RUN = "The request would have succeeded, but the DryRun option is set."


def new_key(customer: Customer, **more: object) -> str:
    return str(customer.kms("CreateKey", **more)["KeyMetadata"]["KeyId"])


def test_metadata_of_an_ordinary_key() -> None:
    customer = Customer()
    shown = customer.kms("CreateKey", Description="mine")["KeyMetadata"]
    material = shown.pop("CurrentKeyMaterialId")
    assert len(material) == 64
    key_id = shown.pop("KeyId")
    assert shown == {
        "AWSAccountId": "000000000000",
        "Arn": f"arn:aws:kms:us-east-1:000000000000:key/{key_id}",
        "CreationDate": 1_767_225_600.0,
        "Enabled": True,
        "Description": "mine",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": "Enabled",
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": False,
    }
    blob = customer.encrypt(key_id)
    assert customer.kms("Decrypt", CiphertextBlob=blob)["KeyMaterialId"] == material
    made = customer.kms("GenerateDataKey", KeyId=key_id, KeySpec="AES_128")
    assert (made["KeyMaterialId"], len(made["Plaintext"])) == (material, 16)


@pytest.mark.parametrize(
    ("code", "parameters"),
    [
        (ErrorCode.VALIDATION, {"Origin": "AWS_CLOUDHSM"}),
        (ErrorCode.VALIDATION, {"CustomKeyStoreId": "cks-1"}),
        (ErrorCode.VALIDATION, {"XksKeyId": "x"}),
        (ErrorCode.VALIDATION, {"KeySpec": "RSA_2048"}),
        (ErrorCode.VALIDATION, {"KeySpec": "RSA_2048", "CustomerMasterKeySpec": "RSA_4096"}),
        (ErrorCode.VALIDATION, {"KeyUsage": "SIGN_VERIFY"}),
        (ErrorCode.UNSUPPORTED_OPERATION, {"KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY"}),
        (
            ErrorCode.UNSUPPORTED_OPERATION,
            {"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-1", "MultiRegion": True},
        ),
        (ErrorCode.STORE_NOT_FOUND, {"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-1"}),
        (ErrorCode.MALFORMED_POLICY, {"Policy": "nonsense"}),
        (ErrorCode.MALFORMED_POLICY, {"Policy": "[]"}),
        (ErrorCode.LIMIT_EXCEEDED, {"Policy": " " * 32_769}),
        (ErrorCode.TAG, {"Tags": [{"TagKey": "a", "TagValue": ""}] * 2}),
        (ErrorCode.TAG, {"Tags": [{"TagKey": "Aws:a", "TagValue": ""}]}),
        (ErrorCode.TAG, {"Tags": [{"TagKey": str(i), "TagValue": ""} for i in range(51)]}),
    ],
)
def test_keys_that_are_not_made(code: ErrorCode, parameters: dict[str, object]) -> None:
    customer = Customer()
    customer.refused(code, "kms", "CreateKey", **parameters)
    assert customer.kms("ListKeys")["Keys"] == []


def test_keys_in_a_store_that_is_not_connected() -> None:
    customer = Customer()
    customer.build_cluster()
    wanted = {"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": customer.create_store()}
    customer.refused(ErrorCode.STORE_INVALID_STATE, "kms", "CreateKey", **wanted)
    customer.connect()
    for fault in ("security-group", "network"):
        customer.operate("SetFault", Name=fault)
        code = ErrorCode.KMS_INTERNAL
        if fault == "security-group":
            code = ErrorCode.CLUSTER_INVALID_CONFIGURATION
        customer.refused(code, "kms", "CreateKey", **wanted)
        customer.operate("ClearFault", Name=fault)
    assert customer.operate("ListHsmKeys") == {"Keys": []}


@pytest.mark.parametrize(
    ("named", "text"),
    [
        ("nonsense", "Invalid keyId 'nonsense'"),
        ("arn:aws:kms:eu-west-1:000000000000:key/x", "Invalid arn eu-west-1"),
        (
            UNKNOWN,
            f"Key 'arn:aws:kms:us-east-1:000000000000:key/{UNKNOWN}' does not exist",
        ),
        ("alias/a", "Alias arn:aws:kms:us-east-1:000000000000:alias/a is not found."),
        (
            "arn:aws:kms:us-east-1:111111111111:alias/b",
            "Alias arn:aws:kms:us-east-1:111111111111:alias/b is not found.",
        ),
        ("arn:aws:s3:::bucket", "Invalid arn arn:aws:s3:::bucket"),
    ],
)
def test_keys_that_are_not_found(named: str, text: str) -> None:
    customer = Customer()
    customer.kms("CreateAlias", AliasName="alias/b", TargetKeyId=new_key(customer))
    wanted = {"KeyId": named, "Plaintext": b"x"}
    assert customer.refused(ErrorCode.NOT_FOUND, "kms", "Encrypt", **wanted) == text


def test_a_malformed_arn_where_the_operation_knows_it() -> None:
    customer = Customer()
    for operation in ("DescribeKey", "EnableKey"):
        customer.refused(ErrorCode.INVALID_ARN, "kms", operation, KeyId="arn:aws:s3:::bucket")


def test_an_alias_is_no_key_id_where_keys_are_managed() -> None:
    customer = Customer()
    customer.kms("CreateAlias", AliasName="alias/b", TargetKeyId=new_key(customer))
    told = customer.refused(ErrorCode.NOT_FOUND, "kms", "DisableKey", KeyId="alias/b")
    assert told == "Invalid keyId 'alias/b'"


def test_aliases() -> None:
    customer = Customer()
    one, other = new_key(customer), new_key(customer)
    customer.kms("CreateAlias", AliasName="alias/a", TargetKeyId=one)
    wanted = {"AliasName": "alias/a", "TargetKeyId": other}
    customer.refused(ErrorCode.ALREADY_EXISTS, "kms", "CreateAlias", **wanted)
    for name, code in (
        ("a", ErrorCode.VALIDATION),
        ("alias/aws/a", ErrorCode.INVALID_ALIAS_NAME),
        ("alias/a:b", ErrorCode.INVALID_ALIAS_NAME),
    ):
        customer.refused(code, "kms", "CreateAlias", AliasName=name, TargetKeyId=one)
    customer.kms("UpdateAlias", **wanted)
    assert customer.kms("DescribeKey", KeyId="alias/a")["KeyMetadata"]["KeyId"] == other
    customer.kms("ScheduleKeyDeletion", KeyId=one, PendingWindowInDays=7)
    code = ErrorCode.KMS_INVALID_STATE
    for operation, name in (("CreateAlias", "alias/b"), ("UpdateAlias", "alias/a")):
        customer.refused(code, "kms", operation, AliasName=name, TargetKeyId=one)
    customer.kms("ScheduleKeyDeletion", KeyId=other, PendingWindowInDays=7)
    customer.kms("DeleteAlias", AliasName="alias/a")
    customer.refused(ErrorCode.NOT_FOUND, "kms", "DeleteAlias", AliasName="alias/a")


def test_aliases_go_with_their_key_and_are_fifty_at_most() -> None:
    customer = Customer()
    key_id = new_key(customer)
    for index in range(50):
        customer.kms("CreateAlias", AliasName=f"alias/{index:02}", TargetKeyId=key_id)
    wanted = {"AliasName": "alias/more", "TargetKeyId": key_id}
    customer.refused(ErrorCode.LIMIT_EXCEEDED, "kms", "CreateAlias", **wanted)
    customer.kms("CreateAlias", AliasName="alias/more", TargetKeyId=new_key(customer))
    customer.refused(ErrorCode.LIMIT_EXCEEDED, "kms", "UpdateAlias", **wanted)
    customer.kms("ScheduleKeyDeletion", KeyId=key_id, PendingWindowInDays=7)
    customer.wait(7 * DAY)
    left = [alias["AliasName"] for alias in customer.kms("ListAliases")["Aliases"]]
    assert [name for name in left if not name.startswith("alias/aws/")] == ["alias/more"]


def test_pages() -> None:
    customer = Customer()
    key_ids = {new_key(customer) for _ in range(5)}
    seen: set[str] = set()
    marker: dict[str, object] = {}
    while True:
        page = customer.kms("ListKeys", Limit=2, **marker)
        seen |= {entry["KeyId"] for entry in page["Keys"]}
        if not page["Truncated"]:
            break
        marker = {"Marker": page["NextMarker"]}
    assert seen == key_ids
    code = ErrorCode.INVALID_MARKER
    customer.refused(code, "kms", "ListKeys", Marker="nonsense")
    customer.refused(code, "kms", "ListAliases", **marker)
    customer.refused(ErrorCode.VALIDATION, "kms", "ListAliases", Limit=101)


def test_pages_of_clusters() -> None:
    customer = Customer()
    wanted = {customer.create_cluster() for _ in range(3)}
    first = customer.hsm("DescribeClusters", MaxResults=2)
    token = {"NextToken": first["NextToken"]}
    rest = customer.hsm("DescribeClusters", MaxResults=2, **token)
    assert {c["ClusterId"] for c in first["Clusters"] + rest["Clusters"]} == wanted
    assert "NextToken" not in rest
    customer.refused(ErrorCode.CLOUDHSM_INVALID_REQUEST, "cloudhsm", "DescribeBackups", **token)


def test_ciphertext_is_bound_to_its_context() -> None:
    customer = Customer()
    key_id = new_key(customer)
    context = {"a": "1", "b": "\ud800"}
    blob = customer.kms("Encrypt", KeyId=key_id, Plaintext=b"x", EncryptionContext=context)[
        "CiphertextBlob"
    ]
    turned = dict(reversed(context.items()))
    wanted = {"CiphertextBlob": blob, "EncryptionContext": turned}
    assert customer.kms("Decrypt", **wanted)["Plaintext"] == b"x"
    for other in ({}, {"a": "1"}, {"a1": "", "b": "\ud800"}):
        wanted["EncryptionContext"] = other
        assert customer.refused(ErrorCode.INVALID_CIPHERTEXT, "kms", "Decrypt", **wanted) == ""
    large = {"KeyId": key_id, "Plaintext": b"x", "EncryptionContext": {"a": "b" * 8200}}
    customer.refused(ErrorCode.VALIDATION, "kms", "Encrypt", **large)


def test_a_damaged_ciphertext_is_found_out_wherever_it_is_damaged() -> None:
    customer = Customer().build_store()
    blob = customer.encrypt(customer.create_key())
    for index in range(len(blob)):
        damaged = blob[:index] + bytes([blob[index] ^ 1]) + blob[index + 1 :]
        customer.decrypt_refused(ErrorCode.INVALID_CIPHERTEXT, damaged)
        customer.decrypt_refused(ErrorCode.INVALID_CIPHERTEXT, blob[: index or 1])
    assert blob != customer.encrypt(customer.create_key())


def test_the_wrong_key() -> None:
    customer = Customer()
    one, other = new_key(customer), new_key(customer)
    blob = customer.encrypt(one)
    wanted = {"CiphertextBlob": blob, "KeyId": other}
    told = customer.refused(ErrorCode.INCORRECT_KEY, "kms", "Decrypt", **wanted)
    assert told.startswith("The key ID in the request does not identify a CMK")
    moved = {"CiphertextBlob": blob, "SourceKeyId": other, "DestinationKeyId": one}
    customer.refused(ErrorCode.INCORRECT_KEY, "kms", "ReEncrypt", **moved)
    customer.kms("ScheduleKeyDeletion", KeyId=one, PendingWindowInDays=7)
    customer.wait(7 * DAY)
    customer.decrypt_refused(ErrorCode.ACCESS_DENIED, blob)
    wanted["KeyId"] = one
    customer.refused(ErrorCode.NOT_FOUND, "kms", "Decrypt", **wanted)


def test_re_encrypt_between_a_store_and_the_service() -> None:
    customer = Customer().build_store()
    inside, outside = customer.create_key(), new_key(customer)
    blob = customer.encrypt(inside)
    moved = customer.kms("ReEncrypt", CiphertextBlob=blob, DestinationKeyId=outside)
    assert "DestinationKeyMaterialId" in moved
    assert "SourceKeyMaterialId" not in moved
    customer.disconnect()
    assert customer.decrypt(moved["CiphertextBlob"]) == b"secret"
    back = {"CiphertextBlob": moved["CiphertextBlob"], "DestinationKeyId": inside}
    customer.refused(ErrorCode.KMS_INVALID_STATE, "kms", "ReEncrypt", **back)


def test_dry_runs() -> None:
    customer = Customer().build_store()
    key_id = customer.create_key()
    blob = customer.encrypt(key_id)
    requests: list[tuple[str, dict[str, object]]] = [
        ("Encrypt", {"KeyId": key_id, "Plaintext": b"x"}),
        ("Decrypt", {"CiphertextBlob": blob}),
        ("Decrypt", {"KeyId": key_id, "DryRunModifiers": ["IGNORE_CIPHERTEXT"]}),
        ("ReEncrypt", {"CiphertextBlob": blob, "DestinationKeyId": key_id}),
        ("GenerateDataKey", {"KeyId": key_id, "KeySpec": "AES_256"}),
    ]
    for operation, parameters in requests:
        told = customer.refused(ErrorCode.DRY_RUN, "kms", operation, **parameters, DryRun=True)
        assert told == DRY_RUN
    customer.kms("DisableKey", KeyId=key_id)
    for operation, parameters in requests:
        customer.refused(ErrorCode.DISABLED, "kms", operation, **parameters, DryRun=True)


def test_parameters_of_cryptography() -> None:
    customer = Customer()
    key_id = new_key(customer)
    invalid = ErrorCode.VALIDATION
    customer.refused(invalid, "kms", "GenerateDataKey", KeyId=key_id)
    both = {"KeyId": key_id, "KeySpec": "AES_256", "NumberOfBytes": 5}
    customer.refused(invalid, "kms", "GenerateDataKey", **both)
    told = customer.refused(invalid, "kms", "GenerateRandom")
    assert told == "NumberOfBytes is required."
    customer.refused(invalid, "kms", "Decrypt")
    customer.refused(invalid, "kms", "Decrypt", DryRun=True, DryRunModifiers=["IGNORE_CIPHERTEXT"])
    wanted = {"KeyId": key_id, "Plaintext": b"x"}
    algorithm = {"EncryptionAlgorithm": "RSAES_OAEP_SHA_1"}
    told = customer.refused(ErrorCode.INVALID_KEY_USAGE, "kms", "Encrypt", **wanted, **algorithm)
    assert told == "Algorithm RSAES_OAEP_SHA_1 is incompatible with key spec SYMMETRIC_DEFAULT."
    code = ErrorCode.INVALID_GRANT_TOKEN
    customer.refused(code, "kms", "Encrypt", **wanted, GrantTokens=["x"])
    customer.refused(invalid, "kms", "GenerateRandom", NumberOfBytes=5, Recipient={})


def test_waiting_periods_are_bounded() -> None:
    customer = Customer()
    key_id = new_key(customer)
    for days in (6, 31):
        wanted = {"KeyId": key_id, "PendingWindowInDays": days}
        customer.refused(ErrorCode.VALIDATION, "kms", "ScheduleKeyDeletion", **wanted)
    assert customer.key_state(key_id) == "Enabled"


def test_descriptions() -> None:
    customer = Customer()
    key_id = new_key(customer)
    customer.kms("UpdateKeyDescription", KeyId=key_id, Description="new")
    assert customer.kms("DescribeKey", KeyId=key_id)["KeyMetadata"]["Description"] == "new"
    customer.kms("ScheduleKeyDeletion", KeyId=key_id)
    wanted = {"KeyId": key_id, "Description": "newer"}
    customer.refused(ErrorCode.KMS_INVALID_STATE, "kms", "UpdateKeyDescription", **wanted)
