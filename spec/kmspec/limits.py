"""The numbers: the only place where a bound, a period or a rate that AWS documents is written.

Rates are requests per second, per account and Region. The request quotas are rows of
``tables/quotas.toml``; they are read here, because the emulator enforces them and may read no
other table.
"""

import tomllib
from functools import cache
from importlib import resources
from typing import NamedTuple

DAY = 86_400
"""Seconds."""

DELETION_WINDOW_DAYS = range(7, 31)
"""PendingWindowInDays that ScheduleKeyDeletion takes [API:ScheduleKeyDeletion]."""
DEFAULT_DELETION_WINDOW_DAYS = 30
"""PendingWindowInDays when absent [API:ScheduleKeyDeletion]."""
DELETION_MAY_TAKE_LONGER = DAY
"""The actual waiting period might be up to 24 hours longer, in seconds [Del]."""

BACKUP_DELETION_WINDOW = 7 * DAY
"""How long a backup is PENDING_DELETION, in seconds [CHSM:delete-restore-backup]."""
BACKUP_INTERVAL = DAY
"""An active cluster is backed up at least this often, in seconds [CHSM:manage-backups]."""
BACKUP_RETENTION_DAYS = range(7, 380)
"""BackupRetentionPolicy.Value of type DAYS [CHSM:manage-backup-retention]."""
DEFAULT_BACKUP_RETENTION_DAYS = 90
"""When CreateCluster gives no policy [CHSM:manage-backup-retention]."""

HSM_TYPE_ROLLBACK = DAY
"""How long a change of the HSM type can be taken back, in seconds [CHSM-now:migrate-hsm-type]."""
CLOUDHSM_TAGS = 50
"""Per cluster or backup: the bound of a TagList [API:TagResource]."""
IMPORT_TOKEN_VALIDITY = DAY
"""How long a public key and import token can be used, in seconds [API:GetParametersForImport]."""
MATERIAL_VALIDITY_DAYS = 365
"""ValidTo is at most so far ahead [API:ImportKeyMaterial]."""
ROTATION_PERIOD_DAYS = range(90, 2561)
"""RotationPeriodInDays [API:EnableKeyRotation]."""
DEFAULT_ROTATION_PERIOD_DAYS = 365
"""RotationPeriodInDays when absent [API:EnableKeyRotation]."""
ON_DEMAND_ROTATIONS = 25
"""Per key [Limits-now]."""
CONFLICT_BEFORE_ROTATION = 20 * 60
"""No rotation on demand when an automatic one is as near, in seconds [API:RotateKeyOnDemand]."""

CONNECT_WITHIN = 20 * 60
"""Connecting a CloudHSM key store takes up to this many seconds [ConnectKS]."""

MINIMUM_ACTIVE_HSMS = 2
"""In different Availability Zones; CreateCustomKeyStore, UpdateCustomKeyStore and CreateKey."""

KMSUSER_PASSWORD_LENGTHS = range(7, 33)
"""KeyStorePassword [API:CreateCustomKeyStore]."""
LOGIN_ATTEMPTS = 5
"""A crypto user is locked out after this many failed logins [FixKeystore]."""

CUSTOM_KEY_STORES = 10
"""Per account and Region, whatever their type or connection state [Limits-now]."""
ALIASES_PER_KEY = 50
"""[Limits-now]"""
KEYS = 100_000
"""Customer managed keys per account and Region, in any state [Limits-now]."""
CLUSTERS = 4
"""Per account and Region [CHSM:limits]."""
HSMS = 6
"""Per account and Region [CHSM:limits]."""
HSMS_PER_CLUSTER = 28
"""[CHSM:limits]"""

GRANTS_PER_KEY = 50_000
"""[Limits-now]"""
GRANT_CONSTRAINT_PAIRS = 8
"""Of EncryptionContextEquals, and of EncryptionContextSubset [API:CreateGrant]."""
GRANT_CONSTRAINT_CHARACTERS = 384
"""[API:CreateGrant]"""
TAGS_PER_KEY = 50
"""[REC 2025-01]"""
KEY_POLICY_BYTES = 32_768
"""[Limits23]; the service model allows more (quotas.md, open question 7)."""

ENCRYPTION_CONTEXT_BYTES = 8192
"""Serialised; not documented in the sources, our bound (crypto.md, open question 8)."""

CUSTOM_KEY_STORE_RATE = 1800
"""The request quota of one custom key store, shared by all its keys [RPSNow]."""
CLUSTER_CAPACITY = 3600
"""Operations per second a cluster serves in all. AWS publishes no figure: our default, twice
the store's quota. Work that has nothing to do with the store is taken from it."""
BUSY_CLUSTER_RATE = 1
"""What a cluster without spare capacity still serves a store, per second: our default."""


class Quota(NamedTuple):
    """One request quota of an account in a Region: ``operations`` share ``rate`` per second."""

    name: str
    rate: float
    operations: tuple[str, ...]
    regions: dict[str, float]
    """Rates of the Regions that have one of their own."""
    specs: tuple[str, ...] = ()
    """The key specs of the KMS keys, or of the new data key pairs, that count; empty: all do."""


@cache
def request_quotas() -> tuple[Quota, ...]:
    """The request quotas of ``tables/quotas.toml``, in the order of the file."""
    text = resources.files("kmspec").joinpath("tables/quotas.toml").read_text("utf-8")
    rows = tomllib.loads(text)["quota"]
    return tuple(
        Quota(
            row["name"],
            row["rate"],
            tuple(row["operations"]),
            row.get("regions", {}),
            tuple(row.get("specs", ())),
        )
        for row in rows
    )
