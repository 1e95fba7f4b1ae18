"""Workloads: the only place that says what is asked, and what the answers must be.

Emulators we did not write answer otherwise than ours, in other words and headers; what they say
must be true all the same, or there is nothing to compare. Some answers of each measurement are
read after it: a ciphertext must give back the plaintext, a key id must be new, and so on.
"""

import base64
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from benchmarks.customers import CONTEXT, PLAINTEXT, Customer

PAGE: Final = 100
"""Keys that ListKeys is asked for."""
SHORT_PAGE: Final = 5
LARGEST_PAGE: Final = 1_000
DATA_KEY_BYTES: Final = 32
OPENED: Final = 3
"""Ciphertexts of a measurement that are decrypted."""

Body = dict[str, Any]
Customers = Mapping[str, Customer]
"""By the id of their key."""


class WrongAnswerError(Exception):
    """A server was quick, but what it said is not true."""


class Workload(NamedTuple):
    """One operation, its parameters, and what looks at the answers of a measurement."""

    operation: str
    parameters: Callable[[Customer], Mapping[str, Any]]
    look: Callable[[Customers, Sequence[Body]], None]

    def requests(self, customers: Iterable[Customer]) -> tuple[bytes, ...]:
        """What is sent, one request of each customer."""
        return tuple(one.request(self.operation, self.parameters(one)) for one in customers)

    def length(self, customer: Customer) -> int:
        """Bytes of an answer's body."""
        made = customer.done(self.operation, self.parameters(customer))
        return int(made["ResponseMetadata"]["HTTPHeaders"]["content-length"])

    def check(self, customers: Sequence[Customer], bodies: Sequence[bytes]) -> None:
        """Read answers.

        :raises WrongAnswerError: one of them cannot be.
        """
        require(bool(bodies), "no answer")
        by_key = {customer.key: customer for customer in customers}
        try:
            self.look(by_key, [json.loads(body) for body in bodies])
        except (ValueError, KeyError, TypeError) as error:
            raise WrongAnswerError(f"{self.operation}: {error!r} in {bodies[0]!r}") from error


def require(truth: bool, what: str) -> None:  # noqa: FBT001 - as of an assertion
    """Insist on something.

    :raises WrongAnswerError: it is not so.
    """
    if not truth:
        raise WrongAnswerError(what)


def _blob(answer: Body, member: str) -> bytes:
    return base64.b64decode(answer[member], validate=True)


def _key(answer: Body) -> str:
    return str(answer["KeyId"]).rpartition("/")[2]


def _encrypted(customers: Customers, answers: Sequence[Body]) -> None:
    blobs = {_blob(answer, "CiphertextBlob") for answer in answers}
    require(len(blobs) == len(answers), "Encrypt: the same ciphertext twice")
    for answer in answers[:OPENED]:
        opened = customers[_key(answer)].decrypt(_blob(answer, "CiphertextBlob"))
        require(opened == PLAINTEXT, "Encrypt: the ciphertext holds something else")


def _decrypted(customers: Customers, answers: Sequence[Body]) -> None:
    for answer in answers:
        require(_key(answer) in customers, "Decrypt: another key")
        require(_blob(answer, "Plaintext") == PLAINTEXT, "Decrypt: another plaintext")


def _data_keys(customers: Customers, answers: Sequence[Body]) -> None:
    keys = {_blob(answer, "Plaintext") for answer in answers}
    require({len(key) for key in keys} == {DATA_KEY_BYTES}, "GenerateDataKey: another length")
    require(len(keys) == len(answers), "GenerateDataKey: the same data key twice")
    for answer in answers[:OPENED]:
        opened = customers[_key(answer)].decrypt(_blob(answer, "CiphertextBlob"))
        require(opened == _blob(answer, "Plaintext"), "GenerateDataKey: not the same data key")


def _described(customers: Customers, answers: Sequence[Body]) -> None:
    for answer in answers:
        found = answer["KeyMetadata"]
        require(found["KeyId"] in customers, "DescribeKey: another key")
        require(found["KeyState"] == "Enabled", "DescribeKey: another state")


def _created(_: Customers, answers: Sequence[Body]) -> None:
    ids = {answer["KeyMetadata"]["KeyId"] for answer in answers}
    require(len(ids) == len(answers), "CreateKey: the same key twice")


def _listed(_: Customers, answers: Sequence[Body]) -> None:
    for answer in answers:
        ids = {one["KeyId"] for one in answer["Keys"]}
        require(len(ids) == len(answer["Keys"]), "ListKeys: a key twice")
        require(len(ids) > 1, "ListKeys: too few")


def _named(customer: Customer) -> dict[str, Any]:
    return {"KeyId": customer.key, "EncryptionContext": CONTEXT}


ENCRYPT: Final = Workload("Encrypt", lambda one: _named(one) | {"Plaintext": PLAINTEXT}, _encrypted)
DECRYPT: Final = Workload(
    "Decrypt",
    lambda one: {"CiphertextBlob": one.sealed, "EncryptionContext": CONTEXT},
    _decrypted,
)
GENERATE_DATA_KEY: Final = Workload(
    "GenerateDataKey", lambda one: _named(one) | {"KeySpec": "AES_256"}, _data_keys
)
DESCRIBE_KEY: Final = Workload("DescribeKey", lambda one: {"KeyId": one.key}, _described)
CREATE_KEY: Final = Workload("CreateKey", lambda one: one.origin, _created)


def _middle(customer: Customer) -> dict[str, Any]:
    """What asks for the page in the middle of all keys."""
    markers: list[str] = [""]
    page = customer.client.list_keys(Limit=SHORT_PAGE)
    while page["Truncated"]:
        markers.append(page["NextMarker"])
        page = customer.client.list_keys(Limit=LARGEST_PAGE, Marker=page["NextMarker"])
    marker = markers[len(markers) // 2]
    return {"Limit": SHORT_PAGE} | ({"Marker": marker} if marker else {})


LIST_KEYS: Final = Workload("ListKeys", lambda _: {"Limit": PAGE}, _listed)
LIST_FIRST: Final = Workload("ListKeys", lambda _: {"Limit": SHORT_PAGE}, _listed)
LIST_MIDDLE: Final = Workload("ListKeys", _middle, _listed)
WORKLOADS: Final = (ENCRYPT, DECRYPT, GENERATE_DATA_KEY, DESCRIBE_KEY, CREATE_KEY, LIST_KEYS)
