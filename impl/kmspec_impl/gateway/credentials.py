"""Credentials: the only place that reads which access keys there are, and whose they are.

They are in a file, TOML or JSON, by access key id; without a file there are those of the
environment. No complaint shows a secret.
"""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kmspec_impl.caller import DEFAULT_CALLER

ANY_ACCOUNT: Final = "*"
"""Stands in a file for every access key id of 12 digits: it is the account's id."""
LEAST_TOKEN: Final = 16
"""Characters of an admin token."""
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_ACCESS_KEY: Final = re.compile(r"\w{1,128}", re.ASCII)
_MEMBERS: Final = ("secret_access_key", "account", "session_token")
_LARGEST: Final = 1024 * 1024
_NONE_GIVEN: Final = (
    "--auth sigv4 needs credentials; give --credentials FILE, or set AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY"
)


class CredentialsError(Exception):
    """There are no credentials; the text is one line with the remedy."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What is known of an access key: whose it is, and what proves that one has it."""

    account: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


class Credentials:
    """All access keys; ``of_accounts`` is the secret of those whose id is an account's."""

    def __init__(
        self, by_access_key: Mapping[str, Credential], of_accounts: str | None = None
    ) -> None:
        self._by_access_key = dict(by_access_key)
        self._of_accounts = of_accounts

    def find(self, access_key: str) -> Credential | None:
        """What is known of an access key."""
        found = self._by_access_key.get(access_key)
        if found is None and self._of_accounts is not None and _ACCOUNT.fullmatch(access_key):
            return Credential(access_key, self._of_accounts)
        return found


def read(file: Path | None) -> Credentials:
    """The credentials in a file, or those of the environment.

    :raises CredentialsError: there are none, or the file is wrong.
    """
    if file is None:
        return _of_environment()
    members = _members(file)
    keys = {key: _credential(file, key, value) for key, value in members.items()}
    if not keys:
        raise CredentialsError(f"{file} has no access key; {_HOW}")
    of_accounts = keys.pop(ANY_ACCOUNT, None)
    return Credentials(keys, None if of_accounts is None else of_accounts.secret)


_HOW: Final = "write [ACCESS_KEY_ID], then secret_access_key and account: docs/security.md"


def admin_token(given: str | None) -> str | None:
    """The admin token, if there is one.

    :raises CredentialsError: it is too short to be a secret, or no header can hold it.
    """
    if given and (len(given) < LEAST_TOKEN or not re.fullmatch("[!-~]+", given)):
        raise CredentialsError(
            f"the admin token is not {LEAST_TOKEN} characters of plain text or more; take that of "
            "`openssl rand -hex 16`"
        )
    return given or None


def _of_environment() -> Credentials:
    """The secret there is that of its access key, and of every one that is an account's id."""
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not key or not secret:
        raise CredentialsError(_NONE_GIVEN)
    token = os.environ.get("AWS_SESSION_TOKEN") or None
    return Credentials({key: Credential(_account_of(key), secret, token)}, secret)


def _account_of(access_key: str) -> str:
    """As without verification: an access key id of 12 digits is the account's id."""
    return access_key if _ACCOUNT.fullmatch(access_key) else DEFAULT_CALLER.account


def _members(file: Path) -> dict[str, Any]:
    kind = "JSON" if file.suffix == ".json" else "TOML"
    try:
        with file.open("rb") as opened:
            text = opened.read(_LARGEST).decode()
        found = json.loads(text) if kind == "JSON" else tomllib.loads(text)
    except OSError as error:
        what = f"cannot read {file}: {(error.strerror or str(error)).lower()}"
        raise CredentialsError(f"{what}; give another --credentials") from None
    except (ValueError, RecursionError):  # the cause would show what is in the file
        raise CredentialsError(f"{file} is no {kind}; {_HOW}") from None
    if not isinstance(found, dict):
        raise CredentialsError(f"{file} has no access keys by name; {_HOW}")
    return found


def _credential(file: Path, key: str, value: object) -> Credential:
    where = f"{file}, access key {key[:40]!r}"
    if key != ANY_ACCOUNT and not _ACCESS_KEY.fullmatch(key):
        raise CredentialsError(f"{where}: this is no access key id; use letters and digits")
    if not isinstance(value, dict):
        raise CredentialsError(f"{where}: it has no members; {_HOW}")
    unknown = [name for name in value if name not in _MEMBERS]
    if unknown:
        raise CredentialsError(
            f"{where}: there is no member {unknown[0][:40]!r}; use {', '.join(_MEMBERS)}"
        )
    for name in _MEMBERS:
        if name in value and not (isinstance(value[name], str) and value[name].isprintable()):
            raise CredentialsError(f"{where}: {name} is no text; put it in quotation marks")
    if not value.get("secret_access_key"):
        raise CredentialsError(f"{where}: it has no secret_access_key; add one")
    account = value.get("account", _account_of(key))
    if key == ANY_ACCOUNT and set(value) != {"secret_access_key"}:
        raise CredentialsError(f"{where}: it stands for all accounts; leave the others out")
    if not _ACCOUNT.fullmatch(account):
        raise CredentialsError(f"{where}: the account is not 12 digits; write it so, in quotes")
    return Credential(account, value["secret_access_key"], value.get("session_token") or None)
