"""Multi-Region keys: the only place that relates the keys of several Regions.

Related keys share id, material, spec, usage, origin and rotation, which is noted with the primary
key; all else is each one's own. So is imported key material: it must be imported into each, but
only the primary key gets other than it had before [API:ImportKeyMaterial]. What is to
happen to one of them at some moment, and concerns the others, is noted where that one is, and in
each of the other Regions as a look there: whoever has settled one Region has settled that, too.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from kmspec.limits import KEYS
from kmspec.names import ErrorCode, KeyState, Origin
from kmspec_impl.agenda import Delayed, delayed
from kmspec_impl.clock import after
from kmspec_impl.errors import ServiceError
from kmspec_impl.identity import key_arn
from kmspec_impl.kms import key_policy, requests, tags
from kmspec_impl.kms.identifiers import find_key_without_alias
from kmspec_impl.kms.key_state import require_not_updating, require_usable
from kmspec_impl.kms.metadata import metadata
from kmspec_impl.kms.state import Key, KeyMaterial, Related
from kmspec_impl.realm import Parameters, Realm, Response
from kmspec_impl.regions import partition_of

_NEW_KEYS: Final = 2
"""A replica key counts as so many requests of CreateKey in its Region [RPSNow]."""


def replicate_key(realm: Realm, parameters: Parameters, now: float) -> Response:
    """ReplicateKey: Creating for a moment, then usable."""
    region = parameters["ReplicaRegion"]
    _check_region(realm, region)
    key_tags = tags.read_tags(parameters.get("Tags"))
    policy = key_policy.policy_of_new_key(realm.caller, parameters)
    key = find_key_without_alias(realm, parameters["KeyId"], ErrorCode.INVALID_ARN)
    if key.overlay is KeyState.CREATING:
        require_primary(realm, key)  # before its state [REC 2025-09]
    related = _require_primary_to_use(realm, key)
    require_not_updating(key)
    if region in related.regions:
        message = f"There is a key {key.id} in {region} already."
        raise ServiceError(ErrorCode.ALREADY_EXISTS, message)
    there = _beside(realm, region, now)
    if len(there.keys) >= KEYS:
        message = f"This account has {KEYS} KMS keys in {region}, as many as it may."
        raise ServiceError(ErrorCode.LIMIT_EXCEEDED, message)
    realm.shared.quotas.charge_operation(there.caller, "CreateKey", now, _NEW_KEYS)
    arn = key_arn(there.caller, key.id)
    replica = replace(
        key,
        arn=arn,
        created=now,
        description=parameters.get("Description") or "",
        policy=policy,
        tags=key_tags,
        current=None if key.current is None else _copied(realm, there, key, key.current),
        earlier=tuple(_copied(realm, there, key, one) for one in key.earlier),
        pending=None if key.pending is None else _copied(realm, there, key, key.pending),
        rotation=None,
        rotating=None,
        overlay=KeyState.CREATING,
    )
    there.keys.put(replica)
    _relate(realm, key, Related(related.primary, (*related.regions, region)))
    there.agenda.note(after(now, realm.shared.delay), Delayed.REPLICA_CREATED, key.id)
    for other, row in _others(there, there.keys[key.id]):
        for due in _moments(realm, row):
            there.agenda.note(due, Delayed.REGION_SETTLES, other.caller.region)
    response: Response = {
        "ReplicaKeyMetadata": metadata(there, there.keys[key.id]),
        "ReplicaPolicy": policy,
    }
    if key_tags:
        shown = [{"TagKey": name, "TagValue": value} for name, value in key_tags]
        response["ReplicaTags"] = shown
    return response


def update_primary_region(realm: Realm, parameters: Parameters, now: float) -> Response:
    """UpdatePrimaryRegion: both keys are Updating for a moment, then their roles are swapped."""
    region = parameters["PrimaryRegion"]
    _check_region(realm, region)
    key = find_key_without_alias(realm, parameters["KeyId"], ErrorCode.INVALID_ARN)
    related = _require_primary_to_use(realm, key)
    if region == realm.caller.region:
        message = f"{key.arn} is the primary key already."
        raise ServiceError(ErrorCode.UNSUPPORTED_OPERATION, message)
    if region not in related.regions:
        arn = key_arn(realm.caller._replace(region=region), key.id)
        raise ServiceError(ErrorCode.NOT_FOUND, f"Key '{arn}' does not exist")
    there = _beside(realm, region, now)
    replica = there.keys[key.id]
    require_usable(there, replica)
    if key.overlay is replica.overlay is KeyState.UPDATING:
        return {}
    require_not_updating(key)
    require_not_updating(replica)
    realm.shared.quotas.charge_operation(there.caller, "UpdatePrimaryRegion", now)
    for where, row in ((realm, key), (there, replica)):
        where.keys.put(replace(row, overlay=KeyState.UPDATING))
    due = after(now, realm.shared.delay)
    realm.agenda.note(due, Delayed.PRIMARY_UPDATED, key.id, region)
    let_others_see(realm, key, due)
    return {}


def has_replicas(realm: Realm, key: Key) -> bool:
    """Whether this is a primary key that has replica keys, in whatever state."""
    related = key.related
    return (
        related is not None and related.primary == realm.caller.region and len(related.regions) > 1
    )


def let_others_see(realm: Realm, key: Key, due: float) -> None:
    """Let every related key's Region look here at the moment ``due``."""
    for other, _ in _others(realm, key):
        other.agenda.note(due, Delayed.REGION_SETTLES, realm.caller.region)


def part(realm: Realm, key: Key) -> Realm | None:
    """Tell the related keys that one is deleted.

    The realm of a primary key that waited for just that, if there is one.
    """
    if key.related is None:
        return None
    regions = tuple(name for name in key.related.regions if name != realm.caller.region)
    others = list(_others(realm, key))
    for other, row in others:
        other.keys.put(replace(row, related=Related(key.related.primary, regions)))
    if len(others) == 1 and others[0][1].overlay is KeyState.PENDING_REPLICA_DELETION:
        return others[0][0]
    return None


def require_primary(realm: Realm, key: Key) -> None:
    """Refuse for a replica key what is done with its primary key.

    :raises ServiceError: UnsupportedOperationException.
    """
    if is_replica(realm, key):
        raise _not_primary(key)


def is_replica(realm: Realm, key: Key) -> bool:
    """Whether this is a replica key."""
    return key.related is not None and key.related.primary != realm.caller.region


def home(realm: Realm, key_id: str) -> tuple[Realm, Key] | None:
    """The primary key of that id, or the only one, and where it is."""
    for where in realm.shared.of_account[realm.caller.account]:
        key = where.keys.get(key_id)
        if key is not None and not is_replica(where, key):
            return where, key
    return None


def share_material(realm: Realm, key: Key) -> None:
    """Give the related keys the key material that a primary key was rotated to."""
    for other, row in _others(realm, key):
        if key.current is None or key.current.id in {one.id for one in row.materials}:
            continue
        current = _copied(realm, other, key, key.current)
        if row.pending is not None and row.pending.id == current.id:
            kept = row.pending
            current = replace(
                current,
                handle=kept.handle,
                valid_to=kept.valid_to,
                description=kept.description,
            )
        other.keys.put(replace(row, earlier=row.materials, current=current, pending=None))


def share_pending(realm: Realm, key: Key) -> None:
    """Let the related keys wait for the key material that a primary key is to be rotated to.

    When that is deleted, so is what was imported into them already
    [API:DeleteImportedKeyMaterial].
    """
    for other, row in _others(realm, key):
        if row.pending is not None and row.pending.handle is not None:
            other.fleet.delete(row.pending.handle)
        pending = None if key.pending is None else _copied(realm, other, key, key.pending)
        other.keys.put(replace(row, pending=pending))


def is_imported_everywhere(realm: Realm, key: Key) -> bool:
    """Whether all related keys have the key material that the primary key can be rotated to."""
    rows = (key, *(row for _, row in _others(realm, key)))
    return all(row.pending is not None and row.pending.handle is not None for row in rows)


def _require_primary_to_use(realm: Realm, key: Key) -> Related:
    """Refuse what is no primary key, or cannot be used; what the key is related to.

    :raises ServiceError: UnsupportedOperationException, DisabledException, or
        KMSInvalidStateException.
    """
    require_usable(realm, key)
    if key.related is None or is_replica(realm, key):
        raise _not_primary(key)
    return key.related


def _not_primary(key: Key) -> ServiceError:
    message = f"{key.arn} is not a multi-region primary key."  # [REC 2025-09]
    return ServiceError(ErrorCode.UNSUPPORTED_OPERATION, message)


def _moments(realm: Realm, key: Key) -> Iterator[float]:
    """When something is to happen to a key that concerns those related to it."""
    if key.deletion_due is not None:
        yield key.deletion_due
    if key.rotation is not None:
        yield key.rotation.due
    if key.rotating is not None:
        yield after(key.rotating, realm.shared.delay)
    if key.pending is not None and key.pending.valid_to is not None:
        yield key.pending.valid_to


@delayed(Delayed.REGION_SETTLES)
def _look(realm: Realm, region: str, when: float) -> None:
    """Let happen elsewhere what is due there, for it shows here."""
    realm.shared.realms[realm.caller._replace(region=region)].agenda.settle(when)


def _check_region(realm: Realm, region: str) -> None:
    if region != realm.caller.region and region not in partition_of(realm.caller.region):
        message = f"{region} is no Region of the partition of {realm.caller.region}."
        raise requests.invalid(message)


def _beside(realm: Realm, region: str, now: float) -> Realm:
    return realm.shared.realm(realm.caller._replace(region=region), now)


def _others(realm: Realm, key: Key) -> Iterator[tuple[Realm, Key]]:
    """The related keys in other Regions, and where they are."""
    for region in key.related.regions if key.related is not None else ():
        if region != realm.caller.region:
            other = realm.shared.realms[realm.caller._replace(region=region)]
            yield other, other.keys[key.id]


def _relate(realm: Realm, key: Key, related: Related) -> None:
    """Let every one of related keys know the same of all."""
    for region in related.regions:
        where = realm.shared.realms[realm.caller._replace(region=region)]
        where.keys.put(replace(where.keys[key.id], related=related))


def _copied(realm: Realm, there: Realm, key: Key, material: KeyMaterial) -> KeyMaterial:
    """A key material of a key, the same but held by the HSMs of another Region.

    What was imported is not there until it is imported there.
    """
    if key.origin is Origin.EXTERNAL:
        return replace(material, handle=None, valid_to=None, description=None)
    if material.handle is None:
        return material
    label = f"{key.id} {material.id}"
    return replace(material, handle=there.fleet.adopt(realm.fleet.wrap(material.handle), label))


@delayed(Delayed.REPLICA_CREATED)
def _created(realm: Realm, key_id: str, when: float) -> None:
    """Let a new replica key be what it is, unless something else was done with it."""
    del when
    key = realm.keys.get(key_id)
    if key is not None and key.overlay is KeyState.CREATING:
        realm.keys.put(replace(key, overlay=None))


@delayed(Delayed.PRIMARY_UPDATED)
def _swap(realm: Realm, key_id: str, region: str, when: float) -> None:
    """Swap the roles of the primary key and of the one in ``region``."""
    del when
    key = realm.keys[key_id]
    if key.related is not None:
        there = realm.shared.realms[realm.caller._replace(region=region)]
        moved = replace(there.keys[key_id], rotation=key.rotation, rotating=key.rotating)
        there.keys.put(moved)
        realm.keys.put(replace(key, rotation=None, rotating=None))
        _relate(realm, key, Related(region, key.related.regions))
        for where, row in ((realm, realm.keys[key_id]), *_others(realm, key)):
            if row.overlay is KeyState.UPDATING:
                where.keys.put(replace(row, overlay=None))
