"""A realm: the only place that says what one account has in one Region.

Operations get their realm and the moment of the request, and nothing else: what they cannot
reach cannot leak between accounts and Regions. The few that do reach into another realm ask for
it by :meth:`Shared.realm`.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from kmspec_impl.agenda import Agenda
from kmspec_impl.caller import Caller
from kmspec_impl.hsm.interface import Device
from kmspec_impl.hsm.software import SoftwareDevice
from kmspec_impl.identity import Ids
from kmspec_impl.kms.state import Alias, Grant, ImportParameters, Key, Store
from kmspec_impl.quotas import Quotas
from kmspec_impl.storage import Table

if TYPE_CHECKING:
    from kmspec_impl.cloudhsm.state import Backup, Cluster

Parameters: TypeAlias = dict[str, Any]
"""The members of a request, checked against the service model; ``None`` is an absent one."""
Response: TypeAlias = dict[str, Any]
"""The members of a response: blobs are bytes, timestamps epoch seconds."""


def new_device() -> Device:
    """A new HSM, empty."""
    return SoftwareDevice()


class Handler(Protocol):
    """What answers one operation; it raises :class:`ServiceError` before its first effect."""

    def __call__(self, realm: "Realm", parameters: Parameters, now: float, /) -> Response:
        """The response."""
        ...


@dataclass(frozen=True, slots=True)
class Shared:
    """What all realms of an emulator have in common. ``delay`` is in seconds."""

    delay: float
    seed: int
    quotas: Quotas
    realm_of_cluster: dict[str, "Realm"] = field(default_factory=dict)
    """Where a cluster is, or was: the operator names it by its id alone."""
    realms: dict[Caller, "Realm"] = field(default_factory=dict)
    """Every realm there is, by whose and where it is."""
    of_account: defaultdict[str, list["Realm"]] = field(default_factory=lambda: defaultdict(list))
    """The realms of each account."""

    def realm(self, caller: Caller, now: float) -> "Realm":
        """What an account has in a Region; made, and settled, when it is asked for."""
        found = self.realms.get(caller)
        if found is None:
            found = self.realms[caller] = Realm(caller, self)
            self.of_account[caller.account].append(found)
        found.agenda.settle(now)
        return found


class Realm:
    """What one account has in one Region.

    It has an agenda and ids of its own: what others do neither costs it anything nor shows.
    """

    def __init__(self, caller: Caller, shared: Shared) -> None:
        self.caller = caller
        self.shared = shared
        self.agenda = Agenda()
        self.ids = Ids(f"{shared.seed} {caller.account} {caller.region}")
        self.keys: Table[Key] = Table()
        self.aliases: Table[Alias] = Table()
        self.stores: Table[Store] = Table()
        self.import_parameters: Table[ImportParameters] = Table()
        self.clusters: Table[Cluster] = Table()
        self.backups: Table[Backup] = Table()
        self.zones: dict[str, str] = {}
        """The Availability Zone of each subnet seen so far."""
        self.vpc = self.ids.network("vpc")
        """Where all subnets are: EC2 is not emulated."""
        self.fleet: Device = new_device()
        """The service's own HSMs, for keys of origin AWS_KMS."""
        self.devices: dict[str, Device] = {}
        """What the HSMs of clusters hold, by HSM id."""
        self.key_of_arn: dict[str, str] = {}
        self.key_of_header: dict[bytes, str] = {}
        """Whose key material a ciphertext was made under, by what it begins with."""
        self.grants: dict[str, Table[Grant]] = {}
        """The grants of each key that ever had one, by the key's id."""
        self.grant_of_token: dict[str, tuple[str, str]] = {}
        """Key and grant that a grant token is good for."""
        self.last_used: dict[str, tuple[str, float]] = {}
        """Operation and moment of the last use of a key, by its ARN."""

    def add_key(self, key: Key) -> None:
        """Add a key and what it is found by, or put it in the place of what it was."""
        self.keys.put(key)
        self.key_of_arn[key.arn] = key.id
        for material in key.materials:
            self.key_of_header[material.header] = key.id

    def grants_of(self, key_id: str) -> Table[Grant]:
        """The grants of a key."""
        return self.grants.setdefault(key_id, Table())

    def drop_key(self, key: Key) -> None:
        """Delete a key and what it is found by."""
        self.last_used.pop(key.arn, None)
        self.keys.remove(key.id)
        del self.key_of_arn[key.arn]
        for material in key.materials:
            del self.key_of_header[material.header]
