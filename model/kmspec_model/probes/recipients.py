"""Probes that name a recipient by an attestation document: what each form of one is answered."""

from collections.abc import Iterator

from kmspec.names import KeySpec, KeyUsage
from kmspec_model.command import Pairs, Ref, Value
from kmspec_model.kinds import is_symmetric
from kmspec_model.probes.probe import Probe, kms
from kmspec_model.states import is_enabled
from kmspec_model.world import Key, Made, World

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
    """What a key answers to a recipient, where it is enabled and does not rotate, and is alone."""
    named = Ref("key", key.index)
    if key.role or key.rotation or key.rotating is not None or not is_enabled(key):
        return
    if world.made == Made(keys=1) and key.usage == KeyUsage.KEY_AGREEMENT:
        if key.spec == KeySpec.ECC_NIST_P256:
            asked: dict[str, Value] = {"KeyAgreementAlgorithm": "ECDH"}
            public = Ref("public", 0, "p256")
            yield from _asking("DeriveSharedSecret", KeyId=named, PublicKey=public, **asked)
    elif world.made == Made(keys=1, materials=1, ciphertexts=1) and is_symmetric(key):
        blob = Ref("ciphertext", 0)
        yield from _asking("Decrypt", CiphertextBlob=blob, EncryptionContext=Ref("context", 0))
        yield from _asking("GenerateDataKey", KeyId=named, KeySpec="AES_256")
        yield from _asking("GenerateDataKeyPair", KeyId=named, KeyPairSpec="ECC_NIST_P256")


def _asking(operation: str, **asked: Value) -> Iterator[Probe]:
    recipient = _recipient()
    yield kms("recipient", operation, Recipient=recipient, **asked)
    yield kms("recipient-dry-run", operation, Recipient=recipient, DryRun=True, **asked)
    yield kms("recipient-forged", operation, Recipient=_recipient("forged"), **asked)
