"""Profiles: the only place that knows what is particular about a target, as data.

A profile says how accounts are kept apart, how time is moved, how an operator reaches the HSMs,
how long transitions take, what an operation that the target does not know looks like, and which
areas apply. The ones we bring are ``profiles/*.toml``; a file of the same form can be given.
"""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kmspec_check.target import Answer

_REMEDY = "give a name, or a file as docs/targets.md has one"


class ProfileError(ValueError):
    """A profile that does not exist or cannot be read; the text is one line with the remedy."""


class Isolation(StrEnum):
    """How the target is told in which account a call is made."""

    ACCESS_KEY = "access-key"
    """The access key id is the 12 digits of the account."""
    HEADER = "header"
    """A header of every request holds the account."""
    NONE = "none"
    """Everything happens in one account; other things may be listed in it."""


class _Row(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=lambda name: name.replace("_", "-")
    )


class Access(_Row):
    """How something that AWS has no API for is reached."""

    kind: Literal["call", "route", "none"] = "none"
    """``call``: as a service of the target; ``route``: by HTTP POST; ``none``: not at all."""
    route: str = ""
    """The path, with ``{operation}``, for ``route``."""


class Transitions(_Row):
    """How long asynchronous transitions take, in seconds."""

    low: float = 0.2
    high: float = 0.2
    flowing_low: float | None = None
    """Instead of ``low`` when the target's time passes by itself."""
    flowing_high: float | None = None
    deletion_slack: float = 0.0
    """How much longer than its window a deletion may take."""


class _Form(_Row):
    """One form of refusal; all that is given must hold."""

    status: int | None = None
    code: str | None = None
    text: str = ""
    """Part of the message, in any case of letters."""

    def fits(self, answer: Answer) -> bool:
        """Whether the answer has this form."""
        return (
            answer.refused
            and self.status in (None, answer.status)
            and self.code in (None, answer.code)
            and self.text.lower() in (answer.message or "").lower()
        )


class UnknownOperation(_Form):
    """One form of answer to an operation that the target does not know."""


class Unsupported(_Form):
    """One form of refusal by which the target says plainly that it does not offer a thing."""

    operation: str = ""
    member: str = ""
    """The parameter that asks for it; empty: whatever is asked."""
    values: tuple[str, ...] = ()
    """The values of it that are not offered; empty: any."""

    def asks(self, operation: str, parameters: Mapping[str, Any]) -> bool:
        """Whether a request asks for what this row is about."""
        if self.operation not in ("", operation):
            return False
        value = parameters.get(self.member)
        return not self.member or (value is not None and self._lists(value))

    def _lists(self, value: object) -> bool:
        return not self.values or value in self.values


class Recognised(_Row):
    """How the target tells what it is, asked without a signature by GET."""

    route: str
    text: str
    """Part of the body, when it is one of these."""
    version: str = ""
    """The member of the JSON answer that has its version; empty: it does not tell."""


class Profile(_Row):
    """What is particular about one kind of target."""

    name: str
    title: str
    isolation: Isolation = Isolation.NONE
    header: str = ""
    areas: tuple[str, ...] = ()
    """The areas that apply; empty: all."""
    attestation: Literal["any", "genuine", "none"] = "genuine"
    """Which attestation documents are accepted: of any root, as the checker makes them, only
    those of an AWS Nitro system, which it cannot make, or ``Recipient`` is not offered."""
    regions: Literal["all", "one"] = "all"
    """Whether the target keeps Regions apart, or is in one whatever a request is signed for."""
    operations: tuple[str, ...] = ()
    """The only operations that may be asked there, for whatever reason; empty: all."""
    credentials: Literal["made-up", "chain"] = "made-up"
    """Whether requests are signed with what botocore finds: environment, files, roles."""
    recognised: Recognised | None = None
    consistency: Literal["strong", "eventual"] = "eventual"
    """``strong``: what was answered is seen by every later request, whoever makes it."""
    clock: Access = Access()
    operator: Access = Access()
    timing: Transitions = Transitions()
    unknown_operation: tuple[UnknownOperation, ...] = Field(default=(), alias="unknown-operation")

    unsupported: tuple[Unsupported, ...] = ()

    def declines(self, operation: str, parameters: Mapping[str, Any], answer: Answer) -> bool:
        """Whether the answer says plainly that what was asked for is not offered there."""
        return any(
            form.fits(answer) and form.asks(operation, parameters) for form in self.unsupported
        )

    def allows(self, operation: str) -> bool:
        """Whether the operation may be asked there at all."""
        return not self.operations or operation in self.operations

    def does_not_know(self, answer: Answer) -> bool:
        """Whether the answer says that the operation is unknown there."""
        return any(form.fits(answer) for form in self.unknown_operation)

    def reaches(self, service: str) -> bool:
        """Whether the service can be asked at all."""
        access = {"clock": self.clock, "operator": self.operator}.get(service)
        return access is None or access.kind != "none"


def names() -> tuple[str, ...]:
    """The profiles we bring."""
    folder = resources.files("kmspec_check").joinpath("profiles")
    found = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))


def load(name_or_file: str) -> Profile:
    """The profile of that name, or in that file.

    :raises ProfileError: there is none, or it is not a profile.
    """
    if name_or_file in names():
        folder = resources.files("kmspec_check").joinpath("profiles")
        return _read(folder.joinpath(f"{name_or_file}.toml").read_text("utf-8"), name_or_file)
    path = Path(name_or_file)
    if not path.is_file():
        known = ", ".join(names())
        raise ProfileError(
            f"there is no profile {name_or_file!r}; give one of {known}, or a TOML file"
        )
    try:
        return _read(path.read_text("utf-8"), path.stem)
    except UnicodeDecodeError as fault:
        raise ProfileError(f"{path} is no TOML: it is not text; {_REMEDY}") from fault


def _read(text: str, name: str) -> Profile:
    try:
        raw: dict[str, Any] = tomllib.loads(text)
        return Profile.model_validate({"name": name, **raw})
    except tomllib.TOMLDecodeError as fault:
        raise ProfileError(f"profile {name} is no TOML: {fault}; {_REMEDY}") from fault
    except ValidationError as fault:
        first = fault.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ProfileError(f"profile {name}, at {where}: {first['msg']}; {_REMEDY}") from fault
