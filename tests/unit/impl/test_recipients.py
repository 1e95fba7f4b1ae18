"""Recipients: what is answered to an enclave, read by OpenSSL; which documents are refused."""

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
)

from kmspec.names import ErrorCode
from tests.unit.impl.enclave import Certified, Enclave, recipient
from tests.unit.impl.support import Customer

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
ENCLAVE: Final = Enclave()
SMALL: Final = rsa.generate_private_key(65537, 1024)  # noqa: S505 - to be refused
PAST: Final = dt.datetime(2021, 1, 1, tzinfo=dt.UTC)


def spki(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    """The public key in DER."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture(scope="module")
def customer() -> Customer:
    """An account in which nothing is changed."""
    return Customer()


class Asking:
    """A customer in an enclave."""

    def __init__(self, customer: Customer, folder: Path) -> None:
        self._customer = customer
        self._folder = folder
        self.recipient: Final = recipient(ENCLAVE.document())

    def __call__(self, operation: str, secret: str, **asked: object) -> tuple[bytes, Any]:
        """What is secret in an answer, and its other members."""
        dry = {"Recipient": self.recipient, "DryRun": True, **asked}
        if operation != "GenerateRandom":
            self._customer.refused(ErrorCode.DRY_RUN, "kms", operation, **dry)
        answer = self._customer.kms(operation, Recipient=self.recipient, **asked)
        assert secret not in answer
        return ENCLAVE.opened(answer.pop("CiphertextForRecipient"), self._folder), answer


@needs_openssl
def test_an_enclave_decrypts(customer: Customer, tmp_path: Path) -> None:
    asking = Asking(customer, tmp_path)
    key = customer.create("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    for plaintext in (b"x", bytes(4096)):
        blob = customer.kms("Encrypt", KeyId=key, Plaintext=plaintext)["CiphertextBlob"]
        opened, rest = asking("Decrypt", "Plaintext", CiphertextBlob=blob)
        assert opened == plaintext
        assert rest == {"KeyId": key, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}
    asymmetric = customer.create("RSA_2048", "ENCRYPT_DECRYPT")
    named = {"KeyId": asymmetric, "EncryptionAlgorithm": "RSAES_OAEP_SHA_1"}
    blob = customer.kms("Encrypt", **named, Plaintext=b"by RSA")["CiphertextBlob"]
    opened, rest = asking("Decrypt", "Plaintext", CiphertextBlob=blob, **named)
    assert (opened, rest) == (b"by RSA", named)


@needs_openssl
def test_an_enclave_gets_data_keys(customer: Customer, tmp_path: Path) -> None:
    asking = Asking(customer, tmp_path)
    key = customer.create("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    opened, rest = asking("GenerateDataKey", "Plaintext", KeyId=key, KeySpec="AES_256")
    assert set(rest) == {"CiphertextBlob", "KeyId"}
    assert opened == customer.kms("Decrypt", CiphertextBlob=rest["CiphertextBlob"])["Plaintext"]
    asked = {"KeyId": key, "KeyPairSpec": "ECC_NIST_P256"}
    opened, rest = asking("GenerateDataKeyPair", "PrivateKeyPlaintext", **asked)
    assert "KeyMaterialId" in rest
    blob = rest["PrivateKeyCiphertextBlob"]
    assert opened == customer.kms("Decrypt", CiphertextBlob=blob)["Plaintext"]
    private = load_der_private_key(opened, None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    assert spki(private) == rest["PublicKey"]


@needs_openssl
def test_an_enclave_derives_secrets_and_gets_random_bytes(
    customer: Customer, tmp_path: Path
) -> None:
    asking = Asking(customer, tmp_path)
    key = customer.create("ECC_NIST_P384", "KEY_AGREEMENT")
    peer = spki(ec.generate_private_key(ec.SECP384R1()))
    asked = {"KeyId": key, "KeyAgreementAlgorithm": "ECDH", "PublicKey": peer}
    opened, rest = asking("DeriveSharedSecret", "SharedSecret", **asked)
    assert opened == customer.kms("DeriveSharedSecret", **asked)["SharedSecret"]
    assert rest == {"KeyId": key, "KeyAgreementAlgorithm": "ECDH", "KeyOrigin": "AWS_KMS"}
    opened, rest = asking("GenerateRandom", "Plaintext", NumberOfBytes=77)
    assert (len(opened), rest) == (77, {})
    assert opened != bytes(77)


@needs_openssl
def test_an_enclave_uses_a_key_of_a_store(tmp_path: Path) -> None:
    customer = Customer()
    customer.build_store()
    asking = Asking(customer, tmp_path)
    made = customer.kms("CreateKey", Origin="AWS_CLOUDHSM", CustomKeyStoreId=customer.store_id)
    key = made["KeyMetadata"]["Arn"]
    opened, rest = asking("GenerateDataKey", "Plaintext", KeyId=key, NumberOfBytes=24)
    again, _ = asking("Decrypt", "Plaintext", CiphertextBlob=rest["CiphertextBlob"])
    assert (again, len(opened)) == (opened, 24)
    store = {"CustomKeyStoreId": customer.store_id}
    opened, _ = asking("GenerateRandom", "Plaintext", NumberOfBytes=9, **store)
    assert len(opened) == 9


def taken(customer: Customer, document: bytes) -> bool:
    """Whether a document is taken; if not, as the right exception."""
    asked = {"NumberOfBytes": 1, "Recipient": recipient(document)}
    status, body = customer.call("kms", "GenerateRandom", **asked)
    assert status == 200 or body["__type"] == ErrorCode.VALIDATION.value, body
    assert (status == 200) == ("CiphertextForRecipient" in body)
    return status == 200


@pytest.mark.parametrize(
    "other",
    [
        {"user_data": bytes(512), "nonce": b""},
        {"pcrs": None, "nitrotpm_pcrs": {4: bytes(48), 7: bytes(48)}},
        {"pcrs": {31: bytes(64)}},
        {"public_key": spki(rsa.generate_private_key(65537, 3072))},
    ],
)
def test_a_document_is_taken(customer: Customer, other: dict[str, Any]) -> None:
    assert taken(customer, ENCLAVE.document(**other))


def test_a_document_may_be_tagged_and_say_that_a_member_is_null(customer: Customer) -> None:
    parts = ENCLAVE.signed({**ENCLAVE.content(), "nonce": None, "user_data": None})
    assert taken(customer, cbor2.dumps(parts))
    assert taken(customer, cbor2.dumps(cbor2.CBORTag(18, parts)))
    assert not taken(customer, cbor2.dumps(cbor2.CBORTag(17, parts)))


@pytest.mark.parametrize(
    "other",
    [
        *({name: None} for name in Enclave.content(ENCLAVE)),
        {"module_id": ""},
        {"digest": "SHA256"},
        {"timestamp": 0},
        {"timestamp": 1.5},
        {"pcrs": {}},
        {"pcrs": {32: bytes(48)}},
        {"pcrs": {0: bytes(47)}},
        {"pcrs": {"0": bytes(48)}},
        {"pcrs": [bytes(48)]},
        {"cabundle": []},
        {"cabundle": ENCLAVE.root.der},
        {"cabundle": [b""]},
        {"cabundle": [b"x"]},
        {"cabundle": [ENCLAVE.root.der]},
        {"cabundle": [ENCLAVE.issuer.der, ENCLAVE.root.der]},
        {"cabundle": [Certified("root").der, ENCLAVE.issuer.der]},
        {"certificate": b"x"},
        {"certificate": ENCLAVE.issuer.der},
        {"certificate": Certified("leaf", ENCLAVE.root, ca=False).der},
        {"certificate": Certified("leaf", ENCLAVE.issuer, ca=False, until=PAST).der},
        {"nonce": "text"},
        {"user_data": bytes(1025)},
        {"public_key": b""},
        {"public_key": b"x"},
        {"public_key": ENCLAVE.public_key[:-1]},
        {"public_key": spki(ec.generate_private_key(ec.SECP256R1()))},
        {"public_key": spki(SMALL)},
    ],
    ids=",".join,
)
def test_a_document_is_refused(customer: Customer, other: dict[str, Any]) -> None:
    assert not taken(customer, ENCLAVE.document(**other))


def test_only_an_authority_issues_certificates(customer: Customer) -> None:
    root = Certified("root")
    for ca in (True, False):
        between = Certified("between", root, ca=ca)
        enclave = Enclave(Certified("leaf", between, ca=False))
        assert taken(customer, enclave.document(cabundle=[root.der, between.der])) == ca


def _changed(index: int, change: Callable[[Any], object]) -> bytes:
    parts = ENCLAVE.signed(ENCLAVE.content())
    parts[index] = change(parts[index])
    return cbor2.dumps(parts)


@pytest.mark.parametrize(
    "document",
    [
        b"x",
        b"\x9f",
        b"\xd8\x1c\x81\xd8\x1d\x00",
        b"\x81" * 500,
        cbor2.dumps(None),
        cbor2.dumps([1, 2, 3, 4]),
        cbor2.dumps(ENCLAVE.content()),
        cbor2.dumps(ENCLAVE.signed(ENCLAVE.content())[:3]),
        cbor2.dumps(ENCLAVE.signed([])),
        cbor2.dumps(ENCLAVE.signed(ENCLAVE.content(), {1: -7})),
        cbor2.dumps(ENCLAVE.signed(ENCLAVE.content(), {})),
        cbor2.dumps(ENCLAVE.signed(ENCLAVE.content(), [])),
        ENCLAVE.document()[:-1],
        ENCLAVE.document() + b"\x00",
        _changed(1, lambda _: b""),
        _changed(2, lambda payload: payload.replace(b"i-0-enc0", b"i-1-enc0")),
        _changed(3, lambda signature: signature[:-1]),
        _changed(3, lambda signature: signature[:-1] + bytes([signature[-1] ^ 1])),
        _changed(3, lambda _: bytes(96)),
    ],
)
def test_what_is_no_signed_document_is_refused(customer: Customer, document: bytes) -> None:
    assert not taken(customer, document)


def test_a_recipient_is_looked_at_first(customer: Customer) -> None:
    wrong = {"CiphertextBlob": b"x", "Recipient": recipient(b"x")}
    customer.refused(ErrorCode.VALIDATION, "kms", "Decrypt", **wrong)
    right = {"CiphertextBlob": b"x", "Recipient": recipient(ENCLAVE.document())}
    customer.refused(ErrorCode.INVALID_CIPHERTEXT, "kms", "Decrypt", **right)
    for lacking in ("AttestationDocument", "KeyEncryptionAlgorithm"):
        some = {name: held for name, held in recipient(b"x").items() if name != lacking}
        told = customer.refused(
            ErrorCode.VALIDATION, "kms", "GenerateRandom", NumberOfBytes=1, Recipient=some
        )
        assert told == f"Recipient: {lacking} is required."
    assert "Plaintext" in customer.kms("GenerateRandom", NumberOfBytes=1, Recipient=None)
