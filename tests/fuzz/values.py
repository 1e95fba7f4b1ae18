"""Requests by chance: values that the service models allow, and values with something broken.

What an answer named is used again: a key id, a ciphertext, a token of a list. So requests get
beyond the look-up, in the account in which they are made.
"""

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final, TypeAlias

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape, StructureShape

from tests.unit.spec.api.facts import MODELS

Parameters: TypeAlias = dict[str, Any]

SAME: Final = {
    **dict.fromkeys(("TargetKeyId", "SourceKeyId", "DestinationKeyId"), "KeyId"),
    **dict.fromkeys(("Arn", "KeyArn", "AliasArn", "BackupArn"), "ResourceArn"),
    **dict.fromkeys(("CiphertextBlob", "Ciphertext", "EncryptedKeyMaterial"), "CiphertextBlob"),
    **dict.fromkeys(("Message", "Plaintext", "SharedSecret"), "Message"),
    "CloudHsmClusterId": "ClusterId",
    "SourceBackupId": "BackupId",
    "Marker": "NextMarker",
    "NewCustomKeyStoreName": "CustomKeyStoreName",
    "GrantTokens": "GrantToken",
}
"""Members that name the same kind of thing, or whose values are worth mixing up."""
POOLED: Final = {
    *("KeyId", "ResourceArn", "CiphertextBlob", "Message", "ClusterId", "BackupId", "HsmId"),
    *("EniId", "EniIp", "AliasName", "CustomKeyStoreId", "CustomKeyStoreName", "GrantId"),
    *("GrantToken", "ImportToken", "PublicKey", "Signature", "Mac", "NextMarker", "NextToken"),
    *("KeyMaterialId", "ResourceId", "TrustAnchorCertificate", "SignedCert", "TrustAnchor"),
    *("AvailabilityZone", "KeyStorePassword", "PolicyName", "TagKey", "Policy"),
}
"""Members whose values are kept from requests and answers, to be used again."""
KEPT: Final = 24
"""How many values of one kind are remembered; the oldest go."""

EXAMPLES: Final[dict[str, tuple[str, ...]]] = {
    "AccountIdType": ("111122223333",),
    "AliasNameType": ("alias/a", "alias/b", "alias/aws/ebs", "alias/", "a", "alias/a:b_-/c"),
    "BackingKeyIdType": ("0" * 64, "0123456789abcdef" * 4),
    "BackupArn": ("arn:aws:cloudhsm:us-east-1:111122223333:backup/backup-aaaaaaaaaaa",),
    "BackupId": ("backup-aaaaaaaaaaa",),
    "BackupRetentionValue": ("7", "379", "0", "999"),
    "Cert": ("", "a+/= \n", "ab" * 200),
    "CloudHsmArn": ("arn:aws:cloudhsm:us-east-1:111122223333:cluster/cluster-aaaaaaaaaaa",),
    "CloudHsmClusterIdType": ("cluster-aaaaaaaaaaa", "cluster-2345672345672345"),
    "ClusterId": ("cluster-aaaaaaaaaaa", "cluster-2345672345672345"),
    "EniId": ("eni-01234567",),
    "ExternalAz": ("us-east-1a", "us-east-1f", "eu-central-1b", "us-gov-west-1a"),
    "Field": (
        "clusterIds",
        "states",
        "vpcIds",
        "backupIds",
        "sourceBackupIds",
        "neverExpires",
        "x",
    ),
    "GrantConstraintSourceArnType": ("arn:aws:s3:us-east-1:111122223333:bucket",),
    "GrantNameType": ("a", "grant-one"),
    "HsmId": ("hsm-aaaaaaaaaaa",),
    "HsmType": ("hsm1.medium", "hsm2m.medium", "phsm9.large"),
    "IpAddress": ("10.0.0.1", "999.999.999.999"),
    "KeyMaterialDescriptionType": ("first material",),
    "MarkerType": ("", "x", "\u00ff~"),
    "NextToken": ("", "x", "\N{GRINNING FACE}"),
    "PolicyNameType": ("default", "other"),
    "PolicyType": ('{"Version":"2012-10-17","Statement":[]}', "{}", "[]", "x", '{"a":' * 50, "\t"),
    "PrincipalIdType": ("arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/a", "x"),
    "Region": ("us-east-1", "us-west-2", "eu-central-1"),
    "RegionType": ("us-east-1", "us-west-2", "eu-central-1", "xx-nowhere-9"),
    "ResourceId": ("cluster-aaaaaaaaaaa", "backup-aaaaaaaaaaa"),
    "SecurityGroup": ("sg-01234567",),
    "ServicePrincipalType": ("s3.amazonaws.com", "a.b.c"),
    "SubnetId": ("subnet-01234567", "subnet-89abcdef", "subnet-0123456789abcdef0"),
    "TagKey": ("a", "aws:b", "ключ", "a:/=+-@ _."),
    "TagValue": ("", "b", "значение"),
    "VpcId": ("vpc-0",),
    "XksKeyIdType": ("x",),
    "XksProxyAuthenticationAccessKeyIdType": ("A" * 20,),
    "XksProxyAuthenticationRawSecretAccessKeyType": ("a" * 43,),
    "XksProxyUriEndpointType": ("https://xks.example.com",),
    "XksProxyUriPathType": ("/kms/xks/v1", "/a/kms/xks/v1"),
    "XksProxyVpcEndpointServiceNameType": ("com.amazonaws.vpce.us-east-1.vpce-svc-0123456789",),
}
"""Values of the shapes that have a pattern."""
RARE: Final = {
    **dict.fromkeys(("GrantTokens", "Recipient", "XksKeyId", "CustomKeyStoreType"), 0.03),
    **dict.fromkeys(("NextToken", "Marker", "Constraints", "DryRunModifiers", "DryRun"), 0.1),
    "EncryptionAlgorithm": 0.1,
}
"""Optional members that nearly always lead to a refusal, and how often they are given."""
OFTEN: Final = 0.85
"""How often what is known of a kind of thing is used."""
USUAL: Final = 0.3
"""How often others are."""
CONTEXTS: Final[tuple[dict[str, str], ...]] = (
    {},
    {"a": "b"},
    {"a": "b", "ключ": "\N{GRINNING FACE}"},
    {"a": ""},
)
SLOW: Final = {"RSA_2048": 0.2, "RSA_3072": 0.1, "RSA_4096": 0.04}
"""Words of an enum that stand for much work, and how much rarer than others they are."""
OF_WRONG_TYPE: Final[tuple[Any, ...]] = (
    *(
        None,
        0,
        -1,
        1.5,
        10**30,
        10**400,
        True,
        "",
        "x",
        [],
        {},
        [None],
        [[]],
        {"a": None},
        {"": [{}]},
    ),
    *("9" * 5000, "\x00", "\ud7ff\uffff", 1e300, "true", "2026-01-01T00:00:00Z"),
)


@cache
def service_model(service: str) -> ServiceModel:
    """The service model of one of our services."""
    name = MODELS[service]
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


@cache
def operation(service: str, name: str) -> OperationModel:
    """One operation of it."""
    return service_model(service).operation_model(name)


class Pool:
    """Values that requests and answers of one account named, by the kind of thing."""

    def __init__(self) -> None:
        self._values: dict[str, list[Any]] = defaultdict(list)

    def of(self, member: str) -> list[Any]:
        """What is known of a kind of thing, the oldest first."""
        return self._values[SAME.get(member, member)]

    def learn(self, found: object) -> None:
        """Keep what an answer, or a request that succeeded, names."""
        if isinstance(found, list):
            for item in found:
                self.learn(item)
        elif isinstance(found, dict):
            for member, value in found.items():
                kind = SAME.get(member, member)
                if kind in POOLED and isinstance(value, str) and value:
                    self._keep(kind, value)
                else:
                    self.learn(value)

    def _keep(self, kind: str, value: str) -> None:
        values = self._values[kind]
        if value not in values:
            values.append(value)
            del values[: len(values) > KEPT]
        if kind in ("ClusterId", "BackupId"):
            self._keep("ResourceId", value)


class Values:
    """Values drawn by one generator, for one account."""

    def __init__(self, chance: random.Random, pool: Pool) -> None:
        self._chance = chance
        self._pool = pool
        self._makers: Final[dict[str, Callable[[Any], Any]]] = {
            "structure": self._structure,
            "map": self._map,
            "boolean": lambda _: chance.random() < USUAL,
            "timestamp": lambda _: chance.choice((0, 1e9, 1.8e9, 2e9 + 0.5, 4e9)),
            "integer": self._integer,
            "blob": lambda shape: chance.randbytes(self._length(shape)),
            "string": self._string,
        }

    def request(self, shape: Shape | None) -> Parameters:
        """Parameters that the model allows."""
        return self._structure(shape) if isinstance(shape, StructureShape) else {}

    def break_one(self, parameters: Parameters, shape: Shape | None) -> Parameters:
        """The same with something of a wrong type, out of bounds, missing, or too much."""
        chance = self._chance
        members = shape.members if isinstance(shape, StructureShape) else {}
        if not members or chance.random() < 0.05:
            return {**parameters, "NoSuchMember": chance.choice(OF_WRONG_TYPE)}
        name = chance.choice(sorted(members))
        of, draw = members[name], chance.random()
        if draw < 0.15:
            return {key: value for key, value in parameters.items() if key != name}
        if draw < 0.5:
            return {**parameters, name: chance.choice(OF_WRONG_TYPE)}
        if draw < 0.7 and isinstance(parameters.get(name), dict | list):
            return {**parameters, name: self._spoilt_inside(parameters[name], of)}
        wrong = list(out_of_bounds(of))
        return {**parameters, name: chance.choice(wrong or OF_WRONG_TYPE)}

    def _spoilt_inside(self, value: Any, shape: Shape) -> Any:  # noqa: ANN401 - JSON values
        if isinstance(value, dict) and isinstance(shape, StructureShape):
            return self.break_one(value, shape)
        if isinstance(value, list) and value:
            inner = shape.member  # type: ignore[attr-defined] # a list's
            return [*value[:-1], self._spoilt_inside(value[-1], inner)]
        return self._chance.choice(OF_WRONG_TYPE)

    def _structure(self, shape: StructureShape) -> Parameters:
        chance, required = self._chance, shape.required_members
        return {
            name: self._value(name, member)
            for name, member in shape.members.items()
            if name in required or chance.random() < _frequency(name)
        }

    def _value(self, name: str, shape: Shape) -> Any:  # noqa: ANN401 - JSON values
        known = self._pool.of(name)
        kind = shape.type_name
        if known and kind in ("string", "blob") and self._chance.random() < OFTEN:
            return self._chance.choice(known)
        if kind == "list":
            return self._list(name, shape)
        return self._makers[kind](shape)

    def _list(self, name: str, shape: Any) -> list[Any]:  # noqa: ANN401 - botocore's ListShape
        least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 3)
        count = self._chance.randint(least, max(least, min(most, 3)))
        return [self._value(name.removesuffix("s"), shape.member) for _ in range(count)]

    def _integer(self, shape: Shape) -> int:
        low, high = shape.metadata.get("min", 0), shape.metadata.get("max", 2**31 - 1)
        return int(self._chance.choice((low, high, min(high, low + self._chance.randint(0, 30)))))

    def _map(self, shape: Any) -> Parameters:  # noqa: ANN401 - botocore's MapShape
        if shape.name == "EncryptionContextType":
            return dict(self._chance.choice(CONTEXTS))
        count = self._chance.randint(0, 2)
        return {self._value("", shape.key): self._value("", shape.value) for _ in range(count)}

    def _string(self, shape: Shape) -> str:
        chance, words = self._chance, shape.metadata.get("enum")
        if words:
            word = str(chance.choice(words))
            if chance.random() < SLOW.get(word, 1):
                return word
            return str(chance.choice([one for one in words if one not in SLOW] or words))
        if "pattern" in shape.metadata:
            return chance.choice(EXAMPLES[shape.name])
        alphabet = "ab1 -/\N{LATIN SMALL LETTER E WITH ACUTE}\N{GRINNING FACE}"
        return "".join(chance.choices(alphabet, k=self._length(shape)))

    def _length(self, shape: Shape) -> int:
        low, high = shape.metadata.get("min", 0), shape.metadata.get("max", 64)
        draw = self._chance.random()
        if draw < 0.1:
            return int(low)
        return int(min(high, 8192)) if draw > 0.98 else min(high, low + self._chance.randint(0, 24))


def _frequency(member: str) -> float:
    return 0.02 if member.startswith("XksProxy") else RARE.get(member, USUAL)


def out_of_bounds(shape: Shape) -> Iterator[Any]:
    """Values of the right type that the model forbids."""
    bounds, kind = shape.metadata, shape.type_name
    unit: Any = {"string": "a", "blob": b"a", "list": [None]}.get(kind)
    if kind == "integer":
        yield from (bounds["min"] - 1, -(2**63)) if "min" in bounds else ()
        yield from (bounds["max"] + 1, 2**63 - 1) if "max" in bounds else ()
    elif unit is not None:
        yield from (unit * (bounds["min"] - 1),) if bounds.get("min") else ()
        yield from (unit * (bounds["max"] + 1),) if "max" in bounds else ()
    if "enum" in bounds:
        yield from ("", "NoSuchWord", bounds["enum"][0].lower())
    if "pattern" in bounds:
        yield from ("\x00", "\n", "a." * 50_000, "-" * 100_000)


def unmatched() -> list[str]:
    """Examples that do not match the pattern they stand for, and patterns without any."""
    wrong = []
    for service in MODELS:
        model = service_model(service)
        given = {
            shape.name: shape.metadata["pattern"]
            for name in model.operation_names
            for shape in shapes_of(model.operation_model(name).input_shape)
            if "pattern" in shape.metadata
        }
        for name, pattern in given.items():
            readable = pattern.replace(r"\p{L}\p{Z}\p{N}_", r"\w ")
            examples = EXAMPLES.get(name, ())
            if not examples or not all(re.fullmatch(readable, text) for text in examples):
                wrong.append(name)
    return wrong


def shapes_of(shape: Shape | None) -> Iterator[Shape]:
    """A shape and all that it holds."""
    if shape is not None:
        yield shape
        inner = getattr(shape, "members", {}).values()
        parts = [getattr(shape, part, None) for part in ("member", "key", "value")]
        for one in (*inner, *parts):
            yield from shapes_of(one)
