"""Worlds: the only place that says what the model knows at one moment.

A world is an immutable, hashable value. Resources are named by index, in the order of their
making; an index is never used again. Times are milliseconds, ``now`` included; ``since`` is when a
state was entered that passes by itself, and ``None`` in every other state.

A world is what there is in one Region, and beside it what there is in each of the others: what
does not look beside it sees one Region only.
"""

from typing import NamedTuple, Protocol, TypeVar

from kmspec import limits
from kmspec.names import KeySpec, KeyUsage, MultiRegionKeyType
from kmspec_model.command import Ref, Value
from kmspec_model.grants import Grant
from kmspec_model.materials import ImportParameters, Material, Rotation

NONE = -1
"""The index of nothing: a KMS key without a store, a cluster that came from no backup."""


class User(NamedTuple):
    """A crypto user, the same on every HSM of its cluster.

    ``password`` is what the caller gave, or ``rotated#n`` after AWS KMS changed it.
    ``logged_in``: an operator's session; that of AWS KMS follows from the store's state.
    ``failures``: wrong passwords in a row.
    """

    name: str
    password: str
    locked: bool = False
    logged_in: bool = False
    failures: int = 0


class Contents(NamedTuple):
    """What HSMs hold and backups keep: users, and the material of KMS keys, by key index."""

    users: tuple[User, ...] = ()
    materials: tuple[int, ...] = ()

    def user(self, name: str) -> User | None:
        """The user of that name."""
        for user in self.users:
            if user.name == name:
                return user
        return None

    def at_rest(self) -> "Contents":
        """With nobody logged in: a session is with an HSM, and no backup of it has one."""
        return self._replace(users=tuple(user._replace(logged_in=False) for user in self.users))

    def with_user(self, user: User) -> "Contents":
        """With this user in the place of the one of the same name, or added."""
        others = tuple(old for old in self.users if old.name != user.name)
        return self._replace(users=tuple(sorted((*others, user))))


class Hsm(NamedTuple):
    """One HSM; ``zone`` is the index of its Availability Zone.

    ``address`` is the one it was asked for with, or empty.
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, of no use here
    zone: int
    state: str
    since: int | None = None
    address: str = ""


class Automatic(NamedTuple):
    """The newest of the backups that AWS makes by itself.

    They have no reference: nobody asked for them. ``after`` is the number of other backups that
    were there, so that it can be said which is newer. ``due`` says that it must have been made.
    """

    after: int
    contents: Contents
    due: bool = False


class Cluster(NamedTuple):
    """One cluster. ``lineage`` is the index of the cluster whose certificate it shares.

    ``anchor`` is the ``ca`` that signed the certificate; ``source`` the backup it came from.
    Until ``rollback`` it can be taken back to ``other_type``.
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, of no use here
    state: str
    since: int | None
    zones: tuple[int, ...]
    lineage: int
    anchor: int = NONE
    source: int = NONE
    hsms: tuple[Hsm, ...] = ()
    contents: Contents = Contents()
    faults: tuple[str, ...] = ()
    load: int = 0
    automatic: Automatic | None = None
    hsm_type: str = ""
    mode: str = ""
    retention: int = limits.DEFAULT_BACKUP_RETENTION_DAYS
    tags: tuple[tuple[str, str], ...] = ()
    other_type: str = ""
    rollback: int | None = None

    def hsm(self, index: int) -> Hsm | None:
        """The HSM of that index."""
        for hsm in self.hsms:
            if hsm.index == index:
                return hsm
        return None


class Backup(NamedTuple):
    """One backup and what is in it; ``deadline`` is when a deleted one is gone.

    ``created`` and ``retention``, in days, say how long it is kept, at least until ``spared``.
    What was copied from a ``source`` in another Region is of no cluster of this one.
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, of no use here
    cluster: int
    state: str
    since: int | None
    lineage: int
    anchor: int
    contents: Contents
    deadline: int | None = None
    hsm_type: str = ""
    mode: str = ""
    created: int = 0
    retention: int = limits.DEFAULT_BACKUP_RETENTION_DAYS
    spared: int | None = None
    never_expires: bool = False
    tags: tuple[tuple[str, str], ...] = ()
    policy: str = ""
    source: int = NONE
    source_region: int = NONE
    source_cluster: int = NONE

    @property
    def retained(self) -> int:
        """Until when the retention policy keeps it."""
        return max(self.created + self.retention * limits.DAY * 1000, self.spared or 0)


class Store(NamedTuple):
    """One custom key store. ``name`` is the index of the name the caller gave.

    ``lineage`` is that of its clusters, which all share one certificate; ``error`` is the
    ConnectionErrorCode, or empty.
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, of no use here
    name: int
    cluster: int
    lineage: int
    anchor: int
    password: str
    state: str
    since: int | None = None
    error: str = ""


class Key(NamedTuple):
    """One KMS key. ``resumes`` is the state it takes when its store is connected again.

    ``materials`` are those of a key without a store, the one it encrypts with last; ``pending``
    waits to be rotated to; ``rotating`` is since when a rotation on demand is under way.

    Related multi-Region keys have one index, and each its Region. ``role`` is the
    MultiRegionKeyType, empty for a single-Region key; ``window`` the days that a primary key
    waits for once its last replica is deleted.
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, of no use here
    origin: str
    store: int
    state: str
    resumes: str = ""
    deadline: int | None = None
    description: str = ""
    spec: str = KeySpec.SYMMETRIC_DEFAULT.value
    usage: str = KeyUsage.ENCRYPT_DECRYPT.value
    region: int = 0
    role: str = ""
    since: int | None = None
    window: int | None = None
    tags: tuple[tuple[str, str], ...] | None = None
    """Sorted; ``None`` as long as nobody has tagged it."""
    policy: Ref | None = None
    """The document that was put last; ``None`` is the default policy."""
    used: str = ""
    """The last operation that used it."""
    service: int = NONE
    """The index of the service whose AWS managed key it is."""
    materials: tuple[Material, ...] = ()
    pending: Material | None = None
    rotation: Rotation | None = None
    rotating: int | None = None

    @property
    def current(self) -> Material | None:
        """What the key encrypts with."""
        return self.materials[-1] if self.materials else None

    def material(self, index: int) -> Material | None:
        """The key material of that index, whether it is current, earlier or pending."""
        if self.pending is not None and self.pending.index == index:
            return self.pending
        return _at(self.materials, index)

    def with_material(self, material: Material) -> "Key":
        """With this key material in the place of what it was; new, it is the first or waits."""
        if any(one.index == material.index for one in self.materials):
            put = (material if one.index == material.index else one for one in self.materials)
            return self._replace(materials=tuple(put))
        if not self.materials:
            return self._replace(materials=(material,))
        return self._replace(pending=material)


class Alias(NamedTuple):
    """One alias, by the index of the name the caller gave, and its KMS key."""

    index: int  # type: ignore[assignment]  # hides tuple.index, of no use here
    key: int


class Ciphertext(NamedTuple):
    """One ciphertext that was kept: what was encrypted with which KMS key, and how.

    A secret that was encapsulated is one too; the shared secret is its plaintext.
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, of no use here
    key: int
    plaintext: Value
    context: Value | None
    material: int = NONE
    algorithm: str = KeySpec.SYMMETRIC_DEFAULT.value


class Signed(NamedTuple):
    """One signature or HMAC that was kept: its KMS key, what it is over, and the algorithm."""

    index: int  # type: ignore[assignment]  # hides tuple.index, of no use here
    key: int
    over: tuple[str, str]
    algorithm: str


class Made(NamedTuple):
    """How many of each kind were made so far: the next index of each."""

    keys: int = 0
    stores: int = 0
    clusters: int = 0
    hsms: int = 0
    backups: int = 0
    ciphertexts: int = 0
    rotations: int = 0
    """Of the passwords of ``kmsuser``."""
    materials: int = 0
    """Key materials that AWS KMS made."""
    parameters: int = 0
    signed: int = 0
    grants: int = 0


class World(NamedTuple):
    """All that is, at one moment."""

    now: int = 0
    clusters: tuple[Cluster, ...] = ()
    backups: tuple[Backup, ...] = ()
    stores: tuple[Store, ...] = ()
    keys: tuple[Key, ...] = ()
    aliases: tuple[Alias, ...] = ()
    ciphertexts: tuple[Ciphertext, ...] = ()
    spent: tuple[tuple[int, int], ...] = ()
    """How many requests each store had to serve at this very moment, by store index."""
    made: Made = Made()
    signed: tuple[Signed, ...] = ()
    grants: tuple[Grant, ...] = ()
    parameters: tuple[ImportParameters, ...] = ()
    region: int = 0
    """The Region that all this is in."""
    others: tuple["World", ...] = ()
    """What there is in other Regions; time, what was made and counts are kept here alone."""

    @property
    def regions(self) -> tuple[int, ...]:
        """Where there is anything, this Region first."""
        return (self.region, *(other.region for other in self.others))

    def seen_from(self, region: int) -> "World":
        """The same, as it is seen from another Region."""
        if region == self.region:
            return self
        left = self._replace(now=0, ciphertexts=(), signed=(), spent=(), made=Made(), others=())
        beside = {other.region: other for other in (*self.others, left)}
        there = beside.pop(region, World(region=region))
        return there._replace(
            now=self.now,
            ciphertexts=self.ciphertexts,
            signed=self.signed,
            spent=self.spent,
            made=self.made,
            others=tuple(
                beside[other] for other in sorted(beside) if beside[other] != World(region=other)
            ),
        )

    def related(self, key: int) -> tuple[Key, ...]:
        """The KMS key of that index in each Region that has one."""
        found = [world.key(key) for world in (self, *self.others)]
        return tuple(sorted((one for one in found if one is not None), key=_region))

    def primary(self, key: Key) -> Key:
        """The primary key of related keys; a single-Region key itself."""
        primary = MultiRegionKeyType.PRIMARY
        return next((one for one in self.related(key.index) if one.role == primary), key)

    def shows_material(self, index: int) -> bool:
        """Whether there is a key material whose id AWS tells: one of a symmetric encryption key."""
        keys = (key for world in (self, *self.others) for key in world.keys)
        symmetric = (key for key in keys if key.spec == KeySpec.SYMMETRIC_DEFAULT)
        return any(key.material(index) is not None for key in symmetric)

    def others_of(self, key: Key) -> tuple[Key, ...]:
        """The keys related to one, in other Regions."""
        return tuple(one for one in self.related(key.index) if one.region != key.region)

    def waits_everywhere(self, key: Key) -> bool:
        """Whether key material to be rotated to was imported into all related keys."""
        related = self.related(key.index)
        return all(one.pending is not None and one.pending.present for one in related)

    def grant(self, index: int) -> Grant | None:
        """The grant of that index, unless it ended."""
        return _at(self.grants, index)

    def managed(self, service: int) -> Key | None:
        """The AWS managed key of a service, if it was made."""
        return next((key for key in self.keys if key.service == service), None)

    def cluster(self, index: int) -> Cluster | None:
        """The cluster of that index, unless it is gone."""
        return _at(self.clusters, index)

    def backup(self, index: int) -> Backup | None:
        """The backup of that index, unless it is gone."""
        return _at(self.backups, index)

    def store(self, index: int) -> Store | None:
        """The store of that index, unless it was deleted."""
        return _at(self.stores, index)

    def key(self, index: int) -> Key | None:
        """The KMS key of that index, unless it was deleted."""
        return _at(self.keys, index)

    def alias(self, index: int) -> Alias | None:
        """The alias of that index, if it exists."""
        return _at(self.aliases, index)

    def ciphertext(self, index: int) -> Ciphertext | None:
        """The ciphertext of that index."""
        return _at(self.ciphertexts, index)

    def signature(self, index: int) -> Signed | None:
        """The signature or HMAC of that index."""
        return _at(self.signed, index)

    def spent_by(self, store: int) -> int:
        """How many requests a store had to serve at this very moment."""
        return dict(self.spent).get(store, 0)

    def with_cluster(self, cluster: Cluster) -> "World":
        """With this cluster in the place of the one of the same index, or added."""
        return self._replace(clusters=_put(self.clusters, cluster))

    def with_backup(self, backup: Backup) -> "World":
        """With this backup in the place of the one of the same index, or added."""
        return self._replace(backups=_put(self.backups, backup))

    def with_store(self, store: Store) -> "World":
        """With this store in the place of the one of the same index, or added."""
        return self._replace(stores=_put(self.stores, store))

    def with_key(self, key: Key) -> "World":
        """With this KMS key in the place of the one of its index in its Region, or added."""
        if key.region != self.region:
            return self.seen_from(key.region).with_key(key).seen_from(self.region)
        return self._replace(keys=_put(self.keys, key))

    def keys_of(self, store: int) -> tuple[Key, ...]:
        """The KMS keys of a store."""
        return tuple(key for key in self.keys if key.store == store)

    def store_of(self, cluster: int) -> Store | None:
        """The store that a cluster stands behind."""
        for store in self.stores:
            if store.cluster == cluster:
                return store
        return None


EMPTY = World()
"""Nothing was made yet."""


class _Indexed(Protocol):
    @property
    def index(self) -> int: ...


T = TypeVar("T", bound=_Indexed)


def _at(items: tuple[T, ...], index: int) -> T | None:
    for item in items:
        if item.index == index:
            return item
    return None


def _put(items: tuple[T, ...], item: T) -> tuple[T, ...]:
    kept = [old for old in items if old.index != item.index]
    kept.append(item)
    kept.sort(key=_index)
    return tuple(kept)


def _index(item: _Indexed) -> int:
    return item.index


def _region(key: Key) -> int:
    return key.region


ROTATED = "rotated#"
"""How a password begins that only AWS KMS knows."""
