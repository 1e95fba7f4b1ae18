"""Messages of refused requests, against the texts recorded from AWS (wire.md, section 5)."""

import re
import sys
import unicodedata
from typing import Any

import pytest

from kmspec.names import ErrorCode, Origin, Service
from kmspec_impl.errors import ServiceError
from kmspec_impl.gateway.service_model import Kind, Shape, operation, operation_names
from kmspec_impl.gateway.validation import compile_pattern, validate

KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"


def refusal(service: str, operation: str, parameters: dict[str, Any]) -> ServiceError:
    """The error a request is refused with."""
    with pytest.raises(ServiceError) as caught:
        validate(service, operation, parameters)
    return caught.value


def kms(operation: str, **parameters: Any) -> str | None:  # noqa: ANN401 - any JSON
    """The message of a ValidationException of KMS."""
    error = refusal("kms", operation, parameters)
    assert (error.code, error.status) == (ErrorCode.VALIDATION, 400)
    return error.message


def one(text: str) -> str:
    """The message of one violation."""
    return f"1 validation error detected: {text}"


def test_below_the_minimum() -> None:
    assert kms("GenerateDataKey", KeyId=KEY, NumberOfBytes=0) == one(
        "Value '0' at 'numberOfBytes' failed to satisfy constraint: "
        "Member must have value greater than or equal to 1"
    )


def test_above_the_maximum() -> None:
    assert kms("GenerateDataKey", KeyId=KEY, NumberOfBytes=1025) == one(
        "Value '1025' at 'numberOfBytes' failed to satisfy constraint: "
        "Member must have value less than or equal to 1024"
    )


def test_too_long_in_a_list_of_structures() -> None:
    value = "v" * 257
    assert kms("CreateKey", Tags=[{"TagKey": "k", "TagValue": value}]) == one(
        f"Value '{value}' at 'tags.1.member.tagValue' failed to satisfy constraint: "
        "Member must have length less than or equal to 256"
    )


def test_the_index_in_a_list_counts_from_one() -> None:
    tags = [{"TagKey": "k", "TagValue": ""}, {"TagKey": "k" * 129, "TagValue": ""}]
    message = kms("CreateKey", Tags=tags)
    assert message is not None
    assert "'tags.2.member.tagKey'" in message


def test_enumeration() -> None:
    assert kms(
        "DeriveSharedSecret", KeyId=KEY, KeyAgreementAlgorithm="INVALID", PublicKey=b"k"
    ) == one(
        "Value 'INVALID' at 'keyAgreementAlgorithm' failed to satisfy constraint: "
        "Member must satisfy enum value set: [ECDH]"
    )


def test_a_blob_is_not_shown() -> None:
    assert kms("Encrypt", KeyId=KEY, Plaintext=b"x" * 4097) == one(
        "Value at 'plaintext' failed to satisfy constraint: "
        "Member must have length less than or equal to 4096"
    )
    assert kms("Encrypt", KeyId=KEY, Plaintext=b"") == one(
        "Value at 'plaintext' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1"
    )


def test_a_secret_is_not_shown() -> None:
    message = kms("CreateCustomKeyStore", CustomKeyStoreName="n", KeyStorePassword="short")
    assert message == one(
        "Value at 'keyStorePassword' failed to satisfy constraint: "
        "Member must have length greater than or equal to 7"
    )


def test_a_secret_inside_a_structure_is_not_shown() -> None:
    message = kms(
        "CreateCustomKeyStore",
        CustomKeyStoreName="n",
        XksProxyAuthenticationCredential={"AccessKeyId": "x", "RawSecretAccessKey": "geheim"},
    )
    assert message is not None
    assert "geheim" not in message
    assert "'xksProxyAuthenticationCredential.rawSecretAccessKey'" in message


def test_null_and_absent_are_alike() -> None:
    wanted = one("Value null at 'keyId' failed to satisfy constraint: Member must not be null")
    assert kms("DescribeKey") == kms("DescribeKey", KeyId=None) == wanted
    validate("kms", "ListKeys", {"Limit": None})


def test_pattern() -> None:
    assert kms("CreateAlias", AliasName="alias/a b", TargetKeyId=KEY) == one(
        "Value 'alias/a b' at 'aliasName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$"
    )


def test_several_at_once_in_the_order_of_the_model() -> None:
    assert kms("Encrypt", Plaintext=b"", KeyId="") == (
        "2 validation errors detected: "
        "Value '' at 'keyId' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1; "
        "Value at 'plaintext' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1"
    )


def test_several_of_one_member() -> None:
    message = kms("CreateCustomKeyStore", CustomKeyStoreName="n", CloudHsmClusterId="cluster-1")
    assert message is not None
    assert message.startswith("2 validation errors detected: Value 'cluster-1' at ")
    assert message.count("'cloudHsmClusterId'") == 2


def test_a_list_is_shown_without_quotes() -> None:
    message = kms("Encrypt", KeyId=KEY, Plaintext=b"x", GrantTokens=["t"] * 11)
    shown = ", ".join(["t"] * 11)
    assert message == one(
        f"Value '[{shown}]' at 'grantTokens' failed to satisfy constraint: "
        "Member must have length less than or equal to 10"
    )


def test_cloudhsm_has_an_exception_of_its_own() -> None:
    error = refusal("cloudhsm", "CreateHsm", {"ClusterId": "cluster-abcdefghijk"})
    assert error.code is ErrorCode.CLOUDHSM_INVALID_REQUEST
    assert error.message == one(
        "Value null at 'availabilityZone' failed to satisfy constraint: Member must not be null"
    )


def test_keys_of_a_map() -> None:
    error = refusal("cloudhsm", "DescribeClusters", {"Filters": {"a b": ["c"]}})
    assert error.message == one(
        "Value '{a b=[c]}' at 'filters' failed to satisfy constraint: Map keys must satisfy "
        "constraint: [Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+]"
    )


def test_null_in_a_list_and_in_a_map() -> None:
    assert kms("Encrypt", KeyId=KEY, Plaintext=b"x", GrantTokens=["t", None]) == one(
        "Value null at 'grantTokens.2.member' failed to satisfy constraint: Member must not be null"
    )
    assert kms("Encrypt", KeyId=KEY, Plaintext=b"x", EncryptionContext={"a": None}) == one(
        "Value null at 'encryptionContext.a.member' failed to satisfy constraint: "
        "Member must not be null"
    )


@pytest.mark.parametrize(
    ("operation", "parameters", "message"),
    [
        ("DescribeKey", {"KeyId": 1}, "NUMBER_VALUE can not be converted to String"),
        ("DescribeKey", {"KeyId": True}, "TRUE_VALUE can not be converted to String"),
        ("DescribeKey", {"KeyId": []}, "Start of list found where not expected"),
        ("DescribeKey", {"KeyId": {}}, "Start of structure or map found where not expected."),
        ("ListKeys", {"Limit": "1"}, "STRING_VALUE can not be converted to Integer"),
        ("ListKeys", {"Limit": 1.0}, "NUMBER_VALUE can not be converted to Integer"),
        ("ListKeys", {"Limit": False}, "FALSE_VALUE can not be converted to Integer"),
        ("ListKeys", {"Limit": 2**63}, "NUMBER_VALUE can not be converted to Integer"),
        ("CreateKey", {"MultiRegion": 0}, "NUMBER_VALUE can not be converted to Boolean"),
        ("CreateKey", {"Tags": "a"}, "Expected list or null"),
        ("CreateKey", {"Tags": ["a"]}, "Expected structure or null"),
        ("Encrypt", {"EncryptionContext": 3}, "Expected map or null"),
        ("Encrypt", {"Plaintext": 3}, "NUMBER_VALUE can not be converted to Blob"),
        ("ImportKeyMaterial", {"ValidTo": "x"}, "STRING_VALUE can not be converted to Timestamp"),
        (
            "ImportKeyMaterial",
            {"ValidTo": float("nan")},
            "NUMBER_VALUE can not be converted to Timestamp",
        ),
    ],
)
def test_wrong_types(operation: str, parameters: dict[str, Any], message: str) -> None:
    error = refusal("kms", operation, parameters)
    assert (error.code, error.message) == (ErrorCode.SERIALIZATION, message)


def test_a_wrong_type_comes_before_every_violation() -> None:
    error = refusal("kms", "GenerateDataKey", {"KeyId": "", "NumberOfBytes": "1"})
    assert error.code is ErrorCode.SERIALIZATION


def test_words_of_the_vocabulary_are_strings() -> None:
    validate("kms", "CreateKey", {"Origin": Origin.AWS_KMS})
    message = kms("CreateKey", KeySpec=Origin.AWS_KMS)
    assert message is not None
    assert message.startswith(one("Value 'AWS_KMS' at 'keySpec'"))


def test_unknown_members_are_ignored() -> None:
    validate("kms", "DescribeKey", {"KeyId": KEY, "Novelty": {"any": ["thing"]}})


def test_an_operation_without_parameters() -> None:
    validate("kms", "ListKeys", {})
    validate("cloudhsm", "DescribeClusters", {})


@pytest.mark.parametrize("service", ["kms", "cloudhsm"])
def test_an_operation_no_model_has(service: str) -> None:
    assert refusal(service, "Nonsense", {}).code is ErrorCode.UNKNOWN_OPERATION


def test_an_import_date_is_a_number() -> None:
    given = {"KeyId": KEY, "ImportToken": b"t", "EncryptedKeyMaterial": b"m"}
    for date in (1_700_000_000, 1_700_000_000.5):
        validate("kms", "ImportKeyMaterial", {**given, "ValidTo": date})


def test_patterns_without_anchors_cover_the_whole_value() -> None:
    cluster = "cluster-abcdefghijk"
    validate("cloudhsm", "DeleteCluster", {"ClusterId": cluster})
    for value in (f"x{cluster}", f"{cluster}!", f"{cluster}\n", f"{cluster} "):
        refusal("cloudhsm", "DeleteCluster", {"ClusterId": value})


def test_word_characters_are_those_of_ascii() -> None:
    assert compile_pattern(r"[\w]+").fullmatch("default")
    assert not compile_pattern(r"[\w]+").fullmatch("défaut")
    assert not compile_pattern(r"\d+").fullmatch("٣")


def test_unicode_classes_are_as_python_knows_unicode() -> None:
    """The class of CloudHSM's tags, character by character."""
    matches = compile_pattern(r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$").fullmatch
    wrong = [
        f"U+{point:04X}"
        for point in range(sys.maxunicode + 1)
        if (matches(chr(point)) is not None)
        != (unicodedata.category(chr(point))[0] in "LZN" or chr(point) in "_.:/=+-@")
    ]
    assert not wrong


@pytest.mark.parametrize("service", [Service.KMS, Service.CLOUDHSM])
def test_every_operation_compiles(service: Service) -> None:
    for name in operation_names(service):
        required = [member for member in operation(service, name).input.members if member.required]
        if required:
            message = refusal(service, name, {}).message
            assert message is not None
            assert message.count("Member must not be null") == len(required)
        else:
            validate(service, name, {})


def test_there_are_74_operations() -> None:
    assert [len(operation_names(service)) for service in (Service.KMS, Service.CLOUDHSM)] == [
        56,
        18,
    ]


def test_all_patterns_of_inputs_are_understood() -> None:
    def patterns(shape: Shape) -> set[str]:
        parts = [shape.key, shape.item, *(member.shape for member in shape.members)]
        inner = (patterns(part) for part in parts if part is not None)
        return set().union(*inner) | ({shape.pattern} if shape.pattern else set())

    services = (Service.KMS, Service.CLOUDHSM)
    shapes = [
        operation(service, name).input for service in services for name in operation_names(service)
    ]
    found = set().union(*(patterns(shape) for shape in shapes))
    assert len(found) > 20
    for pattern in found:
        assert isinstance(compile_pattern(pattern), re.Pattern)
        assert r"vpc-" not in pattern, "the model's pattern of a VPC is incomplete (cloudhsm.md, 1)"


def test_no_input_of_cloudhsm_has_blobs_or_timestamps() -> None:
    """The CBOR protocol converts nothing on the way in; this is why it may."""

    def kinds(shape: Shape) -> set[Kind]:
        parts = [shape.key, shape.item, *(member.shape for member in shape.members)]
        return {shape.kind}.union(*(kinds(part) for part in parts if part is not None))

    names = operation_names(Service.CLOUDHSM)
    found = set().union(*(kinds(operation(Service.CLOUDHSM, name).input) for name in names))
    assert not found & {Kind.BLOB, Kind.TIMESTAMP}
