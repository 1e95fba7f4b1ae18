"""Names of what is made: the only place where ids and ARNs are formed.

Ids come from a generator with a seed, so that a run can be repeated to the letter.
"""

import base64
import hashlib
import secrets
import string
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from kmspec_impl.caller import Caller
from kmspec_impl.storage.tables import Table

MULTI_REGION: Final = "mrk-"
"""How the id of a multi-Region key begins."""

_HEX: Final = "0123456789abcdef"
_CLOUDHSM_ALPHABET: Final = "234567" + string.ascii_lowercase
_CLOUDHSM_LENGTH: Final = 11
_LONG_HEX: Final = 17
_KEY_HEX: Final = 32
_PASSWORD_ALPHABET: Final = string.ascii_letters + string.digits
_PASSWORD_LENGTH: Final = 32
_MATERIAL_ID_LENGTH: Final = 64
_GRANT_ID_LENGTH: Final = 64
_TOKEN_BYTES: Final = 96
DRAWN: Final = "drawn"
"""What the row is called that says how many ids were drawn in a realm."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """How many ids were drawn."""

    id: str
    count: int


class Ids:
    """Fresh ids, each a function of the seed and of how many were drawn before."""

    def __init__(self, seed: str, drawn: Table[Drawn]) -> None:
        self._seed, self._drawn = seed, drawn

    def key(self) -> str:
        """A UUID of version 4."""
        return str(UUID(bytes=self._bytes(16), version=4))

    def multi_region_key(self) -> str:
        """The id that related multi-Region keys share."""
        return MULTI_REGION + self._draw(_HEX, _KEY_HEX)

    def material(self) -> str:
        """The id of key material: 64 lower-case hex digits (key-states.md, section 1)."""
        return self._draw(_HEX, _MATERIAL_ID_LENGTH)

    def grant(self) -> str:
        """The id of a grant: 64 lower-case hex digits [Grants]."""
        return self._draw(_HEX, _GRANT_ID_LENGTH)

    def token(self) -> str:
        """A grant token: base64 of nothing in particular."""
        return base64.b64encode(self._bytes(_TOKEN_BYTES)).decode()

    def store(self) -> str:
        """The id of a custom key store."""
        return "cks-" + self._draw(_HEX, _LONG_HEX)

    def cloudhsm(self, kind: str) -> str:
        """The id of a ``cluster``, an ``hsm`` or a ``backup``."""
        return f"{kind}-" + self._draw(_CLOUDHSM_ALPHABET, _CLOUDHSM_LENGTH)

    def network(self, kind: str) -> str:
        """The id of a ``vpc``, an ``eni`` or an ``sg``."""
        return f"{kind}-" + self._draw(_HEX, _LONG_HEX)

    @staticmethod
    def password() -> str:
        """A password that only AWS knows: alphanumeric, 32 characters, by no seed."""
        return "".join(secrets.choice(_PASSWORD_ALPHABET) for _ in range(_PASSWORD_LENGTH))

    def _draw(self, alphabet: str, length: int) -> str:
        return "".join(alphabet[byte % len(alphabet)] for byte in self._bytes(length))

    def _bytes(self, length: int) -> bytes:
        """Bytes that look random. Nothing secret comes of them: material comes from the HSMs."""
        last = self._drawn.get(DRAWN)
        drawn = self._drawn.put(Drawn(DRAWN, 1 if last is None else last.count + 1))
        return hashlib.shake_128(f"{self._seed} {drawn.count}".encode()).digest(length)


def partition(region: str) -> str:
    """The partition of AWS a Region belongs to."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def key_arn(caller: Caller, key_id: str) -> str:
    """The ARN of a KMS key."""
    return f"{_kms(caller)}:key/{key_id}"


def alias_arn(caller: Caller, name: str) -> str:
    """The ARN of an alias; ``name`` begins with ``alias/``."""
    return f"{_kms(caller)}:{name}"


def backup_arn(caller: Caller, backup_id: str) -> str:
    """The ARN of a backup."""
    place = f"{caller.region}:{caller.account}"
    return f"arn:{partition(caller.region)}:cloudhsm:{place}:backup/{backup_id}"


def root_arn(caller: Caller) -> str:
    """The ARN of the root user of the caller's account."""
    return f"arn:{partition(caller.region)}:iam::{caller.account}:root"


def _kms(caller: Caller) -> str:
    return f"arn:{partition(caller.region)}:kms:{caller.region}:{caller.account}"
