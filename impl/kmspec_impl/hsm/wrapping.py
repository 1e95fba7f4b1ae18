"""Wrapping keys: the only place that unwraps key material somebody else made.

The RSA key pairs under which key material travels into the HSMs. To make one takes long, so all
HSMs of a process share a few of each size, which are handed out in turn: two requests in a row
never get the same public key.
"""

from functools import cache
from typing import Final

from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kmspec.names import WrappingAlgorithm, WrappingKeySpec

_EXPONENT: Final = 65537
_PAIRS: Final = 3
"""How many key pairs there are of each size."""
_BITS: Final = {
    WrappingKeySpec.RSA_2048: 2048,
    WrappingKeySpec.RSA_3072: 3072,
    WrappingKeySpec.RSA_4096: 4096,
}
_SHA_1: Final = (WrappingAlgorithm.RSAES_OAEP_SHA_1, WrappingAlgorithm.RSA_AES_KEY_WRAP_SHA_1)
_TWO_STEPS: Final = (
    WrappingAlgorithm.RSA_AES_KEY_WRAP_SHA_1,
    WrappingAlgorithm.RSA_AES_KEY_WRAP_SHA_256,
)


class UnwrapError(Exception):
    """What was to be unwrapped was not wrapped for this key by this algorithm."""


def public_key(spec: WrappingKeySpec, number: int) -> bytes:
    """The public key of the ``number``-th pair that is asked for: DER, SubjectPublicKeyInfo."""
    public = _pair(spec, number % _PAIRS).public_key()
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def unwrap(
    spec: WrappingKeySpec, number: int, algorithm: WrappingAlgorithm, wrapped: bytes
) -> bytes:
    """What was wrapped under the public key of that number.

    An RSA_AES algorithm has two steps: an AES key under the RSA key, then the material under
    the AES key, by AES key wrap with padding (RFC 5649).

    :raises UnwrapError: it was not.
    """
    pair = _pair(spec, number % _PAIRS)
    digest = hashes.SHA1() if algorithm in _SHA_1 else hashes.SHA256()  # noqa: S303 - AWS offers it
    oaep = padding.OAEP(padding.MGF1(digest), digest, None)
    two_steps = algorithm in _TWO_STEPS
    size = pair.key_size // 8 if two_steps else len(wrapped)
    try:
        opened = pair.decrypt(wrapped[:size], oaep)
        if not two_steps:
            return opened
        return keywrap.aes_key_unwrap_with_padding(opened, wrapped[size:])
    except (ValueError, keywrap.InvalidUnwrap) as cause:
        raise UnwrapError from cause


@cache
def _pair(spec: WrappingKeySpec, number: int) -> rsa.RSAPrivateKey:
    del number
    return rsa.generate_private_key(_EXPONENT, _BITS[spec])
