"""New KMS keys: the only place that creates them, and that says which there can be.

The material of a key of a store is made in the cluster, owned by ``kmsuser``, its label the ARN
of the key; that of any other key in the service's own HSMs [CreateKeyKS].
"""

from collections.abc import Mapping
from typing import Any, Final

from kmspec.limits import KEYS
from kmspec.names import ErrorCode, KeySpec, KeyUsage, Origin
from kmspec_impl.errors import ServiceError
from kmspec_impl.identity import key_arn
from kmspec_impl.kms import external_stores, key_policy, requests, tags
from kmspec_impl.kms.ciphertext import new_material
from kmspec_impl.kms.metadata import metadata
from kmspec_impl.kms.state import Key, Related
from kmspec_impl.kms.store_keys import generate_material, store_for_new_key
from kmspec_impl.kms.usage import ALGORITHMS, SYMMETRIC, refuse_sm2
from kmspec_impl.realm import Parameters, Realm, Response

_NO_USAGE: Final = (
    "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
)
"""[REC]"""


def create_key(realm: Realm, parameters: Parameters, now: float) -> Response:
    """CreateKey: Enabled from the start, in AWS KMS or in a connected custom key store."""
    external_stores.refuse_key(parameters)
    origin = Origin(parameters.get("Origin") or Origin.AWS_KMS)
    _check_combination(origin, parameters)
    spec, usage = _spec_and_usage(origin, parameters)
    key_tags = tags.read_tags(parameters.get("Tags"))
    policy = key_policy.policy_of_new_key(realm.caller, parameters)
    if len(realm.keys) >= KEYS:
        message = f"This account has {KEYS} KMS keys in the Region, as many as it may."
        raise ServiceError(ErrorCode.LIMIT_EXCEEDED, message)
    store_id = parameters.get("CustomKeyStoreId")
    place = None if store_id is None else store_for_new_key(realm, store_id)
    ids = realm.ids
    multi_region = bool(parameters.get("MultiRegion"))
    key_id = ids.multi_region_key() if multi_region else ids.key()
    arn = key_arn(realm.caller, key_id)
    handle = realm.fleet.generate("kms", arn, spec) if origin is Origin.AWS_KMS else None
    material = new_material(key_id, arn, ids.material(), handle)
    region = realm.caller.region
    key = Key(
        id=key_id,
        arn=arn,
        created=now,
        description=parameters.get("Description") or "",
        origin=origin,
        current=None if origin is Origin.EXTERNAL else material,
        policy=policy,
        tags=key_tags,
        spec=spec,
        usage=usage,
        store=store_id,
        related=Related(region, (region,)) if multi_region else None,
    )
    if place is not None:
        generate_material(realm, place, key)
    realm.keys.put(key)
    return {"KeyMetadata": metadata(realm, key)}


def _check_combination(origin: Origin, parameters: Mapping[str, Any]) -> None:
    """Origin and store must fit each other (custom-key-stores.md, section 9)."""
    in_store = origin is Origin.AWS_CLOUDHSM
    named = parameters.get("CustomKeyStoreId") is not None
    if in_store and not named:
        raise requests.invalid(f"CustomKeyStoreId is required for Origin {origin}.")
    if named and not in_store:
        raise requests.invalid(f"CustomKeyStoreId is not valid for Origin {origin}.")


def _spec_and_usage(origin: Origin, parameters: Mapping[str, Any]) -> tuple[KeySpec, KeyUsage]:
    """What kind of key it will be; in a store AWS has symmetric encryption keys only."""
    older, newer = parameters.get("CustomerMasterKeySpec"), parameters.get("KeySpec")
    if older is not None and newer is not None and older != newer:
        raise requests.invalid("KeySpec and CustomerMasterKeySpec differ; give KeySpec only.")
    spec = KeySpec(newer or older or SYMMETRIC)
    wanted = parameters.get("KeyUsage")
    multi_region = bool(parameters.get("MultiRegion"))
    in_store = origin is Origin.AWS_CLOUDHSM
    if in_store and (
        spec is not SYMMETRIC or wanted not in (None, KeyUsage.ENCRYPT_DECRYPT) or multi_region
    ):
        message = "A custom key store has only single-Region symmetric encryption keys."
        raise ServiceError(ErrorCode.UNSUPPORTED_OPERATION, message)
    if wanted is None and spec is not SYMMETRIC:
        raise requests.invalid(_NO_USAGE)
    usage = KeyUsage(wanted or KeyUsage.ENCRYPT_DECRYPT)
    if usage not in ALGORITHMS[spec]:
        raise requests.invalid(f"KeyUsage {usage} is not compatible with KeySpec {spec}")  # [REC]
    refuse_sm2(spec)
    return spec, usage
