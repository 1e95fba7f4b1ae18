"""Integrity: the only place that says how the rows of different tables hold together.

What the emulator does keeps it so. A file that somebody changed by hand need not be so, and would
be found wrong by some request long after.
"""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from kmspec.limits import ROTATION_PERIOD_DAYS
from kmspec.names import KeySpec, Origin
from kmspec_impl.agenda import Due, action
from kmspec_impl.caller import Caller
from kmspec_impl.clock import CLOCKS
from kmspec_impl.cloudhsm.state import Backup, Cluster
from kmspec_impl.emulator import END, Ahead
from kmspec_impl.hsm.backend import Backend, MaskingKey
from kmspec_impl.hsm.interface import MaterialError, User
from kmspec_impl.hsm.software import HANDLE, HeldKey, SoftwareDevice, held
from kmspec_impl.hsm.wrapping import WrappingPair
from kmspec_impl.identity import DRAWN, MULTI_REGION, Drawn, alias_arn, key_arn
from kmspec_impl.kms.ciphertext import new_material
from kmspec_impl.kms.state import Alias, Grant, Key, KeyMaterial, Store
from kmspec_impl.quotas import Bucket
from kmspec_impl.realm import FLEET, OF_REALMS, LastUse
from kmspec_impl.storage.journal import Place
from kmspec_impl.storage.tables import Row

_REALM: Final = re.compile(r"[0-9]{12} [a-z][a-z0-9-]{1,40}")
_OWNERS: Final[Mapping[type[Row], str]] = {
    Ahead: "clock",
    Bucket: "quotas",
    MaskingKey: "hsm",
    WrappingPair: "wrapping",
}
"""Whose the rows are that are of no account."""
_OF_DEVICES: Final = (HeldKey, User)
_NAMED_BY_DRAWING: Final = (Cluster, Key, Store)
_LONGEST: Final = 100


def flaws(rows: Mapping[Place, Row]) -> Iterator[str]:
    """What does not hold together, in words."""
    whole = _Whole(rows)
    if rows and not any(isinstance(row, Ahead) for row in rows.values()):
        yield "the clock that its moments are of is missing"
    for place, row in rows.items():
        for flaw in whole.flaws(place, row):
            yield f"{told(place)} {flaw}"


def told(place: Place) -> str:
    """A place in words, in one line."""
    row_id, owner = _plain(place.id), _plain(place.owner)
    return f"{place.kind} {row_id} of {owner}"


def _plain(text: str) -> str:
    return text if text.isprintable() and len(text) < _LONGEST else ascii(text[:_LONGEST])


class _Whole:
    """Rows, and what can be asked of all of them."""

    def __init__(self, rows: Mapping[Place, Row]) -> None:
        self._rows = rows
        self._arns = {(place.owner, row.arn) for place, row in rows.items() if isinstance(row, Key)}
        self._hsms = {
            f"{place.owner} {hsm.id}"
            for place, row in rows.items()
            if isinstance(row, Cluster)
            for hsm in row.hsms
        }
        self._wrapped = any(isinstance(row, MaskingKey) for row in rows.values())

    def flaws(self, place: Place, row: Row) -> Iterator[str]:
        """What of a row does not fit the others."""
        if not self._is_owner(place, type(row)):
            yield "belongs to nobody who has such rows"
            return
        named = isinstance(row, _NAMED_BY_DRAWING) and not row.id.startswith(MULTI_REGION)
        if named and not self._there(Drawn, place.owner, DRAWN):
            yield "has an id that could be drawn again: how many were drawn is missing"
        check = _CHECKS.get(type(row))
        if check is not None:
            yield from check(self, place.owner, row)

    def _is_owner(self, place: Place, kind: type[Row]) -> bool:
        if kind in _OWNERS:
            return place.owner == _OWNERS[kind]
        realm, _, device = place.owner.rpartition(" ")
        of_device = bool(_REALM.fullmatch(realm)) and (device == FLEET or place.owner in self._hsms)
        if kind in _OF_DEVICES:
            return of_device
        of_realm = kind in OF_REALMS and bool(_REALM.fullmatch(place.owner))
        return of_realm or (kind is Drawn and of_device)

    def _there(self, kind: type[Row], owner: str, row_id: str) -> bool:
        return Place(kind.__name__, owner, row_id) in self._rows

    def alias(self, owner: str, alias: Alias) -> Iterator[str]:
        if alias.key and not self._there(Key, owner, alias.key):
            yield f"names the key {_plain(alias.key)}, which is not there"
        if alias.arn != alias_arn(_caller(owner), alias.id):
            yield "has another ARN"

    def grant(self, owner: str, grant: Grant) -> Iterator[str]:
        if not self._there(Key, owner, grant.key):
            yield f"names the key {_plain(grant.key)}, which is not there"

    def last_use(self, owner: str, use: LastUse) -> Iterator[str]:
        if (owner, use.id) not in self._arns:
            yield "is of a key that is not there"

    def key(self, owner: str, key: Key) -> Iterator[str]:
        caller = _caller(owner)
        if key.arn != key_arn(caller, key.id):
            yield "has another ARN"
        if key.store is not None and not self._there(Store, owner, key.store):
            yield f"is in the key store {_plain(key.store)}, which is not there"
        if (key.store is None) is (key.origin is Origin.AWS_CLOUDHSM):
            yield f"is of origin {key.origin}, which does not fit where it is"
        if key.rotation is not None and key.rotation.days not in ROTATION_PERIOD_DAYS:
            yield f"rotates every {key.rotation.days} days, as no key does"
        related = key.related
        if related is not None:
            if not {caller.region, related.primary} <= {*related.regions}:
                yield "is not among the related keys that it names"
            for region in related.regions:
                if not self._there(Key, f"{caller.account} {region}", key.id):
                    yield f"is related to a key in {_plain(region)}, which is not there"
        waiting = () if key.pending is None else (key.pending,)
        for material in (*key.materials, *waiting):
            yield from self._material(owner, key, material)

    def _material(self, owner: str, key: Key, material: KeyMaterial) -> Iterator[str]:
        name = _plain(material.id)
        try:
            right = new_material(key.id, key.arn, material.id, None)
        except ValueError:
            yield f"or its key material {name} has an id that is none"
            return
        if (right.header, right.associated) != (material.header, material.associated):
            yield f"has the key material {name}, which is that of another key"
        if material.handle is not None:
            found = self._rows.get(
                Place(HeldKey.__name__, f"{owner} {FLEET}", str(material.handle))
            )
            if not (isinstance(found, HeldKey) and found.entry.spec is key.spec):
                yield f"has the key material {name}, which is not in the HSMs"

    def held_key(self, owner: str, key: HeldKey) -> Iterator[str]:
        drawn = self._rows.get(Place(Drawn.__name__, owner, HANDLE))
        if not (isinstance(drawn, Drawn) and 0 < key.entry.handle <= drawn.count):
            yield "has a handle that was never drawn"
        wrapped = self._wrapped and not owner.endswith(f" {FLEET}")
        if key.material is None or (wrapped and key.entry.spec is KeySpec.SYMMETRIC_DEFAULT):
            return
        try:
            SoftwareDevice().canonical(key.entry.spec, key.material)
        except MaterialError:
            yield f"holds no key material of KeySpec {key.entry.spec}"

    def backup(self, owner: str, backup: Backup) -> Iterator[str]:
        del owner
        try:
            held(backup.content)
        except ValueError:
            yield "holds nothing that an HSM can restore"

    def due(self, owner: str, due: Due) -> Iterator[str]:
        del owner
        if not (due.id.isdecimal() and due.id.isascii()):
            yield "has an id that is no number"
        if due.moment < 0:
            yield "is due at no moment"
        takes = len(inspect.signature(action(due.name)).parameters)
        if takes != len(due.arguments) + 2:  # besides them the realm and the moment
            yield f"has {len(due.arguments)} arguments, as many as {due.name} never has"

    def ahead(self, owner: str, ahead: Ahead) -> Iterator[str]:
        del owner
        if ahead.kind not in CLOCKS or not 0 <= ahead.seconds <= END:
            yield "is no clock, or one that no time is seen on"

    def masking_key(self, owner: str, key: MaskingKey) -> Iterator[str]:
        del owner
        if key.id != Backend.PKCS11:
            yield "is of HSMs that have none"


_CHECKS: Final[Mapping[type[Row], Callable[[_Whole, str, Any], Iterator[str]]]] = {
    Ahead: _Whole.ahead,
    Alias: _Whole.alias,
    Backup: _Whole.backup,
    Due: _Whole.due,
    Grant: _Whole.grant,
    HeldKey: _Whole.held_key,
    Key: _Whole.key,
    LastUse: _Whole.last_use,
    MaskingKey: _Whole.masking_key,
}


def _caller(owner: str) -> Caller:
    account, _, region = owner.partition(" ")
    return Caller(account, region)
