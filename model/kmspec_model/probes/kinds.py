"""Probes about the kinds of KMS key: creating each, and every use that a kind does not have."""

from collections.abc import Iterator

from kmspec.names import KeySpec, KeyUsage
from kmspec.tables import load
from kmspec_model import kinds
from kmspec_model.command import Ref, Value
from kmspec_model.probes.probe import Probe, kms
from kmspec_model.states import is_enabled
from kmspec_model.world import Key, Made, World

_OTHER = {
    "Sign": "RSASSA_PSS_SHA_256",
    "GenerateMac": "HMAC_SHA_256",
    "Encrypt": "RSAES_OAEP_SHA_256",
}
"""An algorithm to try with keys that do not have the usage."""
_GARBAGE = b"kmspec"


def creations() -> Iterator[Probe]:
    """CreateKey with every usage that a key spec does not have, and without any.

    What can be created is created by the scope of kinds, each once: some of it takes long.
    """
    created = kinds.kinds()
    for kind in load().key_specs.values():
        for usage in KeyUsage:
            if (kind.name, usage) not in created:
                asked = {"KeySpec": kind.name, "KeyUsage": usage.value}
                yield kms(f"{kind.name}-{usage}", "CreateKey", **asked)
        if kind.name != kinds.SYMMETRIC:
            yield kms(kind.name, "CreateKey", KeySpec=kind.name)


def of_symmetric(world: World, key: Key) -> Iterator[Probe]:
    """What a symmetric encryption key cannot do, and data key pairs."""
    named = Ref("key", key.index)
    yield from _signing(named, {"SigningAlgorithm": _OTHER["Sign"]})
    yield from _macs(named, _OTHER["GenerateMac"])
    yield from _agreement(named)
    yield from _encapsulation(named)
    yield kms("", "GetPublicKey", KeyId=named)
    for operation in ("GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"):
        pair: dict[str, Value] = {"KeyId": named, "KeyPairSpec": KeySpec.ECC_NIST_P256.value}
        yield kms("", operation, **pair)
        yield kms("dry-run", operation, DryRun=True, **pair)
    if world.made == Made(keys=1, materials=1) and not key.role:
        # Some take long to make: each once, where nothing else is.
        for kind in load().key_specs.values():
            if kind.data_key_pair:
                yield kms(kind.name, "GenerateDataKeyPair", KeyId=named, KeyPairSpec=kind.name)
    alone = world.made == Made(keys=1, materials=1, ciphertexts=1)
    if alone and is_enabled(key) and not key.role:
        for used in ("SYMMETRIC_DEFAULT", _OTHER["Encrypt"]):
            yield from _by_algorithm(named, used)


def _by_algorithm(named: Ref, used: str) -> Iterator[Probe]:
    """What a symmetric encryption key does when an algorithm is named."""
    blob: dict[str, Value] = {"CiphertextBlob": Ref("ciphertext", 0)}
    context = Ref("context", 0)
    plaintext = Ref("plaintext", 0)
    yield kms(used, "Encrypt", KeyId=named, Plaintext=plaintext, EncryptionAlgorithm=used)
    yield kms(used, "Decrypt", EncryptionContext=context, EncryptionAlgorithm=used, **blob)
    blob["SourceEncryptionContext"] = context
    blob["DestinationKeyId"] = named
    yield kms(f"from-{used}", "ReEncrypt", SourceEncryptionAlgorithm=used, **blob)
    yield kms(f"to-{used}", "ReEncrypt", DestinationEncryptionAlgorithm=used, **blob)


def of_another_kind(world: World, key: Key) -> Iterator[Probe]:
    """Every cryptographic operation with a key that is not for symmetric encryption."""
    named = Ref("key", key.index)
    yield kms("", "DescribeKey", KeyId=named)
    yield kms("", "GetPublicKey", KeyId=named)
    yield kms("arn", "GetPublicKey", KeyId=Ref("key", key.index, "arn"))
    yield from _data_keys(named)
    for usage, probes in (
        (KeyUsage.SIGN_VERIFY, signing),
        (KeyUsage.GENERATE_VERIFY_MAC, macs),
        (KeyUsage.KEY_AGREEMENT, agreement),
        (KeyUsage.ENCAPSULATE_DECAPSULATE, encapsulation),
        (KeyUsage.ENCRYPT_DECRYPT, encryption),
    ):
        if key.usage == usage:
            yield from probes(world, key)
    if key.usage != KeyUsage.SIGN_VERIFY:
        yield from _signing(named, {"SigningAlgorithm": _OTHER["Sign"]})
    if key.usage != KeyUsage.GENERATE_VERIFY_MAC:
        yield from _macs(named, _OTHER["GenerateMac"])
    if key.usage != KeyUsage.KEY_AGREEMENT:
        yield from _agreement(named)
    if key.usage != KeyUsage.ENCAPSULATE_DECAPSULATE:
        yield from _encapsulation(named)
    if key.usage != KeyUsage.ENCRYPT_DECRYPT:
        yield from _encryption(named)
    yield from _aliases(world, key)


def _aliases(world: World, key: Key) -> Iterator[Probe]:
    for alias in world.aliases:
        by_alias, name = Ref("alias", alias.index), Ref("alias", alias.index)
        yield kms("alias", "GetPublicKey", KeyId=by_alias)
        yield kms("same-kind", "UpdateAlias", AliasName=name, TargetKeyId=Ref("key", key.index))
        for other in world.keys:
            if other.index != key.index:
                target = Ref("key", other.index)
                yield kms("other-kind", "UpdateAlias", AliasName=name, TargetKeyId=target)


# ---- Of any key: refused where the key does not have the usage -------------------------------


def _data_keys(named: Ref) -> Iterator[Probe]:
    for operation in ("GenerateDataKey", "GenerateDataKeyWithoutPlaintext"):
        yield kms("", operation, KeyId=named, KeySpec="AES_256")
    for operation in ("GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"):
        yield kms("", operation, KeyId=named, KeyPairSpec=KeySpec.ECC_NIST_P256.value)


def _signing(named: Ref, asked: dict[str, Value]) -> Iterator[Probe]:
    message: Value = Ref("message", 0)
    yield kms("", "Sign", KeyId=named, Message=message, **asked)
    yield kms("", "Verify", KeyId=named, Message=message, Signature=Ref("signature", 0), **asked)


def _macs(named: Ref, algorithm: str) -> Iterator[Probe]:
    asked: dict[str, Value] = {
        "KeyId": named,
        "Message": Ref("message", 0),
        "MacAlgorithm": algorithm,
    }
    yield kms("", "GenerateMac", **asked)
    yield kms("", "VerifyMac", Mac=Ref("mac", 0), **asked)


def _agreement(named: Ref, curve: str = "p256") -> Iterator[Probe]:
    yield kms(
        "",
        "DeriveSharedSecret",
        KeyId=named,
        KeyAgreementAlgorithm="ECDH",
        PublicKey=Ref("public", 0, curve),
    )


def _encapsulation(named: Ref) -> Iterator[Probe]:
    asked: dict[str, Value] = {"KeyId": named, "EncapsulationAlgorithm": "ML_KEM"}
    yield kms("", "Encapsulate", **asked)
    yield kms("", "Decapsulate", SharedSecretCiphertextBlob=bytes(1088), **asked)


def _encryption(named: Ref) -> Iterator[Probe]:
    used = _OTHER["Encrypt"]
    plaintext = Ref("plaintext", 0)
    yield kms("", "Encrypt", KeyId=named, Plaintext=plaintext, EncryptionAlgorithm=used)
    yield kms("default", "Encrypt", KeyId=named, Plaintext=plaintext)
    yield kms("", "Decrypt", KeyId=named, CiphertextBlob=_GARBAGE, EncryptionAlgorithm=used)
    yield kms(
        "",
        "ReEncrypt",
        CiphertextBlob=_GARBAGE,
        SourceKeyId=named,
        SourceEncryptionAlgorithm=used,
        DestinationKeyId=named,
        DestinationEncryptionAlgorithm=used,
    )


# ---- Of a key that has the usage ------------------------------------------------------------


def signing(world: World, key: Key) -> Iterator[Probe]:
    """Signatures by each algorithm of the key, of messages, digests, and what is neither."""
    named, message = Ref("key", key.index), Ref("message", 0)
    for used in kinds.algorithms(key):
        row = load().signing_algorithms[used]
        asked: dict[str, Value] = {"KeyId": named, "SigningAlgorithm": used}
        right = next(form for form, size in kinds.DIGESTS.items() if size == row.digest)
        wrong = next(form for form, size in kinds.DIGESTS.items() if size != row.digest)
        yield kms(used, "Sign", Message=message, **asked)
        asked["MessageType"] = "DIGEST"
        if "EXTERNAL_MU" in row.refuses:
            yield kms(f"{used}-digest", "Sign", Message=message._replace(form=right), **asked)
            yield kms(f"{used}-no-digest", "Sign", Message=message._replace(form=wrong), **asked)
        asked["MessageType"] = "EXTERNAL_MU"
        yield kms(f"{used}-mu", "Sign", Message=message._replace(form="sha512"), **asked)
        if "EXTERNAL_MU" not in row.refuses:
            yield kms(f"{used}-no-mu", "Sign", Message=message._replace(form="sha256"), **asked)
    other = next(name for name in load().signing_algorithms if name not in kinds.algorithms(key))
    yield from _signing(named, {"SigningAlgorithm": other})
    used = kinds.algorithms(key)[-1]
    asked = {"KeyId": named, "SigningAlgorithm": used}
    if "RAW" in load().signing_algorithms[used].refuses:
        asked["MessageType"] = "DIGEST"
        message = message._replace(form="sha512")
    yield kms("dry-run", "Sign", Message=message, DryRun=True, **asked)
    yield from _verifying(world, key)


def _verifying(world: World, key: Key) -> Iterator[Probe]:
    named = Ref("key", key.index)
    for made in world.signed[:1]:
        signature: Value = Ref("signature", made.index)
        asked: dict[str, Value] = {"KeyId": named, "SigningAlgorithm": made.algorithm}
        right: dict[str, Value] = {"Message": Ref("message", 0), "Signature": signature}
        corrupt = {**right, "Signature": Ref("signature", made.index, "corrupt")}
        yield kms("again", "Sign", Message=Ref("message", 0), **asked)
        yield kms("right", "Verify", **asked, **right)
        yield kms("other-message", "Verify", **asked, **{**right, "Message": Ref("message", 1)})
        yield kms("corrupt", "Verify", **asked, **corrupt)
        yield kms("dry-run", "Verify", **asked, **right, DryRun=True)
        row = load().signing_algorithms[made.algorithm]
        if "DIGEST" not in row.refuses:
            form = next(form for form, size in kinds.DIGESTS.items() if size == row.digest)
            digest = {**right, "Message": Ref("message", 0, form), "MessageType": "DIGEST"}
            yield kms("digest", "Verify", **asked, **digest)
        for other in kinds.algorithms(key):
            refuses = load().signing_algorithms[other].refuses
            if other != made.algorithm and "RAW" not in refuses:
                yield kms(f"by-{other}", "Verify", **{**asked, "SigningAlgorithm": other}, **right)


def macs(world: World, key: Key) -> Iterator[Probe]:
    """HMACs by the one algorithm of the key."""
    named = Ref("key", key.index)
    (used,) = kinds.algorithms(key)
    other = next(name for name in ("HMAC_SHA_512", "HMAC_SHA_256") if name != used)
    asked: dict[str, Value] = {
        "KeyId": named,
        "Message": Ref("message", 0),
        "MacAlgorithm": used,
    }
    yield kms("right", "GenerateMac", **asked)
    yield kms("dry-run", "GenerateMac", DryRun=True, **asked)
    yield from _macs(named, other)
    for made in world.signed[:1]:
        mac: Value = Ref("mac", made.index)
        yield kms("again", "GenerateMac", **asked)
        yield kms("right", "VerifyMac", Mac=mac, **asked)
        yield kms("dry-run", "VerifyMac", Mac=mac, DryRun=True, **asked)
        yield kms("other-message", "VerifyMac", Mac=mac, **{**asked, "Message": Ref("message", 1)})
        yield kms("corrupt", "VerifyMac", Mac=Ref("mac", made.index, "corrupt"), **asked)
        yield kms("short", "VerifyMac", Mac=Ref("mac", made.index, "short"), **asked)


def agreement(_world: World, key: Key) -> Iterator[Probe]:
    """Secrets shared with public keys of the same curve, of another, and with none."""
    named = Ref("key", key.index)
    curves = {spec: form for form, spec in kinds.CURVES.items()}
    own = curves[key.spec]
    yield from _agreement(named, own)
    asked: dict[str, Value] = {"KeyId": named, "KeyAgreementAlgorithm": "ECDH"}
    operation = "DeriveSharedSecret"
    yield kms("another", operation, PublicKey=Ref("public", 1, own), **asked)
    yield kms("again", operation, PublicKey=Ref("public", 0, own), **asked)
    foreign = next(form for form in kinds.CURVES if form != own)
    yield kms("other-curve", operation, PublicKey=Ref("public", 0, foreign), **asked)
    yield kms("no-key", operation, PublicKey=_GARBAGE, **asked)
    yield kms("dry-run", operation, PublicKey=Ref("public", 0, own), DryRun=True, **asked)


def encapsulation(world: World, key: Key) -> Iterator[Probe]:
    """Secrets encapsulated and taken out, also of what is altered or torn."""
    asked: dict[str, Value] = {"KeyId": Ref("key", key.index), "EncapsulationAlgorithm": "ML_KEM"}
    yield kms("", "Encapsulate", **asked)
    yield kms("dry-run", "Encapsulate", DryRun=True, **asked)
    for made in world.ciphertexts[:1]:
        for variant, form in (("", ""), ("corrupt", "corrupt"), ("short", "short")):
            blob = Ref("ciphertext", made.index, form)
            yield kms(variant, "Decapsulate", SharedSecretCiphertextBlob=blob, **asked)
        held = Ref("ciphertext", made.index)
        dry: dict[str, Value] = {"SharedSecretCiphertextBlob": held, "DryRun": True}
        yield kms("dry-run", "Decapsulate", **dry, **asked)


def encryption(world: World, key: Key) -> Iterator[Probe]:
    """Encryption by each algorithm of an asymmetric key, up to what it bears and beyond."""
    named, plaintext = Ref("key", key.index), Ref("plaintext", 0)
    asked: dict[str, Value] = {"KeyId": named}
    for used, most in kinds.kind_of(key.spec).plaintext.items():
        asked["EncryptionAlgorithm"] = used
        yield kms(used, "Encrypt", Plaintext=plaintext, **asked)
        yield kms(f"{used}-largest", "Encrypt", Plaintext=bytes(most), **asked)
        yield kms(f"{used}-too-large", "Encrypt", Plaintext=bytes(most + 1), **asked)
    context: Value = Ref("context", 0)
    yield kms("context", "Encrypt", Plaintext=plaintext, EncryptionContext=context, **asked)
    yield kms("dry-run", "Encrypt", Plaintext=plaintext, DryRun=True, **asked)
    yield kms("default", "Encrypt", KeyId=named, Plaintext=plaintext)
    for made in world.ciphertexts[:1]:
        yield from _decryption(named, Ref("ciphertext", made.index), made.algorithm)


def _decryption(named: Ref, blob: Ref, used: str) -> Iterator[Probe]:
    other = next(name for name in ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256") if name != used)
    asked: dict[str, Value] = {"CiphertextBlob": blob, "EncryptionAlgorithm": used}
    yield kms("", "Decrypt", KeyId=named, **asked)
    yield kms("dry-run", "Decrypt", KeyId=named, DryRun=True, **asked)
    yield kms("no-key", "Decrypt", **asked)
    yield kms("default", "Decrypt", KeyId=named, CiphertextBlob=blob)
    yield kms("other-algorithm", "Decrypt", KeyId=named, **{**asked, "EncryptionAlgorithm": other})
    torn = {**asked, "CiphertextBlob": blob._replace(form="corrupt")}
    yield kms("corrupt", "Decrypt", KeyId=named, **torn)
    source: dict[str, Value] = {
        "CiphertextBlob": blob,
        "SourceKeyId": named,
        "SourceEncryptionAlgorithm": used,
        "DestinationKeyId": named,
    }
    yield kms("", "ReEncrypt", DestinationEncryptionAlgorithm=other, **source)
    yield kms("default", "ReEncrypt", **source)
