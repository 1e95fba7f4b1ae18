"""Unmodified clients: boto3 for all three services, botocore's own CBOR serialiser and parser."""

from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any

import boto3
import pytest
from botocore import parsers, serialize
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ServiceModel

from kmspec.names import ErrorCode
from kmspec_impl.caller import Caller
from kmspec_impl.errors import ServiceError
from tests.unit.gateway.support import SECONDS, CannedEmulator, Running, running

ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1})
CLUSTER = "cluster-abcdefghijk"
MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)


def not_found(_: dict[str, Any]) -> dict[str, Any]:
    """An answer of an emulator: the modelled error."""
    raise ServiceError(ErrorCode.NOT_FOUND, "Key 'x' does not exist")


def no_cluster(_: dict[str, Any]) -> dict[str, Any]:
    """The same of CloudHSM."""
    raise ServiceError(ErrorCode.CLOUDHSM_RESOURCE_NOT_FOUND, "No such cluster.")


def canned() -> CannedEmulator:
    """An emulator that has an answer of every kind of member."""
    return CannedEmulator(
        {
            "Encrypt": lambda given: {"CiphertextBlob": given["Plaintext"][::-1], "KeyId": "k"},
            "ListKeys": {"Keys": [], "Truncated": False},
            "DescribeKey": not_found,
            "DeleteCluster": no_cluster,
            "DescribeClusters": {
                "Clusters": [
                    {
                        "ClusterId": CLUSTER,
                        "CreateTimestamp": MOMENT.timestamp(),
                        "SubnetMapping": {"us-east-1a": "subnet-0123abcd"},
                        "Hsms": [],
                    }
                ]
            },
            "GetCallerIdentity": {
                "Account": "111122223333",
                "UserId": "111122223333",
                "Arn": "arn:aws:iam::111122223333:root",
            },
        }
    )


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """A server with those answers."""
    with running(canned()) as started:
        yield started


@pytest.fixture(scope="module")
def clients(server: Running) -> Iterator[dict[str, BaseClient]]:
    """A boto3 client of each service, signing as account 111122223333 in eu-central-1."""
    session = boto3.Session("111122223333", "secret", region_name="eu-central-1")
    made: dict[str, BaseClient] = {
        "kms": session.client("kms", endpoint_url=server.url, config=ONCE),
        "cloudhsmv2": session.client("cloudhsmv2", endpoint_url=server.url, config=ONCE),
        "sts": session.client("sts", endpoint_url=server.url, config=ONCE),
    }
    yield made
    for client in made.values():
        client.close()


def test_kms(server: Running, clients: dict[str, Any]) -> None:
    context = {"ключ": "värde", "\N{GRINNING FACE}": ""}
    answer = clients["kms"].encrypt(KeyId="k", Plaintext=b"\x00abc", EncryptionContext=context)
    assert (answer["CiphertextBlob"], answer["KeyId"]) == (b"cba\x00", "k")
    assert answer["ResponseMetadata"]["RequestId"]
    call = server.emulator.calls[-1]
    assert call.parameters["EncryptionContext"] == context
    assert call.caller == Caller("111122223333", "eu-central-1")
    assert clients["kms"].list_keys()["Keys"] == []
    assert clients["kms"].enable_key(KeyId="k")["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_errors_of_kms(clients: dict[str, Any]) -> None:
    with pytest.raises(clients["kms"].exceptions.NotFoundException) as modelled:
        clients["kms"].describe_key(KeyId="x")
    assert modelled.value.response["Error"]["Message"] == "Key 'x' does not exist"
    assert modelled.value.response["message"] == "Key 'x' does not exist"
    with pytest.raises(ClientError, match=r"ValidationException.*at 'plaintext'"):
        clients["kms"].encrypt(KeyId="x", Plaintext=b"")


def test_cloudhsm(server: Running, clients: dict[str, Any]) -> None:
    (cluster,) = clients["cloudhsmv2"].describe_clusters(Filters={"states": ["ACTIVE"]})["Clusters"]
    assert cluster["CreateTimestamp"] == MOMENT
    assert server.emulator.calls[-1].parameters == {"Filters": {"states": ["ACTIVE"]}}
    with pytest.raises(clients["cloudhsmv2"].exceptions.CloudHsmResourceNotFoundException) as error:
        clients["cloudhsmv2"].delete_cluster(ClusterId=CLUSTER)
    assert error.value.response["Message"] == "No such cluster."


def test_sts(clients: dict[str, Any]) -> None:
    answer = clients["sts"].get_caller_identity()
    assert (answer["Account"], answer["Arn"]) == ("111122223333", "arn:aws:iam::111122223333:root")
    with pytest.raises(ClientError, match=r"InvalidAction.*GetSessionToken"):
        clients["sts"].get_session_token()


def cbor(server: Running, name: str, parameters: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """An operation as botocore would say it in CBOR, and the answer as it would read it."""
    model = ServiceModel(Loader().load_service_model("cloudhsmv2", "service-2"), "cloudhsmv2")
    operation = model.operation_model(name)
    assert operation.output_shape is not None
    serializer = serialize.create_serializer("smithy-rpc-v2-cbor")
    request = serializer.serialize_to_request(parameters, operation)
    connection = HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)
    try:
        connection.request("POST", request["url_path"], request["body"], request["headers"])
        response = connection.getresponse()
        read = {
            "status_code": response.status,
            "headers": dict(response.getheaders()),
            "body": response.read(),
        }
    finally:
        connection.close()
    parser = parsers.create_parser("smithy-rpc-v2-cbor")
    return response.status, parser.parse(read, operation.output_shape)


def test_cbor(server: Running) -> None:
    status, answer = cbor(server, "DescribeClusters", {"MaxResults": 3})
    assert status == 200
    assert answer["Clusters"][0]["CreateTimestamp"] == MOMENT
    assert server.emulator.calls[-1].parameters == {"MaxResults": 3}


def test_errors_in_cbor(server: Running) -> None:
    status, answer = cbor(server, "DeleteCluster", {"ClusterId": CLUSTER})
    assert status == 400
    assert answer["Error"]["Code"] == "CloudHsmResourceNotFoundException"
    assert answer["Error"]["Message"] == "No such cluster."
    status, answer = cbor(server, "DeleteCluster", {"ClusterId": "x"})
    assert answer["Error"]["Code"] == "CloudHsmInvalidRequestException"
