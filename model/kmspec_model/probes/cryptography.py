"""Probes that use a KMS key."""

from collections.abc import Iterator

from kmspec_model.command import Ref, Value
from kmspec_model.probes.probe import (
    UNKNOWN_KEY,
    Probe,
    kms,
)
from kmspec_model.setup import (
    encrypt,
)
from kmspec_model.world import NONE, Key, World


def cryptography(world: World, key: Key) -> Iterator[Probe]:
    """Every use of a key, and of the oldest ciphertext."""
    named = Ref("key", key.index)
    plaintext = Ref("plaintext", 0)
    yield Probe("Encrypt", encrypt(key.index, keep=False))
    yield kms("arn", "Encrypt", KeyId=Ref("key", key.index, "arn"), Plaintext=plaintext)
    yield kms("dry-run", "Encrypt", KeyId=named, Plaintext=plaintext, DryRun=True)
    for operation in ("GenerateDataKey", "GenerateDataKeyWithoutPlaintext"):
        yield kms("", operation, KeyId=named, KeySpec="AES_256")
        yield kms("dry-run", operation, KeyId=named, KeySpec="AES_256", DryRun=True)
    if key.store != NONE:
        store = Ref("store", key.store)
        yield kms("store", "GenerateRandom", NumberOfBytes=32, CustomKeyStoreId=store)
    for ciphertext in world.ciphertexts[:1]:
        yield from _of_ciphertext(world, key, Ref("ciphertext", ciphertext.index))


def _of_ciphertext(world: World, key: Key, blob: Ref) -> Iterator[Probe]:
    named = Ref("key", key.index)
    context: Value = Ref("context", 0)
    yield kms("", "Decrypt", CiphertextBlob=blob, EncryptionContext=context)
    yield kms("key", "Decrypt", CiphertextBlob=blob, EncryptionContext=context, KeyId=named)
    yield kms("dry-run", "Decrypt", CiphertextBlob=blob, EncryptionContext=context, DryRun=True)
    yield kms("wrong-context", "Decrypt", CiphertextBlob=blob, EncryptionContext=Ref("context", 1))
    yield kms("no-context", "Decrypt", CiphertextBlob=blob)
    destination: dict[str, Value] = {
        "CiphertextBlob": blob,
        "SourceEncryptionContext": context,
        "DestinationKeyId": named,
    }
    yield kms("", "ReEncrypt", **destination)
    yield kms("source", "ReEncrypt", SourceKeyId=named, **destination)
    yield kms("dry-run", "ReEncrypt", DryRun=True, **destination)
    yield kms(
        "unknown-destination",
        "ReEncrypt",
        **{**destination, "DestinationKeyId": UNKNOWN_KEY},
    )
    for other in world.keys:
        if other.index != key.index:
            wrong = Ref("key", other.index)
            yield kms(
                "other-key", "Decrypt", CiphertextBlob=blob, EncryptionContext=context, KeyId=wrong
            )
            yield kms("to-other", "ReEncrypt", **{**destination, "DestinationKeyId": wrong})
            break
