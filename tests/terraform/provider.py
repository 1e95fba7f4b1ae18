"""The Terraform AWS provider as an endpoint sees it: calls in order, and loops that wait.

A sequence is a table of rows. A row is a call, with what the provider reads of its answer, or a
loop that polls until it has seen what it waits for often enough. Time is the emulator's: a loop
moves its virtual clock as the provider would sleep. Sources: the provider's own code, as described
in terraform-provider-aws, packages `kms` and `cloudhsmv2`.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

import boto3
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from tests.helpers.server import pass_time

REGION: Final = "us-east-1"
NOT_FOUND: Final = "not found"
"""What a loop reads when the resource is not there."""
_CLOUDHSM: Final = frozenset(
    {
        *("CreateCluster", "DeleteCluster", "DescribeClusters"),
        *("CreateHsm", "DeleteHsm", "ListTags"),
    }
)
_MISSING: Final = {"NotFoundException", "CustomKeyStoreNotFoundException"}


class Call(NamedTuple):
    """One request. Text in braces stands for what an earlier row kept.

    ``keep`` names what later rows need, by its path in the answer; ``reads`` are paths that the
    provider dereferences, so they must be there; ``gives`` are values it compares; ``error`` and
    ``says`` are the code and a part of the text of the error that it matches.
    """

    operation: str
    arguments: Mapping[str, Any] = {}
    keep: Mapping[str, str] = {}
    reads: tuple[str, ...] = ()
    gives: Mapping[str, Any] = {}
    error: str = ""
    says: str = ""
    region: str = REGION
    service: str = ""


class Loop(NamedTuple):
    """A wait: poll until ``done`` holds of what ``read`` sees, ``times`` times in a row.

    ``read`` gets the answer and what was kept; what it sees meanwhile must be ``pending``. All in
    seconds: ``delay`` goes before the first poll, ``floor`` is the least between two.
    """

    operation: str
    arguments: Mapping[str, Any]
    read: Callable[[Mapping[str, Any], Mapping[str, Any]], Any]
    done: Callable[[Any], bool]
    pending: Callable[[Any], bool]
    times: int
    floor: float
    timeout: float
    delay: float = 0.0
    region: str = REGION


Row: TypeAlias = Call | Loop


class Provider:
    """The provider at one endpoint, in an account of its own."""

    def __init__(self, url: str, account: str) -> None:
        self.url: Final = url
        self.kept: dict[str, Any] = {}
        self._session: Final[Any] = boto3.Session(
            aws_access_key_id=account,
            aws_secret_access_key="test",
        )
        self._clients: dict[tuple[str, str], Any] = {}
        # At its start the provider asks once who it is.
        arn = self.client("sts", REGION).get_caller_identity()["Arn"]
        self.kept["account"] = arn.split(":")[4]

    def client(self, service: str, region: str) -> Any:  # noqa: ANN401 - a boto3 client
        """The client of a service, signing for a Region; the endpoint is the same for all."""
        found = self._clients.get((service, region))
        if found is None:
            found = self._session.client(service, region_name=region, endpoint_url=self.url)
            self._clients[service, region] = found
        return found

    def run(self, rows: tuple[Row, ...]) -> None:
        """Go through a sequence."""
        for row in rows:
            if isinstance(row, Call):
                self._call(row)
            else:
                self._wait(row)

    def ask(self, row: Call | Loop) -> dict[str, Any]:
        """The answer to the request of a row, with all pages of a list."""
        service = getattr(row, "service", "")
        if not service:
            service = "cloudhsmv2" if row.operation in _CLOUDHSM else "kms"
        client = self.client(service, row.region)
        method, arguments = xform_name(row.operation), self._filled(row.arguments)
        if client.can_paginate(method):
            pages = client.get_paginator(method).paginate(**arguments)
            return {**pages.build_full_result()}
        answer: dict[str, Any] = getattr(client, method)(**arguments)
        return answer

    def _call(self, row: Call) -> None:
        if row.error:
            with pytest.raises(ClientError) as refused:
                self.ask(row)
            told = refused.value.response["Error"]
            assert told["Code"] == row.error, f"{row.operation}: {told}"
            assert row.says in told["Message"]
            return
        answer = self.ask(row)
        for path in row.reads:
            assert at(answer, path) not in (None, ""), f"{row.operation}: {path} is missing"
        for path, value in row.gives.items():
            assert at(answer, path) == self._filled(value), f"{row.operation}: {path}"
        self.kept.update({name: at(answer, path) for name, path in row.keep.items()})

    def _wait(self, row: Loop) -> None:
        pass_time(self.url, row.delay)
        waited, seen, delays = row.delay, 0, _delays(row.floor)
        while True:
            found = self._seen(row)
            if row.done(found):
                seen += 1
            else:
                assert row.pending(found), f"{row.operation}: {found!r} while waiting"
                seen = 0
            if seen == row.times:
                return
            delay = next(delays)
            waited += delay
            assert waited < row.timeout, f"{row.operation}: still {found!r} after {waited} s"
            pass_time(self.url, delay)

    def _seen(self, row: Loop) -> Any:  # noqa: ANN401 - what the row reads
        try:
            return row.read(self.ask(row), self.kept)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING:
                raise
            return NOT_FOUND

    def _filled(self, value: Any) -> Any:  # noqa: ANN401 - arguments of any type
        """A value with what was kept in the place of names in braces."""
        if isinstance(value, str):
            for name, kept in self.kept.items():
                if value == f"{{{name}}}":
                    return kept
                value = value.replace(f"{{{name}}}", str(kept))
            return value
        if isinstance(value, Mapping):
            return {name: self._filled(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._filled(inner) for inner in value]
        return value


def at(answer: Any, path: str) -> Any:  # noqa: ANN401 - plain data of any depth
    """What stands at a path such as ``Keys.0.KeyId``; ``None`` where nothing does."""
    for part in path.split("."):
        if isinstance(answer, list):
            answer = answer[int(part)] if int(part) < len(answer) else None
        elif isinstance(answer, Mapping):
            answer = answer.get(part)
    return answer


def _delays(floor: float) -> Iterator[float]:
    """What lies between polls: 0.2 s, doubled, at least the floor, and then at most 10 s."""
    delay = 0.1
    while True:
        delay = min(delay * 2, 10.0)
        yield max(delay, floor)


# ---- The loops ---------------------------------------------------------------------------------

_MINUTE: Final = 60.0


def policy_is(policy: str, region: str = REGION) -> Loop:
    """Until the policy is equivalent."""
    return Loop(
        "GetKeyPolicy",
        {"KeyId": "{key}", "PolicyName": "default"},
        lambda answer, _: json.loads(answer["Policy"]),
        lambda found: bool(found == json.loads(policy)),
        lambda _: True,
        5,
        1,
        10 * _MINUTE,
        region=region,
    )


def tags_are(tags: Mapping[str, str], region: str = REGION) -> Loop:
    """Until the tags are equal."""
    return Loop(
        "ListResourceTags",
        {"KeyId": "{key}"},
        lambda answer, _: {tag["TagKey"]: tag["TagValue"] for tag in answer["Tags"]},
        lambda found: bool(found == tags),
        lambda _: True,
        5,
        1,
        10 * _MINUTE,
        region=region,
    )


def rotation_is(*, enabled: bool, period: int | None = None) -> Loop:
    """Until the rotation is on or off, with its period."""
    return Loop(
        "GetKeyRotationStatus",
        {"KeyId": "{key}"},
        lambda answer, _: (answer["KeyRotationEnabled"], answer.get("RotationPeriodInDays")),
        lambda found: bool(found == (enabled, period)),
        lambda _: True,
        5,
        1,
        10 * _MINUTE,
    )


def described(
    member: str, value: object, *, times: int = 5, minutes: float = 10, region: str = REGION
) -> Loop:
    """Until DescribeKey shows a value."""
    return Loop(
        "DescribeKey",
        {"KeyId": "{key}"},
        lambda answer, _: answer["KeyMetadata"].get(member),
        lambda found: bool(found == value),
        lambda _: True,
        times,
        2,
        minutes * _MINUTE,
        region=region,
    )


def enabled_is(*, wanted: bool, region: str = REGION) -> Loop:
    """Until ``Enabled`` is as wanted, 15 times in a row."""
    return described("Enabled", wanted, times=15, minutes=20, region=region)


def key_state(done: set[str], pending: set[str], minutes: float, *, region: str = REGION) -> Loop:
    """Until the key is in a state; any other than those meanwhile is an error."""
    return Loop(
        "DescribeKey",
        {"KeyId": "{key}"},
        lambda answer, _: answer["KeyMetadata"]["KeyState"],
        lambda found: found in done,
        lambda found: found in pending,
        1,
        0,
        minutes * _MINUTE,
        region=region,
    )


def imported(region: str = REGION) -> Loop:
    """Until key material is there."""
    return key_state({"Enabled", "Disabled"}, {"PendingImport"}, 10, region=region)


def key_gone(region: str = REGION) -> Loop:
    """Until the key is deleted, or will be."""
    gone = {NOT_FOUND, "PendingDeletion", "PendingReplicaDeletion"}
    return key_state(gone, {"Enabled", "Disabled"}, 20, region=region)


def replica_created(region: str, state: str = "Enabled") -> Loop:
    """Until the replica is there, in its own Region."""
    return key_state({state}, {"Creating"}, 2, region=region)


def _of_clusters(
    read: Callable[[Mapping[str, Any], Mapping[str, Any]], Any], done: set[str], pending: set[str]
) -> Loop:
    return Loop(
        "DescribeClusters",
        {},
        read,
        lambda found: found in done,
        lambda found: found in pending,
        1,
        30,
        120 * _MINUTE,
        delay=30,
    )


def cluster_state(done: set[str], pending: set[str]) -> Loop:
    """Until the cluster is in a state."""

    def read(answer: Mapping[str, Any], kept: Mapping[str, Any]) -> str:
        for found in answer["Clusters"]:
            if found["ClusterId"] == kept["cluster"]:
                return str(found["State"])
        return NOT_FOUND

    return _of_clusters(read, done, pending)


def hsm_state(done: set[str], pending: set[str]) -> Loop:
    """Until the HSM is in a state.

    It is looked for among all HSMs there are, and one without network interface is taken for it.
    """

    def read(answer: Mapping[str, Any], kept: Mapping[str, Any]) -> str:
        for cluster in answer["Clusters"]:
            for found in cluster["Hsms"]:
                if found["HsmId"] == kept["hsm"] or not found.get("EniId"):
                    return str(found["State"])
        return NOT_FOUND

    return _of_clusters(read, done, pending)
