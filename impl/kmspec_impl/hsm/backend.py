"""Backends: the only place that says what kinds of HSMs there are, and makes those of clusters.

The service's own HSMs are always in software.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from kmspec_impl.hsm.interface import BackendError, Device, User
from kmspec_impl.hsm.software import HeldKey, SoftwareDevice
from kmspec_impl.identity import Drawn
from kmspec_impl.storage.tables import Table

NewDevice: TypeAlias = Callable[[Table[HeldKey], Table[User], Table[Drawn]], Device]
"""Makes an HSM that has these rows."""


class Backend(StrEnum):
    """What the HSMs of clusters are."""

    SOFTWARE = "software"
    PKCS11 = "pkcs11"


@dataclass(frozen=True, slots=True)
class MaskingKey:
    """The masking key of all tokens: PKCS #8 in DER. Software has none."""

    id: str
    pkcs8: bytes = field(repr=False)


def maker(backend: Backend, kept: Table[MaskingKey]) -> NewDevice:
    """What makes HSMs of a kind.

    :raises BackendError: this machine has none of that kind.
    """
    if backend is Backend.SOFTWARE:
        return SoftwareDevice
    try:
        from kmspec_impl.hsm import token_device, tokens  # noqa: PLC0415 - it is optional
    except ModuleNotFoundError as cause:
        what = f"--hsm {backend} needs the package python-pkcs11"
        raise BackendError(what, "install it: pip install 'kmspec[pkcs11]'") from cause
    masking = kept.get(backend) or MaskingKey(backend, tokens.new_masking())
    source = tokens.tokens(masking.pkcs8)
    if masking.id not in kept:
        kept.put(masking)
    return lambda keys, users, handles: token_device.TokenDevice(source, keys, users, handles)
