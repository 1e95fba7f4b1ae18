"""Wrapping: the only place that makes key material and wraps it as a customer of AWS KMS does.

Key material follows from its number, so that a run repeats; how it is wrapped does not, and need
not. Nothing here protects anything.
"""

import hashlib
import os
from functools import cache

from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from kmspec.names import KeySpec, WrappingAlgorithm
from kmspec_check import rsa_keys
from kmspec_check.binding import Binding
from kmspec_model.command import Ref
from kmspec_model.materials import first_of, read, spec_of

_TOO_SHORT = 16
_DIRECT = (WrappingAlgorithm.RSAES_OAEP_SHA_1, WrappingAlgorithm.RSAES_OAEP_SHA_256)


def wrapped(ref: Ref, binding: Binding) -> bytes:
    """What ``material#7.2`` stands for: key material, wrapped under ``wrapping#2``."""
    said = read(ref)
    public_key = binding.value(Ref("wrapping", said.parameters))
    try:
        public = serialization.load_der_public_key(public_key)
    except ValueError:  # of parameters that the target did not make
        return bytes(public_key)
    if not isinstance(public, rsa.RSAPublicKey):
        return bytes(public_key)
    blob = _wrap(public, said.algorithm, material(said.material))
    return blob[:-1] + bytes([blob[-1] ^ 1]) if said.corrupt else blob


def _wrap(public: rsa.RSAPublicKey, algorithm: WrappingAlgorithm, content: bytes) -> bytes:
    if algorithm in _DIRECT:
        return public.encrypt(content, oaep(algorithm))
    aes = os.urandom(32)
    return public.encrypt(aes, oaep(algorithm)) + keywrap.aes_key_wrap_with_padding(aes, content)


def oaep(algorithm: str) -> padding.OAEP:
    """The padding of an algorithm of RSA, by what AWS calls it."""
    sha_1 = algorithm.endswith("SHA_1")
    digest = hashes.SHA1() if sha_1 else hashes.SHA256()  # noqa: S303 - AWS offers it
    return padding.OAEP(padding.MGF1(digest), digest, None)


@cache
def material(number: int) -> bytes:
    """The key material of that number: 32 bytes, or a private key as PKCS #8, DER."""
    spec = spec_of(number)
    digest = hashlib.sha256(f"key material {number}".encode()).digest()
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    if spec is KeySpec.RSA_2048:
        key = rsa_keys.private_key(1 + number - first_of(spec))
    elif spec is KeySpec.ECC_NIST_P256:
        key = ec.derive_private_key(int.from_bytes(digest) % 2**255, ec.SECP256R1())
    else:
        return digest if spec is not None else digest[:_TOO_SHORT]
    return pkcs8(key)


def pkcs8(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as DER, not encrypted."""
    return key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
