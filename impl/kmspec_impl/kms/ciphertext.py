"""Ciphertext: the only place that knows what a ciphertext of AWS KMS looks like.

A blob is a header, the same for all ciphertexts under one key material, and what an HSM sealed::

    4 bytes   format and version
    16 bytes  id of the KMS key
    16 bytes  digest of the key's ARN, which names account and Region; related multi-Region keys
              read each other's ciphertexts, so theirs names no Region
    32 bytes  id of the key material
    8 bytes   digest of all before
    12 bytes  nonce, then the ciphertext, then 16 bytes of tag

The key is found by the header alone. Its ARN, the material and the encryption context are
authenticated, not stored (crypto.md, sections 4 and 5). The header has a digest of its own, so
that a damaged blob is told from one of a key that does not exist here.
"""

import hashlib
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from kmspec.limits import ENCRYPTION_CONTEXT_BYTES
from kmspec.names import ErrorCode
from kmspec_impl.errors import ServiceError
from kmspec_impl.identity import MULTI_REGION
from kmspec_impl.kms.requests import invalid
from kmspec_impl.kms.state import KeyMaterial

_FORMAT: Final = b"KMS\x01"
_PLACE_BYTES: Final = 16
_CHECK_BYTES: Final = 8
_HEADER_BYTES: Final = len(_FORMAT) + 16 + _PLACE_BYTES + 32 + _CHECK_BYTES
_LEAST_SEALED: Final = 12 + 16
"""Nonce and tag."""


def new_material(key_id: str, arn: str, material_id: str, handle: int | None) -> KeyMaterial:
    """A key material of a KMS key, with what all ciphertexts under it have in common."""
    if key_id.startswith(MULTI_REGION):
        arn = _without_region(arn)
    place = hashlib.sha256(arn.encode()).digest()[:_PLACE_BYTES]
    number = UUID(key_id.removeprefix(MULTI_REGION)).bytes
    header = _FORMAT + number + place + bytes.fromhex(material_id)
    associated = _measured(arn) + _measured(material_id)
    return KeyMaterial(material_id, header + _check(header), associated, handle)


def parts(blob: bytes) -> tuple[bytes, bytes]:
    """Header and sealed part of a blob.

    :raises ServiceError: InvalidCiphertextException, for anything that is damaged or foreign.
    """
    header, sealed = blob[:_HEADER_BYTES], blob[_HEADER_BYTES:]
    if (
        len(sealed) < _LEAST_SEALED
        or not header.startswith(_FORMAT)
        or _check(header[:-_CHECK_BYTES]) != header[-_CHECK_BYTES:]
    ):
        raise ServiceError(ErrorCode.INVALID_CIPHERTEXT)
    return header, sealed


def with_context(associated: bytes, context: Mapping[str, str] | None) -> bytes:
    """What is authenticated: ``associated``, then the encryption context.

    The order of its pairs does not matter, and an empty one is the same as none.

    :raises ServiceError: ValidationException, when the context is too large.
    """
    if not context:
        return associated
    written = b"".join([_measured(name) + _measured(context[name]) for name in sorted(context)])
    if len(written) > ENCRYPTION_CONTEXT_BYTES:
        raise invalid(f"The encryption context is larger than {ENCRYPTION_CONTEXT_BYTES} bytes.")
    return associated + written


def _without_region(arn: str) -> str:
    """The ARN that related multi-Region keys have in common."""
    _, partition, service, _, rest = arn.split(":", 4)
    return f"arn:{partition}:{service}::{rest}"


def _measured(text: str) -> bytes:
    """Text with its length before it, so that no two lists of texts are written alike."""
    data = text.encode(errors="surrogatepass")  # half a surrogate pair is legal JSON
    return len(data).to_bytes(4, "big") + data


def _check(header: bytes) -> bytes:
    return hashlib.sha256(header).digest()[:_CHECK_BYTES]
