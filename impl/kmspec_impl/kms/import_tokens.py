"""Import tokens: the only place that says what is in one.

A token is the parameters of an import, sealed: nothing needs to be remembered of it, however
many are asked for.
"""

import json
import os
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kmspec.names import WrappingAlgorithm, WrappingKeySpec
from kmspec_impl.storage.tables import Table

_ID: Final = "import"
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class TokenKey:
    """What the tokens of an account in a Region are sealed under, and how many there were."""

    id: str
    secret: bytes = field(repr=False)
    made: int = 0


class ImportParameters(NamedTuple):
    """A wrapping key that was handed out for one KMS key.

    ``number`` says which pair it is (:mod:`kmspec_impl.hsm.wrapping`).
    """

    key: str
    spec: WrappingKeySpec
    algorithm: WrappingAlgorithm
    number: int
    valid_to: float


class ImportTokens:
    """The tokens of an account in a Region."""

    def __init__(self, kept: Table[TokenKey]) -> None:
        self._kept = kept

    def next_number(self) -> int:
        """How many tokens were asked for before."""
        last = self._kept.get(_ID) or TokenKey(_ID, os.urandom(_KEY_BYTES))
        self._kept.put(TokenKey(_ID, last.secret, last.made + 1))
        return last.made

    def seal(self, parameters: ImportParameters) -> bytes:
        """The token that stands for them."""
        nonce = os.urandom(_NONCE_BYTES)
        content = json.dumps(parameters).encode()
        return nonce + AESGCM(self._kept[_ID].secret).encrypt(nonce, content, None)

    def open(self, token: bytes) -> ImportParameters | None:
        """What a token stands for; ``None`` if it is none of ours."""
        kept = self._kept.get(_ID)
        if kept is None:
            return None
        try:
            content = AESGCM(kept.secret).decrypt(token[:_NONCE_BYTES], token[_NONCE_BYTES:], None)
        except (InvalidTag, ValueError):  # ValueError: the nonce is cut short
            return None
        key, spec, algorithm, *rest = json.loads(content)
        return ImportParameters(key, WrappingKeySpec(spec), WrappingAlgorithm(algorithm), *rest)
