"""Sealing: the only place that encrypts what is kept, and that finds the key for it.

AES-256-GCM. What is sealed says where it belongs, so that nothing can be put in the place of
something else.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kmspec_impl.storage import rows
from kmspec_impl.storage.faults import DataError
from kmspec_impl.storage.journal import Changes, Place, Written

KEY: Final = "KMSPEC_DATA_KEY"
"""The environment variable that may hold the key: 64 hex digits."""
KEY_FILE: Final = "KMSPEC_DATA_KEY_FILE"
"""The one that may name the file it is in; without both it is in the data directory."""
FILE_NAME: Final = "key"
_BYTES: Final = 32
_NONCE: Final = 12
_OWNER_ONLY: Final = 0o600
_FORM: Final = f"a key is {2 * _BYTES} hex digits"


class Sealer:
    """Seals and opens under one key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def changes(self, changes: Changes) -> Iterator[Written]:
        """What is to be written of changes."""
        for place, (row, anew) in changes.items():
            yield Written(
                place, None if row is None else self.seal(rows.to_bytes(row), place), anew
            )

    def contents(self, found: Iterable[tuple[Place, bytes]]) -> Iterator[tuple[Place, bytes]]:
        """What was sealed of each row.

        :raises DataError: see :meth:`open`.
        """
        return ((place, self.open(sealed, place)) for place, sealed in found)

    def seal(self, content: bytes, place: Place) -> bytes:
        """What only this key opens, and only as what belongs to ``place``."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, content, _name(place))

    def open(self, sealed: bytes, place: Place) -> bytes:
        """What was sealed.

        :raises DataError: it was sealed under another key, or for another place, or altered.
        """
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], _name(place))
        except (InvalidTag, ValueError) as cause:
            what = "what is kept there was written with another key, or altered"
            raise DataError(what, f"give the right key by {KEY} or {KEY_FILE}") from cause


def _name(place: Place) -> bytes:
    return "\0".join(place).encode()


def data_key(directory: Path | None, *, fresh: bool) -> bytes:
    """The key for a data directory, or for a database where there is no directory.

    For a ``fresh`` one it is made, readable by its owner only.

    :raises DataError: there is none, or it is no key.
    """
    given = os.environ.get(KEY)
    if given is not None:
        return _read(given, f"the environment variable {KEY}")
    named = os.environ.get(KEY_FILE)
    if named == "":
        raise DataError(f"{KEY_FILE} names no file", f"name one, or give the key by {KEY}")
    if named is not None:
        file = Path(named)
    elif directory is not None:
        file = directory / FILE_NAME
    else:
        what = "a database needs a key, which is not in it"
        raise DataError(what, f"name a file for it by {KEY_FILE}, the same for every process")
    try:
        if fresh and not file.exists():
            _make(file)
    except OSError as cause:
        what = f"the key {file} cannot be made: {cause.strerror}"
        raise DataError(what, f"mend that, or give the key by {KEY}") from cause
    try:
        return _read(file.read_text(encoding="ascii"), str(file))
    except FileNotFoundError as cause:
        what = f"{file} is missing, and with it the key of what is kept"
        raise DataError(what, f"put it back, or give the key by {KEY}") from cause
    except OSError as cause:
        what = f"the key in {file} cannot be read: {cause.strerror}"
        raise DataError(what, f"mend that, or give the key by {KEY}") from cause
    except UnicodeDecodeError as cause:
        raise DataError(f"{file} holds no key", _FORM) from cause


def _make(file: Path) -> None:
    """Make it whole or not at all, whenever the process or the machine ends."""
    part = file.with_name(f"{file.name}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(os.open(part, flags, _OWNER_ONLY), "w", encoding="ascii") as made:
        made.write(os.urandom(_BYTES).hex() + "\n")
        made.flush()
        os.fsync(made.fileno())
    part.replace(file)
    directory = os.open(file.parent, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


def _read(text: str, where: str) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != _BYTES:
        raise DataError(f"{where} holds no key", _FORM)
    return key
