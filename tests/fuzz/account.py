"""One account of many requests: what is made in it first, what is asked then, and what may come.

Everything in an account is asked over one connection, one request after the other, so that a run
of one seed is the same each time.
"""

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from kmspec.names import ErrorCode
from tests.fuzz.exchange import (
    Connection,
    encoded,
    in_cbor,
    in_form,
    in_json,
    post,
    to_kmspec,
    travelling,
)
from tests.fuzz.judge import ALLOWED, EDGE, OPERATOR, judged
from tests.fuzz.values import Parameters, Pool, Values, operation, service_model
from tests.helpers.authority import Authority
from tests.unit.spec.api.facts import MODELS

PASSWORD: Final = "kmsuserPassword1"
SUBNETS: Final = ("subnet-0123456789abcdef0", "subnet-0fedcba9876543210")
KINDS: Final = (
    *(("RSA_2048", "ENCRYPT_DECRYPT"), ("RSA_2048", "SIGN_VERIFY")),
    *(("ECC_NIST_P256", "SIGN_VERIFY"), ("ECC_NIST_P384", "KEY_AGREEMENT")),
    *(("ECC_NIST_EDWARDS25519", "SIGN_VERIFY"), ("ECC_SECG_P256K1", "SIGN_VERIFY")),
    *(("HMAC_256", "GENERATE_VERIFY_MAC"), ("ML_DSA_44", "SIGN_VERIFY")),
    ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE"),
)
RARE: Final = {
    *("DeleteCluster", "DeleteHsm", "DeleteCustomKeyStore", "DisconnectCustomKeyStore"),
    *("ScheduleKeyDeletion", "DisableKey", "DeleteAlias", "CreateCluster"),
}
"""Operations after which less is left to ask about, or that take long."""
CHOICES: Final = tuple(
    (service, name)
    for service in MODELS
    for name in sorted(service_model(service).operation_names)
    for _ in range(1 if name in RARE else 4)
)
BROKEN: Final = (
    *(b"", b"{", b"[]", b"[1]", b"null", b"nul", b'"x"', b"\xff\xfe", b"{}{}", b'{"a":NaN}'),
    *(b'{"KeyId":"\\ud800"}', b'{"KeyId":1,"KeyId":2}', b"[" * 5000, b'{"a":' * 500, b"0" * 9000),
)
"""Bodies that are no JSON object, or an odd one."""
FORMS: Final = (
    *(b"Action=GetCallerIdentity&Version=2011-06-15", b"", b"Action=", b"Action=GetSessionToken"),
    *(b"Action=%FF", b"Version=1", b"&" * 3000, b"Action=GetCallerIdentity&Action=x", b"\xff"),
)

VIEWS: Final = (
    *(("kms", "ListKeys"), ("kms", "ListAliases"), ("kms", "DescribeCustomKeyStores")),
    *(("cloudhsm", "DescribeClusters"), ("cloudhsm", "DescribeBackups")),
)
LOOKED_AT: Final = 0.01
"""How often it is looked at what there is, before and after: a refused request changes nothing."""

Tick = Callable[[], Awaitable[None]]


class Fault(NamedTuple):
    """An answer that must not be: why, what was asked, and what was answered."""

    why: str
    asked: str
    answered: str


class Account:
    """An account, the connection over which it is used, and all that was answered."""

    def __init__(
        self, connection: Connection, number: str, seed: str, authority: Authority
    ) -> None:
        self._connection = connection
        self._number = number
        self._chance = random.Random(seed)
        self._pool = Pool()
        self._values = Values(self._chance, self._pool)
        self._authority = authority
        self.answers: Counter[tuple[str, str, str]] = Counter()
        """How often each operation was answered how."""
        self.faults: list[Fault] = []

    # ---- What is there first -----------------------------------------------------------------

    async def prepare(self, tick: Tick) -> None:
        """A connected key store, a key in it, keys of other kinds, and a use of each."""
        made = await self._tell(
            "cloudhsm", "CreateCluster", HsmType="hsm2m.medium", SubnetIds=SUBNETS
        )
        cluster = made["Cluster"]["ClusterId"]
        await tick()
        described = await self._tell("cloudhsm", "DescribeClusters")
        zones = sorted(described["Clusters"][0]["SubnetMapping"])
        await self._tell("cloudhsm", "CreateHsm", ClusterId=cluster, AvailabilityZone=zones[0])
        await tick()
        described = await self._tell("cloudhsm", "DescribeClusters")
        csr = described["Clusters"][0]["Certificates"]["ClusterCsr"]
        anchor = self._authority.trust_anchor
        signed = {"SignedCert": self._authority.sign(csr), "TrustAnchor": anchor}
        await self._tell("cloudhsm", "InitializeCluster", ClusterId=cluster, **signed)
        await tick()
        await self._operate("ActivateCluster", ClusterId=cluster, Password=PASSWORD)
        await self._operate("CreateUser", ClusterId=cluster, UserName="kmsuser", Password=PASSWORD)
        await self._tell("cloudhsm", "CreateHsm", ClusterId=cluster, AvailabilityZone=zones[1])
        await tick()
        of_store = {
            "CustomKeyStoreName": "store",
            "CloudHsmClusterId": cluster,
            "TrustAnchorCertificate": anchor,
            "KeyStorePassword": PASSWORD,
        }
        store = await self._tell("kms", "CreateCustomKeyStore", **of_store)
        await self._tell("kms", "ConnectCustomKeyStore", **store)
        await tick()
        await self._keys(store["CustomKeyStoreId"])

    async def _keys(self, store: str) -> None:
        tell = self._tell
        inside = {"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": store}
        for parameters in ({}, inside):
            made = await tell("kms", "CreateKey", **parameters)
            key = made["KeyMetadata"]["KeyId"]
            alias = f"alias/{len(parameters)}"
            await tell("kms", "CreateAlias", AliasName=alias, TargetKeyId=key)
            await tell("kms", "Encrypt", KeyId=key, Plaintext="AAEC")
            await tell("kms", "GenerateDataKey", KeyId=key, KeySpec="AES_256")
        await tell("kms", "CreateKey", MultiRegion=True)
        await tell("kms", "CreateKey", Origin="EXTERNAL")
        for spec, usage in KINDS:
            await tell("kms", "CreateKey", KeySpec=spec, KeyUsage=usage)

    async def _tell(self, service: str, name: str, **parameters: Any) -> Any:  # noqa: ANN401
        """A request of the preparation; kinds that there are not yet are refused, and left out."""
        request = in_json(self._number, service, name, encoded(parameters))
        return await self._asked(service, name, request, parameters, ALLOWED[service, name])

    async def _operate(self, name: str, **parameters: str) -> None:
        request = self._operator_request(name, parameters)
        await self._asked("operator", name, request, parameters, OPERATOR)

    def _operator_request(self, name: str, parameters: Parameters) -> bytes:
        plain = to_kmspec(f"operator/{name}", parameters)
        return plain.replace(b"Credential=000000000000", f"Credential={self._number}".encode(), 1)

    # ---- What is asked then ------------------------------------------------------------------

    async def ask(self, count: int) -> None:
        """So many requests, drawn one by one."""
        for _ in range(count):
            draw = self._chance.random()
            if draw < 0.02:
                await self._odd()
            elif draw < 0.03:
                await self._identity()
            elif draw < 0.04:
                await self._fault()
            else:
                await self._operation()

    async def _operation(self) -> None:
        chance = self._chance
        service, name = chance.choice(CHOICES)
        shape = operation(service, name).input_shape
        parameters = self._values.request(shape)
        allowed = ALLOWED[service, name]
        if chance.random() < 0.4:
            parameters = self._values.break_one(parameters, shape)
        else:
            allowed = allowed - {ErrorCode.SERIALIZATION}
        sent = travelling(parameters)
        if service == "cloudhsm" and chance.random() < 0.4:
            request = in_cbor(self._number, name, sent)
        else:
            request = in_json(self._number, service, name, encoded(sent))
        before = await self._look(sent) if chance.random() < LOOKED_AT else None
        found = await self._asked(service, name, request, sent, allowed)
        if before is not None and "__type" in found and await self._look(sent) != before:
            why = f"{service} {name}: refused, and something changed"
            self.faults.append(Fault(why, repr(sent), repr(found)))

    async def _look(self, sent: Parameters) -> list[Any]:
        """What there is, and the key that a request names."""
        key = sent.get("KeyId") or sent.get("TargetKeyId")
        named = [await self._tell("kms", "DescribeKey", KeyId=key)] if isinstance(key, str) else []
        return [await self._tell(service, name) for service, name in VIEWS] + named

    async def _odd(self) -> None:
        """A request with a broken body, a target of nothing, or of another kind altogether."""
        chance, number = self._chance, self._number
        service, name = chance.choice(CHOICES)
        body = chance.choice(BROKEN)
        cbor = ["smithy-protocol: rpc-v2-cbor", "content-type: application/cbor"]
        path = f"/service/BaldrApiService/operation/{name}"
        request = chance.choice(
            (
                in_json(number, service, name, body),
                in_json(number, service, f"{name}x", body),
                post(number, service, "/", [], body),
                post(number, service, "/", ["content-type: text/plain"], body),
                post(number, service, "/nowhere", [], body),
                post(number, service, path, cbor, body),
                post(number, service, path, cbor, chance.randbytes(30)),
                post(number, service, path, ["content-type: application/cbor"], body),
                post(number, service, "/", [], b"", "GET"),
                post(
                    number, service, "/", ["content-type: application/x-amz-json-1.1"], b"{}", "PUT"
                ),
            )
        )
        await self._asked("edge", "odd", request, {}, EDGE | ALLOWED[service, name])

    async def _identity(self) -> None:
        body = self._chance.choice(FORMS)
        request = in_form(self._number, body)
        await self._asked("sts", "GetCallerIdentity", request, {}, EDGE)

    async def _fault(self) -> None:
        """Something in a cluster breaks, or is mended."""
        chance, clusters = self._chance, self._pool.of("ClusterId")
        name = chance.choice(("network", "internal-error", "no-sessions", "security-group"))
        what = chance.choice(("SetFault", "ClearFault", "ClearFault"))
        parameters = {"ClusterId": chance.choice(clusters), "Name": name}
        request = self._operator_request(what, parameters)
        await self._asked("operator", what, request, parameters, OPERATOR)

    # ---- What may be answered ----------------------------------------------------------------

    async def _asked(
        self,
        service: str,
        name: str,
        request: bytes,
        sent: Parameters,
        allowed: frozenset[str],
    ) -> Any:  # noqa: ANN401 - JSON values
        """Ask, judge the answer, and learn from it; the answer's members."""
        code, found, why = judged(await self._connection.ask(request), allowed)
        if why:
            head, _, body = request.decode("latin-1").partition("\r\n\r\n")
            first = head.partition("\r\n")[0]
            self.faults.append(Fault(f"{service} {name}: {why}", f"{first} {body!r}", repr(found)))
        self.answers[service, name, code or "success"] += 1
        if not code and isinstance(found, dict):
            self._pool.learn(found)
            self._pool.learn(sent)
        return found
