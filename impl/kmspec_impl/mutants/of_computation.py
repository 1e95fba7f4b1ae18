"""Mutants that compute something else and agree with themselves: only outside is it seen."""

import hashlib
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from kmspec.names import KeySpec, Service
from kmspec_impl.hsm import private_keys
from kmspec_impl.hsm.interface import Form, Oaep, Signing
from kmspec_impl.hsm.private_keys import PrivateKey
from kmspec_impl.hsm.software import SoftwareDevice
from kmspec_impl.kms import key_pairs, public_keys
from kmspec_impl.mutants.mutant import Mutant, Patch
from kmspec_impl.realm import Parameters, Realm, Response

_mac = SoftwareDevice.mac
_hash = private_keys._hash  # noqa: SLF001 - what is patched
_padding = private_keys._padding  # noqa: SLF001 - the same
_derive = private_keys.derive
_SHA_256: Final = hashes.SHA256()
_SHA_1: Final = hashes.SHA1()  # noqa: S303 - what the wrong emulator uses


def _longest_salt(algorithm: Signing) -> padding.AsymmetricPadding:
    if "PSS" not in algorithm:
        return _padding(algorithm)
    digest = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
    return padding.PSS(padding.MGF1(digest[algorithm[-3:]]), padding.PSS.MAX_LENGTH)


def _always_sha_256(algorithm: Signing, form: Form) -> hashes.HashAlgorithm | Prehashed:
    return _hash(algorithm, form) if form is Form.DIGEST else _SHA_256


def _hashed_secret(key: PrivateKey, public_key: bytes) -> bytes:
    secret = _derive(key, public_key)
    return hashlib.shake_256(secret).digest(len(secret))


def _turned_message(device: SoftwareDevice, handle: int, message: bytes) -> bytes:
    return _mac(device, handle, message[::-1])


def _always_sha_1(algorithm: Oaep) -> padding.OAEP:
    del algorithm
    return padding.OAEP(padding.MGF1(_SHA_1), _SHA_1, None)


def _another_key(spec: str) -> bytes:
    return private_keys.spki(private_keys.generate(KeySpec(spec)))


def _unmatched(realm: Realm, parameters: Parameters, now: float) -> Response:
    answer = key_pairs.generate_data_key_pair(realm, parameters, now)
    return {**answer, "PublicKey": _another_key(answer["KeyPairSpec"])}


_told: dict[str, bytes] = {}


def _told_another(realm: Realm, parameters: Parameters, now: float) -> Response:
    answer = public_keys.get_public_key(realm, parameters, now)
    key = answer["KeyId"].rpartition("/")[2]
    if key not in _told:
        _told[key] = _another_key(answer["KeySpec"])
    return {**answer, "PublicKey": _told[key]}


MUTANTS: Final = (
    Mutant(
        "longest-salt",
        "effect/Sign/answer",
        "PSS signatures, made and verified, have the longest salt that fits.",
        (Patch(private_keys, "_padding", _longest_salt),),
    ),
    Mutant(
        "always-sha-256",
        "effect/Sign/answer",
        "Messages are hashed by SHA-256 whatever the signing algorithm says.",
        (Patch(private_keys, "_hash", _always_sha_256),),
    ),
    Mutant(
        "secret-hashed",
        "effect/DeriveSharedSecret/answer",
        "DeriveSharedSecret answers a hash of the secret.",
        (Patch(private_keys, "derive", _hashed_secret),),
    ),
    Mutant(
        "mac-of-turned-message",
        "effect/GenerateMac/answer",
        "HMACs, made and verified, are of the message backwards.",
        (Patch(SoftwareDevice, "mac", _turned_message),),
    ),
    Mutant(
        "always-oaep-sha-1",
        "effect/Encrypt/answer",
        "RSA encryption, and decryption, is by OAEP with SHA-1 whatever is asked for.",
        (Patch(private_keys, "_oaep", _always_sha_1),),
    ),
    Mutant(
        "unmatched-data-key-pair",
        "effect/GenerateDataKeyPair/answer",
        "The public key of a data key pair is not that of its private key.",
        handlers=((Service.KMS, "GenerateDataKeyPair", _unmatched),),
    ),
    Mutant(
        "tells-another-public-key",
        "effect/GetPublicKey/answer",
        "GetPublicKey answers, each time, the public key of another key pair.",
        handlers=((Service.KMS, "GetPublicKey", _told_another),),
    ),
)
