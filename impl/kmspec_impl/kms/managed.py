"""AWS managed keys: the only place that makes them.

AWS predefines an alias for each service that has such a key. The key itself is made when its
alias is first used, and rotates every year. Services would use it for their customer; since nobody
is denied anything here, whoever names it may, but not change it.
"""

import json

from kmspec.limits import DAY, DEFAULT_ROTATION_PERIOD_DAYS
from kmspec.names import Origin
from kmspec_impl.caller import Caller
from kmspec_impl.clock import after
from kmspec_impl.errors import ServiceError
from kmspec_impl.identity import alias_arn, key_arn, root_arn
from kmspec_impl.kms import rotation
from kmspec_impl.kms.ciphertext import new_material
from kmspec_impl.kms.identifiers import PREDEFINED, RESERVED, UnmintedError
from kmspec_impl.kms.state import Alias, Key, Rotation
from kmspec_impl.realm import Handler, Parameters, Realm, Response


def minting(handler: Handler) -> Handler:
    """A handler for which the AWS managed keys are there that it asks for.

    A request that is refused after all has made no key.
    """

    def minted(realm: Realm, parameters: Parameters, now: float) -> Response:
        try:
            return handler(realm, parameters, now)
        except UnmintedError as wanted:
            name = wanted.alias
        key = _mint(realm, name, now)
        try:
            return minted(realm, parameters, now)
        except ServiceError:
            realm.aliases.remove(name)
            realm.drop_key(key)
            raise

    return minted


def predefined(realm: Realm) -> list[Alias]:
    """The predefined aliases that have no key yet."""
    return [_alias(realm, name) for name in PREDEFINED if name not in realm.aliases]


def _alias(realm: Realm, name: str, key: str = "", now: float = 0.0) -> Alias:
    return Alias(id=name, arn=alias_arn(realm.caller, name), key=key, created=now, updated=now)


def _mint(realm: Realm, name: str, now: float) -> Key:
    service = name.removeprefix(RESERVED)
    key_id, material_id = realm.ids.key(), realm.ids.material()
    arn = key_arn(realm.caller, key_id)
    handle, days = realm.fleet.generate("kms", arn), DEFAULT_ROTATION_PERIOD_DAYS
    key = Key(
        id=key_id,
        arn=arn,
        created=now,
        description=f"Default key that protects my {service} data when no other key is defined",
        origin=Origin.AWS_KMS,
        current=new_material(key_id, arn, material_id, handle),
        policy=_policy(realm.caller, service),
        tags=(),
        rotation=Rotation(days, after(now, days * DAY)),
        service=service,
    )
    rotation.schedule(realm, key)
    realm.aliases.put(_alias(realm, name, key_id, now))
    return key


def _policy(caller: Caller, service: str) -> str:
    """The key policy of an AWS managed key: used through its service, looked at by the account."""
    via = {
        "kms:CallerAccount": caller.account,
        "kms:ViaService": f"{service}.{caller.region}.amazonaws.com",
    }
    use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"]
    through = {
        "Sid": f"Allow access through {service} for all principals in the account",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [*use, "kms:CreateGrant", "kms:DescribeKey"],
        "Resource": "*",
        "Condition": {"StringEquals": via},
    }
    looking = {
        "Sid": "Allow direct access to key metadata to the account",
        "Effect": "Allow",
        "Principal": {"AWS": root_arn(caller)},
        "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
        "Resource": "*",
    }
    policy = {"Version": "2012-10-17", "Id": f"auto-{service}-1", "Statement": [through, looking]}
    return json.dumps(policy, indent=2)
