"""Targets: the only place that says what the checker asks of the thing it checks.

A target answers calls, and may let its time be moved. What it answers is plain data: an HTTP
status and a body whose blobs are ``bytes`` and whose timestamps are ``float`` epoch seconds.
Whatever keeps a target from answering is :class:`Trouble`, which is never held against it.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol


class Target(Protocol):
    """What can be checked. ``service`` is a :class:`kmspec.names.Service` value.

    The body of a refusal is ``{"__type": code, "message": text}``; CloudHSM spells ``Message``.
    The services ``operator`` and ``clock`` are what AWS has no API for; a target without them
    answers a refusal, or raises :class:`Trouble`.
    """

    def call(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        account: str = ...,
        region: str = ...,
    ) -> tuple[int, dict[str, Any]]:
        """Perform one operation: the HTTP status and the body.

        :raises Trouble: there is no answer.
        """


class Clock(Protocol):
    """Real time, to keep a budget and to wait for a target whose time cannot be moved."""

    def __call__(self) -> float:
        """Seconds since any fixed moment; never goes back."""

    def wait(self, seconds: float) -> None:
        """Return when so many seconds have passed."""


class Trouble(Exception):
    """A target could not be asked, or its answer could not be read: status ``error``."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(f"{what}; {remedy}" if remedy else what)
        self.what = what
        self.remedy = remedy


class Unreachable(Trouble):
    """Nothing listens there, or the connection broke."""


class TimedOut(Trouble):
    """The target took a request and did not answer it in time."""


class Garbled(Trouble):
    """The target answered something that is not of its protocol."""


_OK, _OTHER = HTTPStatus.OK.value, HTTPStatus.MULTIPLE_CHOICES.value
ANOTHER_URL = "give the URL of an endpoint that speaks the protocols of AWS"
"""What to do about an answer that is none of AWS's."""
_HTML = re.compile(rb"\s*<(!doctype html|html|head|body)\b", re.IGNORECASE)


def is_html(body: bytes) -> bool:
    """Whether a body is a page for people."""
    return _HTML.match(body) is not None


def succeeded(status: int) -> bool:
    """Whether an HTTP status is one of success."""
    return _OK <= status < _OTHER


class Answer(NamedTuple):
    """What a target answered."""

    status: int
    body: Mapping[str, Any]

    @property
    def refused(self) -> bool:
        """Whether this is an error answer."""
        return not _OK <= self.status < _OTHER

    @property
    def code(self) -> str:
        """The error code, without a namespace; empty for a success."""
        if not self.refused:
            return ""
        return str(self.body.get("__type") or "").rpartition("#")[2]

    @property
    def message(self) -> str | None:
        """The text of an error, if it has one."""
        text = self.body.get("message", self.body.get("Message"))
        return None if text is None else str(text)


def untyped(answer: Answer) -> str:
    """A refusal without an error code, in a few words."""
    text = (answer.message or "").strip()
    if is_html(text.encode()):
        return f"HTTP {answer.status} with HTML"
    first = text.splitlines()[0][:80] if text else ""
    return f"HTTP {answer.status} without an AWS error" + (f": {first}" if first else "")


def ask(
    target: Target,
    service: str,
    operation: str,
    parameters: Mapping[str, Any],
    *,
    account: str,
    region: str,
) -> Answer:
    """Call a target and insist on an answer of the agreed shape.

    :raises Trouble: there is none, or it has another shape.
    """
    answer = target.call(service, operation, parameters, account=account, region=region)
    match answer:
        case (int() as status, dict() as body):
            return Answer(status, body)
    raise Garbled(
        f"{operation} was answered by {type(answer).__name__}",
        "a target returns the HTTP status and a dict",
    )
