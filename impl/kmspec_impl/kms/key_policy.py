"""Key policies: the only place that reads one from a request, and knows the default one."""

import json
from typing import Final

from kmspec.names import ErrorCode
from kmspec_impl.caller import Caller
from kmspec_impl.errors import ServiceError
from kmspec_impl.identity import root_arn

_MOST_BYTES: Final = 32_768
"""[Limits23]; the model allows more (quotas.md, open question 7)."""


def read_policy(caller: Caller, text: str | None) -> str:
    """The policy of a request, as written; without one, the default policy [REC 2025-11].

    :raises ServiceError: LimitExceededException or MalformedPolicyDocumentException.
    """
    if text is None:
        return _default(caller)
    if len(text.encode()) > _MOST_BYTES:
        message = f"A key policy has at most {_MOST_BYTES} bytes."
        raise ServiceError(ErrorCode.LIMIT_EXCEEDED, message)
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError) as cause:
        raise _malformed("it is not JSON") from cause
    if not isinstance(policy, dict) or not isinstance(policy.get("Statement"), dict | list):
        raise _malformed("it must be an object with a Statement")
    return text


def _malformed(reason: str) -> ServiceError:
    return ServiceError(ErrorCode.MALFORMED_POLICY, f"The key policy is malformed: {reason}.")


def _default(caller: Caller) -> str:
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": root_arn(caller)},
        "Action": "kms:*",
        "Resource": "*",
    }
    policy = {"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]}
    return json.dumps(policy, indent=2)
