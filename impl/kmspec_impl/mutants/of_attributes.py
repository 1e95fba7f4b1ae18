"""Mutants in grants, key policies, tags, last usage and AWS managed keys."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from kmspec.names import ErrorCode, Service
from kmspec_impl.errors import ServiceError
from kmspec_impl.kms import (
    aliases,
    crypto,
    grants,
    key_policy,
    keys,
    operations,
    requests,
    tags,
)
from kmspec_impl.kms.identifiers import find_key_without_alias
from kmspec_impl.kms.key_state import require_material, require_usable
from kmspec_impl.kms.state import Grant
from kmspec_impl.mutants.mutant import Mutant, Patch, nothing
from kmspec_impl.realm import Handler, Parameters, Realm, Response


def _never_alike(old: Grant, wanted: Grant) -> bool:
    del old, wanted
    return False


def _retire_nothing(realm: Realm, parameters: Parameters, now: float) -> Response:
    before = list(realm.grants)
    response = grants.retire_grant(realm, parameters, now)
    for grant in before:
        realm.grants.put(grant)
    return response


def _create_despite_dry_run(realm: Realm, parameters: Parameters, now: float) -> Response:
    response = grants.create_grant(realm, {**parameters, "DryRun": False}, now)
    requests.stop_dry_run(parameters)
    return response


def _revoke_any(realm: Realm, parameters: Parameters, now: float) -> Response:
    try:
        return grants.revoke_grant(realm, parameters, now)
    except ServiceError as error:
        if error.code is ErrorCode.NOT_FOUND and str(error.message).startswith("Grant"):
            return {}
        raise


def _revoke_of_usable(realm: Realm, parameters: Parameters, now: float) -> Response:
    require_material(find_key_without_alias(realm, parameters["KeyId"]))
    return grants.revoke_grant(realm, parameters, now)


def _only_these_tags(realm: Realm, parameters: Parameters, now: float) -> Response:
    """Tags that replace those that are there."""
    response = tags.tag_resource(realm, parameters, now)
    key = find_key_without_alias(realm, parameters["KeyId"])
    realm.keys.put(replace(key, tags=tags.read_tags(parameters["Tags"])))
    return response


def _last_of_each(given: Iterable[Mapping[str, str]] | None) -> tuple[tuple[str, str], ...]:
    return tuple({tag["TagKey"]: tag["TagValue"] for tag in given or ()}.items())


def _put_nothing(realm: Realm, parameters: Parameters, now: float) -> Response:
    kept = list(realm.keys)
    response = key_policy.put_key_policy(realm, parameters, now)
    for key in kept:
        realm.keys.put(key)
    return response


def _without_tags(realm: Realm, parameters: Parameters, now: float) -> Response:
    return operations.HANDLERS["CreateKey"](realm, {**parameters, "Tags": None}, now)


def _noting_dry_runs(operation: str) -> Handler:
    def handler(realm: Realm, parameters: Parameters, now: float) -> Response:
        plain = {name: value for name, value in parameters.items() if name != "DryRun"}
        response = operations.HANDLERS[operation](realm, plain, now)
        requests.stop_dry_run(parameters)
        return response

    return handler


def _by_arn_only(realm: Realm, parameters: Parameters, now: float) -> Response:
    without = {name: value for name, value in parameters.items() if name != "GrantId"}
    return grants.list_grants(realm, without, now)


def _needs_store(realm: Realm, parameters: Parameters, now: float) -> Response:
    key = find_key_without_alias(realm, parameters["KeyId"])
    if key.store is not None:
        require_usable(realm, key)
    return grants.create_grant(realm, parameters, now)


MUTANTS: Final = (
    Mutant(
        "named-grant-made-twice",
        "effect/CreateGrant/answer",
        "CreateGrant with the name and parameters of a grant makes another one.",
        (Patch(grants, "_alike", _never_alike),),
    ),
    Mutant(
        "retired-grant-listed",
        "effect/RetireGrant/answer",
        "A grant that was retired is still there.",
        handlers=((Service.KMS, "RetireGrant", _retire_nothing),),
    ),
    Mutant(
        "dry-run-makes-a-grant",
        "grant/dry-run",
        "CreateGrant with DryRun makes the grant.",
        handlers=((Service.KMS, "CreateGrant", _create_despite_dry_run),),
    ),
    Mutant(
        "grant-needs-connected-store",
        "key-state/CreateGrant/Unavailable",
        "No grant is made on a key whose key store is disconnected.",
        handlers=((Service.KMS, "CreateGrant", _needs_store),),
    ),
    Mutant(
        "grants-any-operation",
        "grant/operations",
        "A grant may permit what its key cannot do.",
        (Patch(grants, "_check_operations", nothing),),
    ),
    Mutant(
        "revokes-what-is-not-there",
        "grant/exists",
        "RevokeGrant succeeds for a grant that does not exist.",
        handlers=((Service.KMS, "RevokeGrant", _revoke_any),),
    ),
    Mutant(
        "lists-every-grant",
        "effect/ListGrants/answer",
        "ListGrants does not heed the grant id that is asked for.",
        handlers=((Service.KMS, "ListGrants", _by_arn_only),),
    ),
    Mutant(
        "grants-outlive-their-key",
        "transition/key/waiting-period-ends/PendingDeletion",
        "The grants of a deleted key can still be retired.",
        (Patch(keys, "drop_grants_of", nothing),),
    ),
    Mutant(
        "locks-out",
        "policy/lock-out",
        "A key policy is taken that lets nobody write the next one.",
        (Patch(key_policy, "_lets_writer_write", lambda _caller, _statements: True),),
    ),
    Mutant(
        "policy-not-kept",
        "effect/PutKeyPolicy/answer",
        "PutKeyPolicy succeeds and changes nothing.",
        handlers=((Service.KMS, "PutKeyPolicy", _put_nothing),),
    ),
    Mutant(
        "revokes-with-material-only",
        "key-state/RevokeGrant/PendingImport",
        "A grant on a key that waits for key material cannot be revoked.",
        handlers=((Service.KMS, "RevokeGrant", _revoke_of_usable),),
    ),
    Mutant(
        "tags-replaced",
        "effect/TagResource/answer",
        "TagResource takes off the tags that it does not name.",
        handlers=((Service.KMS, "TagResource", _only_these_tags),),
    ),
    Mutant(
        "tags-of-new-key-lost",
        "effect/CreateKey/answer",
        "CreateKey forgets the tags that it is given.",
        handlers=((Service.KMS, "CreateKey", _without_tags),),
    ),
    Mutant(
        "duplicate-tags-taken",
        "tag/once",
        "A request may name a tag twice.",
        (Patch(tags, "read_tags", _last_of_each),),
    ),
    Mutant(
        "last-use-not-noted",
        "effect/GetKeyLastUsage/answer",
        "GetKeyLastUsage does not know of Encrypt.",
        handlers=((Service.KMS, "Encrypt", crypto.encrypt),),
    ),
    Mutant(
        "dry-run-is-a-use",
        "key/dry-run",
        "A dry run of GenerateDataKey counts as a use of the key.",
        handlers=((Service.KMS, "GenerateDataKey", _noting_dry_runs("GenerateDataKey")),),
    ),
    Mutant(
        "managed-key-deletable",
        "managed/unchanged",
        "An AWS managed key can be disabled, and scheduled for deletion.",
        (Patch(keys, "require_customer_managed", lambda _realm, key: key),),
    ),
    Mutant(
        "reserved-alias-names",
        "managed/alias-name",
        "An alias may have a name that is reserved for AWS.",
        (Patch(aliases, "RESERVED", "alias/aws-reserved/"),),
    ),
)
