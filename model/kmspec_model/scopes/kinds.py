"""Scope of the kinds of key: one KMS key of each, what is made with it, and its life."""

from collections.abc import Iterator

from kmspec.names import KeyUsage
from kmspec_model import kinds
from kmspec_model.command import Command, Ref, Value, command
from kmspec_model.explore import Scope
from kmspec_model.scopes.steps import key_life
from kmspec_model.setup import create_alias, decrypt
from kmspec_model.states import is_enabled
from kmspec_model.world import Key, World

_WHOLE = (
    ("RSA_2048", KeyUsage.ENCRYPT_DECRYPT),
    ("RSA_2048", KeyUsage.SIGN_VERIFY),
    ("ECC_NIST_P256", KeyUsage.SIGN_VERIFY),
    ("ECC_NIST_P256", KeyUsage.KEY_AGREEMENT),
    ("ECC_NIST_EDWARDS25519", KeyUsage.SIGN_VERIFY),
    ("HMAC_256", KeyUsage.GENERATE_VERIFY_MAC),
    ("ML_DSA_65", KeyUsage.SIGN_VERIFY),
    ("ML_KEM_768", KeyUsage.ENCAPSULATE_DECAPSULATE),
)
"""The kinds whose whole life is explored; the others are created and used."""


def _kinds(world: World) -> Iterator[Command]:
    if not world.made.keys:
        for spec, usage in kinds.kinds():
            yield command("kms", "CreateKey", KeySpec=spec, KeyUsage=usage)
        return
    key = world.key(0)
    if key is None:
        return
    if kinds.is_symmetric(key):
        yield from _pairs(world)
    elif (key.spec, key.usage) in _WHOLE:
        yield from _life(world, key)
    elif key.usage == KeyUsage.ENCAPSULATE_DECAPSULATE and not world.ciphertexts:
        yield from _made(key)


def _pairs(world: World) -> Iterator[Command]:
    """Data key pairs, whose private keys are ciphertexts as others are."""
    pair: dict[str, Value] = {"KeyId": Ref("key", 0), "KeyPairSpec": "ECC_NIST_P256"}
    if world.made.ciphertexts < 1:
        for operation in ("GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"):
            made = command("kms", operation, **pair, EncryptionContext=Ref("context", 0))
            yield made._replace(keep=True)
    else:
        yield decrypt()


def _made(key: Key) -> Iterator[Command]:
    made = making(key)
    if made is not None:
        yield made._replace(keep=True)


def _life(world: World, key: Key) -> Iterator[Command]:
    """Something made with the key, then its states; of the HMAC key also aliases."""
    if making(key) is not None and not world.signed and not world.ciphertexts:
        yield from _made(key)
        return
    if len(world.keys) == 1 and not world.aliases:
        yield from key_life(0)
    if key.usage == KeyUsage.GENERATE_VERIFY_MAC and is_enabled(key):
        if not world.aliases:
            yield create_alias()
        elif len(world.keys) == 1:
            yield command("kms", "CreateKey")


def making(key: Key) -> Command | None:
    """What is made with a key and kept, for the operation that undoes or verifies it."""
    named, used = Ref("key", key.index), kinds.algorithms(key)[0]
    message = Ref("message", 0)
    match key.usage:
        case KeyUsage.SIGN_VERIFY:
            return command("kms", "Sign", KeyId=named, Message=message, SigningAlgorithm=used)
        case KeyUsage.GENERATE_VERIFY_MAC:
            return command("kms", "GenerateMac", KeyId=named, Message=message, MacAlgorithm=used)
        case KeyUsage.ENCAPSULATE_DECAPSULATE:
            return command("kms", "Encapsulate", KeyId=named, EncapsulationAlgorithm=used)
        case KeyUsage.ENCRYPT_DECRYPT:
            plaintext = Ref("plaintext", 0)
            asked: dict[str, Value] = {
                "KeyId": named,
                "Plaintext": plaintext,
                "EncryptionAlgorithm": used,
            }
            return command("kms", "Encrypt", **asked)
    return None


SCOPES = (Scope("kinds", "one KMS key of each kind", (), _kinds),)
