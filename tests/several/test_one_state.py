"""What one process did, another knows: two emulators over one database."""

import random
from collections.abc import Mapping
from typing import Any

import pytest

from kmspec.limits import CLUSTER_CAPACITY
from kmspec_check.conform import conform
from kmspec_impl.client.keystore import up
from kmspec_impl.embedded import Embedded
from tests.several.conftest import Make
from tests.unit.impl.support import Customer

RATE = 30
"""What is left of a busy cluster for a store, per second."""
ELSEWHERE = {"account": "111122223333", "region": "eu-west-1"}


class Either:
    """Several emulators of one state, of which one answers each request."""

    def __init__(self, *ends: Embedded, seed: int = 0) -> None:
        self._ends, self._rng = ends, random.Random(seed)

    def call(
        self, service: str, operation: str, parameters: Mapping[str, Any], **place: str
    ) -> tuple[int, dict[str, Any]]:
        return self._rng.choice(self._ends).call(service, operation, parameters, **place)


def test_the_checker_cannot_tell_two_processes_from_one(another: Make) -> None:
    result = conform(Either(another(), another()), only=["smoke"])
    assert [violation.rule for violation in result.violations] == []
    assert result.trouble == ""
    assert result.steps > 0


def test_a_key_store_made_by_one_is_used_by_the_other(another: Make) -> None:
    here, there = another(), Customer(another())
    store = up(here, "joint", lambda: here.advance(1.0)).store_id
    key = there.kms("CreateKey", Origin="AWS_CLOUDHSM", CustomKeyStoreId=store)["KeyMetadata"]
    sealed = Customer(here).kms("Encrypt", KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    assert there.kms("Decrypt", CiphertextBlob=sealed)["Plaintext"] == b"x"
    Customer(here).kms("DisableKey", KeyId=key["KeyId"])
    assert there.call("kms", "Decrypt", CiphertextBlob=sealed)[1]["__type"] == "DisabledException"


def test_what_is_delayed_happens_wherever_somebody_looks(another: Make) -> None:
    here, there = another(), another()
    store = up(here, "joint", lambda: there.advance(1.0)).store_id
    Customer(there).kms("DisconnectCustomKeyStore", CustomKeyStoreId=store)
    there.advance(1.0)
    (told,) = Customer(here).kms("DescribeCustomKeyStores")["CustomKeyStores"]
    assert told["ConnectionState"] == "DISCONNECTED"


def test_the_quota_of_a_store_is_one(another: Make) -> None:
    here, there = another(), another()
    made = up(here, "joint", lambda: here.advance(1.0))
    store, customers = made.store_id, (Customer(here), Customer(there))
    customers[1].ok("operator", "SetLoad", ClusterId=made.cluster_id, Rate=CLUSTER_CAPACITY - RATE)
    key = customers[0].kms("CreateKey", Origin="AWS_CLOUDHSM", CustomKeyStoreId=store)
    wanted = {"KeyId": key["KeyMetadata"]["KeyId"], "Plaintext": b"x"}
    here.advance(10.0)
    for number in range(RATE):
        customers[number % 2].kms("Encrypt", **wanted)
    for customer in customers:
        status, body = customer.call("kms", "Encrypt", **wanted)
        assert (status, body["__type"]) == (400, "ThrottlingException")


def test_lists_have_one_order(another: Make) -> None:
    here, there = Customer(another()), Customer(another())
    made = [customer.kms("CreateKey")["KeyMetadata"]["KeyId"] for customer in (here, there) * 5]
    for name in ("alias/a", "alias/b", "alias/c"):
        here.kms("CreateAlias", AliasName=name, TargetKeyId=made[0])
    there.kms("DeleteAlias", AliasName="alias/a")
    there.kms("CreateAlias", AliasName="alias/a", TargetKeyId=made[1])
    later = Customer(another())
    for operation in ("ListKeys", "ListAliases"):
        first, *others = (one.kms(operation) for one in (here, there, later))
        assert others == [first, first]
    listed = [key["KeyId"] for key in later.kms("ListKeys")["Keys"]]
    assert set(made) <= set(listed)


def test_an_account_that_another_process_has_met_first(another: Make) -> None:
    here, there = another(), another()
    _, made = there.call("kms", "CreateKey", {}, **ELSEWHERE)
    _, listed = here.call("kms", "ListKeys", {}, **ELSEWHERE)
    assert [key["KeyId"] for key in listed["Keys"]] == [made["KeyMetadata"]["KeyId"]]
    assert here.call("kms", "ListKeys", {})[1]["Keys"] == []


def test_who_was_away_for_long_reads_everything_anew(
    another: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kmspec_impl.storage.postgres.KEPT", 5)
    here, there = Customer(another()), Customer(another())
    key = here.kms("CreateKey")["KeyMetadata"]["KeyId"]
    for number in range(12):
        here.kms("UpdateKeyDescription", KeyId=key, Description=str(number))
    assert there.kms("DescribeKey", KeyId=key)["KeyMetadata"]["Description"] == "11"
    there.kms("UpdateKeyDescription", KeyId=key, Description="here")
    assert here.kms("DescribeKey", KeyId=key)["KeyMetadata"]["Description"] == "here"
