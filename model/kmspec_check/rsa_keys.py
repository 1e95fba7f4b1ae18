"""RSA keys: the only place for those of a caller, always the same for a number.

Primes cannot be told from a number alone without a search, so what the search found stands here.
Nothing here protects anything.
"""

import hashlib
from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa

_FOUND = ((42, 1210), (96, 244), (544, 4), (384, 468))
"""How far the two primes of each key are after the numbers where the search began."""
_EXPONENT = 65537
_HALF = 128
"""Bytes of a prime."""


@cache
def private_key(number: int) -> rsa.RSAPrivateKey:
    """An RSA key of 2048 bits.

    :raises IndexError: no primes were looked for.
    """
    p, q = (
        _beginning(f"kmspec RSA {number} {half}") + after
        for half, after in zip("pq", _FOUND[number], strict=True)
    )
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
    parts = (rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q))
    return rsa.RSAPrivateNumbers(p, q, d, *parts, public).private_key()


def _beginning(label: str) -> int:
    """An odd number whose two highest bits are set."""
    digest = hashlib.shake_256(label.encode()).digest(_HALF)
    return int.from_bytes(digest) | (3 << 8 * _HALF - 2) | 1
