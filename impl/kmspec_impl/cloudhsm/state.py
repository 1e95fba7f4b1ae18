"""Rows of CloudHSM: what is known of clusters, HSMs and backups between two requests.

What an HSM holds, users and keys, is not here but in the HSM (:mod:`kmspec_impl.hsm`).
"""

from dataclasses import dataclass, field

from kmspec.names import BackupState, ClusterState, Fault, HsmState


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM texts. The first four exist while a cluster is UNINITIALIZED and has an HSM."""

    csr: str | None = None
    hsm: str | None = None
    aws_hardware: str | None = None
    manufacturer_hardware: str | None = None
    cluster: str | None = None
    """The certificate of the cluster. Clusters that share it are related by backups."""
    trust_anchor: str | None = None
    """What signed it; DescribeClusters does not show it."""


@dataclass(frozen=True, slots=True)
class Hsm:
    """One HSM of a cluster. ``due`` is when a state that passes will end."""

    id: str
    zone: str
    subnet: str
    eni: str
    ip: str
    state: HsmState
    due: float | None


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster with its HSMs, in the order in which they were created."""

    id: str
    created: float
    hsm_type: str
    mode: str
    network_type: str
    subnets: tuple[tuple[str, str], ...]
    """Pairs of Availability Zone and subnet."""
    vpc: str
    security_group: str
    retention_days: int
    tags: tuple[tuple[str, str], ...]
    state: ClusterState
    due: float | None = None
    hsms: tuple[Hsm, ...] = ()
    certificates: Certificates = Certificates()
    source_backup: str | None = None
    shared_source: "Backup | None" = None
    """The backup it was made from, where another account shared it."""
    other_type: str | None = None
    """The HSM type it is changed from or to; and what it may be taken back to."""
    rollback_until: float | None = None
    """Until when a change of the HSM type may be taken back."""
    next_backup: float | None = None
    """When it will be backed up by itself, if it has an active HSM then."""
    kms_session: bool = False
    """Whether AWS KMS is logged in as ``kmsuser``."""
    logins: frozenset[str] = frozenset()
    """The users as whom an operator is logged in."""
    faults: frozenset[Fault] = frozenset()
    load: float = 0.0
    """Work that has nothing to do with a key store, operations per second."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a backup was copied from, and when."""

    region: str
    backup: str
    cluster: str
    copied: float


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup. ``content`` is what an HSM of the cluster held, opaque.

    ``number`` counts the backups of the account and Region, for two may be made at one moment;
    ``due`` is when it becomes READY, or ceases to exist. A copy from another Region is of no
    ``cluster`` of its own and has no retention policy.
    """

    id: str
    number: int
    cluster: str | None
    created: float
    hsm_type: str
    mode: str
    retention_days: int | None
    content: bytes = field(repr=False)
    certificates: Certificates
    state: BackupState
    due: float | None
    never_expires: bool = False
    spared_until: float = 0.0
    """Until when it is kept although it is beyond its retention."""
    tags: tuple[tuple[str, str], ...] = ()
    source: Source | None = None
    policy: str | None = None
    """Its resource policy, as it was written."""
