"""The software backend: the only module that holds key material, and the only one that does AES.

An HSM is an object in this process. Wrapped keys and backups are JSON: they are as secret as
the process itself, which is what an emulator of HSMs can promise.
"""

import base64
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kmspec_impl.hsm.interface import KeyEntry, Role, SealError, User

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_NONCES_AT_ONCE: Final = 256
_USER_FIELDS: Final = attrgetter("name", "role", "password", "failures", "locked")


@dataclass(frozen=True, slots=True)
class _Key:
    entry: KeyEntry
    material: bytes
    cipher: AESGCM
    """Kept with the key, so that the key schedule is computed once."""


class SoftwareDevice:
    """A :class:`kmspec_impl.hsm.interface.Device` in memory.

    Randomness is the operating system's: no outcome depends on it.
    """

    def __init__(self) -> None:
        self._keys: dict[int, _Key] = {}
        self._handles: dict[str, int] = {}
        self._users: dict[str, User] = {}
        self._next_handle = 1
        self._backup: bytes | None = None
        self._nonces = _fresh_nonces()

    def random(self, length: int) -> bytes:
        """``length`` random bytes."""
        return os.urandom(length)

    def generate(self, owner: str, label: str) -> int:
        """Make a 256-bit AES key; its handle."""
        return self.import_key(owner, label, os.urandom(_KEY_BYTES))

    def import_key(self, owner: str, label: str, material: bytes) -> int:
        """Hold a key that was made elsewhere; its handle."""
        entry = KeyEntry(self._next_handle, label, owner)
        self._hold(entry, material)
        return entry.handle

    def wrap(self, handle: int) -> bytes:
        """The key of that handle, for another HSM."""
        return json.dumps(_written(self._keys[handle])).encode()

    def unwrap(self, wrapped: bytes) -> None:
        """Hold a copy of a key that another HSM wrapped."""
        self._hold(*_read(json.loads(wrapped)))

    def adopt(self, wrapped: bytes, label: str) -> int:
        """Hold a copy of a key that an HSM elsewhere wrapped; its handle here."""
        known, material = _read(json.loads(wrapped))
        entry = replace(known, handle=self._next_handle, label=label)
        self._hold(entry, material)
        return entry.handle

    def encrypt(self, handle: int, plaintext: bytes, associated: bytes) -> bytes:
        """Seal ``plaintext``: nonce, ciphertext, tag."""
        nonce = next(self._nonces)
        return nonce + self._keys[handle].cipher.encrypt(nonce, plaintext, associated)

    def decrypt(self, handle: int, sealed: bytes, associated: bytes) -> bytes:
        """Open what :meth:`encrypt` sealed.

        :raises SealError: it is not authentic.
        """
        nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._keys[handle].cipher.decrypt(nonce, ciphertext, associated)
        except (InvalidTag, ValueError) as cause:  # ValueError: the nonce is cut short
            raise SealError from cause

    def find(self, label: str) -> int | None:
        """The handle of the key of that label, if it is held here."""
        return self._handles.get(label)

    def delete(self, handle: int) -> None:
        """Forget a key for good."""
        key = self._keys.pop(handle)
        del self._handles[key.entry.label]
        self._backup = None

    def entries(self) -> tuple[KeyEntry, ...]:
        """All keys, in the order of their handles."""
        return tuple(self._keys[handle].entry for handle in sorted(self._keys))

    def put_user(self, user: User) -> None:
        """Create the user of that name, or replace it."""
        self._users[user.name] = user
        self._backup = None

    def user(self, name: str) -> User | None:
        """The user of that name."""
        return self._users.get(name)

    def remove_user(self, name: str) -> None:
        """Delete a user."""
        del self._users[name]
        self._backup = None

    def users(self) -> tuple[User, ...]:
        """All users, in the order of their names."""
        return tuple(self._users[name] for name in sorted(self._users))

    def backup(self) -> bytes:
        """All users and keys; the same bytes as long as nothing changes."""
        if self._backup is None:
            content = {
                "users": [_USER_FIELDS(user) for user in self.users()],
                "keys": [_written(self._keys[handle]) for handle in sorted(self._keys)],
                "next": self._next_handle,
            }
            self._backup = json.dumps(content).encode()
        return self._backup

    def restore(self, content: bytes) -> None:
        """Hold exactly what a backup holds."""
        held = json.loads(content)
        self._keys, self._handles = {}, {}
        for key in held["keys"]:
            self._hold(*_read(key))
        users = (User(name, Role(role), *rest) for name, role, *rest in held["users"])
        self._users = {user.name: user for user in users}
        self._next_handle = held["next"]
        self._backup = content

    def _hold(self, entry: KeyEntry, material: bytes) -> None:
        self._keys[entry.handle] = _Key(entry, material, AESGCM(material))
        self._handles[entry.label] = entry.handle
        self._next_handle = max(self._next_handle, entry.handle + 1)
        self._backup = None


def _fresh_nonces() -> Iterator[bytes]:
    """Random nonces without end; to ask the operating system costs the same for one or many."""
    while True:
        drawn = os.urandom(_NONCE_BYTES * _NONCES_AT_ONCE)
        for start in range(0, len(drawn), _NONCE_BYTES):
            yield drawn[start : start + _NONCE_BYTES]


def _written(key: _Key) -> list[Any]:
    material = base64.b64encode(key.material).decode()
    return [key.entry.handle, key.entry.label, key.entry.owner, material]


def _read(written: list[Any]) -> tuple[KeyEntry, bytes]:
    handle, label, owner, material = written
    return KeyEntry(handle, label, owner), base64.b64decode(material)
