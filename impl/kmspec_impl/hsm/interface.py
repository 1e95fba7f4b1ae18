"""What an HSM does: the only interface through which services reach key material and users.

A key is known by its handle, which is the same on every HSM that holds a copy, and found by its
label. Material leaves an HSM only wrapped for another HSM, or inside a backup; both are opaque
bytes that only the same backend can read. What a key is asked to do must fit its kind: whoever
asks has checked that.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from kmspec.names import KeySpec


class Role(StrEnum):
    """What a user of an HSM may do [CHSM:activate-cluster]."""

    ADMIN = "admin"
    CRYPTO_USER = "crypto-user"
    APPLIANCE_USER = "internal(APPLIANCE_USER)"


@dataclass(frozen=True, slots=True)
class User:
    """A user of an HSM; ``failures`` counts wrong passwords since the last right one."""

    name: str
    role: Role
    password: str = field(repr=False)
    failures: int = 0
    locked: bool = False

    @property
    def id(self) -> str:
        """What it is found by."""
        return self.name


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """What an HSM tells about a key it holds; never the material."""

    handle: int
    label: str
    owner: str
    spec: KeySpec = KeySpec.SYMMETRIC_DEFAULT


class Oaep(StrEnum):
    """How RSA encrypts: RSAES-OAEP, with one hash for everything [API:EncryptionAlgorithmSpec]."""

    SHA_1 = "RSAES_OAEP_SHA_1"
    SHA_256 = "RSAES_OAEP_SHA_256"


class Signing(StrEnum):
    """How an HSM signs [API:SigningAlgorithmSpec]; the salt of PSS is as long as the hash."""

    RSASSA_PSS_SHA_256 = "RSASSA_PSS_SHA_256"
    RSASSA_PSS_SHA_384 = "RSASSA_PSS_SHA_384"
    RSASSA_PSS_SHA_512 = "RSASSA_PSS_SHA_512"
    RSASSA_PKCS1_V1_5_SHA_256 = "RSASSA_PKCS1_V1_5_SHA_256"
    RSASSA_PKCS1_V1_5_SHA_384 = "RSASSA_PKCS1_V1_5_SHA_384"
    RSASSA_PKCS1_V1_5_SHA_512 = "RSASSA_PKCS1_V1_5_SHA_512"
    ECDSA_SHA_256 = "ECDSA_SHA_256"
    ECDSA_SHA_384 = "ECDSA_SHA_384"
    ECDSA_SHA_512 = "ECDSA_SHA_512"
    ED25519_SHA_512 = "ED25519_SHA_512"
    ED25519_PH_SHA_512 = "ED25519_PH_SHA_512"
    """What it is given is hashed, even if it is a digest [API:Sign]."""
    ML_DSA_SHAKE_256 = "ML_DSA_SHAKE_256"


class Form(StrEnum):
    """What is signed [API:MessageType]: a message, its digest, or the mu of FIPS 204."""

    RAW = "RAW"
    DIGEST = "DIGEST"
    EXTERNAL_MU = "EXTERNAL_MU"


class SealError(Exception):
    """What was to be decrypted is not what this key sealed with this associated data."""


class MaterialError(Exception):
    """What was to be imported is no key material of that kind."""


class PublicKeyError(Exception):
    """What was to be agreed with is no public key of that kind, in DER."""


class DeviceError(Exception):
    """An HSM failed at what it was asked; what it holds is as before."""


class NoSessionError(DeviceError):
    """All sessions that the HSM has are in use."""


class BackendError(Exception):
    """HSMs of a kind cannot be had; its text is what is wrong and how to mend it."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")


class Device(Protocol):
    """One HSM.

    Only what needs the material of a SYMMETRIC_DEFAULT key, and random bytes, can fail by
    :class:`DeviceError`.
    """

    def random(self, length: int) -> bytes:
        """``length`` random bytes."""
        ...

    def generate(self, owner: str, label: str, spec: KeySpec = KeySpec.SYMMETRIC_DEFAULT) -> int:
        """Make a key that never leaves the HSM in the clear; its handle.

        SYMMETRIC_DEFAULT is a 256-bit AES key, HMAC_* a secret as long as its hash.
        """
        ...

    def import_key(self, owner: str, label: str, spec: KeySpec, material: bytes) -> int:
        """Hold a key made elsewhere; its handle.

        ``material`` is the secret itself for SYMMETRIC_DEFAULT and HMAC_*, else PKCS #8 in DER.

        :raises MaterialError: it is no material of that kind.
        """
        ...

    def canonical(self, spec: KeySpec, material: bytes) -> bytes:
        """Key material for :meth:`import_key`, as the same bytes however it was written.

        :raises MaterialError: it is no material of that kind.
        """
        ...

    def generate_pair(self, spec: KeySpec) -> tuple[bytes, bytes]:
        """A key pair that is handed out and not kept: PKCS #8, SubjectPublicKeyInfo, in DER."""
        ...

    def public_key(self, handle: int) -> bytes:
        """SubjectPublicKeyInfo in DER, of a key pair."""
        ...

    def sign(self, handle: int, algorithm: Signing, message: bytes, form: Form) -> bytes:
        """The signature by an algorithm of the key's kind; ECDSA in DER.

        A digest must be as long as the algorithm's hash, a mu 64 bytes.
        """
        ...

    def verify(
        self, handle: int, algorithm: Signing, message: bytes, form: Form, signature: bytes
    ) -> bool:
        """Whether it is a signature of this key; :meth:`sign` says what fits."""
        ...

    def mac(self, handle: int, message: bytes) -> bytes:
        """HMAC with the hash of the key's kind."""
        ...

    def encrypt_rsa(self, handle: int, algorithm: Oaep, plaintext: bytes) -> bytes:
        """Encrypt what is short enough for the modulus."""
        ...

    def decrypt_rsa(self, handle: int, algorithm: Oaep, ciphertext: bytes) -> bytes:
        """Open what anybody encrypted for this key.

        :raises SealError: it is not that.
        """
        ...

    def derive(self, handle: int, public_key: bytes) -> bytes:
        """The raw secret shared by ECDH with the holder of a public key, given in DER.

        :raises PublicKeyError: that is no point of the curve of this key.
        """
        ...

    def encapsulate(self, handle: int) -> tuple[bytes, bytes]:
        """A fresh shared secret, and its ciphertext for the holder of an ML-KEM key."""
        ...

    def decapsulate(self, handle: int, ciphertext: bytes) -> bytes:
        """The shared secret in a ciphertext of the right length.

        If it was made for another key, that is some other secret (FIPS 203, section 6.3).
        """
        ...

    def wrap(self, handle: int) -> bytes:
        """The key of that handle, for :meth:`unwrap` of another HSM of the cluster."""
        ...

    def unwrap(self, wrapped: bytes) -> None:
        """Hold a copy of a key that another HSM wrapped, under the same handle."""
        ...

    def adopt(self, wrapped: bytes, label: str) -> int:
        """Hold a copy of a key that an HSM elsewhere wrapped, under a label and a new handle."""
        ...

    def encrypt(self, handle: int, plaintext: bytes, associated: bytes) -> bytes:
        """Seal ``plaintext`` by AES-GCM: 12 bytes of fresh nonce, ciphertext, 16 bytes of tag."""
        ...

    def decrypt(self, handle: int, sealed: bytes, associated: bytes) -> bytes:
        """Open what :meth:`encrypt` sealed.

        :raises SealError: it is not authentic.
        """
        ...

    def find(self, label: str) -> int | None:
        """The handle of the key of that label, if the HSM holds it."""
        ...

    def delete(self, handle: int) -> None:
        """Forget a key for good."""
        ...

    def entries(self) -> tuple[KeyEntry, ...]:
        """All keys, in the order of their handles."""
        ...

    def put_user(self, user: User) -> None:
        """Create the user of that name, or replace it."""
        ...

    def user(self, name: str) -> User | None:
        """The user of that name."""
        ...

    def remove_user(self, name: str) -> None:
        """Delete a user."""
        ...

    def users(self) -> tuple[User, ...]:
        """All users, in the order of their names."""
        ...

    def occupy(self, sessions: int) -> None:
        """Let others than AWS KMS have that many sessions from now on.

        :raises NoSessionError: there are not so many.
        """
        ...

    def backup(self) -> bytes:
        """All users and keys, for :meth:`restore`."""
        ...

    def restore(self, content: bytes) -> None:
        """Hold exactly what the HSM held that made this backup."""
        ...

    def erase(self) -> None:
        """Hold nothing any more."""
        ...
