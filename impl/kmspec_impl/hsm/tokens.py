"""Tokens: the only module that says what is in a token and what is done there, by PKCS #11.

Each token has the masking key: an RSA key pair that all tokens share, as all HSMs that a CloudHSM
backup can be restored in share one. A key is made in a token and leaves it only wrapped by the
public half, which the security officer of the token made trusted; the private half, which can be
used but not read, opens it in any other. So a wrapped key fits every HSM, and every backup.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, NamedTuple

import pkcs11
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.util.rsa import decode_rsa_private_key, decode_rsa_public_key

from kmspec_impl.hsm.interface import DeviceError, NoSessionError, SealError
from kmspec_impl.hsm.library import Library, Opening, library

_OURS: Final = b"kmspec"
"""What the CKA_ID of all that is ours begins with."""
_MASKING: Final = _OURS + b" masking"
_MASKING_BITS: Final = 2048
_EXPONENT: Final = 65537
_TAG_BITS: Final = 128
_AES_BITS: Final = 256
_BY_MASKING: Final[dict[str, Any]] = {
    "mechanism": Mechanism.RSA_PKCS_OAEP,
    "mechanism_param": (Mechanism.SHA_1, pkcs11.MGF.SHA1, None),
}
"""SoftHSM has OAEP with SHA-1 only."""
_UNAUTHENTIC: Final = (
    pkcs11.EncryptedDataInvalid,
    pkcs11.EncryptedDataLenRange,
    pkcs11.DataInvalid,
    pkcs11.GeneralError,  # SoftHSM
    pkcs11.FunctionFailed,
)
"""How tokens say that a tag does not fit."""


class Wrapped(NamedTuple):
    """An AES key as any HSM can have it; ``number`` tells the keys of a token apart."""

    number: int
    label: str
    content: bytes

    @property
    def id(self) -> bytes:
        """CKA_ID."""
        return b"%s %d" % (_OURS, self.number)


@dataclass(frozen=True, slots=True)
class _Session:
    of: pkcs11.Session
    keys: dict[bytes, Any] = field(default_factory=dict)
    """Keys that were used in it, by CKA_ID: to find one, a token may look at all it has."""


class Token:
    """A token with the masking key in it, through sessions of which there are only so many."""

    def __init__(self, opening: Opening, masking: "Masking", sessions: int) -> None:
        self._opening = opening
        self._most = sessions
        self._free: list[_Session] = []
        self._others: list[_Session] = []
        self._open = 0
        self._begun: set[bytes] = set()
        """The CKA_IDs of keys that are being made, or failed half-way."""
        with self._session() as session:
            _wipe(session.of, b"")
        self._trusted = self._put_masking(masking)

    def generate(self, number: int, label: str) -> bytes:
        """Make a 256-bit AES key; itself, wrapped.

        :raises DeviceError: it was not made.
        """
        with self._making(number, label) as (session, template):
            made = session.of.generate_key(KeyType.AES, _AES_BITS, template=template)
            return self._wrap(session, made)

    def put(self, number: int, label: str, material: bytes) -> bytes:
        """Hold an AES key that was made elsewhere; itself, wrapped.

        :raises DeviceError: it is not held.
        """
        kind = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.KEY_TYPE: KeyType.AES}
        with self._making(number, label) as (session, template):
            given = {**kind, **template, Attribute.VALUE: material}
            return self._wrap(session, session.of.create_object(given))

    def hold(self, key: Wrapped) -> None:
        """Hold a key that was wrapped, if it is not held already.

        :raises DeviceError: it cannot be held.
        """
        with self._session() as session:
            self._key(session, key)

    def encrypt(self, key: Wrapped, nonce: bytes, plaintext: bytes, associated: bytes) -> bytes:
        """Ciphertext and tag, by AES-GCM.

        :raises DeviceError: it was not encrypted.
        """
        gcm = pkcs11.GCMParams(nonce, associated, _TAG_BITS)
        with self._session() as session:
            found = self._key(session, key)
            sealed: bytes = found.encrypt(
                plaintext, mechanism=Mechanism.AES_GCM, mechanism_param=gcm
            )
            return sealed

    def decrypt(self, key: Wrapped, nonce: bytes, sealed: bytes, associated: bytes) -> bytes:
        """What was encrypted so.

        :raises SealError: it was not.
        :raises DeviceError: it was not decrypted.
        """
        gcm = pkcs11.GCMParams(nonce, associated, _TAG_BITS)
        with self._session() as session:
            found = self._key(session, key)
            try:
                plain: bytes = found.decrypt(
                    sealed, mechanism=Mechanism.AES_GCM, mechanism_param=gcm
                )
            except _UNAUTHENTIC as cause:
                raise SealError from cause
            return plain

    def random(self, length: int) -> bytes:
        """Random bytes of the token's own.

        :raises DeviceError: there are none.
        """
        with self._session() as session:
            return session.of.generate_random(8 * length)

    def destroy(self, key: Wrapped) -> None:
        """Hold a key no more; it need not be held now.

        :raises DeviceError: it is held still.
        """
        with self._session() as session:
            _destroy(session.of, key.id)
        for session in (*self._free, *self._others):
            session.keys.pop(key.id, None)

    def wipe(self) -> None:
        """Hold nothing but the masking key, for nobody.

        :raises DeviceError: something is held still.
        """
        self.occupy(0)
        with self._session() as session:
            _wipe(session.of, _MASKING)
        for session in self._free:
            session.keys.clear()

    def occupy(self, sessions: int) -> None:
        """Let others have that many sessions.

        :raises NoSessionError: there are not so many.
        """
        while len(self._others) > sessions:
            self._free.append(self._others.pop())
        while len(self._others) < sessions:
            self._others.append(self._taken())

    @contextmanager
    def _session(self) -> Iterator[_Session]:
        """A session for as long as something is done.

        After an error of the token no session is trusted: those that nobody has are closed.
        """
        session = self._taken()
        try:
            yield session
        except pkcs11.PKCS11Error as cause:
            for one in (session, *self._free):
                self._close(one)
            self._free.clear()
            for one in self._others:
                one.keys.clear()
            raise DeviceError(f"the HSM answered {cause!r}") from cause
        except SealError:
            self._free.append(session)
            raise
        else:
            self._free.append(session)

    def _taken(self) -> _Session:
        if self._free:
            return self._free.pop()
        if self._open >= self._most:
            raise NoSessionError(f"all {self._most} sessions of the token are in use")
        try:
            opened = _Session(_opened(self._opening))
        except pkcs11.SessionCount as cause:
            raise NoSessionError("the token has no session left") from cause
        except pkcs11.PKCS11Error as cause:
            raise DeviceError(f"no session can be opened: {cause!r}") from cause
        self._open += 1
        return opened

    def _close(self, session: _Session) -> None:
        self._open -= 1
        with suppress(pkcs11.PKCS11Error):
            session.of.close()

    @contextmanager
    def _making(self, number: int, label: str) -> Iterator[tuple[_Session, dict[Attribute, Any]]]:
        """What a new key is to be; one that failed half-way is not left beside it."""
        template = self._template(number, label)
        name = template[Attribute.ID]
        with self._session() as session:
            if name in self._begun:
                _destroy(session.of, name)
            self._begun.add(name)
            yield session, template
        self._begun.remove(name)

    def _template(self, number: int, label: str) -> dict[Attribute, Any]:
        """A key that never is in the clear, and that only a trusted key wraps."""
        key = Wrapped(number, label, b"")
        return {
            Attribute.TOKEN: True,
            Attribute.PRIVATE: True,
            Attribute.SENSITIVE: True,
            Attribute.EXTRACTABLE: True,
            **({Attribute.WRAP_WITH_TRUSTED: True} if self._trusted else {}),
            Attribute.ENCRYPT: True,
            Attribute.DECRYPT: True,
            Attribute.ID: key.id,
            Attribute.LABEL: label,
        }

    def _wrap(self, session: _Session, key: Any) -> bytes:  # noqa: ANN401 - of no type we can name
        public = self._masking(session, ObjectClass.PUBLIC_KEY)
        wrapped: bytes = public.wrap_key(key, **_BY_MASKING)
        return wrapped

    def _key(self, session: _Session, key: Wrapped) -> Any:  # noqa: ANN401 - the same
        found = session.keys.get(key.id)
        if found is None:
            found = _found(session.of, ObjectClass.SECRET_KEY, key.id)
            if found is None:
                found = self._masking(session, ObjectClass.PRIVATE_KEY).unwrap_key(
                    ObjectClass.SECRET_KEY,
                    KeyType.AES,
                    key.content,
                    template=self._template(key.number, key.label),
                    **_BY_MASKING,
                )
            session.keys[key.id] = found
        return found

    @staticmethod
    def _masking(session: _Session, half: ObjectClass) -> Any:  # noqa: ANN401 - the same
        name = b"%s %d" % (_MASKING, half)
        found = session.keys.get(name)
        if found is None:
            found = _found(session.of, half, _MASKING)
            if found is None:
                raise DeviceError("the token has lost its masking key")
            session.keys[name] = found
        return found

    def _put_masking(self, masking: "Masking") -> bool:
        """Put the masking key into the token; whether its public half is trusted there."""
        opening, trusted = self._opening, self._opening.so_pin is not None
        try:
            if trusted:
                self._close(self._free.pop())  # a security officer wants no other user there
                with opening.token.open(rw=True, so_pin=opening.so_pin) as officer:
                    officer.create_object({**masking.public, Attribute.TRUSTED: True})
            with self._session() as session:
                if not trusted:
                    session.of.create_object(masking.public)
                session.of.create_object(masking.private)
        except pkcs11.PKCS11Error as cause:
            raise DeviceError(f"the token takes no masking key: {cause!r}") from cause
        return trusted


class Masking:
    """The two halves of a masking key, given as PKCS #8 in DER, as PKCS #11 has them."""

    def __init__(self, pkcs8: bytes) -> None:
        key = serialization.load_der_private_key(pkcs8, None)
        ours = {Attribute.ID: _MASKING, Attribute.LABEL: "kmspec masking", Attribute.TOKEN: True}
        self.public: Final[dict[Attribute, Any]] = {
            **decode_rsa_public_key(
                key.public_key().public_bytes(
                    serialization.Encoding.DER, serialization.PublicFormat.PKCS1
                )
            ),
            **ours,
            Attribute.PRIVATE: False,
            Attribute.WRAP: True,
        }
        self.private: Final[dict[Attribute, Any]] = {
            **decode_rsa_private_key(
                key.private_bytes(
                    serialization.Encoding.DER,
                    serialization.PrivateFormat.TraditionalOpenSSL,
                    serialization.NoEncryption(),
                )
            ),
            **ours,
            Attribute.PRIVATE: True,
            Attribute.SENSITIVE: True,
            Attribute.EXTRACTABLE: False,
            Attribute.UNWRAP: True,
        }


class Tokens:
    """Tokens with one masking key in all of them, lent to HSMs."""

    def __init__(self, masking: bytes) -> None:
        self._library: Final[Library] = library()
        self._masking = Masking(masking)
        self._back: list[Token] = []

    def lend(self) -> Token:
        """A token that holds nothing.

        :raises DeviceError: there is none.
        """
        while self._back:
            token = self._back.pop()
            with suppress(DeviceError):
                token.wipe()
                return token
        return Token(self._library.unused(), self._masking, self._library.sessions)

    def take_back(self, token: Token) -> None:
        """Take a token back, with what it holds; in whatever thread."""
        self._back.append(token)


@cache
def tokens(masking: bytes) -> Tokens:
    """Where all HSMs with that masking key get their tokens from.

    :raises BackendError: there is no such library.
    """
    return Tokens(masking)


@cache
def new_masking() -> bytes:
    """A masking key that was made in this process, as PKCS #8 in DER."""
    return rsa.generate_private_key(_EXPONENT, _MASKING_BITS).private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _opened(opening: Opening) -> pkcs11.Session:
    """A session of a user who is logged in to the token, by this session or another one."""
    try:
        return opening.token.open(rw=True, user_pin=opening.pin)
    except pkcs11.UserAlreadyLoggedIn:
        return opening.token.open(rw=True)


def _found(session: pkcs11.Session, kind: ObjectClass, name: bytes) -> Any:  # noqa: ANN401 - so too
    found: Iterable[Any] = session.get_objects({Attribute.CLASS: kind, Attribute.ID: name})
    return next(iter(list(found)), None)


def _destroy(session: pkcs11.Session, name: bytes) -> None:
    for found in list(session.get_objects({Attribute.ID: name})):
        found.destroy()


def _wipe(session: pkcs11.Session, but: bytes) -> None:
    """Destroy what is ours in a token, but that of one CKA_ID."""
    for kind in (ObjectClass.SECRET_KEY, ObjectClass.PUBLIC_KEY, ObjectClass.PRIVATE_KEY):
        for found in list(session.get_objects({Attribute.CLASS: kind})):
            name = found[Attribute.ID]
            if name.startswith(_OURS) and name != but:
                found.destroy()
