"""Wrapping keys: the only place that unwraps key material somebody else made.

The RSA key pairs under which key material travels into the HSMs: a few of each size, which are
handed out in turn, so that two requests in a row never get the same public key.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Final

from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from kmspec.names import WrappingAlgorithm, WrappingKeySpec
from kmspec_impl.storage.tables import Table

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


@dataclass(frozen=True, slots=True)
class WrappingPair:
    """An RSA key pair, as PKCS #8 in DER; its id says which."""

    id: str
    private: bytes = field(repr=False)


class Wrapping:
    """The key pairs of an emulator, which are made when they are first asked for."""

    def __init__(self, kept: Table[WrappingPair]) -> None:
        self._kept = kept
        self._pairs: dict[str, rsa.RSAPrivateKey] = {}

    def public_key(self, spec: WrappingKeySpec, number: int) -> bytes:
        """The public key of the ``number``-th pair: DER, SubjectPublicKeyInfo."""
        public = self._pair(spec, number).public_key()
        return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def unwrap(
        self, spec: WrappingKeySpec, number: int, algorithm: WrappingAlgorithm, wrapped: bytes
    ) -> bytes:
        """What was wrapped under the public key of that number.

        An RSA_AES algorithm has two steps: an AES key under the RSA key, then the material under
        the AES key, by AES key wrap with padding (RFC 5649).

        :raises UnwrapError: it was not.
        """
        pair = self._pair(spec, number)
        digest = hashes.SHA1() if algorithm in _SHA_1 else hashes.SHA256()  # noqa: S303 - offered
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

    def _pair(self, spec: WrappingKeySpec, number: int) -> rsa.RSAPrivateKey:
        name = f"{spec} {number % _PAIRS}"
        if name not in self._pairs:
            kept = self._kept.get(name) or self._kept.put(WrappingPair(name, _made(name)))
            loaded = load_der_private_key(kept.private, None)
            if not isinstance(loaded, rsa.RSAPrivateKey):
                raise TypeError(f"wrapping key {name} is no RSA key")
            self._pairs[name] = loaded
        return self._pairs[name]


@cache
def _made(name: str) -> bytes:
    """To make one takes long: all emulators of a process that have none yet get the same."""
    key = rsa.generate_private_key(_EXPONENT, _BITS[WrappingKeySpec(name.split(maxsplit=1)[0])])
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
