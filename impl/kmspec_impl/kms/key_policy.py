"""Key policies: the only place that reads, checks and shows them, and knows the default one.

A policy is kept as it was written. It authorises nothing here, there is no IAM; but a document
that AWS would not take is not taken, and neither is one that locks its writer out. Who calls is
not known beyond the account, so any principal of the account counts as the writer.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any, Final

from kmspec.limits import KEY_POLICY_BYTES
from kmspec.names import ErrorCode
from kmspec_impl.caller import Caller
from kmspec_impl.errors import ServiceError
from kmspec_impl.identity import root_arn
from kmspec_impl.kms import requests
from kmspec_impl.kms.identifiers import find_key_without_alias
from kmspec_impl.kms.key_state import require_customer_managed
from kmspec_impl.kms.state import Key
from kmspec_impl.realm import Parameters, Realm, Response

_NAME: Final = "default"
_OF_RAM: Final = "AWS_RAM"
_PAGE: Final = 100
_LARGEST_PAGE: Final = 1000
_MANAGED_BY_RAM: Final = "The AWS_RAM policy can only be managed by the RAM service."
"""[API]"""
_LOCKED_OUT: Final = "The new key policy will not allow you to update the key policy in the future."
"""Matched by Terraform's acceptance tests (terraform.md, section 0)."""
_INVALID_PRINCIPALS: Final = "Policy contains a statement with one or more invalid principals."
_VERSIONS: Final = (None, "2012-10-17", "2008-10-17")
_ELEMENTS: Final = frozenset({"Version", "Id", "Statement"})
_PARTIES: Final = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
_PRINCIPAL: Final = re.compile(r"\*|\d{12}|arn:aws[a-z-]*:(?:iam|sts)::(?:\d{12})?:.+")
"""The account of an ARN may be empty: Terraform without an account writes ``arn:aws:iam:::root``
(terraform.md, section 2)."""
_PUT: Final = "kms:putkeypolicy"


def get_key_policy(realm: Realm, parameters: Parameters, now: float) -> Response:
    """GetKeyPolicy: the document as it was written."""
    del now
    key = _named(realm, parameters)
    name = parameters.get("PolicyName") or _NAME
    if name != _NAME:
        raise ServiceError(ErrorCode.NOT_FOUND, "No such policy exists")
    return {"Policy": key.policy, "PolicyName": name}


def put_key_policy(realm: Realm, parameters: Parameters, now: float) -> Response:
    """PutKeyPolicy, whatever the state of the key."""
    del now
    name = parameters.get("PolicyName") or _NAME
    if name == _OF_RAM:
        raise requests.invalid(_MANAGED_BY_RAM)
    if name != _NAME:
        raise requests.invalid(f"PolicyName is {name}; the only policy to put is {_NAME}.")
    policy = read_policy(realm.caller, parameters["Policy"], _bypass(parameters))
    key = require_customer_managed(realm, _named(realm, parameters))
    realm.keys.put(replace(key, policy=policy))
    return {}


def list_key_policies(realm: Realm, parameters: Parameters, now: float) -> Response:
    """ListKeyPolicies: there is one, for nothing is shared through RAM here."""
    del now
    _named(realm, parameters)
    names = requests.page(
        parameters, "PolicyNames", [_NAME], str, lambda name: {"": name}, _PAGE, _LARGEST_PAGE
    )
    return {**names, "PolicyNames": [shown[""] for shown in names["PolicyNames"]]}


def policy_of_new_key(caller: Caller, parameters: Mapping[str, Any]) -> str:
    """The policy that CreateKey or ReplicateKey asks for; without one, the default policy.

    :raises ServiceError: as :func:`read_policy`.
    """
    text = parameters.get("Policy")
    return _default(caller) if text is None else read_policy(caller, text, _bypass(parameters))


def read_policy(caller: Caller, text: str, bypass: bool) -> str:  # noqa: FBT001 - AWS's own switch
    """A policy, as written, if AWS would take it.

    ``bypass`` lets it lock its writer out.

    :raises ServiceError: LimitExceededException or MalformedPolicyDocumentException.
    """
    if len(text.encode()) > KEY_POLICY_BYTES:
        message = f"A key policy has at most {KEY_POLICY_BYTES} bytes."
        raise ServiceError(ErrorCode.LIMIT_EXCEEDED, message)
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError) as cause:
        raise _malformed("it is not JSON") from cause
    statements = list(_statements(policy))
    if not bypass and not _lets_writer_write(caller, statements):
        raise ServiceError(ErrorCode.MALFORMED_POLICY, _LOCKED_OUT)
    return text


def _bypass(parameters: Mapping[str, Any]) -> bool:
    return bool(parameters.get("BypassPolicyLockoutSafetyCheck"))


def _named(realm: Realm, parameters: Mapping[str, Any]) -> Key:
    return find_key_without_alias(realm, parameters["KeyId"], ErrorCode.INVALID_ARN)


def _statements(policy: object) -> Iterator[Mapping[str, Any]]:
    """The statements of a policy, each checked. One without Action or Resource has no effect."""
    if not isinstance(policy, dict) or not _ELEMENTS.issuperset(policy):
        raise _malformed("it must be an object of Version, Id and Statement")
    if policy.get("Version") not in _VERSIONS:
        raise _malformed("its Version must be 2012-10-17 or 2008-10-17")
    statements = policy.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise _malformed("it must have a Statement")
    for statement in statements:
        if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
            raise _malformed("the Effect of a statement must be Allow or Deny")
        if ("Principal" in statement) == ("NotPrincipal" in statement):
            raise _malformed("a statement must have a Principal")
        named = statement.get("Principal", statement.get("NotPrincipal"))
        if not all(_PRINCIPAL.fullmatch(one) for one in _principals(named)):
            raise ServiceError(ErrorCode.MALFORMED_POLICY, _INVALID_PRINCIPALS)
        yield statement


def _principals(named: object) -> Iterator[str]:
    """The AWS principals among those named; of others only the form is checked."""
    if named == "*":
        yield "*"
        return
    if not isinstance(named, dict) or not named or not _PARTIES.issuperset(named):
        raise ServiceError(ErrorCode.MALFORMED_POLICY, _INVALID_PRINCIPALS)
    for party, value in named.items():
        texts = _texts(value)
        if not texts:
            raise ServiceError(ErrorCode.MALFORMED_POLICY, _INVALID_PRINCIPALS)
        yield from texts if party == "AWS" else ()


def _texts(value: object) -> list[str]:
    """One text, or a list of them; empty for anything else."""
    listed: list[Any] = value if isinstance(value, list) else [value]
    return listed if all(isinstance(one, str) for one in listed) else []


def _lets_writer_write(caller: Caller, statements: list[Mapping[str, Any]]) -> bool:
    """Whether the account that writes a policy may, by it, write the next one.

    What is bound to a Condition may or may not hold: it allows and denies nothing for sure.
    """
    matching = [one["Effect"] for one in statements if _is_about_writing(caller, one)]
    return "Allow" in matching and "Deny" not in matching


def _is_about_writing(caller: Caller, statement: Mapping[str, Any]) -> bool:
    if "Condition" in statement or "Resource" not in statement:
        return False
    meant = _is_of if statement["Effect"] == "Allow" else _is_all_of
    named = statement.get("Principal")
    if named is None or not any(meant(caller, one) for one in _principals(named)):
        return False
    actions = _texts(statement.get("Action"))
    return any(fnmatchcase(_PUT, action.lower()) for action in actions)


def _is_all_of(caller: Caller, principal: str) -> bool:
    return principal in ("*", caller.account, root_arn(caller))


def _is_of(caller: Caller, principal: str) -> bool:
    if _is_all_of(caller, principal):
        return True
    return principal.startswith("arn:") and principal.split(":")[4] in ("", caller.account)


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
