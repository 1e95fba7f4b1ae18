"""The PKCS #11 backend: the only module that says what of an HSM is in a token.

AES keys are, and random bytes come from it. An HSM has a token of its own from when it needs it.
What it holds is kept as its rows, where a key is wrapped, so that it outlives process and token:
a token is filled again from there. Users are rows alone: those of an HSM are not those of PKCS #11.
"""

import weakref
from contextlib import suppress
from typing import Final

from kmspec.names import KeySpec
from kmspec_impl.hsm.interface import DeviceError, SealError, User
from kmspec_impl.hsm.software import NONCE_BYTES, HeldKey, SoftwareDevice
from kmspec_impl.hsm.tokens import Token, Tokens, Wrapped
from kmspec_impl.identity import Drawn
from kmspec_impl.storage.tables import Table

_AES: Final = KeySpec.SYMMETRIC_DEFAULT


class TokenDevice(SoftwareDevice):
    """A :class:`kmspec_impl.hsm.interface.Device` with a token."""

    def __init__(
        self,
        tokens: Tokens,
        keys: Table[HeldKey] | None = None,
        users: Table[User] | None = None,
        handles: Table[Drawn] | None = None,
    ) -> None:
        self._tokens = tokens
        self._lent: Token | None = None
        self._occupied = 0
        super().__init__(keys, users, handles)

    def random(self, length: int) -> bytes:
        """``length`` random bytes."""
        return self._token.random(length)

    def generate(self, owner: str, label: str, spec: KeySpec = _AES) -> int:
        """Make a key; its handle."""
        if spec is not _AES:
            return super().generate(owner, label, spec)
        wrapped = self._token.generate(self._next_handle(), label)
        return self._add(owner, label, spec, wrapped)

    def import_key(self, owner: str, label: str, spec: KeySpec, material: bytes) -> int:
        """Hold a key made elsewhere; its handle.

        :raises MaterialError: it is no material of that kind.
        """
        if spec is not _AES:
            return super().import_key(owner, label, spec, material)
        material = self.canonical(spec, material)
        wrapped = self._token.put(self._next_handle(), label, material)
        return self._add(owner, label, spec, wrapped)

    def encrypt(self, handle: int, plaintext: bytes, associated: bytes) -> bytes:
        """Seal ``plaintext``: nonce, ciphertext, tag."""
        nonce = next(self._nonces)
        wrapped = _wrapped(self._keys[str(handle)])
        return nonce + self._token.encrypt(wrapped, nonce, plaintext, associated)

    def decrypt(self, handle: int, sealed: bytes, associated: bytes) -> bytes:
        """Open what :meth:`encrypt` sealed.

        :raises SealError: it is not authentic.
        """
        nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        if len(nonce) < NONCE_BYTES:
            raise SealError
        wrapped = _wrapped(self._keys[str(handle)])
        return self._token.decrypt(wrapped, nonce, ciphertext, associated)

    def delete(self, handle: int) -> None:
        """Forget a key for good; what a token keeps of it in spite of that, nobody reaches."""
        key = self._keys[str(handle)]
        super().delete(handle)
        if key.entry.spec is _AES and self._lent is not None:
            with suppress(DeviceError):
                self._lent.destroy(_wrapped(key))

    def occupy(self, sessions: int) -> None:
        """Let others than AWS KMS have that many sessions from now on.

        :raises NoSessionError: there are not so many.
        """
        if sessions or self._lent is not None:
            self._token.occupy(sessions)

    def erase(self) -> None:
        """Hold nothing any more."""
        super().erase()
        if self._lent is not None:
            self._return()
            self._lent = None

    @property
    def _token(self) -> Token:
        """The token, which goes back when this HSM is forgotten."""
        if self._lent is None:
            self._lent = self._tokens.lend()
            self._return = weakref.finalize(self, self._tokens.take_back, self._lent)
        return self._lent

    def _hold(self, key: HeldKey) -> None:
        """Hold a key, in the token now if it can be: otherwise when it is used."""
        super()._hold(key)
        if key.entry.spec is _AES:
            with suppress(DeviceError):
                self._token.hold(_wrapped(key))

    def _schedule(self, key: HeldKey) -> None:
        """Nothing: what a row holds is wrapped."""


def _wrapped(key: HeldKey) -> Wrapped:
    if key.material is None:
        raise TypeError(f"a key of KeySpec {key.entry.spec} does not do this")
    return Wrapped(key.entry.handle, key.entry.label, key.material)
