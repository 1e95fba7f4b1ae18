"""Key policies: the only place that writes them down, right ones and wrong ones.

A form says by how it begins what a policy is: ``malformed`` is none, ``lockout`` lets nobody of
the account write the next one, all else lets the account do everything.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from kmspec import limits

_Policy: TypeAlias = dict[str, Any]
_Change: TypeAlias = Callable[[_Policy, str], None]
_OTHER = "111122223333"


def written(index: int, form: str, account: str) -> str:
    """A key policy of an account.

    :raises ValueError: there is no such form of a key policy.
    """
    if form not in FORMS:
        raise ValueError(f"a key policy has no form {form!r}")
    statement = {
        "Sid": f"kmspec{index}",
        "Effect": "Allow",
        "Principal": {"AWS": _root(account)},
        "Action": "kms:*",
        "Resource": "*",
    }
    policy = {"Version": "2012-10-17", "Id": f"kmspec-{index}", "Statement": [statement]}
    FORMS[form](policy, account)
    return json.dumps(policy) if policy else "Allow everybody"


def _root(account: str) -> str:
    return f"arn:aws:iam::{account}:root"


def _with(**members: object) -> _Change:
    """Other members of the one statement; ``None`` takes one away."""

    def change(policy: _Policy, account: str) -> None:
        del account
        (statement,) = policy["Statement"]
        statement.update(members)
        for name in [name for name, value in statement.items() if value is None]:
            del statement[name]

    return change


def _and(**members: object) -> _Change:
    """One statement more, about everybody and all operations but for these members."""

    def change(policy: _Policy, account: str) -> None:
        del account
        more = {"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"}
        policy["Statement"].append({**more, **members})

    return change


def _put(**members: object) -> _Change:
    """Other members of the policy itself; ``None`` takes one away."""

    def change(policy: _Policy, account: str) -> None:
        del account
        policy.update(members)
        for name in [name for name, value in policy.items() if value is None]:
            del policy[name]

    return change


def _default(policy: _Policy, account: str) -> None:
    del account
    policy["Id"] = "key-default-1"
    policy["Statement"][0]["Sid"] = "Enable IAM User Permissions"


def _several(policy: _Policy, account: str) -> None:
    (statement,) = policy["Statement"]
    statement["Principal"] = {"AWS": [_root(account)], "Service": "events.amazonaws.com"}
    statement["Action"] = ["kms:Describe*", "kms:Put*"]


def _single(policy: _Policy, account: str) -> None:
    del account
    (policy["Statement"],) = policy["Statement"]


def _largest(policy: _Policy, account: str) -> None:
    """As many bytes as there may be, when the account is written out."""
    policy["Id"] = ""
    text = json.dumps(policy).replace(account, "1" * 12)
    policy["Id"] = "x" * (limits.KEY_POLICY_BYTES - len(text))


FORMS: Mapping[str, _Change] = {
    "": _put(),
    "default": _default,
    "single": _single,
    "several": _several,
    "older": _put(Version="2008-10-17"),
    "unversioned": _put(Version=None),
    "largest": _largest,
    "everybody": _with(Principal="*"),
    "denieselse": _and(Action=["kms:Encrypt", "kms:Decrypt"]),
    "deniesothers": _and(Principal={"Service": "events.amazonaws.com"}),
    "lockout": _with(Action="kms:Describe*"),
    "lockoutothers": _with(Principal={"AWS": _root(_OTHER)}),
    "lockoutservice": _with(Principal={"Service": "events.amazonaws.com"}),
    "lockoutdenied": _and(),
    "lockoutdeniedput": _and(Action=["kms:Encrypt", "kms:PutKeyPolicy"]),
    "malformed": _with(Principal=None),
    "malformedtext": lambda policy, _: policy.clear(),
    "malformedversion": _put(Version="2012"),
    "malformedelement": _put(Statements=[]),
    "malformednothing": _put(Statement=[]),
    "malformedstatement": _put(Statement=["Allow"]),
    "malformedwithout": _put(Statement=None),
    "malformedeffect": _with(Effect="Permit"),
    "malformedparty": _with(Principal={"Account": _OTHER}),
    "malformedprincipal": _with(Principal={"AWS": "nobody"}),
    "malformednobody": _with(Principal={}),
    "malformedboth": _with(NotPrincipal={"AWS": _root(_OTHER)}),
}
"""The default policy of every key, others that let the account do everything, and wrong ones."""
