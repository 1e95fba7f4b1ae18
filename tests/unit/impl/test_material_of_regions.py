"""The key material of multi-Region keys, imported into each, and rotated with the primary key."""

from typing import Any

from kmspec.names import ErrorCode
from tests.unit.impl.support import DAY
from tests.unit.impl.test_imports import ALGORITHM, FIRST, FOREVER, NEW, SECOND, wrap
from tests.unit.impl.test_multi_region import AWAY, HOME, THIRD, Traveller, arn


class Importer(Traveller):
    """A traveller who imports key material."""

    def put(self, key_id: str, material: bytes = FIRST, **more: object) -> str:
        """Import key material; its id."""
        made = self.kms("ImportKeyMaterial", **self.carried(key_id, material, **more))
        return str(made["KeyMaterialId"])

    def carried(self, key_id: str, material: bytes, **more: object) -> dict[str, object]:
        """What an import asks with."""
        asked = {"KeyId": key_id, "WrappingAlgorithm": ALGORITHM, "WrappingKeySpec": "RSA_2048"}
        found = self.kms("GetParametersForImport", **asked)
        wrapped = wrap(found["PublicKey"], ALGORITHM, material)
        carried = {"ImportToken": found["ImportToken"], "EncryptedKeyMaterial": wrapped}
        return {"KeyId": key_id, **carried, **FOREVER, **more}

    def materials(self, key_id: str) -> list[tuple[str, str, str]]:
        """The id, state and import state of all key materials of a key."""
        found = self.kms("ListKeyRotations", KeyId=key_id, IncludeKeyMaterial="ALL_KEY_MATERIAL")[
            "Rotations"
        ]
        members = ("KeyMaterialId", "KeyMaterialState", "ImportState")
        return [tuple(one[member] for member in members) for one in found]

    def rotate(self, key_id: str) -> None:
        """Rotate on demand, to the end."""
        self.kms("RotateKeyOnDemand", KeyId=key_id)
        self.wait()


def test_imported_key_material_is_imported_into_each_related_key() -> None:
    home = Importer()
    key_id = home.primary(Origin="EXTERNAL")
    request = {"KeyId": key_id, "ReplicaRegion": AWAY}
    home.refused(ErrorCode.KMS_INVALID_STATE, "kms", "ReplicateKey", **request)
    first = home.put(key_id)
    home.kms("ReplicateKey", **request)
    away = home.within(AWAY)
    assert away.key_state(key_id) == "Creating"
    message = away.refused(ErrorCode.KMS_INVALID_STATE, "kms", "DisableKey", KeyId=key_id)
    assert message == f"{arn(AWAY, key_id)} is creating."
    home.wait()
    assert away.key_state(key_id) == "PendingImport"
    assert "ExpirationModel" not in away.metadata(key_id)
    assert away.materials(key_id) == [(first, "CURRENT", "PENDING_IMPORT")]
    blob = home.encrypt(key_id)
    away.refused(ErrorCode.KMS_INVALID_STATE, "kms", "Decrypt", CiphertextBlob=blob)
    asked = away.carried(key_id, SECOND)
    away.refused(ErrorCode.INCORRECT_KEY_MATERIAL, "kms", "ImportKeyMaterial", **asked)
    asked = away.carried(key_id, FIRST, **NEW)
    away.refused(ErrorCode.UNSUPPORTED_OPERATION, "kms", "ImportKeyMaterial", **asked)
    assert away.put(key_id) == first
    assert away.decrypt(blob) == b"secret"
    home.kms("DeleteImportedKeyMaterial", KeyId=key_id)
    assert (home.key_state(key_id), away.key_state(key_id)) == ("PendingImport", "Enabled")


def test_new_key_material_is_rotated_to_when_it_is_in_each_related_key() -> None:
    home = Importer()
    key_id = home.primary(Origin="EXTERNAL")
    first = home.put(key_id)
    away = home.replicate(key_id)
    away.put(key_id)
    second = home.put(key_id, SECOND, **NEW)
    waits = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"
    assert home.materials(key_id)[1] == (second, waits, "IMPORTED")
    assert away.materials(key_id)[1] == (second, waits, "PENDING_IMPORT")
    assert away.key_state(key_id) == "Enabled"
    third = home.replicate(key_id, THIRD)
    assert third.materials(key_id)[1] == (second, waits, "PENDING_IMPORT")
    away.put(key_id, SECOND)
    message = home.refused(ErrorCode.KMS_INVALID_STATE, "kms", "RotateKeyOnDemand", KeyId=key_id)
    own = arn(HOME, key_id)
    assert message == f"No available key material pending rotation for the key: {own}."
    third.put(key_id)
    third.put(key_id, SECOND)
    assert {one.materials(key_id)[1][1] for one in (home, away, third)} == {"PENDING_ROTATION"}
    old = home.encrypt(key_id)
    home.rotate(key_id)
    for one in (home, away, third):
        assert one.metadata(key_id)["CurrentKeyMaterialId"] == second
        assert one.key_state(key_id) == "Enabled"
        assert [two[:2] for two in one.materials(key_id)] == [
            (first, "NON_CURRENT"),
            (second, "CURRENT"),
        ]
        assert one.decrypt(old) == b"secret"
    assert third.decrypt(away.encrypt(key_id)) == b"secret"


def test_key_material_that_waits_is_deleted_with_that_of_the_primary_key() -> None:
    home = Importer()
    key_id = home.primary(Origin="EXTERNAL")
    home.put(key_id)
    away = home.replicate(key_id)
    away.put(key_id)
    expiring = {"ExpirationModel": "KEY_MATERIAL_EXPIRES"}
    valid_to = float(home.ok("clock", "Now")["Now"]) + DAY
    second = home.put(key_id, SECOND, **NEW, **expiring, ValidTo=valid_to)
    away.put(key_id, SECOND)
    away.kms("DeleteImportedKeyMaterial", KeyId=key_id, KeyMaterialId=second)
    assert [len(one.materials(key_id)) for one in (home, away)] == [2, 2]
    away.put(key_id, SECOND)
    home.wait(DAY)
    assert [len(one.materials(key_id)) for one in (away, home)] == [1, 1]
    home.put(key_id, b"3" * 32, **NEW)
    home.kms("DeleteImportedKeyMaterial", KeyId=key_id, KeyMaterialId=home.materials(key_id)[1][0])
    assert [len(one.materials(key_id)) for one in (home, away)] == [1, 1]


def test_rotation_is_that_of_the_primary_key_wherever_that_is() -> None:
    home = Importer()
    key_id = home.primary()
    home.kms("EnableKeyRotation", KeyId=key_id, RotationPeriodInDays=90)
    away, third = home.replicate(key_id), home.replicate(key_id, THIRD)

    def status(where: Traveller) -> dict[str, Any]:
        shown: dict[str, Any] = where.kms("GetKeyRotationStatus", KeyId=key_id)
        assert shown.pop("KeyId") == arn(where.region, key_id)
        return shown

    assert status(away) == status(home)
    assert status(away)["RotationPeriodInDays"] == 90
    home.kms("UpdatePrimaryRegion", KeyId=key_id, PrimaryRegion=AWAY)
    home.wait()
    home.schedule(key_id)
    assert status(home) == {"KeyRotationEnabled": False}
    home.wait(90 * DAY)
    old, new = third.metadata(key_id), away.metadata(key_id)
    assert old["CurrentKeyMaterialId"] == new["CurrentKeyMaterialId"]
    assert len(third.kms("ListKeyRotations", KeyId=key_id)["Rotations"]) == 1
    assert third.decrypt(away.encrypt(key_id)) == b"secret"
    assert status(third) == status(away)
    away.rotate(key_id)
    assert third.decrypt(away.encrypt(key_id)) == b"secret"
    away.kms("DisableKeyRotation", KeyId=key_id)
    assert status(third) == {"KeyRotationEnabled": False}


def test_a_replica_key_that_is_being_created_is_no_primary_key_first_of_all() -> None:
    home = Importer()
    key_id = home.primary()
    home.kms("ReplicateKey", KeyId=key_id, ReplicaRegion=AWAY)
    request = {"KeyId": key_id, "ReplicaRegion": THIRD}
    message = home.within(AWAY).refused(
        ErrorCode.UNSUPPORTED_OPERATION, "kms", "ReplicateKey", **request
    )
    assert message == f"{arn(AWAY, key_id)} is not a multi-region primary key."
