"""The AWS Encryption SDK for Python, unmodified, with a KMS key of a custom key store."""

from typing import Any, Final

import aws_encryption_sdk  # type: ignore[import-untyped]
import botocore.session
import pytest
from aws_encryption_sdk.exceptions import (  # type: ignore[import-untyped]
    DecryptKeyError,
    GenerateKeyError,
)
from aws_encryption_sdk.identifiers import CommitmentPolicy  # type: ignore[import-untyped]
from aws_encryption_sdk.key_providers.kms import (  # type: ignore[import-untyped]
    MRKAwareStrictAwsKmsMasterKeyProvider,
    StrictAwsKmsMasterKeyProvider,
)

from tests.story.customer import Customer

SECRET: Final = b"\x00secret" * 2000
CONTEXT: Final = {"purpose": "test", "ключ": "värde"}


class Program:
    """What a program of a customer would set up."""

    def __init__(self, account: str) -> None:
        self._session = botocore.session.get_session()
        self._session.set_credentials(account, "secret")
        self._session.set_config_variable("region", "us-east-1")
        self._client = aws_encryption_sdk.EncryptionSDKClient(
            commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
        )

    def keys(self, *arns: str, related: bool = False) -> StrictAwsKmsMasterKeyProvider:
        """The master keys to wrap data keys with; ``related`` takes multi-Region keys for one."""
        provider = (
            MRKAwareStrictAwsKmsMasterKeyProvider if related else StrictAwsKmsMasterKeyProvider
        )
        return provider(key_ids=arns, botocore_session=self._session)

    def encrypt(self, *arns: str) -> bytes:
        """The secret under these keys."""
        message: bytes
        message, _ = self._client.encrypt(
            source=SECRET, encryption_context=CONTEXT, key_provider=self.keys(*arns)
        )
        return message

    def decrypt(self, message: bytes, *arns: str, related: bool = False) -> tuple[bytes, Any]:
        """What a message holds, and its header."""
        provider = self.keys(*arns, related=related)
        plaintext, header = self._client.decrypt(source=message, key_provider=provider)
        return plaintext, header


@pytest.fixture
def program(customer: Customer, monkeypatch: pytest.MonkeyPatch) -> Program:
    """The SDK makes its own clients; the environment says where they ask."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", customer.url)
    return Program(customer.create_key()["Arn"].split(":")[4])


def test_a_message_is_encrypted_and_decrypted(customer: Customer, program: Program) -> None:
    arn = customer.create_key()["Arn"]
    message = program.encrypt(arn)
    assert SECRET not in message
    plaintext, header = program.decrypt(message, arn)
    assert plaintext == SECRET
    assert CONTEXT.items() <= header.encryption_context.items()
    (wrapped,) = header.encrypted_data_keys
    assert wrapped.key_provider.key_info == arn.encode()
    opened = customer.kms.decrypt(
        CiphertextBlob=wrapped.encrypted_data_key, EncryptionContext=header.encryption_context
    )
    assert opened["KeyId"] == arn


def test_either_of_two_keys_opens_it(customer: Customer, program: Program) -> None:
    in_store = customer.create_key()["Arn"]
    in_kms = customer.kms.create_key()["KeyMetadata"]["Arn"]
    message = program.encrypt(in_store, in_kms)
    assert program.decrypt(message, in_store)[0] == SECRET
    customer.kms.disable_key(KeyId=in_store)
    assert program.decrypt(message, in_kms)[0] == SECRET
    with pytest.raises(DecryptKeyError):
        program.decrypt(message, in_store)


def test_nothing_opens_while_the_store_is_disconnected(
    customer: Customer, program: Program
) -> None:
    arn = customer.create_key()["Arn"]
    message = program.encrypt(arn)
    customer.disconnect()
    with pytest.raises(DecryptKeyError):
        program.decrypt(message, arn)
    with pytest.raises(GenerateKeyError):
        program.encrypt(arn)
    customer.connect()
    assert program.decrypt(message, arn)[0] == SECRET


def test_a_replica_opens_what_the_primary_key_wrapped(program: Program, customer: Customer) -> None:
    primary = customer.kms.create_key(MultiRegion=True)["KeyMetadata"]["Arn"]
    customer.kms.replicate_key(KeyId=primary, ReplicaRegion="eu-west-1")
    customer.wait()
    message = program.encrypt(primary)
    replica = primary.replace("us-east-1", "eu-west-1")
    assert program.decrypt(message, replica, related=True)[0] == SECRET
    with pytest.raises(DecryptKeyError):
        program.decrypt(message, replica)
