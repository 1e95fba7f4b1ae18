"""What an answer may be: the only place here that knows the errors, by operation."""

import json
from http import HTTPStatus
from typing import Any, Final

import cbor2

from kmspec.names import ErrorCode
from tests.fuzz.exchange import Reply
from tests.model.test_whole_api import MISSING
from tests.unit.spec.api.facts import MODELS, errors_of, known
from tests.unit.spec.api.test_errors import BESIDES, COMMON

EDGE: Final = frozenset(
    {
        *("BadRequestException", "InvalidAction", "MissingAction", "MethodNotAllowedException"),
        *("PageNotFoundException", "RequestEntityTooLargeException"),
        *(ErrorCode.SERIALIZATION, ErrorCode.UNKNOWN_OPERATION),
    }
)
"""What the edge answers to a request that is none of any service."""
OPERATOR: Final = frozenset({ErrorCode.OPERATOR_INVALID_REQUEST, ErrorCode.OPERATOR_NOT_FOUND})
FAULTS: Final[dict[str, int]] = {
    ErrorCode.KMS_INTERNAL: 500,
    ErrorCode.DEPENDENCY_TIMEOUT: 503,
    ErrorCode.KEY_UNAVAILABLE: 500,
    ErrorCode.CLOUDHSM_INTERNAL_FAILURE: 500,
}
"""The errors that the service models mark as faults, and their statuses."""
NAMED_FOR_IT: Final = {
    ("DescribeKey", "InvalidGrantTokenException"),
    ("ListKeyPolicies", "InvalidMarkerException"),
}
"""Errors that the service model has for such a value, though it does not list them there."""
_FACTS: Final = {service: known(service) for service in MODELS}
ALLOWED: Final = {
    (service, name): errors_of(facts, name)
    | (COMMON if service == "kms" else frozenset())
    | {code for there, code in (*BESIDES, *NAMED_FOR_IT) if there == name}
    | {ErrorCode.SERIALIZATION}
    | ({ErrorCode.UNKNOWN_OPERATION} if f"{service}:{name}" in MISSING else frozenset())
    for service, facts in _FACTS.items()
    for name in (fact.removeprefix("operation ") for fact in facts if fact.startswith("operation "))
}
"""By service and operation: what a request of it may be refused with."""


def judged(reply: Reply, allowed: frozenset[str]) -> tuple[str, Any, str]:
    """The error code of an answer, its members, and why it must not be, if so."""
    code, found, why = _read(reply)
    ours = code == ErrorCode.UNSUPPORTED_OPERATION and b"kmspec does not offer" in reply.body
    if not why and code and code not in allowed and not ours:
        why = f"refused with {code}"
    if (
        not why
        and reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        and FAULTS.get(code) != reply.status
    ):
        why = f"a defect, HTTP {reply.status}"
    return code, found, why


def _read(reply: Reply) -> tuple[str, Any, str]:
    """The error code, the members, and what is wrong with the form of an answer."""
    succeeded = reply.status == HTTPStatus.OK
    if b"text/xml" in reply.head:
        code = reply.body.decode().partition("<Code>")[2].partition("<")[0]
        return code, {}, "" if succeeded != bool(code) else "no code"
    try:
        if b"application/cbor" in reply.head:
            found = cbor2.loads(reply.body) if reply.body else {}
        else:
            found = json.loads(reply.body) if reply.body else {}
    except ValueError as error:
        return "", {}, f"the body cannot be read: {error}"
    if not isinstance(found, dict):
        return "", {}, "the body is no structure"
    code = str(found.get("__type", "")).rpartition("#")[2]
    if succeeded == bool(code):
        return code, found, f"HTTP {reply.status} with the code {code!r}"
    if None in found.values():
        return code, found, "a member of the answer is null"
    return code, found, ""
