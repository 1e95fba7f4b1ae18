"""Nothing of one account or Region shows in another, whatever is listed or described."""

from collections.abc import Iterator
from itertools import permutations
from typing import Any, Final

import pytest
from botocore.model import OperationModel, StructureShape
from hypothesis import given, settings
from hypothesis import strategies as st

from kmspec.model_of_aws import service_model
from kmspec.names import Service
from kmspec_impl.cloudhsm.operations import HANDLERS as CLOUDHSM
from kmspec_impl.embedded import Embedded
from kmspec_impl.kms.operations import HANDLERS as KMS
from tests.unit.impl.support import OK, SUBNETS

PLACES: Final = tuple(
    (account, region)
    for account in ("111111111111", "222222222222")
    for region in ("us-east-1", "eu-west-1")
)
VIEWS: Final = tuple(
    (service, operation)
    for service, handlers in ((Service.KMS, KMS), (Service.CLOUDHSM, CLOUDHSM))
    for operation in sorted(handlers)
    if operation.startswith(("List", "Describe", "Get"))
)
MAKES: Final = ("key", "multi-Region key", "alias", "cluster", "hsm")
_PRINCIPAL: Final = "arn:aws:iam::111111111111:root"


class Inhabitant:
    """Who makes things in one place, and knows what belongs there."""

    def __init__(self, emulator: Embedded, number: int) -> None:
        self._emulator = emulator
        self._account, self._region = PLACES[number]
        self.mark = f"belongs-to-{'abcd'[number]}"
        self.made: dict[str, list[str]] = {"KeyId": [], "AliasName": [], "ClusterId": []}

    def call(self, service: str, operation: str, **parameters: object) -> tuple[int, Any]:
        """Status and body."""
        place = {"account": self._account, "region": self._region}
        return self._emulator.call(service, operation, parameters, **place)

    def make(self, what: str) -> None:
        """One thing more, if it can be made now."""
        keys, clusters = self.made["KeyId"], self.made["ClusterId"]
        if what.endswith("key"):
            multi = what == "multi-Region key"
            tags = [{"TagKey": self.mark, "TagValue": self.mark}]
            _, body = self.call(
                "kms", "CreateKey", Description=self.mark, Tags=tags, MultiRegion=multi
            )
            keys.append(body["KeyMetadata"]["KeyId"])
        elif what == "alias" and keys:
            name = f"alias/{self.mark}-{len(self.made['AliasName'])}"
            assert self.call("kms", "CreateAlias", AliasName=name, TargetKeyId=keys[-1])[0] == OK
            self.made["AliasName"].append(name)
        elif what == "cluster" and len(clusters) < 2:
            _, body = self.call(
                "cloudhsm", "CreateCluster", HsmType="hsm2m.medium", SubnetIds=list(SUBNETS)
            )
            clusters.append(body["Cluster"]["ClusterId"])
        elif what == "hsm" and clusters:
            zone = f"{self._region}a"
            self.call("cloudhsm", "CreateHsm", ClusterId=clusters[-1], AvailabilityZone=zone)

    @property
    def signs(self) -> set[str]:
        """What gives away that something is from here."""
        return {self.mark, *(one for made in self.made.values() for one in made)}


def texts(value: object) -> Iterator[str]:
    """Every text in a response."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def required(model: OperationModel) -> list[str]:
    shape = model.input_shape
    return list(shape.required_members) if isinstance(shape, StructureShape) else []


@pytest.mark.parametrize(("service", "operation"), VIEWS, ids=[name for _, name in VIEWS])
@given(steps=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(MAKES)), max_size=25))
@settings(max_examples=10, deadline=None)
def test_a_view_shows_nothing_of_another_place(
    service: Service, operation: str, steps: list[tuple[int, str]]
) -> None:
    emulator = Embedded()
    inhabitants = [Inhabitant(emulator, number) for number in range(len(PLACES))]
    for number, what in steps:
        inhabitants[number].make(what)
        emulator.advance(0.2)
    needs = required(service_model(service).operation_model(operation))
    for here, other in permutations(inhabitants, 2):
        if not needs:
            _, body = here.call(service, operation)
            assert not any(sign in text for sign in other.signs for text in texts(body))
        elif other.made.get(needs[0]):
            status, body = here.call(
                service, operation, **{name: other.made[name][-1] for name in needs[:1]}
            )
            assert status != OK, body
