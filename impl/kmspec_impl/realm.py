"""A realm: the only place that says what one account has in one Region.

Operations get their realm and the moment of the request, and nothing else: what they cannot
reach cannot leak between accounts and Regions. The few that do reach into another realm ask for
it by :meth:`Shared.realm`.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

from sortedcontainers import SortedDict

from kmspec_impl.agenda import Agenda, Due
from kmspec_impl.caller import Caller
from kmspec_impl.cloudhsm.state import Backup, Cluster
from kmspec_impl.hsm.backend import MaskingKey, NewDevice
from kmspec_impl.hsm.interface import Device, DeviceError, User
from kmspec_impl.hsm.software import HeldKey, SoftwareDevice
from kmspec_impl.hsm.wrapping import Wrapping, WrappingPair
from kmspec_impl.identity import Drawn, Ids
from kmspec_impl.kms.import_tokens import ImportTokens, TokenKey
from kmspec_impl.kms.state import Alias, Grant, Key, Store
from kmspec_impl.quotas import Quotas
from kmspec_impl.storage.tables import Row, RowT, Storage, Table

Parameters: TypeAlias = dict[str, Any]
"""The members of a request, checked against the service model; ``None`` is an absent one."""
Response: TypeAlias = dict[str, Any]
"""The members of a response: blobs are bytes, timestamps epoch seconds."""


class Handler(Protocol):
    """What answers one operation; it raises :class:`ServiceError` before its first effect."""

    def __call__(self, realm: "Realm", parameters: Parameters, now: float, /) -> Response:
        """The response."""
        ...


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet that was named once, and its Availability Zone."""

    id: str
    zone: str


@dataclass(frozen=True, slots=True)
class LastUse:
    """What a key was last used for, and when; its id is the ARN of the key."""

    id: str
    operation: str
    moment: float


FLEET: Final = "fleet"
"""The name of the service's own HSMs."""
OF_REALMS: Final[tuple[type[Row], ...]] = (
    Alias,
    Backup,
    Cluster,
    Drawn,
    Due,
    Grant,
    HeldKey,
    Key,
    LastUse,
    MaskingKey,
    Store,
    Subnet,
    TokenKey,
    User,
    WrappingPair,
)
"""Every kind of row there is in a realm and its HSMs."""


class Shared:
    """What all realms of an emulator have in common. ``delay`` is in seconds.

    ``new_device`` makes the HSMs of clusters.
    """

    def __init__(
        self, delay: float, seed: int, quotas: Quotas, storage: Storage, new_device: NewDevice
    ) -> None:
        self.delay, self.seed, self.quotas, self.storage = delay, seed, quotas, storage
        self.new_device = new_device
        self.realm_of_cluster: dict[str, Realm] = {}
        """Where a cluster is, or was: the operator names it by its id alone."""
        self.realms: dict[Caller, Realm] = {}
        """Every realm there is, by whose and where it is."""
        self.of_account: defaultdict[str, list[Realm]] = defaultdict(list)
        """The realms of each account."""
        self.wrapping = Wrapping(storage.table(WrappingPair, "wrapping"))
        for owner in storage.owners():
            match owner.split():
                case [account, region]:
                    self._add(Caller(account, region))

    def realm(self, caller: Caller, now: float) -> "Realm":
        """What an account has in a Region; made, and settled, when it is asked for."""
        found = self.realms.get(caller) or self._add(caller)
        found.agenda.settle(now)
        return found

    def _add(self, caller: Caller) -> "Realm":
        realm = self.realms[caller] = Realm(caller, self)
        self.of_account[caller.account].append(realm)
        self.realm_of_cluster.update((cluster.id, realm) for cluster in realm.clusters)
        return realm


class Realm:
    """What one account has in one Region.

    It has an agenda and ids of its own: what others do neither costs it anything nor shows.
    What it had before the process began is in its tables at once; the rest follows from them.
    """

    def __init__(self, caller: Caller, shared: Shared) -> None:
        self.caller = caller
        self.shared = shared
        self.keys = self._table(Key)
        self.aliases = self._table(Alias)
        self.stores = self._table(Store)
        self.import_tokens = ImportTokens(self._table(TokenKey))
        self.grants = self._table(Grant)
        self.clusters = self._table(Cluster)
        self.backups = self._table(Backup)
        self.subnets = self._table(Subnet)
        self.uses = self._table(LastUse)
        """The last uses of keys as they are kept; :meth:`keep_uses` brings them up to date."""
        due = self._table(Due)
        self.agenda = Agenda(self, due)
        seed = f"{shared.seed} {caller.account} {caller.region}"
        self.ids = Ids(seed, self._table(Drawn))
        self.vpc = Ids(seed, Table()).network("vpc")
        """Where all subnets are: EC2 is not emulated."""
        self.fleet: Device = self._new_device(FLEET, SoftwareDevice)
        """The service's own HSMs, for keys of origin AWS_KMS."""
        self.devices: dict[str, Device] = {}
        """What the HSMs of clusters hold, by HSM id."""
        self.key_of_arn: dict[str, str] = {}
        self.key_of_header: dict[bytes, str] = {}
        """Whose key material a ciphertext was made under, by what it begins with."""
        self.grant_of_token: dict[str, str] = {}
        """The grant that a grant token is good for."""
        self._grants_of: defaultdict[str, dict[str, None]] = defaultdict(dict)
        """The ids of the grants of each key, in the order of their making."""
        self.last_used: dict[str, tuple[str, float]] = {}
        """Operation and moment of the last use of a key, by its ARN, where ``uses`` is older."""
        self._key_ids: SortedDict[str, None] = SortedDict()
        """The ids of all keys in order: there can be very many."""
        for entry in due:
            self.agenda.resume(entry)
        for key in self.keys:
            self._index(key)
        for grant in self.grants:
            self._index_grant(grant)
        for cluster in self.clusters:
            self.devices.update((hsm.id, self._resumed(cluster, hsm.id)) for hsm in cluster.hsms)

    def _table(self, kind: type[RowT]) -> Table[RowT]:
        return self.shared.storage.table(kind, f"{self.caller.account} {self.caller.region}")

    def new_device(self, name: str) -> Device:
        """An HSM of a cluster, with what one of that name holds already."""
        return self._new_device(name, self.shared.new_device)

    def _resumed(self, cluster: Cluster, hsm_id: str) -> Device:
        """An HSM that there was before, with those logged in who were."""
        device = self.new_device(hsm_id)
        with suppress(DeviceError):
            device.occupy(len(cluster.logins))
        return device

    def _new_device(self, name: str, made: NewDevice) -> Device:
        storage = self.shared.storage
        owner = f"{self.caller.account} {self.caller.region} {name}"
        keys, users = storage.table(HeldKey, owner), storage.table(User, owner)
        return made(keys, users, storage.table(Drawn, owner))

    def add_key(self, key: Key) -> None:
        """Add a key and what it is found by, or put it in the place of what it was."""
        self._index(self.keys.put(key))

    def _index(self, key: Key) -> None:
        self.key_of_arn[key.arn] = key.id
        self._key_ids[key.id] = None
        for material in key.materials:
            self.key_of_header[material.header] = key.id

    def drop_key(self, key: Key) -> None:
        """Delete a key and what it is found by."""
        self.last_used.pop(key.arn, None)
        if key.arn in self.uses:
            self.uses.remove(key.arn)
        self.keys.remove(key.id)
        del self._key_ids[key.id]
        self._grants_of.pop(key.id, None)
        del self.key_of_arn[key.arn]
        for material in key.materials:
            del self.key_of_header[material.header]

    def keys_after(self, last: str | None) -> Iterator[Key]:
        """The keys in the order of their ids, after that one if it is given."""
        for key_id in self._key_ids.irange(last, inclusive=(False, True)):
            yield self.keys[key_id]

    def keep_uses(self) -> None:
        """Keep the last uses of keys."""
        for arn, (operation, moment) in self.last_used.items():
            self.uses.put(LastUse(arn, operation, moment))
        self.last_used.clear()

    def last_use(self, key: Key) -> LastUse | None:
        """What a key was last used for."""
        used = self.last_used.get(key.arn)
        return self.uses.get(key.arn) if used is None else LastUse(key.arn, *used)

    def grants_of(self, key_id: str) -> list[Grant]:
        """The grants of a key, in the order of their making."""
        return [self.grants[grant_id] for grant_id in self._grants_of.get(key_id, ())]

    def add_grant(self, grant: Grant) -> None:
        """Add a grant and what it is found by, or put it in the place of what it was."""
        self._index_grant(self.grants.put(grant))

    def _index_grant(self, grant: Grant) -> None:
        self._grants_of[grant.key][grant.id] = None
        self.grant_of_token.update(dict.fromkeys(grant.tokens, grant.id))

    def drop_grant(self, grant: Grant) -> None:
        """End a grant, and its tokens."""
        self.grants.remove(grant.id)
        del self._grants_of[grant.key][grant.id]
        for token in grant.tokens:
            del self.grant_of_token[token]
