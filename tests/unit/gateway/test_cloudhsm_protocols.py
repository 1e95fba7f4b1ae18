"""The operations of CloudHSM over HTTP: alike in JSON and CBOR, and page by page in boto3."""

from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any, cast

import boto3
import pytest
from botocore import parsers, serialize
from botocore.config import Config
from botocore.loaders import Loader
from botocore.model import ServiceModel, StructureShape

from kmspec_impl.clock import VirtualClock
from kmspec_impl.emulator import Emulator, Settings
from tests.unit.gateway.support import SECONDS, CannedEmulator, Running, running
from tests.unit.impl.support import Authority

ELSEWHERE = "eu-central-1"
POLICY = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "cloudhsm:*",'
    ' "Principal": {"AWS": "111122223333"}}]}'
)
TAGS = [{"Key": f"k{number:02}", "Value": "ü"} for number in range(7)]
HEADERS = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/cloudhsm/"
    "aws4_request, SignedHeaders=host, Signature=0"
}
PROTOCOLS = {"json": "json", "cbor": "smithy-rpc-v2-cbor"}


class Service:
    """CloudHSM by one protocol, serialised and parsed by botocore."""

    def __init__(self, server: Running, protocol: str) -> None:
        self._port = server.port
        self._model = ServiceModel(
            Loader().load_service_model("cloudhsmv2", "service-2"), "cloudhsmv2"
        )
        self._serializer = serialize.create_serializer(PROTOCOLS[protocol])
        self._parser = parsers.create_parser(PROTOCOLS[protocol])

    def __call__(self, name: str, **parameters: object) -> dict[str, Any]:
        """The answer, or the error in it."""
        operation = self._model.operation_model(name)
        request = self._serializer.serialize_to_request(parameters, operation)
        connection = HTTPConnection("127.0.0.1", self._port, timeout=SECONDS)
        try:
            headers = {**request["headers"], **HEADERS}
            connection.request("POST", request["url_path"], request["body"], headers)
            response = connection.getresponse()
            headers = {key.lower(): value for key, value in response.getheaders()}
            read = {"status_code": response.status, "headers": headers, "body": response.read()}
        finally:
            connection.close()
        shape = cast("StructureShape", operation.output_shape)
        answer: dict[str, Any] = self._parser.parse(read, shape)
        answer.pop("ResponseMetadata", None)
        return answer


@pytest.fixture
def server() -> Iterator[Running]:
    """An emulator of its own."""
    emulator = Emulator(Settings(delay=0, clock=VirtualClock()))
    with running(cast("CannedEmulator", emulator)) as started:
        yield started


def operate(server: Running, operation: str, **parameters: object) -> None:
    emulator = cast("Emulator", server.emulator)
    emulator.handle("operator", operation, dict(parameters))


def story(server: Running, protocol: str) -> list[dict[str, Any]]:
    """Everything that is set on a cluster and a backup; the answers, ids and all."""
    call, authority = Service(server, protocol), Authority()
    answers = [call("CreateCluster", HsmType="hsm1.medium", SubnetIds=["subnet-00000001"])]
    cluster = {"ClusterId": answers[0]["Cluster"]["ClusterId"]}
    call("CreateHsm", **cluster, AvailabilityZone="us-east-1a")
    csr = call("DescribeClusters")["Clusters"][0]["Certificates"]["ClusterCsr"]
    signed = authority.sign(csr)
    call("InitializeCluster", **cluster, SignedCert=signed, TrustAnchor=authority.anchor)
    call("DescribeClusters")
    operate(server, "ActivateCluster", **cluster, Password="adminPassword1")
    backup = call("DescribeBackups")["Backups"][0]
    named, arn = {"BackupId": backup["BackupId"]}, {"ResourceArn": backup["BackupArn"]}
    week = {"Type": "DAYS", "Value": "7"}
    for name, parameters in (
        ("ModifyCluster", {**cluster, "BackupRetentionPolicy": week}),
        ("ModifyCluster", {**cluster, "HsmType": "hsm2m.medium"}),
        ("ModifyCluster", cluster),
        ("ModifyBackupAttributes", {**named, "NeverExpires": True}),
        ("TagResource", {"ResourceId": named["BackupId"], "TagList": TAGS}),
        ("UntagResource", {"ResourceId": named["BackupId"], "TagKeyList": ["k00"]}),
        ("ListTags", {"ResourceId": named["BackupId"], "MaxResults": 2}),
        ("ListTags", {"ResourceId": "backup-aaaaaaaaaaa"}),
        ("PutResourcePolicy", {**arn, "Policy": POLICY}),
        ("GetResourcePolicy", arn),
        ("DeleteResourcePolicy", arn),
        ("GetResourcePolicy", arn),
        ("CopyBackupToRegion", {**named, "DestinationRegion": ELSEWHERE}),
        ("CopyBackupToRegion", {**named, "DestinationRegion": "nowhere"}),
        ("DescribeBackups", {"Filters": {"neverExpires": ["true"]}}),
    ):
        answers.append(call(name, **cast("dict[str, Any]", parameters)))
    for answer in answers:
        answer.get("Cluster", {}).pop("Certificates", None)  # of keys that are drawn anew
    return answers


def test_json_and_cbor_answer_alike() -> None:
    answers = []
    for protocol in PROTOCOLS:
        emulator = Emulator(Settings(delay=0, clock=VirtualClock()))
        with running(cast("CannedEmulator", emulator)) as started:
            answers.append(story(started, protocol))
    assert answers[0] == answers[1]
    codes = [answer["Error"]["Code"] for answer in answers[0] if "Error" in answer]
    invalid = "CloudHsmInvalidRequestException"
    assert codes == [invalid, "CloudHsmResourceNotFoundException", invalid]


def test_the_paginators_of_boto3(server: Running) -> None:
    session = boto3.Session("000000000000", "secret", region_name="us-east-1")
    client = session.client(
        "cloudhsmv2", endpoint_url=server.url, config=Config(retries={"total_max_attempts": 1})
    )
    made = [
        client.create_cluster(HsmType="hsm2m.medium", SubnetIds=["subnet-00000001"], TagList=TAGS)
        for _ in range(4)
    ]
    ids = [one["Cluster"]["ClusterId"] for one in made]

    def listed(operation: str, member: str, size: int, **more: object) -> list[list[Any]]:
        pages = client.get_paginator(operation).paginate(
            **more, PaginationConfig={"PageSize": size}
        )
        return [page[member] for page in pages]

    pages = listed("describe_clusters", "Clusters", 3)
    assert [len(page) for page in pages] == [3, 1]
    assert {cluster["ClusterId"] for page in pages for cluster in page} == set(ids)
    pages = listed("list_tags", "TagList", 3, ResourceId=ids[0])
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [tag for page in pages for tag in page] == TAGS
    assert listed("describe_backups", "Backups", 1) == [[]]
    client.close()
