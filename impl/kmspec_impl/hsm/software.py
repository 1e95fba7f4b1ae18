"""The software backend: the only module that holds key material in the clear.

An HSM is an object in this process. Wrapped keys and backups are JSON: they are as secret as
the process itself, which is what an emulator of HSMs can promise. An RSA key is made when it is
first used, since that takes long and most are not.
"""

import base64
import hmac
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kmspec.names import KeySpec
from kmspec_impl.hsm import private_keys
from kmspec_impl.hsm.interface import (
    Form,
    KeyEntry,
    MaterialError,
    Oaep,
    Role,
    SealError,
    Signing,
    User,
)
from kmspec_impl.hsm.private_keys import PrivateKey
from kmspec_impl.identity import Drawn
from kmspec_impl.storage.tables import Table

NONCE_BYTES: Final = 12
_NONCES_AT_ONCE: Final = 256
_SECRET_BYTES: Final = {
    KeySpec.SYMMETRIC_DEFAULT: range(32, 33),
    KeySpec.HMAC_224: range(28, 65),
    KeySpec.HMAC_256: range(32, 65),
    KeySpec.HMAC_384: range(48, 129),
    KeySpec.HMAC_512: range(64, 129),
}
"""How long imported secrets may be; generated ones are the shortest."""
_HMAC_HASHES: Final = {
    KeySpec.HMAC_224: "sha224",
    KeySpec.HMAC_256: "sha256",
    KeySpec.HMAC_384: "sha384",
    KeySpec.HMAC_512: "sha512",
}
_SLOW: Final = (KeySpec.RSA_2048, KeySpec.RSA_3072, KeySpec.RSA_4096)
HANDLE: Final = "handle"
"""What the row is called that says which handle was drawn last."""
_USER_FIELDS: Final = attrgetter("name", "role", "password", "failures", "locked")


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A key in an HSM: the secret itself, or PKCS #8 in DER."""

    entry: KeyEntry
    material: bytes | None = field(repr=False)
    """``None`` until it is used, where it is slow to make."""

    @property
    def id(self) -> str:
        """What it is found by."""
        return str(self.entry.handle)


class SoftwareDevice:
    """A :class:`kmspec_impl.hsm.interface.Device` in this process.

    Randomness is the operating system's: no outcome depends on it.
    """

    def __init__(
        self,
        keys: Table[HeldKey] | None = None,
        users: Table[User] | None = None,
        handles: Table[Drawn] | None = None,
    ) -> None:
        self._keys = Table[HeldKey]() if keys is None else keys
        self._users = Table[User]() if users is None else users
        self._drawn = Table[Drawn]() if handles is None else handles
        self._ciphers: dict[int, AESGCM] = {}
        """Of the AES keys, so that a key schedule is computed once."""
        self._pairs: dict[int, PrivateKey] = {}
        """The private keys that were used, so that each is read once."""
        self._handles: dict[str, int] = {}
        self._backup: bytes | None = None
        self._nonces = _fresh_nonces()
        self._keys.watch(self._index)
        self._users.watch(self._outdate)
        self._drawn.watch(self._outdate)

    def random(self, length: int) -> bytes:
        """``length`` random bytes."""
        return os.urandom(length)

    def generate(self, owner: str, label: str, spec: KeySpec = KeySpec.SYMMETRIC_DEFAULT) -> int:
        """Make a key; its handle."""
        if spec in _SECRET_BYTES:
            return self._add(owner, label, spec, os.urandom(_SECRET_BYTES[spec][0]))
        if spec in _SLOW:
            return self._add(owner, label, spec, None)
        pair = private_keys.generate(spec)
        handle = self._add(owner, label, spec, private_keys.pkcs8(pair))
        self._pairs[handle] = pair
        return handle

    def import_key(self, owner: str, label: str, spec: KeySpec, material: bytes) -> int:
        """Hold a key made elsewhere; its handle.

        :raises MaterialError: it is no material of that kind.
        """
        return self._add(owner, label, spec, self.canonical(spec, material))

    def canonical(self, spec: KeySpec, material: bytes) -> bytes:
        """Key material made elsewhere, as the same bytes however it was written.

        :raises MaterialError: it is no material of that kind.
        """
        lengths = _SECRET_BYTES.get(spec)
        if lengths is None:
            return private_keys.pkcs8(private_keys.load(spec, material))
        if len(material) not in lengths:
            raise MaterialError(f"Key material of KeySpec {spec} has another length.")
        return material

    def generate_pair(self, spec: KeySpec) -> tuple[bytes, bytes]:
        """A key pair that is not kept: PKCS #8, SubjectPublicKeyInfo."""
        key = private_keys.generate(spec)
        return private_keys.pkcs8(key), private_keys.spki(key)

    def public_key(self, handle: int) -> bytes:
        """SubjectPublicKeyInfo in DER."""
        return private_keys.spki(self._private(handle))

    def sign(self, handle: int, algorithm: Signing, message: bytes, form: Form) -> bytes:
        """The signature of a message, a digest or a mu."""
        return private_keys.sign(self._private(handle), algorithm, message, form)

    def verify(
        self, handle: int, algorithm: Signing, message: bytes, form: Form, signature: bytes
    ) -> bool:
        """Whether it is a signature of this key."""
        return private_keys.verify(self._private(handle), algorithm, message, form, signature)

    def mac(self, handle: int, message: bytes) -> bytes:
        """HMAC with the hash of the key's kind."""
        key = self._keys[str(handle)]
        if key.material is None or key.entry.spec not in _HMAC_HASHES:
            raise _unfit(key.entry)
        return hmac.digest(key.material, message, _HMAC_HASHES[key.entry.spec])

    def encrypt_rsa(self, handle: int, algorithm: Oaep, plaintext: bytes) -> bytes:
        """Encrypt by RSAES-OAEP."""
        return private_keys.encrypt(self._private(handle), algorithm, plaintext)

    def decrypt_rsa(self, handle: int, algorithm: Oaep, ciphertext: bytes) -> bytes:
        """Decrypt by RSAES-OAEP.

        :raises SealError: it was not encrypted for this key so.
        """
        return private_keys.decrypt(self._private(handle), algorithm, ciphertext)

    def derive(self, handle: int, public_key: bytes) -> bytes:
        """The secret shared by ECDH with the holder of a public key.

        :raises PublicKeyError: that is none of the curve of this key.
        """
        return private_keys.derive(self._private(handle), public_key)

    def encapsulate(self, handle: int) -> tuple[bytes, bytes]:
        """A fresh shared secret, and its ciphertext."""
        return private_keys.encapsulate(self._private(handle))

    def decapsulate(self, handle: int, ciphertext: bytes) -> bytes:
        """The shared secret in a ciphertext."""
        return private_keys.decapsulate(self._private(handle), ciphertext)

    def wrap(self, handle: int) -> bytes:
        """The key of that handle, for another HSM."""
        return json.dumps(self._written(handle)).encode()

    def unwrap(self, wrapped: bytes) -> None:
        """Hold a copy of a key that another HSM wrapped."""
        self._hold(_read(json.loads(wrapped)))

    def adopt(self, wrapped: bytes, label: str) -> int:
        """Hold a copy of a key that an HSM elsewhere wrapped; its handle here."""
        known = _read(json.loads(wrapped))
        return self._add(known.entry.owner, label, known.entry.spec, known.material)

    def encrypt(self, handle: int, plaintext: bytes, associated: bytes) -> bytes:
        """Seal ``plaintext``: nonce, ciphertext, tag."""
        nonce = next(self._nonces)
        return nonce + self._ciphers[handle].encrypt(nonce, plaintext, associated)

    def decrypt(self, handle: int, sealed: bytes, associated: bytes) -> bytes:
        """Open what :meth:`encrypt` sealed.

        :raises SealError: it is not authentic.
        """
        nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return self._ciphers[handle].decrypt(nonce, ciphertext, associated)
        except (InvalidTag, ValueError) as cause:  # ValueError: the nonce is cut short
            raise SealError from cause

    def find(self, label: str) -> int | None:
        """The handle of the key of that label, if it is held here."""
        return self._handles.get(label)

    def delete(self, handle: int) -> None:
        """Forget a key for good."""
        self._keys.remove(str(handle))

    def entries(self) -> tuple[KeyEntry, ...]:
        """All keys, in the order of their handles."""
        return tuple(key.entry for key in self._in_order())

    def put_user(self, user: User) -> None:
        """Create the user of that name, or replace it."""
        self._users.put(user)

    def user(self, name: str) -> User | None:
        """The user of that name."""
        return self._users.get(name)

    def remove_user(self, name: str) -> None:
        """Delete a user."""
        self._users.remove(name)

    def users(self) -> tuple[User, ...]:
        """All users, in the order of their names."""
        return tuple(sorted(self._users, key=attrgetter("name")))

    def occupy(self, sessions: int) -> None:
        """Nothing: there are sessions for everybody."""

    def backup(self) -> bytes:
        """All users and keys; the same bytes as long as nothing changes."""
        if self._backup is None:
            content = {
                "users": [_USER_FIELDS(user) for user in self.users()],
                "keys": [self._written(key.entry.handle) for key in self._in_order()],
                "next": self._next_handle(),
            }
            self._backup = json.dumps(content).encode()
        return self._backup

    def restore(self, content: bytes) -> None:
        """Hold exactly what a backup holds."""
        keys, users, next_handle = held(content)
        self.erase()
        for key in keys:
            self._hold(key)
        for user in users:
            self._users.put(user)
        self._drawn.put(Drawn(HANDLE, next_handle - 1))
        self._backup = content

    def erase(self) -> None:
        """Hold nothing any more."""
        for table in (self._keys, self._users, self._drawn):
            table.clear()

    def _in_order(self) -> list[HeldKey]:
        return sorted(self._keys, key=lambda key: key.entry.handle)

    def _next_handle(self) -> int:
        last = self._drawn.get(HANDLE)
        return 1 if last is None else last.count + 1

    def _add(self, owner: str, label: str, spec: KeySpec, material: bytes | None) -> int:
        entry = KeyEntry(self._next_handle(), label, owner, spec)
        self._hold(HeldKey(entry, material))
        return entry.handle

    def _hold(self, key: HeldKey) -> None:
        self._keys.put(key)
        if key.entry.handle >= self._next_handle():
            self._drawn.put(Drawn(HANDLE, key.entry.handle))

    def _index(self, before: HeldKey | None, key: HeldKey | None) -> None:
        if before is not None:
            entry = before.entry
            self._ciphers.pop(entry.handle, None)
            self._pairs.pop(entry.handle, None)
            if self._handles.get(entry.label) == entry.handle:
                del self._handles[entry.label]
        if key is not None:
            self._schedule(key)
            self._handles[key.entry.label] = key.entry.handle
        self._backup = None

    def _schedule(self, key: HeldKey) -> None:
        if key.entry.spec is KeySpec.SYMMETRIC_DEFAULT and key.material is not None:
            self._ciphers[key.entry.handle] = AESGCM(key.material)

    def _outdate(self, before: User | Drawn | None, now: User | Drawn | None) -> None:
        del before, now
        self._backup = None

    def _private(self, handle: int) -> PrivateKey:
        """A private key, which is made now if it was not needed before."""
        pair = self._pairs.get(handle)
        if pair is None:
            key = self._keys[str(handle)]
            if key.entry.spec in _SECRET_BYTES:
                raise _unfit(key.entry)
            if key.material is None:
                pair = private_keys.generate(key.entry.spec)
                self._keys.put(HeldKey(key.entry, private_keys.pkcs8(pair)))
            else:
                pair = private_keys.load(key.entry.spec, key.material)
            self._pairs[handle] = pair
        return pair

    def _written(self, handle: int) -> list[Any]:
        if self._keys[str(handle)].material is None:
            self._private(handle)
        key = self._keys[str(handle)]
        text = base64.b64encode(key.material or b"").decode()
        return [handle, key.entry.label, key.entry.owner, key.entry.spec, text]


def held(backup: bytes) -> tuple[list[HeldKey], list[User], int]:
    """The keys and users in a backup, and the handle that comes next.

    :raises ValueError: it is no backup.
    """
    try:
        read = json.loads(backup)
        keys = [_read(key) for key in read["keys"]]
        users = [User(name, Role(role), *rest) for name, role, *rest in read["users"]]
        return keys, users, int(read["next"])
    except (KeyError, TypeError) as cause:
        raise ValueError("this is no backup") from cause


def _fresh_nonces() -> Iterator[bytes]:
    """Random nonces without end; to ask the operating system costs the same for one or many."""
    while True:
        drawn = os.urandom(NONCE_BYTES * _NONCES_AT_ONCE)
        for start in range(0, len(drawn), NONCE_BYTES):
            yield drawn[start : start + NONCE_BYTES]


def _read(written: list[Any]) -> HeldKey:
    handle, label, owner, name, text = written
    return HeldKey(KeyEntry(handle, label, owner, KeySpec(name)), base64.b64decode(text))


def _unfit(entry: KeyEntry) -> TypeError:
    return TypeError(f"a key of KeySpec {entry.spec} does not do this")
