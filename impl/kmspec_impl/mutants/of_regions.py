"""Mutants in what Regions have in common, and in what they have not."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from kmspec.names import ErrorCode, KeyState, Origin, Service
from kmspec_impl.clock import after
from kmspec_impl.errors import ServiceError
from kmspec_impl.identity import Ids
from kmspec_impl.kms import (
    aliases,
    crypto,
    imports,
    key_material,
    key_state,
    keys,
    multi_region,
    rotation,
)
from kmspec_impl.kms.identifiers import find_key_without_alias
from kmspec_impl.kms.metadata import metadata
from kmspec_impl.kms.state import Key, KeyMaterial, Related
from kmspec_impl.kms.usage import SYMMETRIC
from kmspec_impl.mutants.mutant import Mutant, Patch, nothing
from kmspec_impl.realm import Handler, Parameters, Realm, Response


def _of_account(realm: Realm) -> Iterator[Realm]:
    """What the account has, the Region of the request first."""
    yield realm
    for other in realm.shared.of_account[realm.caller.account]:
        if other is not realm:
            yield other


def _anywhere(handler: Handler, unknown: ErrorCode) -> Handler:
    """The answer of another Region where that of the request knows nothing."""

    def answer(realm: Realm, parameters: Parameters, now: float) -> Response:
        found = ServiceError(unknown)
        for where in list(_of_account(realm)):
            try:
                return handler(where, parameters, now)
            except ServiceError as error:
                if error.code is not unknown:
                    raise
                found = error
        raise found

    return answer


def _everywhere(handler: Handler, member: str) -> Handler:
    """A list of what there is in every Region."""

    def answer(realm: Realm, parameters: Parameters, now: float) -> Response:
        response = handler(realm, parameters, now)
        for where in list(_of_account(realm))[1:]:
            response[member] += handler(where, parameters, now)[member]
        return response

    return answer


def _replica(realm: Realm, parameters: Parameters) -> tuple[Realm, Key]:
    """Where the replica key is that a request made, and its row."""
    there = realm.shared.realms[realm.caller._replace(region=parameters["ReplicaRegion"])]
    return there, there.keys[find_key_without_alias(realm, parameters["KeyId"]).id]


def _replicate_and(change: Callable[[Key, Key], Key]) -> Handler:
    """ReplicateKey, and then something else done with the replica key, given the primary key."""

    def answer(realm: Realm, parameters: Parameters, now: float) -> Response:
        response = multi_region.replicate_key(realm, parameters, now)
        there, replica = _replica(realm, parameters)
        changed = there.keys.put(change(replica, realm.keys[replica.id]))
        return {**response, "ReplicaKeyMetadata": metadata(there, changed)}

    return answer


def _replicate_again(realm: Realm, parameters: Parameters, now: float) -> Response:
    try:
        return multi_region.replicate_key(realm, parameters, now)
    except ServiceError as error:
        if error.code is not ErrorCode.ALREADY_EXISTS:
            raise
        return {}


def _any_key(realm: Realm, key: Key) -> Related:
    key_state.require_usable(realm, key)
    return key.related or Related(realm.caller.region, (realm.caller.region,))


def _copied_otherwise(realm: Realm, there: Realm, key: Key, material: KeyMaterial) -> KeyMaterial:
    copy = _copied(realm, there, key, material)
    return replace(copy, header=copy.header[::-1])


def _copied_with_material(
    realm: Realm, there: Realm, key: Key, material: KeyMaterial
) -> KeyMaterial:
    return _copied(realm, there, replace(key, origin=Origin.AWS_KMS), material)


def _copied_anew(realm: Realm, there: Realm, key: Key, material: KeyMaterial) -> KeyMaterial:
    if key.spec is SYMMETRIC:
        return _copied(realm, there, key, material)
    return replace(material, handle=there.fleet.generate("kms", key.arn, key.spec))


def _import_at_rest(realm: Realm, parameters: Parameters, now: float) -> Response:
    key_state.require_not_updating(find_key_without_alias(realm, parameters["KeyId"]))
    return imports.import_key_material(realm, parameters, now)


def _swap_without_roles(realm: Realm, key_id: str, region: str, when: float) -> None:
    del when
    for name in (realm.caller.region, region):
        where = realm.shared.realms[realm.caller._replace(region=name)]
        where.keys.put(replace(where.keys[key_id], overlay=None))


def _swap_at_once(realm: Realm, parameters: Parameters, now: float) -> Response:
    response = multi_region.update_primary_region(realm, parameters, now)
    realm.agenda.settle(after(now, realm.shared.delay))
    return response


def _wait_when_scheduled(realm: Realm, parameters: Parameters, now: float) -> Response:
    response = keys.schedule_key_deletion(realm, parameters, now)
    for where in _of_account(realm):
        for key in list(where.keys):
            if key.overlay is KeyState.PENDING_REPLICA_DELETION and where is not realm:
                due = after(now, 86_400)
                where.keys.put(replace(key, overlay=None, deletion_due=due, deletion_window=None))
    return response


def _disable_all(realm: Realm, parameters: Parameters, now: float) -> Response:
    response = keys.disable_key(realm, parameters, now)
    key = find_key_without_alias(realm, parameters["KeyId"])
    for where in _of_account(realm):
        other = where.keys.get(key.id)
        if other is not None and where is not realm:
            where.keys.put(replace(other, enabled=False))
    return response


def _usable_while_creating(realm: Realm, key: Key) -> None:
    if key.overlay is not KeyState.CREATING:
        key_state.require_usable(realm, key)


def _only_the_primary(realm: Realm, key: Key) -> None:
    if key.related is None or key.related.primary == realm.caller.region:
        key_state.require_usable(realm, key)


def _status_of_its_own(realm: Realm, parameters: Parameters, now: float) -> Response:
    """GetKeyRotationStatus of a replica key as if it had no primary key."""
    response = rotation.get_key_rotation_status(realm, parameters, now)
    if not multi_region.is_replica(realm, find_key_without_alias(realm, parameters["KeyId"])):
        return response
    return {"KeyId": response["KeyId"], "KeyRotationEnabled": False}


_copied = multi_region._copied  # noqa: SLF001 - what a mutant gets wrong is not for others

MUTANTS: Final = (
    Mutant(
        "no-mrk-id",
        "effect/CreateKey/answer",
        "The id of a multi-Region key is like that of any other.",
        (Patch(Ids, "multi_region_key", Ids.key),),
    ),
    Mutant(
        "replica-usable-at-once",
        "effect/ReplicateKey/answer",
        "A replica key is Enabled as soon as it is made.",
        handlers=(
            (
                Service.KMS,
                "ReplicateKey",
                _replicate_and(lambda replica, _: replace(replica, overlay=None)),
            ),
        ),
    ),
    Mutant(
        "replica-stays-creating",
        "transition/key/replica-is-created/Creating",
        "A replica key never leaves Creating.",
        (Patch(multi_region, "_created", nothing),),
    ),
    Mutant(
        "uses-creating-replica",
        "key-state/Encrypt/Creating",
        "A replica key does cryptography before it is made.",
        (Patch(key_material, "require_usable", _usable_while_creating),),
    ),
    Mutant(
        "replica-has-other-material",
        "key-state/Decrypt/Enabled",
        "A replica key does not decrypt what its primary key encrypted.",
        (Patch(multi_region, "_copied", _copied_otherwise),),
    ),
    Mutant(
        "replica-makes-its-own-key",
        "key-state/VerifyMac/Enabled",
        "A replica key that is not for symmetric encryption has other key material.",
        (Patch(multi_region, "_copied", _copied_anew),),
    ),
    Mutant(
        "replica-takes-description",
        "effect/ReplicateKey/answer",
        "A replica key has the description of its primary key.",
        handlers=(
            (
                Service.KMS,
                "ReplicateKey",
                _replicate_and(lambda replica, key: replace(replica, description=key.description)),
            ),
        ),
    ),
    Mutant(
        "replicates-into-occupied-region",
        "replicate/region-free",
        "A key is replicated into a Region that has its replica key.",
        handlers=((Service.KMS, "ReplicateKey", _replicate_again),),
    ),
    Mutant(
        "replicates-any-key",
        "multi-region/primary",
        "A key is replicated that is no multi-Region primary key.",
        (Patch(multi_region, "_require_primary_to_use", _any_key),),
    ),
    Mutant(
        "primary-does-not-wait",
        "effect/ScheduleKeyDeletion/answer",
        "The waiting period of a primary key begins although it has replica keys.",
        (Patch(multi_region, "has_replicas", lambda _realm, _key: False),),
    ),
    Mutant(
        "wait-begins-with-replicas",
        "transition/key/ScheduleKeyDeletion/Enabled",
        "A primary key waits no longer when the deletion of its replica key is scheduled.",
        handlers=((Service.KMS, "ScheduleKeyDeletion", _wait_when_scheduled),),
    ),
    Mutant(
        "primary-waits-for-ever",
        "transition/key/last-replica-is-deleted/PendingReplicaDeletion",
        "A primary key does not learn that its last replica key is deleted.",
        (Patch(multi_region, "part", nothing),),
    ),
    Mutant(
        "swap-forgets-roles",
        "transition/key/primary-Region-is-changed/Updating",
        "Changing the primary Region leaves the primary key where it is.",
        (Patch(multi_region, "_swap", _swap_without_roles),),
    ),
    Mutant(
        "swap-at-once",
        "transition/key/UpdatePrimaryRegion/Enabled",
        "The primary Region is changed at once, and no key is Updating.",
        handlers=((Service.KMS, "UpdatePrimaryRegion", _swap_at_once),),
    ),
    Mutant(
        "swaps-with-disabled-replica",
        "key-state/UpdatePrimaryRegion/Disabled",
        "A disabled replica key becomes the primary key.",
        (Patch(multi_region, "require_usable", _only_the_primary),),
    ),
    Mutant(
        "disables-while-updating",
        "key-state/DisableKey/Updating",
        "A key is disabled while its primary Region is being changed.",
        (Patch(keys, "require_not_updating", nothing),),
    ),
    Mutant(
        "imports-at-rest-only",
        "key-state/ImportKeyMaterial/Updating",
        "No key material is imported while the primary Region is being changed.",
        handlers=((Service.KMS, "ImportKeyMaterial", _import_at_rest),),
    ),
    Mutant(
        "replica-follows-primary",
        "transition/key/DisableKey/Enabled",
        "Disabling a primary key disables its replica keys.",
        handlers=((Service.KMS, "DisableKey", _disable_all),),
    ),
    Mutant(
        "key-known-everywhere",
        "key/exists",
        "A key of one Region is known in another.",
        handlers=(
            (
                Service.KMS,
                "DescribeKey",
                _anywhere(keys.describe_key, ErrorCode.NOT_FOUND),
            ),
        ),
    ),
    Mutant(
        "decrypts-everywhere",
        "ciphertext/key-exists",
        "What a single-Region key encrypted decrypts in another Region.",
        handlers=((Service.KMS, "Decrypt", _anywhere(crypto.decrypt, ErrorCode.ACCESS_DENIED)),),
    ),
    Mutant(
        "lists-keys-of-all-regions",
        "effect/ListKeys/answer",
        "ListKeys lists the keys of every Region.",
        handlers=((Service.KMS, "ListKeys", _everywhere(keys.list_keys, "Keys")),),
    ),
    Mutant(
        "lists-aliases-of-all-regions",
        "effect/ListAliases/answer",
        "ListAliases lists the aliases of every Region.",
        handlers=((Service.KMS, "ListAliases", _everywhere(aliases.list_aliases, "Aliases")),),
    ),
    Mutant(
        "replica-status-of-its-own",
        "effect/EnableKeyRotation/rotation",
        "A replica key does not show the rotation of its primary key.",
        handlers=((Service.KMS, "GetKeyRotationStatus", _status_of_its_own),),
    ),
    Mutant(
        "replica-rotates",
        "rotation/primary",
        "What is done with a primary key alone is done with its replica keys.",
        (Patch(multi_region, "require_primary", nothing),),
    ),
    Mutant(
        "replicas-need-not-have-it",
        "effect/ImportKeyMaterial/materials",
        "New key material counts as imported although its replica keys do not have it.",
        (Patch(multi_region, "is_imported_everywhere", lambda _realm, key: bool(key.pending)),),
    ),
    Mutant(
        "replicas-do-not-wait",
        "effect/ImportKeyMaterial/materials",
        "Replica keys do not know of new key material of their primary key.",
        (Patch(multi_region, "share_pending", nothing),),
    ),
    Mutant(
        "replica-with-material",
        "effect/ReplicateKey/answer",
        "Imported key material is replicated with the key.",
        (Patch(multi_region, "_copied", _copied_with_material),),
    ),
)
