"""Probes that name a recipient by an attestation document: what each form of one is answered."""

from collections.abc import Iterator

from kmspec.names import KeyUsage
from kmspec_model.command import Pairs, Ref, Value
from kmspec_model.probes.probe import Probe, kms
from kmspec_model.world import NONE, Key, Made, World

_ALGORITHM = ("KeyEncryptionAlgorithm", "RSAES_OAEP_SHA_256")


def _recipient(form: str = "") -> Pairs:
    return Pairs((_ALGORITHM, ("AttestationDocument", Ref("attestation", 0, form))))


def of_nothing() -> Iterator[Probe]:
    """Random bytes for a recipient, and for what is none: for these there need be no key."""
    asked: dict[str, Value] = {"NumberOfBytes": 32}
    yield kms("recipient", "GenerateRandom", Recipient=_recipient(), **asked)
    for form in ("malformed", "forged", "keyless", "curve"):
        yield kms(f"recipient-{form}", "GenerateRandom", Recipient=_recipient(form), **asked)
    yield kms("recipient-of-nothing", "GenerateRandom", Recipient=Pairs((_ALGORITHM,)), **asked)


def of_key(world: World, key: Key) -> Iterator[Probe]:
    """What a key answers to a recipient, where it has made one ciphertext and nothing else is."""
    named = Ref("key", key.index)
    if key.usage == KeyUsage.KEY_AGREEMENT and world.made == Made(keys=1):
        yield from _asking(
            "DeriveSharedSecret",
            KeyId=named,
            KeyAgreementAlgorithm="ECDH",
            PublicKey=Ref("public", 0, "p256"),
        )
    if key.store != NONE or world.made != Made(keys=1, materials=1, ciphertexts=1):
        return
    blob = Ref("ciphertext", 0)
    yield from _asking("Decrypt", CiphertextBlob=blob, EncryptionContext=Ref("context", 0))
    yield from _asking("GenerateDataKey", KeyId=named, KeySpec="AES_256")
    yield from _asking("GenerateDataKeyPair", KeyId=named, KeyPairSpec="ECC_NIST_P256")


def _asking(operation: str, **asked: Value) -> Iterator[Probe]:
    recipient = _recipient()
    yield kms("recipient", operation, Recipient=recipient, **asked)
    yield kms("recipient-dry-run", operation, Recipient=recipient, DryRun=True, **asked)
    yield kms("recipient-forged", operation, Recipient=_recipient("forged"), **asked)
