"""Key materials: the only place that says what the model knows of one, and of how it gets in.

``material#7`` is key material that a caller made, and ``material#7.2`` the same, wrapped for the
import parameters ``wrapping#2`` and ``token#2``. A word after that number says otherwise than
usual: another wrapping algorithm, or that it was damaged on the way.
"""

import re
from typing import NamedTuple

from kmspec.names import KeySpec, WrappingAlgorithm
from kmspec_model.command import Ref

NONE = -1
_IMPORTED = 1000
_PER_KEY = 100
_PER_KIND = 10
_KINDS = (
    KeySpec.SYMMETRIC_DEFAULT,
    None,
    KeySpec.RSA_2048,
    KeySpec.ECC_NIST_P256,
    KeySpec.HMAC_256,
)
_FORM = re.compile(r"([0-9]+)([a-z]+[0-9]*)?")
_WORDS = {
    "sha1": WrappingAlgorithm.RSAES_OAEP_SHA_1,
    "aes": WrappingAlgorithm.RSA_AES_KEY_WRAP_SHA_256,
    "aes1": WrappingAlgorithm.RSA_AES_KEY_WRAP_SHA_1,
}
CORRUPT = "corrupt"


class Material(NamedTuple):
    """One key material of a KMS key: ``keymaterial#index`` is its id.

    ``chosen`` is the ``material`` that was imported, and ``valid_to`` when it expires;
    ``rotation`` the type of the rotation that made it current; ``description`` is the last that was
    given with it.
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, of no use here
    chosen: int = NONE
    present: bool = True
    valid_to: int | None = None
    rotation: str = ""
    description: str = ""

    @property
    def name(self) -> Ref:
        """The reference of its id."""
        return Ref("keymaterial", self.index)


class Rotation(NamedTuple):
    """That a key rotates automatically: every how many days, and when next."""

    days: int
    due: int


class ImportParameters(NamedTuple):
    """A public key and import token that were kept, for one KMS key, and when they expire."""

    index: int  # type: ignore[assignment]  # hides tuple.index, of no use here
    key: int
    algorithm: str
    expires: int


class Wrapped(NamedTuple):
    """What ``material#7.2`` says: which key material, for which parameters, by what algorithm."""

    material: int
    parameters: int
    algorithm: WrappingAlgorithm
    corrupt: bool


def imported(key: int, chosen: int) -> int:
    """The index of key material that a caller imports into a KMS key: always the same."""
    return _IMPORTED + _PER_KEY * key + chosen


def spec_of(chosen: int) -> KeySpec | None:
    """The spec of the keys that ``material#chosen`` is for; ``None``: of none, it is too short."""
    return _KINDS[chosen // _PER_KIND]


def first_of(spec: str) -> int:
    """The first ``material`` for keys of a spec."""
    return _KINDS.index(KeySpec(spec)) * _PER_KIND


def usual_algorithm(spec: str | None) -> WrappingAlgorithm:
    """How key material of a spec is wrapped unless its reference says otherwise."""
    if spec == KeySpec.RSA_2048:
        return WrappingAlgorithm.RSA_AES_KEY_WRAP_SHA_256
    return WrappingAlgorithm.RSAES_OAEP_SHA_256


def read(ref: Ref) -> Wrapped:
    """Read a reference to wrapped key material.

    :raises ValueError: its form says nothing of import parameters.
    """
    found = _FORM.fullmatch(ref.form)
    if found is None or found[2] not in (None, CORRUPT, *_WORDS):
        message = f"{ref} is no wrapped key material: write material#0.0 or material#0.0sha1"
        raise ValueError(message)
    algorithm = _WORDS.get(found[2] or "", usual_algorithm(spec_of(ref.index)))
    return Wrapped(ref.index, int(found[1]), algorithm, found[2] == CORRUPT)
