"""Rows of KMS: what is known of keys, aliases and custom key stores between two requests.

Key material is not here but in HSMs; a row knows the handle, or the label to find it by.
"""

from dataclasses import dataclass, field
from typing import Any

from kmspec.names import (
    ConnectionErrorCode,
    ConnectionState,
    KeySpec,
    KeyState,
    KeyUsage,
    Origin,
    RotationType,
    WrappingAlgorithm,
    WrappingKeySpec,
)


@dataclass(frozen=True, slots=True)
class Related:
    """What each of a set of related multi-Region keys knows of the others."""

    primary: str
    """The Region of the primary key."""
    regions: tuple[str, ...]
    """Where there is one of the keys, the primary key among them."""


@dataclass(frozen=True, slots=True)
class KeyMaterial:
    """One key material of a KMS key."""

    id: str
    header: bytes
    """What every ciphertext under this key material begins with."""
    associated: bytes
    """What is authenticated with every ciphertext, before the encryption context."""
    handle: int | None = None
    """Among the service's own HSMs; ``None`` for material that is in a store, or not there."""
    rotated: float | None = None
    """When it became current by a rotation; not so the first key material of a key."""
    rotation: RotationType | None = None
    description: str | None = None
    """Of imported key material, as is ``valid_to``, when it expires."""
    valid_to: float | None = None
    public_key: bytes | None = None
    """Of an imported key pair: it is known also while the private key is not there."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """That a key rotates automatically: every how many days, and when next."""

    days: int
    due: float


@dataclass(frozen=True, slots=True)
class ImportParameters:
    """A wrapping key that was handed out for one KMS key; its id is the import token, as hex.

    ``number`` says which pair it is (:mod:`kmspec_impl.hsm.wrapping`).
    """

    id: str
    key: str
    spec: WrappingKeySpec
    algorithm: WrappingAlgorithm
    number: int
    valid_to: float


@dataclass(frozen=True, slots=True)
class Key:
    """A KMS key.

    Its state is not stored, it follows: from ``deletion_due``, from ``overlay``, from the
    connection of its store, and from ``enabled``, what the owner wants
    (:mod:`kmspec_impl.kms.key_state`).
    """

    id: str
    arn: str
    created: float
    description: str
    origin: Origin
    current: KeyMaterial | None
    """What the key encrypts with; ``None`` before key material was ever imported."""
    policy: str
    tags: tuple[tuple[str, str], ...]
    spec: KeySpec = KeySpec.SYMMETRIC_DEFAULT
    usage: KeyUsage = KeyUsage.ENCRYPT_DECRYPT
    enabled: bool = True
    deletion_due: float | None = None
    store: str | None = None
    service: str | None = None
    """Whose AWS managed key it is; ``None`` for a customer managed key."""
    related: Related | None = None
    """Of a multi-Region key only."""
    overlay: KeyState | None = None
    """Creating, Updating or PendingReplicaDeletion: shown instead of what the key is else."""
    deletion_window: int | None = None
    """Days that a PendingReplicaDeletion key waits for from when its last replica is deleted."""
    earlier: tuple[KeyMaterial, ...] = ()
    """What the key encrypted with before it was rotated, oldest first."""
    pending: KeyMaterial | None = None
    """Imported key material that the key is to be rotated to."""
    rotation: Rotation | None = None
    rotating: float | None = None
    """When the rotation on demand began that is under way."""

    def material_of(self, header: bytes) -> KeyMaterial | None:
        """The key material whose ciphertexts begin like this."""
        if self.current is not None and self.current.header == header:
            return self.current
        return next((one for one in self.earlier if one.header == header), None)

    @property
    def materials(self) -> tuple[KeyMaterial, ...]:
        """All key materials that the key uses, the current one last."""
        return self.earlier if self.current is None else (*self.earlier, self.current)


@dataclass(frozen=True, slots=True)
class Alias:
    """An alias; its id is its name, which begins with ``alias/``."""

    id: str
    arn: str
    key: str
    created: float
    updated: float


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant on a key, and every token that was given out for it."""

    id: str
    key: str
    created: float
    name: str
    """Empty for a grant without one."""
    grantee: str
    grantee_is_service: bool
    retiring: str | None
    retiring_is_service: bool
    operations: tuple[str, ...]
    constraints: dict[str, Any]
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Store:
    """A custom key store of type AWS_CLOUDHSM. ``due`` is when a state that passes will end."""

    id: str
    name: str
    cluster: str
    cluster_certificate: str
    """By which a related cluster is recognised, even when the original one is gone."""
    trust_anchor: str
    password: str = field(repr=False)
    """What AWS KMS believes to be the password of ``kmsuser``. Never returned."""
    created: float
    state: ConnectionState = ConnectionState.DISCONNECTED
    error: ConnectionErrorCode | None = None
    due: float | None = None
