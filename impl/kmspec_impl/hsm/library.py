"""The PKCS #11 library: the only module that says which one it is, and where its tokens are.

By default it is SoftHSM 2, with a directory of its own in which tokens are made as they are
needed; it is gone with the process. Any other library has tokens already, named by their labels.
"""

import atexit
import ctypes
import fcntl
import os
import secrets
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import pkcs11

from kmspec_impl.hsm.interface import BackendError, DeviceError

LIBRARY: Final = "KMSPEC_PKCS11_LIBRARY"
TOKENS: Final = "KMSPEC_PKCS11_TOKENS"
PIN: Final = "KMSPEC_PKCS11_PIN"
SO_PIN: Final = "KMSPEC_PKCS11_SO_PIN"
SESSIONS: Final = "KMSPEC_PKCS11_SESSIONS"
SESSIONS_AT_MOST: Final = 1024
"""Of one application with an HSM [CHSM:limits]."""

_SOFTHSM: Final = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)
_CONFIGURATION: Final = "SOFTHSM2_CONF"
_MEMORY: Final = "/dev/shm"  # noqa: S108 - what is made there has a name of its own, and mode 0700
_PREFIX: Final = "kmspec-hsm-"
_UNNAMED: Final = "kmspec-new-"
_LABEL_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Opening:
    """A token, and what opens it; without the PIN of its security officer nothing is trusted."""

    token: pkcs11.Token
    pin: str = field(repr=False)
    so_pin: str | None = field(repr=False)


class Library:
    """Tokens that nobody uses yet, one after the other.

    :raises BackendError: there is no such library, or no such token.
    """

    def __init__(self) -> None:
        path = os.environ.get(LIBRARY) or softhsm()
        if path is None:
            remedy = f"install it (Debian: softhsm2), or name another PKCS #11 library by {LIBRARY}"
            raise BackendError("SoftHSM 2 is not installed", remedy)
        labels = [label.strip() for label in os.environ.get(TOKENS, "").split(",")]
        self._labels = iter(filter(None, labels))
        self._own = not any(labels)
        self.sessions = _sessions()
        self._loaded = _made_ready(path) if self._own else _loaded(path)
        if self._own and "SoftHSM" not in self._loaded.manufacturer_id:
            raise BackendError(f"{path} is not SoftHSM", f"name its tokens by {TOKENS}")
        self._pins = (None, None) if self._own else (_pin(PIN), _pin(SO_PIN))
        if not self._own and self._pins[0] is None:
            raise BackendError(f"{TOKENS} has no PIN", f"give it by {PIN} or {PIN}_FILE")
        self._path = path
        self._made = 0

    def unused(self) -> Opening:
        """One more token.

        :raises DeviceError: there is none.
        """
        try:
            return self._new() if self._own else self._next()
        except pkcs11.PKCS11Error as cause:
            raise DeviceError(f"no token can be had: {cause!r}") from cause

    def _next(self) -> Opening:
        label = next(self._labels, None)
        pin, so_pin = self._pins
        if label is None or pin is None:
            raise DeviceError(f"all tokens of {TOKENS} are in use")
        return Opening(self._loaded.get_token(token_label=label), pin, so_pin)

    def _new(self) -> Opening:
        """A token of SoftHSM in a slot that has none; only this process ever knows its PINs."""
        self._made += 1
        label, pin, so_pin = f"kmspec {self._made}", secrets.token_hex(), secrets.token_hex()
        taken = pkcs11.TokenFlag.TOKEN_INITIALIZED
        slots = reversed(self._loaded.get_slots())
        slot = next((slot for slot in slots if not slot.get_token().flags & taken), None)
        if slot is None:
            raise DeviceError("SoftHSM has no slot for another token")
        # python-pkcs11 has no C_InitToken
        initialise = ctypes.CDLL(self._path).C_InitToken
        initialise.argtypes = (ctypes.c_ulong, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p)
        written = label.ljust(_LABEL_BYTES).encode()
        failure = initialise(slot.slot_id, so_pin.encode(), len(so_pin), written)
        if failure:
            raise DeviceError(f"{label} cannot be initialised: CKR {failure:#x}")
        token = slot.get_token()
        with token.open(rw=True, so_pin=so_pin) as session:
            session.init_pin(pin)
        return Opening(token, pin, so_pin)


@cache
def library() -> Library:
    """The library of this process: there is one, however many emulators.

    :raises BackendError: it cannot be had.
    """
    return Library()


def softhsm() -> str | None:
    """Where SoftHSM 2 is, if it is installed."""
    return next((path for path in _SOFTHSM if Path(path).exists()), None)


def _loaded(path: str) -> Any:  # noqa: ANN401 - the library has no type of its own
    try:
        return pkcs11.lib(path)
    except pkcs11.PKCS11Error as cause:
        raise BackendError(f"{path} cannot be used: {cause}", f"mend {LIBRARY}") from cause


def _made_ready(path: str) -> Any:  # noqa: ANN401 - the same
    """SoftHSM with a directory of its own."""
    directory = _own_directory()
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    (directory / "tokens").mkdir()
    configuration = directory / "softhsm2.conf"
    configuration.write_text(
        f"directories.tokendir = {directory / 'tokens'}\nobjectstore.backend = file\n"
        "log.level = ERROR\n",
        encoding="utf-8",
    )
    before = os.environ.get(_CONFIGURATION)
    os.environ[_CONFIGURATION] = str(configuration)
    try:
        return _loaded(path)
    finally:
        if before is None:
            del os.environ[_CONFIGURATION]
        else:
            os.environ[_CONFIGURATION] = before


def _own_directory() -> Path:
    """A new directory, in memory if there is such a place; those of the dead are removed there.

    It is locked as long as this process lives, and has its name when it is.
    """
    place = Path(_MEMORY if os.access(_MEMORY, os.W_OK) else tempfile.gettempdir())
    for left in place.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # it is in use, or of another user
            lock = _locked(left)
            shutil.rmtree(left, ignore_errors=True)
            os.close(lock)
    made = Path(tempfile.mkdtemp(prefix=_UNNAMED, dir=place))
    _locked(made)
    return made.rename(place / (_PREFIX + made.name.removeprefix(_UNNAMED)))


def _locked(directory: Path) -> int:
    """A directory that is open and locked; the lock ends with the process, however that ends.

    :raises OSError: it cannot be locked.
    """
    opened = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(opened)
        raise
    return opened


def _sessions() -> int:
    given = os.environ.get(SESSIONS, str(SESSIONS_AT_MOST))
    if not given.isdecimal() or int(given) == 0:
        raise BackendError(f"{SESSIONS} is {given!r}", "give a number, 1 or more")
    return int(given)


def _pin(name: str) -> str | None:
    """A PIN from the environment, or from the file that the environment names."""
    file = os.environ.get(f"{name}_FILE")
    if file is None:
        return os.environ.get(name)
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as cause:
        raise BackendError(f"{file} cannot be read", f"mend {name}_FILE") from cause
