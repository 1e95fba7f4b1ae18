"""Rotation of key material: by the clock, on demand, and what old ciphertexts say to it."""

from typing import Any, Final

import pytest

from kmspec.names import ErrorCode
from kmspec_impl.embedded import Embedded
from tests.unit.impl.support import DAY, Customer

MINUTE: Final = 60.0


class Owner(Customer):
    """A customer with a symmetric key of AWS KMS."""

    def __init__(self) -> None:
        super().__init__()
        made = self.kms("CreateKey")["KeyMetadata"]
        self.key: Final = str(made["KeyId"])
        self.arn: Final = str(made["Arn"])

    def status(self) -> dict[str, Any]:
        """GetKeyRotationStatus."""
        found: dict[str, Any] = self.kms("GetKeyRotationStatus", KeyId=self.key)
        assert found["KeyId"] == self.arn
        return found

    def rotations(self, **more: object) -> list[dict[str, Any]]:
        """ListKeyRotations."""
        found: list[dict[str, Any]] = self.kms("ListKeyRotations", KeyId=self.key, **more)[
            "Rotations"
        ]
        return found

    def material(self) -> str:
        """The id of the key material in use."""
        return str(self.kms("DescribeKey", KeyId=self.key)["KeyMetadata"]["CurrentKeyMaterialId"])

    def do(self, operation: str, **more: object) -> None:
        """An operation on the key that answers nothing of interest."""
        self.kms(operation, KeyId=self.key, **more)


def test_rotation_is_off_until_it_is_enabled() -> None:
    owner = Owner()
    assert owner.status() == {"KeyId": owner.arn, "KeyRotationEnabled": False}
    owner.do("DisableKeyRotation")
    owner.do("EnableKeyRotation")
    now = owner.ok("clock", "Now")["Now"]
    assert owner.status() == {
        "KeyId": owner.arn,
        "KeyRotationEnabled": True,
        "RotationPeriodInDays": 365,
        "NextRotationDate": now + 365 * DAY,
    }
    owner.do("EnableKeyRotation", RotationPeriodInDays=90)
    assert owner.status()["NextRotationDate"] == now + 90 * DAY
    owner.do("DisableKeyRotation")
    assert owner.status()["KeyRotationEnabled"] is False


@pytest.mark.parametrize("days", [89, 2561])
def test_the_period_has_bounds(days: int) -> None:
    owner = Owner()
    parameters = {"KeyId": owner.key, "RotationPeriodInDays": days}
    owner.refused(ErrorCode.VALIDATION, "kms", "EnableKeyRotation", **parameters)


def test_a_key_rotates_by_the_clock_and_old_ciphertexts_decrypt() -> None:
    owner = Owner()
    owner.do("EnableKeyRotation", RotationPeriodInDays=90)
    materials, blobs = [owner.material()], [owner.encrypt(owner.key)]
    began = owner.ok("clock", "Now")["Now"]
    for _ in range(3):
        owner.wait(90 * DAY)
        materials.append(owner.material())
        blobs.append(owner.encrypt(owner.key))
    assert len(set(materials)) == 4
    for material, blob in zip(materials, blobs, strict=True):
        found = owner.kms("Decrypt", CiphertextBlob=blob)
        assert (found["Plaintext"], found["KeyMaterialId"]) == (b"secret", material)
    shown = owner.rotations()
    assert [one["RotationDate"] for one in shown] == [began + n * 90 * DAY for n in (1, 2, 3)]
    assert {one["RotationType"] for one in shown} == {"AUTOMATIC"}
    assert [one["KeyMaterialState"] for one in shown] == ["NON_CURRENT"] * 2 + ["CURRENT"]
    everything = owner.rotations(IncludeKeyMaterial="ALL_KEY_MATERIAL")
    assert [one["KeyMaterialId"] for one in everything] == materials
    assert "RotationDate" not in everything[0]
    assert "ImportState" not in everything[0]


def test_several_periods_may_pass_at_once() -> None:
    owner = Owner()
    owner.do("EnableKeyRotation", RotationPeriodInDays=100)
    owner.wait(1000 * DAY)
    assert len(owner.rotations()) == 10
    first = owner.kms("ListKeyRotations", KeyId=owner.key, Limit=4)
    assert (len(first["Rotations"]), first["Truncated"]) == (4, True)
    more = owner.kms("ListKeyRotations", KeyId=owner.key, Marker=first["NextMarker"])
    assert (len(more["Rotations"]), more["Truncated"]) == (6, False)
    bad = {"KeyId": owner.key, "Marker": "bad"}
    owner.refused(ErrorCode.INVALID_MARKER, "kms", "ListKeyRotations", **bad)


def test_a_disabled_key_rotates_as_soon_as_it_is_enabled() -> None:
    owner = Owner()
    owner.do("EnableKeyRotation", RotationPeriodInDays=90)
    owner.do("DisableKey")
    owner.wait(100 * DAY)
    assert owner.status()["KeyRotationEnabled"] is True
    assert owner.rotations() == []
    owner.do("EnableKey")
    now = owner.ok("clock", "Now")["Now"]
    assert [one["RotationDate"] for one in owner.rotations()] == [now]
    assert owner.status()["NextRotationDate"] == now + 90 * DAY
    owner.do("DisableKey")
    owner.do("EnableKey")
    assert len(owner.rotations()) == 1


def test_a_key_that_is_pending_deletion_does_not_rotate() -> None:
    owner = Owner()
    owner.do("EnableKeyRotation", RotationPeriodInDays=90)
    owner.wait(80 * DAY)
    owner.do("ScheduleKeyDeletion", PendingWindowInDays=30)
    assert owner.status() == {"KeyId": owner.arn, "KeyRotationEnabled": False}
    owner.wait(20 * DAY)
    assert owner.rotations() == []
    owner.do("CancelKeyDeletion")
    assert owner.status()["KeyRotationEnabled"] is True


def test_rotation_on_demand_takes_a_moment() -> None:
    owner = Owner()
    before, old = owner.material(), owner.encrypt(owner.key)
    assert owner.kms("RotateKeyOnDemand", KeyId=owner.key) == {"KeyId": owner.arn}
    assert owner.status()["OnDemandRotationStartDate"] == owner.ok("clock", "Now")["Now"]
    assert owner.material() == before
    owner.refused(ErrorCode.CONFLICT, "kms", "RotateKeyOnDemand", KeyId=owner.key)
    owner.wait()
    assert "OnDemandRotationStartDate" not in owner.status()
    assert owner.material() != before
    assert [one["RotationType"] for one in owner.rotations()] == ["ON_DEMAND"]
    assert owner.decrypt(old) == b"secret"
    found = owner.kms("ReEncrypt", CiphertextBlob=old, DestinationKeyId=owner.key)
    assert found["SourceKeyMaterialId"] == before
    assert found["DestinationKeyMaterialId"] == owner.material()


def test_a_key_rotates_on_demand_25_times() -> None:
    owner = Owner()
    for _ in range(25):
        owner.do("RotateKeyOnDemand")
        owner.wait()
    message = owner.refused(ErrorCode.LIMIT_EXCEEDED, "kms", "RotateKeyOnDemand", KeyId=owner.key)
    assert message == (
        "The on-demand rotations limit has been reached for the given keyId. No more on-demand "
        f"rotations can be performed for this key: {owner.arn}"
    )


def test_no_rotation_on_demand_just_before_an_automatic_one() -> None:
    owner = Owner()
    owner.do("EnableKeyRotation", RotationPeriodInDays=90)
    owner.wait(90 * DAY - 20 * MINUTE)
    owner.refused(ErrorCode.CONFLICT, "kms", "RotateKeyOnDemand", KeyId=owner.key)
    owner.wait(20 * MINUTE)
    owner.do("RotateKeyOnDemand")


@pytest.mark.parametrize(
    "operation", ["EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"]
)
def test_rotation_needs_an_enabled_key(operation: str) -> None:
    owner = Owner()
    owner.do("DisableKey")
    message = owner.refused(ErrorCode.DISABLED, "kms", operation, KeyId=owner.key)
    assert message == f"{owner.arn} is disabled."
    owner.do("ScheduleKeyDeletion")
    message = owner.refused(ErrorCode.KMS_INVALID_STATE, "kms", operation, KeyId=owner.key)
    assert message == f"{owner.arn} is pending deletion."


def test_the_keys_of_a_store_do_not_rotate() -> None:
    customer = Customer().build_store()
    key = customer.create_key()
    arn = customer.kms("DescribeKey", KeyId=key)["KeyMetadata"]["Arn"]
    for operation in (
        "EnableKeyRotation",
        "DisableKeyRotation",
        "GetKeyRotationStatus",
        "ListKeyRotations",
        "RotateKeyOnDemand",
    ):
        message = customer.refused(ErrorCode.UNSUPPORTED_OPERATION, "kms", operation, KeyId=key)
        assert message == f"{arn} origin is AWS_CLOUDHSM which is not valid for this operation."


def test_replica_keys_get_the_key_material_of_their_primary_key() -> None:
    emulator = Embedded()

    def ask(region: str, operation: str, **parameters: object) -> Any:  # noqa: ANN401
        return emulator.call("kms", operation, parameters, region=region)[1]

    here, there = "us-east-1", "eu-west-1"
    key = ask(here, "CreateKey", MultiRegion=True)["KeyMetadata"]["KeyId"]
    ask(here, "ReplicateKey", KeyId=key, ReplicaRegion=there)
    emulator.advance(1)
    ask(here, "EnableKeyRotation", KeyId=key, RotationPeriodInDays=90)
    refused = ask(there, "EnableKeyRotation", KeyId=key)
    assert refused["__type"] == "UnsupportedOperationException"
    emulator.advance(90 * DAY)
    blob = ask(there, "Encrypt", KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    ids = {ask(one, "Decrypt", CiphertextBlob=blob)["KeyMaterialId"] for one in (here, there)}
    assert len(ids) == 1
    assert len(ask(there, "ListKeyRotations", KeyId=key)["Rotations"]) == 1
