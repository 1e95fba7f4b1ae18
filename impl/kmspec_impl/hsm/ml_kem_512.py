"""ML-KEM-512 (FIPS 203): the only module that uses kyber-py.

The library behind the other parameter sets does not offer this one. Keys are written as RFC 9935
has it, private ones as their seed.
"""

from typing import Final

from kyber_py.ml_kem import ML_KEM_512

SEED_BYTES: Final = 64

_PRIVATE: Final = bytes.fromhex("3054020100300b060960864801650304040104428040")
"""OneAsymmetricKey of algorithm id-alg-ml-kem-512, up to the seed."""
_PUBLIC: Final = bytes.fromhex("30820332300b06096086480165030404010382032100")
"""SubjectPublicKeyInfo of the same, up to the encapsulation key of 800 bytes."""


class MlKem512:
    """A private key."""

    def __init__(self, seed: bytes) -> None:
        self._seed: Final = seed
        self._public, self._private = ML_KEM_512.key_derive(seed)

    @classmethod
    def from_pkcs8(cls, der: bytes) -> "MlKem512":
        """The key of a PKCS #8 document in seed form.

        :raises ValueError: it is something else.
        """
        seed = der.removeprefix(_PRIVATE)
        if len(der) - len(seed) != len(_PRIVATE) or len(seed) != SEED_BYTES:
            raise ValueError("no ML-KEM-512 private key in seed form")
        return cls(seed)

    def pkcs8(self) -> bytes:
        """The private key in DER, in seed form."""
        return _PRIVATE + self._seed

    def spki(self) -> bytes:
        """The public key in DER."""
        return _PUBLIC + self._public

    def encapsulate(self) -> tuple[bytes, bytes]:
        """A fresh shared secret and its ciphertext."""
        secret, ciphertext = ML_KEM_512.encaps(self._public)
        return bytes(secret), bytes(ciphertext)

    def decapsulate(self, ciphertext: bytes) -> bytes:
        """The shared secret in a ciphertext of the right length."""
        return bytes(ML_KEM_512.decaps(self._private, ciphertext))
