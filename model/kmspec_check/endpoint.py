"""Endpoints: the only place that speaks HTTP to a target.

Every call ends: one attempt, a time limit for connecting, one for each read, and one for the
whole answer, however slowly it drips. Connections are kept open and used again.
"""

import http.client
import json
import os
import re
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

from botocore.credentials import Credentials
from botocore.session import Session

from kmspec.names import Service
from kmspec_check import wire
from kmspec_check.profile import Isolation, Profile, load, names
from kmspec_check.stopwatch import MONOTONIC
from kmspec_check.target import (
    ANOTHER_URL,
    Answer,
    Clock,
    Garbled,
    TimedOut,
    Trouble,
    Unreachable,
    succeeded,
)

CONNECT_WITHIN = 3.0
READ_WITHIN = 10.0
ANSWER_WITHIN = 20.0
"""Seconds."""
LARGEST_BODY = 8 * 1024 * 1024
"""Bytes; no answer of ours comes near."""
_CHUNK = 65536
_LONGEST_VERSION = 80
_OUR_ROUTES = "/_kmspec/"
_FIRST = ("kmspec", "ministack", "floci", "fakecloud")
"""Profiles of targets that also answer at the routes of others."""
_AWS = re.compile(
    r"(?:.+\.)?(?:kms|cloudhsmv2|sts)(?:-fips)?(?:\.(?P<region>[a-z0-9-]+))?"
    r"(?:\.vpce)?\.(?:amazonaws\.com(?:\.cn)?|api\.aws|api\.amazonwebservices\.com\.cn)"
)
_CLOSED = "closed the connection without an answer"
_LOG = "look into the log of the server"


class Endpoint:
    """A :class:`kmspec_check.target.Target` behind a URL."""

    def __init__(
        self, url: str, profile: Profile | None = None, *, clock: Clock = MONOTONIC
    ) -> None:
        """A target at ``url``; without a profile it is asked what it is.

        :raises Trouble: the URL is none, or nothing answers there.
        """
        parts = _parts(url)
        self.url = f"{parts.scheme}://{parts.netloc}"
        self._clock = clock
        self._parts = parts
        self._kept: http.client.HTTPConnection | None = None
        self._refuse_aws(profile)
        self.profile = profile or self._recognise()
        self.region = _region_of_aws(parts.hostname or "") or "us-east-1"
        self._signer = wire.Signer(self._credentials(), os.environ.get("AWS_SECRET_ACCESS_KEY"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def another(self) -> "Endpoint":
        """The same target by a connection of its own, for one who asks at the same time."""
        return Endpoint(self.url, self.profile, clock=self._clock)

    def close(self) -> None:
        """Give up the connection."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def call(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        account: str = "000000000000",
        region: str = "us-east-1",
    ) -> tuple[int, dict[str, Any]]:
        """Perform one operation.

        :raises Trouble: there is no answer, or none that can be read.
        """
        if not self.profile.allows(operation):
            raise Trouble(f"{operation} is not to be asked at {self.url}", "see its profile")
        if service in (Service.OPERATOR, Service.CLOCK):
            access = self.profile.operator if service == Service.OPERATOR else self.profile.clock
            return self._own_route(access.route, operation, parameters)
        unsigned = wire.request(service, operation, parameters)
        headers = self._signer.sign(f"{self.url}/", unsigned, service, account, region)
        if self.profile.isolation is Isolation.HEADER:
            headers[self.profile.header] = account
        status, body = self._exchange("POST", "/", unsigned.body, headers)
        return _pair(wire.answer(service, operation, status, body))

    def _own_route(
        self, route: str, operation: str, parameters: Mapping[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        """An operation that AWS has no API for."""
        if not route:
            profile = self.profile.name
            raise Trouble(f"{operation} has no route in profile {profile}", "name one there")
        body = json.dumps(dict(parameters)).encode()
        headers = {"Content-Type": "application/json"}
        token = os.environ.get("KMSPEC_ADMIN_TOKEN")
        if token and route.startswith(_OUR_ROUTES):
            headers["Authorization"] = f"Bearer {token}"
        status, answered = self._exchange("POST", route.format(operation=operation), body, headers)
        return _pair(wire.answer("", operation, status, answered))

    def _exchange(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        """One request and its answer.

        A connection that was kept open may have been closed over there meanwhile; then, and only
        if nothing at all came back, the request is sent once more on a new one.
        """
        kept = self._kept is not None
        try:
            return self._attempt(method, path, body, headers)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as fault:
            self.close()
            if not kept:
                raise Unreachable(f"{self.url} {_CLOSED}", _LOG) from fault
        try:
            return self._attempt(method, path, body, headers)
        except (http.client.HTTPException, OSError) as fault:
            self.close()
            raise Unreachable(f"{self.url} {_CLOSED}", _LOG) from fault

    def _attempt(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        try:
            connection = self._connection()
            connection.request(method, path, body=body, headers=headers)
            return self._read(connection)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            raise
        except TimeoutError as fault:
            self.close()
            raise TimedOut(f"{self.url} did not answer within {READ_WITHIN:g} s", _LOG) from fault
        except OSError as fault:
            self.close()
            raise Unreachable(
                f"{self.url} cannot be reached: {fault.strerror or fault}",
                "start the server or give another URL",
            ) from fault
        except http.client.HTTPException as fault:
            self.close()
            raise Garbled(
                f"{self.url} does not speak HTTP: {type(fault).__name__}", ANOTHER_URL
            ) from fault

    def _connection(self) -> http.client.HTTPConnection:
        if self._kept is None:
            kind = http.client.HTTPSConnection if self._parts.scheme == "https" else None
            make = kind or http.client.HTTPConnection
            host = self._parts.hostname or ""
            connection = make(host, self._parts.port, timeout=CONNECT_WITHIN)
            connection.connect()
            connection.sock.settimeout(READ_WITHIN)
            self._kept = connection
        return self._kept

    def _read(self, connection: http.client.HTTPConnection) -> tuple[int, bytes]:
        until = self._clock() + ANSWER_WITHIN
        response = connection.getresponse()
        body = bytearray()
        while chunk := response.read1(_CHUNK):
            body += chunk
            if len(body) > LARGEST_BODY:
                self.close()
                raise Garbled(f"{self.url} answered more than {LARGEST_BODY} bytes", ANOTHER_URL)
            if self._clock() > until:
                self.close()
                raise TimedOut(f"{self.url} did not finish its answer in {ANSWER_WITHIN:g} s", _LOG)
        response.close()
        if response.will_close:
            self.close()
        return response.status, bytes(body)

    def _refuse_aws(self, profile: Profile | None) -> None:
        """Leave AWS alone unless a profile says what may be asked there.

        :raises Trouble: it does not.
        """
        aws = _region_of_aws(self._parts.hostname or "")
        if aws and (profile is None or not profile.operations):
            raise Trouble(
                f"{self.url} is AWS itself, where keys cost money",
                "give --profile aws, which asks for nothing that makes anything",
            )

    def version(self) -> str:
        """The version that the target tells of itself, or nothing."""
        told = self.profile.recognised
        if told is None or not told.version:
            return ""
        body = self._told(told.route)
        try:
            return str(json.loads(body).get(told.version) or "")[:_LONGEST_VERSION]
        except (ValueError, AttributeError):
            return ""

    def _recognise(self) -> Profile:
        """The profile of the target, by what its own routes say."""
        answers: dict[str, str] = {}
        for name in sorted(names(), key=lambda name: (name not in _FIRST, name)):
            profile = load(name)
            told = profile.recognised
            if told is None:
                continue
            if told.route not in answers:
                answers[told.route] = self._told(told.route)
            if told.text in answers[told.route]:
                return profile
        return load("generic")

    def _told(self, route: str) -> str:
        """The body of a page of the target; of a refusal nothing."""
        status, body = self._exchange("GET", route, b"", {})
        return body.decode("utf-8", "replace") if succeeded(status) else ""

    def _credentials(self) -> Credentials | None:
        """What requests are signed with, where an account is not chosen by the access key.

        :raises Trouble: the profile wants real ones, and there are none.
        """
        if self.profile.credentials == "chain":
            found = Session().get_credentials()
            if found is None:
                raise Trouble(f"there are no credentials for {self.url}", "run `aws configure`")
            return found
        if self.profile.isolation is Isolation.ACCESS_KEY:
            return None
        key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
        if not key or not secret:
            return None
        return Credentials(key, secret, os.environ.get("AWS_SESSION_TOKEN"))


def _region_of_aws(host: str) -> str:
    """The Region of an endpoint of AWS itself; of any other host nothing."""
    found = _AWS.fullmatch(host.lower().rstrip("."))
    return (found["region"] or "us-east-1") if found else ""


def _parts(url: str) -> SplitResult:
    """What a URL consists of.

    :raises Trouble: it is none, or leads elsewhere than to the root of a host.
    """
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").encode("idna"), parts.port
    except ValueError:  # half an IPv6 address, a label too long, a port that is none
        host, parts = b"", urlsplit("")
    if "@" in parts.netloc:  # what is said of it does not show it
        what = "the URL of the endpoint has a user or a password in it"
        raise Unreachable(what, "leave them out: requests are signed")
    if parts.scheme not in ("http", "https") or not host or b" " in host:
        raise Unreachable(f"{url!r} is no URL", "write http://HOST:PORT")
    if parts.path.strip("/") or parts.query or parts.fragment:
        root = f"{parts.scheme}://{parts.netloc}"
        raise Unreachable(f"{url} has a path, and AWS is asked at /", f"give {root}")
    return parts


def _pair(answer: Answer) -> tuple[int, dict[str, Any]]:
    return answer.status, dict(answer.body)
