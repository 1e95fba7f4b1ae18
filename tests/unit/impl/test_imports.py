"""Imported key material: wrapped as a customer wraps it, and what becomes of it in AWS KMS."""

import hmac
import os
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_public_key,
)

from kmspec.names import ErrorCode
from tests.unit.impl.support import DAY, DELAY, Customer

FIRST: Final = bytes(range(32))
SECOND: Final = bytes(range(32, 64))
FOREVER: Final = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
NEW: Final = {"ImportType": "NEW_KEY_MATERIAL"}
ALGORITHM: Final = "RSAES_OAEP_SHA_256"


class Importer(Customer):
    """A customer with a key that has no key material yet."""

    def __init__(self, **kind: str) -> None:
        super().__init__()
        made = self.kms("CreateKey", Origin="EXTERNAL", **kind)["KeyMetadata"]
        self.key: Final = str(made["KeyId"])
        self.arn: Final = str(made["Arn"])
        self.born: Final = made

    def parameters(self, algorithm: str = ALGORITHM, spec: str = "RSA_2048") -> dict[str, Any]:
        """A public key and an import token."""
        found: dict[str, Any] = self.kms(
            "GetParametersForImport",
            KeyId=self.key,
            WrappingAlgorithm=algorithm,
            WrappingKeySpec=spec,
        )
        return found

    def wrapped(self, material: bytes, algorithm: str = ALGORITHM) -> dict[str, object]:
        """The members of an ImportKeyMaterial request that carry the material."""
        found = self.parameters(algorithm)
        return {
            "KeyId": self.key,
            "ImportToken": found["ImportToken"],
            "EncryptedKeyMaterial": wrap(found["PublicKey"], algorithm, material),
        }

    def put(self, material: bytes = FIRST, **more: object) -> str:
        """Import key material; its id."""
        made = self.kms("ImportKeyMaterial", **{**FOREVER, **self.wrapped(material), **more})
        assert made["KeyId"] == self.arn
        return str(made["KeyMaterialId"])

    def refuse(self, code: ErrorCode, material: bytes = FIRST, **more: object) -> str:
        """The message of an import that must be refused."""
        parameters = {**FOREVER, **self.wrapped(material), **more}
        return self.refused(code, "kms", "ImportKeyMaterial", **parameters)

    def now(self) -> float:
        """What time it is there."""
        return float(self.ok("clock", "Now")["Now"])

    def state(self) -> str:
        """The state of the key."""
        return self.key_state(self.key)

    def metadata(self) -> dict[str, Any]:
        """The metadata of the key."""
        found: dict[str, Any] = self.kms("DescribeKey", KeyId=self.key)["KeyMetadata"]
        return found

    def materials(self) -> list[dict[str, Any]]:
        """All key materials of the key."""
        found: list[dict[str, Any]] = self.kms(
            "ListKeyRotations", KeyId=self.key, IncludeKeyMaterial="ALL_KEY_MATERIAL"
        )["Rotations"]
        return found

    def rotate(self) -> None:
        """Rotate on demand, to the end."""
        self.kms("RotateKeyOnDemand", KeyId=self.key)
        self.wait()


def wrap(public_key: bytes, algorithm: str, material: bytes) -> bytes:
    """Key material wrapped for AWS KMS as its guide says."""
    public = load_der_public_key(public_key)
    assert isinstance(public, rsa.RSAPublicKey)
    digest = hashes.SHA1() if algorithm.endswith("SHA_1") else hashes.SHA256()  # noqa: S303 - AWS's
    oaep = padding.OAEP(padding.MGF1(digest), digest, None)
    if algorithm.startswith("RSAES"):
        return public.encrypt(material, oaep)
    aes = os.urandom(32)
    return public.encrypt(aes, oaep) + keywrap.aes_key_wrap_with_padding(aes, material)


def test_a_key_waits_for_its_key_material() -> None:
    customer = Importer()
    assert (customer.born["KeyState"], customer.born["Enabled"]) == ("PendingImport", False)
    assert {"CurrentKeyMaterialId", "ExpirationModel", "ValidTo"}.isdisjoint(customer.born)
    for operation in ("EnableKey", "DisableKey", "RotateKeyOnDemand"):
        message = customer.refused(
            ErrorCode.KMS_INVALID_STATE, "kms", operation, KeyId=customer.key
        )
        assert message == f"{customer.arn} is pending import."
    message = customer.refused(
        ErrorCode.UNSUPPORTED_OPERATION, "kms", "GetKeyRotationStatus", KeyId=customer.key
    )
    assert message == f"{customer.arn} origin is EXTERNAL which is not valid for this operation."
    material = customer.put()
    shown = customer.metadata()
    assert (shown["KeyState"], shown["CurrentKeyMaterialId"]) == ("Enabled", material)
    assert shown["ExpirationModel"] == "KEY_MATERIAL_DOES_NOT_EXPIRE"
    assert customer.decrypt(customer.encrypt(customer.key)) == b"secret"


@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072"])
@pytest.mark.parametrize("algorithm", ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"])
def test_the_wrapping_key_is_as_asked_for(spec: str, algorithm: str) -> None:
    customer = Importer()
    found = customer.parameters(algorithm, spec)
    public = load_der_public_key(found["PublicKey"])
    assert isinstance(public, rsa.RSAPublicKey)
    assert public.key_size == int(spec.removeprefix("RSA_"))
    assert found["ParametersValidTo"] == pytest.approx(customer.now() + DAY)
    wrapped = wrap(found["PublicKey"], algorithm, FIRST)
    parameters = {"EncryptedKeyMaterial": wrapped, "ImportToken": found["ImportToken"]}
    customer.kms("ImportKeyMaterial", KeyId=customer.key, **parameters, **FOREVER)
    assert customer.state() == "Enabled"


@pytest.mark.parametrize("algorithm", ["RSAES_PKCS1_V1_5", "SM2PKE", "RSA_AES_KEY_WRAP_SHA_256"])
def test_a_wrapping_algorithm_that_does_not_suit_is_refused(algorithm: str) -> None:
    customer = Importer()
    customer.refused(
        ErrorCode.UNSUPPORTED_OPERATION,
        "kms",
        "GetParametersForImport",
        KeyId=customer.key,
        WrappingAlgorithm=algorithm,
        WrappingKeySpec="RSA_2048",
    )


def test_a_token_is_good_for_one_key_and_one_day() -> None:
    customer = Importer()
    other = customer.kms("CreateKey", Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    parameters = {**customer.wrapped(FIRST), **FOREVER}
    wrong = {**parameters, "KeyId": other}
    customer.refused(ErrorCode.INVALID_IMPORT_TOKEN, "kms", "ImportKeyMaterial", **wrong)
    wrong = {**parameters, "ImportToken": b"token"}
    customer.refused(ErrorCode.INVALID_IMPORT_TOKEN, "kms", "ImportKeyMaterial", **wrong)
    wrong = {**parameters, "ImportToken": customer.parameters()["ImportToken"]}
    customer.refused(ErrorCode.INVALID_CIPHERTEXT, "kms", "ImportKeyMaterial", **wrong)
    customer.wait(DAY - 1)
    customer.kms("ImportKeyMaterial", **parameters)
    customer.wait(1)
    customer.refused(ErrorCode.EXPIRED_IMPORT_TOKEN, "kms", "ImportKeyMaterial", **parameters)


def test_only_32_bytes_are_a_symmetric_key() -> None:
    customer = Importer()
    customer.refuse(ErrorCode.INCORRECT_KEY_MATERIAL, FIRST[:16])
    customer.refuse(ErrorCode.INVALID_CIPHERTEXT, EncryptedKeyMaterial=b"\0" * 256)
    assert customer.state() == "PendingImport"


def test_an_imported_key_pair_signs_and_shows_its_public_key_when_it_is_gone() -> None:
    customer = Importer(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    named = {"KeyId": customer.arn}
    own = rsa.generate_private_key(65537, 2048)
    customer.refused(ErrorCode.KMS_INVALID_STATE, "kms", "GetPublicKey", **named)
    algorithm = "RSA_AES_KEY_WRAP_SHA_256"
    private = own.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    wrong = {**FOREVER, **customer.wrapped(private[:-1], algorithm)}
    customer.refused(ErrorCode.INCORRECT_KEY_MATERIAL, "kms", "ImportKeyMaterial", **wrong)
    assert customer.state() == "PendingImport"
    made = customer.kms("ImportKeyMaterial", **FOREVER, **customer.wrapped(private, algorithm))
    assert made == named
    signing = {"Message": b"x", "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"}
    signature = customer.kms("Sign", **named, **signing)["Signature"]
    own.public_key().verify(signature, b"x", padding.PKCS1v15(), hashes.SHA256())
    public = customer.kms("GetPublicKey", **named)["PublicKey"]
    assert load_der_public_key(public) == own.public_key()
    customer.kms("DeleteImportedKeyMaterial", **named)
    customer.refused(ErrorCode.KMS_INVALID_STATE, "kms", "Sign", **named, **signing)
    assert customer.kms("GetPublicKey", **named)["PublicKey"] == public


def test_an_imported_hmac_key_makes_the_macs_of_its_secret() -> None:
    customer = Importer(KeySpec="HMAC_384", KeyUsage="GENERATE_VERIFY_MAC")
    secret = bytes(range(60))
    customer.kms("ImportKeyMaterial", **FOREVER, **customer.wrapped(secret))
    named = {"KeyId": customer.arn, "MacAlgorithm": "HMAC_SHA_384"}
    made = customer.kms("GenerateMac", **named, Message=b"x")
    assert made["Mac"] == hmac.digest(secret, b"x", "sha384")


def test_expiration_is_within_a_year_and_wanted_by_default() -> None:
    customer = Importer()
    moment = customer.now()
    message = customer.refuse(ErrorCode.VALIDATION, ExpirationModel=None)
    assert message == "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"
    customer.refuse(ErrorCode.VALIDATION, ValidTo=moment + 10)
    for valid_to in (moment, moment + 365 * DAY + 1):
        customer.refuse(ErrorCode.VALIDATION, ExpirationModel=None, ValidTo=valid_to)
    customer.put(ExpirationModel=None, ValidTo=moment + 365 * DAY)
    assert customer.metadata()["ValidTo"] == moment + 365 * DAY


def test_key_material_expires_and_can_be_imported_again() -> None:
    customer = Importer()
    moment = customer.now() + 10
    material = customer.put(ExpirationModel="KEY_MATERIAL_EXPIRES", ValidTo=moment)
    assert customer.metadata()["ExpirationModel"] == "KEY_MATERIAL_EXPIRES"
    blob = customer.encrypt(customer.key)
    customer.wait(10)
    shown = customer.metadata()
    assert (shown["KeyState"], shown["CurrentKeyMaterialId"]) == ("PendingImport", material)
    assert {"ExpirationModel", "ValidTo"}.isdisjoint(shown)
    message = customer.decrypt_refused(ErrorCode.KMS_INVALID_STATE, blob)
    assert message == f"{customer.arn} is pending import."
    customer.refuse(ErrorCode.INCORRECT_KEY_MATERIAL, SECOND)
    assert customer.put(KeyMaterialId=material) == material
    assert customer.decrypt(blob) == b"secret"


def test_an_import_again_sets_another_expiration() -> None:
    customer = Importer()
    moment = customer.now()
    customer.put(ExpirationModel=None, ValidTo=moment + 10)
    customer.put()
    assert "ValidTo" not in customer.metadata()
    customer.wait(20)
    assert customer.state() == "Enabled"


def test_deleted_key_material_leaves_the_key() -> None:
    customer = Importer()
    key = customer.key
    assert customer.kms("DeleteImportedKeyMaterial", KeyId=key) == {"KeyId": customer.arn}
    material = customer.put()
    for _ in range(2):
        made = customer.kms("DeleteImportedKeyMaterial", KeyId=key)
        assert made == {"KeyId": customer.arn, "KeyMaterialId": material}
        assert customer.state() == "PendingImport"
    customer.refused(
        ErrorCode.NOT_FOUND, "kms", "DeleteImportedKeyMaterial", KeyId=key, KeyMaterialId="0" * 64
    )
    customer.refuse(ErrorCode.INCORRECT_KEY_MATERIAL, FIRST, **NEW)
    assert customer.put() == material


def test_the_state_of_the_owner_survives_only_what_leaves_the_key_material() -> None:
    customer = Importer()
    customer.put()
    customer.kms("DisableKey", KeyId=customer.key)
    customer.put()
    assert customer.state() == "Disabled"
    customer.kms("DeleteImportedKeyMaterial", KeyId=customer.key)
    customer.put()
    assert customer.state() == "Enabled"
    customer.kms("ScheduleKeyDeletion", KeyId=customer.key)
    _refuse_anything(customer)
    customer.kms("DeleteImportedKeyMaterial", KeyId=customer.key)
    customer.kms("CancelKeyDeletion", KeyId=customer.key)
    assert customer.state() == "PendingImport"


def _refuse_anything(customer: Importer) -> None:
    """No key material enters a key that is pending deletion."""
    wanted = {"WrappingAlgorithm": ALGORITHM, "WrappingKeySpec": "RSA_2048"}
    for operation, more in (
        ("GetParametersForImport", wanted),
        ("ImportKeyMaterial", {"ImportToken": b"t", "EncryptedKeyMaterial": b"m", **FOREVER}),
    ):
        customer.refused(ErrorCode.KMS_INVALID_STATE, "kms", operation, KeyId=customer.key, **more)


def test_a_symmetric_key_has_several_key_materials() -> None:
    customer = Importer()
    first = customer.put(KeyMaterialDescription="the first")
    old = customer.encrypt(customer.key)
    second = customer.put(SECOND, **NEW)
    customer.refuse(ErrorCode.INCORRECT_KEY_MATERIAL, SECOND, **NEW)
    message = customer.refuse(ErrorCode.KMS_INVALID_STATE, b"3" * 32, **NEW)
    assert message.startswith("New key material (id: ")
    assert message.endswith(f"another key material (id: {second}) is pending rotation.")
    shown = [(one["KeyMaterialId"], one["KeyMaterialState"]) for one in customer.materials()]
    assert shown == [(first, "CURRENT"), (second, "PENDING_ROTATION")]
    assert customer.materials()[0]["KeyMaterialDescription"] == "the first"
    assert customer.kms("ListKeyRotations", KeyId=customer.key)["Rotations"] == []
    customer.rotate()
    new = customer.encrypt(customer.key)
    found = customer.kms("Decrypt", CiphertextBlob=old)
    assert (found["Plaintext"], found["KeyMaterialId"]) == (b"secret", first)
    assert customer.kms("Decrypt", CiphertextBlob=new)["KeyMaterialId"] == second
    shown = [(one["KeyMaterialId"], one["KeyMaterialState"]) for one in customer.materials()]
    assert shown == [(first, "NON_CURRENT"), (second, "CURRENT")]
    message = customer.refused(
        ErrorCode.KMS_INVALID_STATE, "kms", "RotateKeyOnDemand", KeyId=customer.key
    )
    assert message == f"No available key material pending rotation for the key: {customer.arn}."


def test_all_key_materials_must_be_there() -> None:
    customer = Importer()
    first = customer.put()
    second = customer.put(SECOND, **NEW)
    customer.rotate()
    customer.kms("DeleteImportedKeyMaterial", KeyId=customer.key)
    customer.kms("DeleteImportedKeyMaterial", KeyId=customer.key, KeyMaterialId=first)
    assert [one["ImportState"] for one in customer.materials()] == ["PENDING_IMPORT"] * 2
    customer.put(KeyMaterialDescription="again")
    assert customer.state() == "PendingImport"
    assert customer.put(SECOND) == second
    assert customer.state() == "Enabled"
    assert [one["ImportState"] for one in customer.materials()] == ["IMPORTED"] * 2
    assert customer.materials()[0]["KeyMaterialDescription"] == "again"


def test_key_material_that_waits_can_be_exchanged() -> None:
    customer = Importer()
    customer.put()
    second = customer.put(SECOND, **NEW)
    customer.kms("DeleteImportedKeyMaterial", KeyId=customer.key, KeyMaterialId=second)
    assert customer.state() == "Enabled"
    assert len(customer.materials()) == 1
    assert customer.put(b"3" * 32, **NEW) != second


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("GetParametersForImport", {"WrappingAlgorithm": ALGORITHM, "WrappingKeySpec": "RSA_2048"}),
        ("ImportKeyMaterial", {"ImportToken": b"t", "EncryptedKeyMaterial": b"m", **FOREVER}),
        ("DeleteImportedKeyMaterial", {}),
    ],
)
def test_key_material_of_aws_is_not_imported(operation: str, more: dict[str, object]) -> None:
    customer = Customer()
    key = customer.kms("CreateKey")["KeyMetadata"]
    message = customer.refused(
        ErrorCode.UNSUPPORTED_OPERATION, "kms", operation, KeyId=key["KeyId"], **more
    )
    assert message == f"{key['Arn']} origin is AWS_KMS which is not valid for this operation."


def test_a_deleted_key_takes_all_key_material_along() -> None:
    customer = Importer()
    customer.put(ExpirationModel=None, ValidTo=customer.now() + 20 * DAY)
    customer.put(SECOND, **NEW)
    customer.kms("ScheduleKeyDeletion", KeyId=customer.key, PendingWindowInDays=7)
    customer.wait(7 * DAY)
    customer.refused(ErrorCode.NOT_FOUND, "kms", "DescribeKey", KeyId=customer.key)
    customer.wait(20 * DAY + DELAY)
    assert customer.kms("ListKeys")["Keys"] == []
