"""What an HSM does: the only interface through which services reach key material and users.

A key is known by its handle, which is the same on every HSM that holds a copy, and found by its
label. Material leaves an HSM only wrapped for another HSM, or inside a backup; both are opaque
bytes that only the same backend can read.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


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
    password: str
    failures: int = 0
    locked: bool = False


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """What an HSM tells about a key it holds; never the material."""

    handle: int
    label: str
    owner: str


class SealError(Exception):
    """What was to be decrypted is not what this key sealed with this associated data."""


class Device(Protocol):
    """One HSM."""

    def random(self, length: int) -> bytes:
        """``length`` random bytes."""
        ...

    def generate(self, owner: str, label: str) -> int:
        """Make a 256-bit AES key that never leaves the HSM in the clear; its handle."""
        ...

    def import_key(self, owner: str, label: str, material: bytes) -> int:
        """Hold a 256-bit AES key that was made elsewhere; its handle."""
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

    def backup(self) -> bytes:
        """All users and keys, for :meth:`restore`."""
        ...

    def restore(self, content: bytes) -> None:
        """Hold exactly what the HSM held that made this backup."""
        ...
