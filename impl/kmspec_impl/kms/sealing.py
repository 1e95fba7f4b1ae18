"""Sealing: the only place that encrypts and decrypts with a KMS key, of whatever kind.

A ciphertext under a symmetric key says which key and material it needs; one under an RSA key
is nothing but what RSA makes, so that others can make it too (crypto.md, section 4).
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from kmspec.names import ErrorCode, KeySpec, KeyUsage
from kmspec_impl.errors import ServiceError
from kmspec_impl.hsm.interface import Oaep, SealError
from kmspec_impl.kms.ciphertext import with_context
from kmspec_impl.kms.key_material import Material
from kmspec_impl.kms.requests import invalid
from kmspec_impl.kms.state import Key
from kmspec_impl.kms.usage import SYMMETRIC, require_algorithm, require_usage

_MODULUS_BYTES: Final = {KeySpec.RSA_2048: 256, KeySpec.RSA_3072: 384, KeySpec.RSA_4096: 512}
_HASH_BYTES: Final = {Oaep.SHA_1: 20, Oaep.SHA_256: 32}


class Sealing(NamedTuple):
    """A key material, and how it is used; ``oaep`` and ``spec`` are of an RSA key."""

    material: Material
    associated: bytes
    oaep: Oaep | None
    spec: KeySpec

    @property
    def algorithm(self) -> str:
        """EncryptionAlgorithm, as it is answered."""
        return (self.oaep or SYMMETRIC).value


def prepare(
    key: Key,
    material: Material,
    algorithm: str | None,
    context: Mapping[str, str] | None,
    operation: str,
) -> Sealing:
    """How to encrypt or decrypt with a key, as a request wants it.

    :raises ServiceError: InvalidKeyUsageException; ValidationException for an encryption
        context that is too large, or of an asymmetric key (crypto.md, open question 7).
    """
    if key.spec is SYMMETRIC:
        if algorithm is not None and algorithm != SYMMETRIC:
            require_algorithm(key, algorithm)
        return Sealing(material, with_context(material.of.associated, context), None, SYMMETRIC)
    require_usage(key, KeyUsage.ENCRYPT_DECRYPT, operation)
    chosen = algorithm or SYMMETRIC.value
    require_algorithm(key, chosen)
    if context:
        raise invalid("EncryptionContext is not valid for an asymmetric KMS key.")
    return Sealing(material, b"", Oaep(chosen), key.spec)


def check_room(sealing: Sealing, plaintext: bytes) -> None:
    """Refuse what is too long for RSA (crypto.md, section 3).

    :raises ServiceError: ValidationException [REC].
    """
    if sealing.oaep is None:
        return
    most = _MODULUS_BYTES[sealing.spec] - 2 * _HASH_BYTES[sealing.oaep] - 2
    if len(plaintext) > most:
        raise invalid(
            f"Algorithm {sealing.oaep} and key spec {sealing.spec} cannot encrypt data larger "
            f"than {most} bytes."
        )


def seal(sealing: Sealing, plaintext: bytes) -> bytes:
    """The ciphertext of what there is room for."""
    material = sealing.material
    if sealing.oaep is not None:
        return material.device.encrypt_rsa(material.handle, sealing.oaep, plaintext)
    sealed = material.device.encrypt(material.handle, plaintext, sealing.associated)
    return material.of.header + sealed


def opened(sealing: Sealing, sealed: bytes) -> bytes:
    """The plaintext of a ciphertext, without its header.

    :raises ServiceError: InvalidCiphertextException.
    """
    material = sealing.material
    if sealing.oaep is None:
        return opened_symmetric(material, sealed, sealing.associated)
    try:
        return material.device.decrypt_rsa(material.handle, sealing.oaep, sealed)
    except SealError as cause:
        raise ServiceError(ErrorCode.INVALID_CIPHERTEXT) from cause


def opened_symmetric(material: Material, sealed: bytes, associated: bytes) -> bytes:
    """The plaintext of a ciphertext under a symmetric key, without its header.

    :raises ServiceError: InvalidCiphertextException.
    """
    try:
        return material.device.decrypt(material.handle, sealed, associated)
    except SealError as cause:
        raise ServiceError(ErrorCode.INVALID_CIPHERTEXT) from cause
