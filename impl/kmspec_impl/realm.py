"""A realm: the only place that says what one account has in one Region.

Operations get their realm and the moment of the request, and nothing else: what they cannot
reach cannot leak between accounts and Regions. The few that do reach into another realm ask for
it by :meth:`Shared.realm`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
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
        self.seconds_behind = 0.0
        """How old the moment may be that a key is said to have been used last."""
        self.realm_of_cluster: dict[str, Realm] = {}
        """Where a cluster is, or was: the operator names it by its id alone."""
        self.realms: dict[Caller, Realm] = {}
        """Every realm there is, by whose and where it is."""
        self.of_account: defaultdict[str, list[Realm]] = defaultdict(list)
        """The realms of each account."""
        self.wrapping = Wrapping(storage.table(WrappingPair, "wrapping"))
        self.find_realms()

    def find_realms(self) -> None:
        """Have every realm that there is something of in storage."""
        for owner in self.storage.owners():
            match owner.split():
                case [account, region] if Caller(account, region) not in self.realms:
                    self._add(Caller(account, region))

    def realm(self, caller: Caller, now: float) -> "Realm":
        """What an account has in a Region; made, and settled, when it is asked for."""
        found = self.realms.get(caller) or self._add(caller)
        found.agenda.settle(now)
        return found

    def _add(self, caller: Caller) -> "Realm":
        realm = self.realms[caller] = Realm(caller, self)
        self.of_account[caller.account].append(realm)
        return realm


class Realm:
    """What one account has in one Region.

    It has an agenda and ids of its own: what others do neither costs it anything nor shows.
    What it had before the process began is in its tables at once; the rest follows from them.
    """

    def __init__(self, caller: Caller, shared: Shared) -> None:
        self.caller = caller
        self.shared = shared
        self._owner = f"{caller.account} {caller.region}"
        self.keys = self._table(Key)
        self.aliases = self._table(Alias)
        self.stores = self._table(Store)
        self.import_tokens = ImportTokens(self._table(TokenKey))
        self.grants = self._table(Grant)
        self.clusters = self._table(Cluster)
        self.backups = self._table(Backup)
        self.subnets = self._table(Subnet)
        self.uses = shared.storage.passing(LastUse, self._owner)
        """The last uses of keys, by their ARNs."""
        self.agenda = Agenda(self, self._table(Due))
        seed = f"{shared.seed} {caller.account} {caller.region}"
        self.ids = Ids(seed, self._table(Drawn))
        self.vpc = Ids(seed, Table()).network("vpc")
        """Where all subnets are: EC2 is not emulated."""
        self.fleet: Device = self._new_device(FLEET, SoftwareDevice)
        """The service's own HSMs, for keys of origin AWS_KMS."""
        self.devices = _Devices(self.new_device)
        """What the HSMs of clusters hold, by HSM id."""
        self.key_of_arn: dict[str, str] = {}
        self.key_of_header: dict[bytes, str] = {}
        """Whose key material a ciphertext was made under, by what it begins with."""
        self.grant_of_token: dict[str, str] = {}
        """The grant that a grant token is good for."""
        self._grants_of: defaultdict[str, dict[str, None]] = defaultdict(dict)
        """The ids of the grants of each key, in the order of their making."""
        self._key_ids: SortedDict[str, None] = SortedDict()
        """The ids of all keys in order: there can be very many."""
        self.keys.watch(self._index_key)
        self.grants.watch(self._index_grant)
        for cluster in self.clusters:
            self._resume(cluster)
        self.clusters.watch(self._index_cluster)

    def _table(self, kind: type[RowT]) -> Table[RowT]:
        return self.shared.storage.table(kind, self._owner)

    def new_device(self, name: str) -> Device:
        """An HSM of a cluster, with what one of that name holds already."""
        return self._new_device(name, self.shared.new_device)

    def _resume(self, cluster: Cluster) -> None:
        """Have the HSMs that there were before, with those logged in who were."""
        for hsm in cluster.hsms:
            with suppress(DeviceError):
                self.devices[hsm.id].occupy(len(cluster.logins))

    def _new_device(self, name: str, made: NewDevice) -> Device:
        storage = self.shared.storage
        owner = f"{self.caller.account} {self.caller.region} {name}"
        keys, users = storage.table(HeldKey, owner), storage.table(User, owner)
        return made(keys, users, storage.table(Drawn, owner))

    def _index_key(self, before: Key | None, key: Key | None) -> None:
        if key is not None:
            self.key_of_arn[key.arn] = key.id
            self._key_ids[key.id] = None
            for material in key.materials:
                self.key_of_header[material.header] = key.id
        elif before is not None:
            self._grants_of.pop(before.id, None)
            del self.key_of_arn[before.arn], self._key_ids[before.id]
            for material in before.materials:
                del self.key_of_header[material.header]

    def _index_cluster(self, before: Cluster | None, cluster: Cluster | None) -> None:
        if cluster is not None:
            self.shared.realm_of_cluster[cluster.id] = self
            there = {hsm.id for hsm in cluster.hsms}
            for hsm in () if before is None else before.hsms:
                if hsm.id not in there:
                    self.devices.pop(hsm.id, None)

    def drop_key(self, key: Key) -> None:
        """Delete a key, and what is known of its use."""
        if key.arn in self.uses:
            self.uses.remove(key.arn)
        self.keys.remove(key.id)

    def note_use(self, arn: str, operation: str, now: float) -> None:
        """Note what a key was used for, as exactly as the storage can."""
        known = self.uses.get(arn)
        if (
            known is None
            or known.operation != operation
            or abs(now - known.moment) > self.shared.seconds_behind
        ):
            self.uses.put(LastUse(arn, operation, now))

    def keys_after(self, last: str | None) -> Iterator[Key]:
        """The keys in the order of their ids, after that one if it is given."""
        for key_id in self._key_ids.irange(last, inclusive=(False, True)):
            yield self.keys[key_id]

    def grants_of(self, key_id: str) -> list[Grant]:
        """The grants of a key, in the order of their making."""
        return [self.grants[grant_id] for grant_id in self._grants_of.get(key_id, ())]

    def _index_grant(self, before: Grant | None, grant: Grant | None) -> None:
        if grant is not None:
            self._grants_of[grant.key][grant.id] = None
            self.grant_of_token.update(dict.fromkeys(grant.tokens, grant.id))
        elif before is not None:
            self._grants_of[before.key].pop(before.id, None)
            for token in before.tokens:
                del self.grant_of_token[token]


class _Devices(dict[str, Device]):
    """Devices by their names, each made when it is first asked for."""

    def __init__(self, make: Callable[[str], Device]) -> None:
        self._make = make

    def __missing__(self, name: str) -> Device:
        device = self[name] = self._make(name)
        return device
