"""The load: the only place that says what clients do until the server is killed."""

import base64
import random
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from tests.crash.ledger import Resource, State
from tests.crash.server import Client, Gone, Server
from tests.helpers.server import SECONDS

KEYS: Final = 6
"""How many keys a client works with; then it looks after those it has."""
_TAGS: Final = ("first", "second", "third")
_GRANTEE: Final = "arn:aws:iam::000000000000:role/one"
_ELSEWHERE: Final = "eu-west-1"
_TEXT: Final = base64.b64encode(b"plaintext").decode()
_PATIENCE: Final = 5000
"""How often a store is asked whether it is on its way still."""


class Enough:
    """So many answers, of all clients together."""

    def __init__(self, answers: int) -> None:
        self._left, self._lock, self._done = answers, threading.Lock(), threading.Event()

    def one_more(self) -> None:
        """Something was asked and answered."""
        with self._lock:
            self._left -= 1
            if self._left <= 0:
                self._done.set()

    def wait(self) -> None:
        """Return when there are so many, or when the server must be taken to be stuck."""
        assert self._done.wait(SECONDS), "the server answers no more"


class Worker:
    """One client: what it asks next is drawn by its own seed, from what it has."""

    def __init__(self, server: Server, number: int, seed: str) -> None:
        self._server, self._number = server, number
        self._rng = random.Random(f"{seed} {number}")
        self._count = 0
        self.resources: list[Resource] = []
        self._keys: dict[str, Resource] = {}
        self._alias: Resource | None = None
        self.sealed: list[str] = []
        """Ciphertexts that were answered."""
        self.created: list[Any] = []
        """What a key would have been told by that was perhaps made: its description."""
        self.answered = 0
        self.faults: list[str] = []
        self._client: Client | None = None

    def work(self, stop: threading.Event, enough: Enough) -> None:
        """Ask until the server is gone."""
        self._client = self._server.connect()
        try:
            while not stop.is_set():
                self._rng.choice(self._choices())()
                enough.one_more()
        except Gone:
            pass
        finally:
            self._client.close()

    def _choices(self) -> list[Callable[[], object]]:
        if len(self._keys) < KEYS:
            return [self._create_elsewhere]
        return [
            *(self._retag, self._describe, self._turn, self._grant, self._delete),
            *(self._move_alias, self._encrypt, self._retag, self._describe),
        ]

    def _ask(self, operation: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        assert self._client is not None
        answer = self._client.ask(operation, **parameters)
        if "__type" in answer:
            self.faults.append(f"refused: {operation} {parameters}: {answer}")
        else:
            self.answered += 1
        return answer

    def _change(
        self,
        resource: Resource,
        operation: str,
        after: State,
        **parameters: Any,  # noqa: ANN401 - JSON
    ) -> None:
        resource.send(after)
        answer = self._ask(operation, **parameters)
        if "__type" in answer:
            resource.refused()
        else:
            resource.answered()

    def _create(self, **more: Any) -> str:  # noqa: ANN401 - JSON
        value = self._next()
        tags = [{"TagKey": name, "TagValue": value} for name in _TAGS]
        self.created.append(value)
        answer = self._ask("CreateKey", Description=value, Tags=tags, **more)
        key = str(answer["KeyMetadata"]["KeyId"])
        self.created.remove(value)
        state = {"description": value, "tags": [value] * 3, "state": "Enabled", "grants": []}
        self._keys[key] = Resource(f"key {key}", partial(look_at_key, key=key), state)
        self.resources.append(self._keys[key])
        return key

    def _create_elsewhere(self) -> None:
        """A multi-Region key, and a replica of it: one request changes two Regions."""
        if any(key.startswith("mrk-") for key in self._keys):
            self._create()
            return
        key = self._create(MultiRegion=True)
        alone: State = {"here": [], "there": None}
        pair = Resource(f"replica of {key}", partial(look_at_pair, key=key), alone)
        self.resources.append(pair)
        arn = f"arn:aws:kms:{_ELSEWHERE}:000000000000:key/{key}"
        replicas = [{"Arn": arn, "Region": _ELSEWHERE}]
        both = {"here": replicas, "there": replicas}
        self._change(pair, "ReplicateKey", both, KeyId=key, ReplicaRegion=_ELSEWHERE)

    def _retag(self) -> None:
        key, known = self._one("Enabled", "Disabled")
        value = self._next()
        tags = [{"TagKey": name, "TagValue": value} for name in _TAGS]
        self._change(
            known, "TagResource", {**_of(known), "tags": [value] * 3}, KeyId=key, Tags=tags
        )

    def _describe(self) -> None:
        key, known = self._one("Enabled", "Disabled")
        value = self._next()
        after = {**_of(known), "description": value}
        self._change(known, "UpdateKeyDescription", after, KeyId=key, Description=value)

    def _turn(self) -> None:
        key, known = self._one("Enabled", "Disabled")
        enabled = _of(known)["state"] == "Enabled"
        operation, state = ("DisableKey", "Disabled") if enabled else ("EnableKey", "Enabled")
        self._change(known, operation, {**_of(known), "state": state}, KeyId=key)

    def _delete(self) -> None:
        key, known = self._one("Enabled", "Disabled", "PendingDeletion")
        if key.startswith("mrk-"):
            return
        pending = _of(known)["state"] == "PendingDeletion"
        operation, state = (
            ("CancelKeyDeletion", "Disabled")
            if pending
            else ("ScheduleKeyDeletion", "PendingDeletion")
        )
        self._change(known, operation, {**_of(known), "state": state}, KeyId=key)

    def _grant(self) -> None:
        key, known = self._one("Enabled")
        if len(_of(known)["grants"]) > KEYS:
            return
        value = self._next()
        after = {**_of(known), "grants": sorted([*_of(known)["grants"], value])}
        wanted = {"GranteePrincipal": _GRANTEE, "Operations": ["Decrypt"], "Name": value}
        self._change(known, "CreateGrant", after, KeyId=key, **wanted)

    def _move_alias(self) -> None:
        key, _ = self._one("Enabled", "Disabled")
        name = f"alias/of-{self._number}"
        if self._alias is None:
            self._alias = Resource(name, partial(look_at_alias, name=name))
            self.resources.append(self._alias)
        operation = "CreateAlias" if self._alias.state is None else "UpdateAlias"
        self._change(self._alias, operation, {"key": key}, AliasName=name, TargetKeyId=key)

    def _encrypt(self) -> None:
        key, _ = self._one("Enabled")
        self._seal(key)

    def _seal(self, key: str) -> None:
        answer = self._ask("Encrypt", KeyId=key, Plaintext=_TEXT)
        if "CiphertextBlob" in answer:
            self.sealed.append(answer["CiphertextBlob"])

    def _one(self, *states: str) -> tuple[str, Resource]:
        """A key in one of those states; there is always the one that is never deleted."""
        fit = [item for item in self._keys.items() if _of(item[1])["state"] in states]
        if fit:
            return self._rng.choice(fit)
        key = next(key for key in self._keys if key.startswith("mrk-"))
        known = self._keys[key]
        if _of(known)["state"] == "Disabled":
            self._change(known, "EnableKey", {**_of(known), "state": "Enabled"}, KeyId=key)
        return key, known

    def _next(self) -> str:
        self._count += 1
        return f"{self._number}-{self._count}"


class StoreWorker(Worker):
    """The client of a key store, which it connects and disconnects."""

    def __init__(self, server: Server, number: int, seed: str, store: str, key: str) -> None:
        super().__init__(server, number, seed)
        self.key = key
        self._store = Resource(
            f"store {store}", partial(look_at_store, store=store), {"state": "CONNECTED"}
        )
        self._id = store
        self.resources.append(self._store)

    def _choices(self) -> list[Callable[[], object]]:
        return [self._toggle, self._use]

    def _toggle(self) -> None:
        """Let it be another one; it is on its way for a while."""
        assert self._client is not None
        before = look_at_store(self._client, self._id)
        connected = before == {"state": "CONNECTED"}
        operation = f"{'Disconnect' if connected else 'Connect'}CustomKeyStore"
        after = {"state": "DISCONNECTED" if connected else "CONNECTED"}
        self._change(self._store, operation, after, CustomKeyStoreId=self._id)

    def _use(self) -> None:
        assert self._client is not None
        if look_at_store(self._client, self._id) == {"state": "CONNECTED"}:
            self._seal(self.key)


def look_at_key(client: Client, key: str) -> State:
    """A key as its worker knows it."""
    shown = client.ask("DescribeKey", KeyId=key).get("KeyMetadata")
    if shown is None:
        return None
    told = client.ask("ListResourceTags", KeyId=key)["Tags"]
    tags = {tag["TagKey"]: tag["TagValue"] for tag in told}
    return {
        "description": shown["Description"],
        "tags": [tags.get(name) for name in _TAGS],
        "state": shown["KeyState"],
        "grants": sorted(grant["Name"] for grant in client.ask("ListGrants", KeyId=key)["Grants"]),
    }


def look_at_pair(client: Client, key: str) -> State:
    """In how many Regions a multi-Region key is, as each of them says."""
    primary = client.ask("DescribeKey", KeyId=key).get("KeyMetadata")
    if primary is None:
        return None
    replica = client.ask("DescribeKey", region=_ELSEWHERE, KeyId=key).get("KeyMetadata")
    told = None if replica is None else replica["MultiRegionConfiguration"]["ReplicaKeys"]
    return {"here": primary["MultiRegionConfiguration"]["ReplicaKeys"], "there": told}


def look_at_alias(client: Client, name: str) -> State:
    """The key that an alias stands for."""
    shown = client.ask("DescribeKey", KeyId=name).get("KeyMetadata")
    return None if shown is None else {"key": shown["KeyId"]}


def look_at_store(client: Client, store: str) -> State:
    """Where a key store ends that is on its way."""
    for _ in range(_PATIENCE):
        (shown,) = client.ask("DescribeCustomKeyStores", CustomKeyStoreId=store)["CustomKeyStores"]
        if shown["ConnectionState"] not in {"CONNECTING", "DISCONNECTING"}:
            return {"state": shown["ConnectionState"]}
    return {"state": "on its way for good"}


def _of(resource: Resource) -> dict[str, Any]:
    assert resource.state is not None
    return dict(resource.state)
