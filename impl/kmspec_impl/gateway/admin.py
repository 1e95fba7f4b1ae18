"""The administration routes: the only place that knows what lies under ``/_kmspec/``.

``POST /_kmspec/operator/<Operation>`` is what an operator does on the HSMs, ``POST
/_kmspec/clock/<Operation>`` moves a virtual clock, ``GET /_kmspec/health`` says that the emulator
is there. Bodies are plain JSON.

All but the health are for the machine itself, and for who has the admin token. No page of a browser
has any business here: it announces itself by Origin or Sec-Fetch-Site, cannot send JSON unasked,
and, where its name was made to lead here (DNS rebinding), shows that name as Host.
"""

import hmac
import re
from collections.abc import Mapping
from http import HTTPStatus
from importlib import metadata
from ipaddress import IPv6Address, ip_address
from typing import Final

from kmspec.names import ErrorCode, Service
from kmspec_impl.caller import Caller
from kmspec_impl.errors import ServiceError
from kmspec_impl.gateway.codec import from_json, to_json
from kmspec_impl.gateway.exchange import EdgeCode, Handling, Refusal, Reply, take_only

PREFIX: Final = "/_kmspec/"
CONTENT_TYPE: Final = b"application/json"

_PATH: Final = re.compile(r"/_kmspec/(operator|clock)/([A-Za-z]{1,64})")
_HEALTH: Final = "/_kmspec/health"


class AdminErrors:
    """How refusals are said; what the edge itself refuses is an OperatorInvalidRequest."""

    def answer(self, emulator: Handling, caller: Caller, body: bytes, request_id: str) -> Reply:
        """Answer nothing: where only this is known of a request, it is refused."""
        del emulator, caller, body, request_id
        raise Refusal(EdgeCode.NOT_FOUND, "There is no such page.", HTTPStatus.NOT_FOUND)

    def refuse(
        self, code: ErrorCode | EdgeCode, message: str | None, status: int, request_id: str
    ) -> Reply:
        """The same body as the embedded target gives."""
        del request_id
        content = {"__type": str(code), "message": message or ""}
        return Reply(status, CONTENT_TYPE, to_json(content))


class AdminRoute(AdminErrors):
    """One operation of the operator or the clock."""

    def __init__(self, service: Service, name: str) -> None:
        self._service = service
        self._name = name

    def answer(self, emulator: Handling, caller: Caller, body: bytes, request_id: str) -> Reply:
        """Perform the operation."""
        del request_id
        try:
            parameters = from_json(body)
        except ServiceError as error:
            raise ServiceError(ErrorCode.OPERATOR_INVALID_REQUEST, error.message) from error
        answered = emulator.handle(self._service, self._name, parameters, caller)
        return Reply(200, CONTENT_TYPE, to_json(answered))


class HealthRoute(AdminErrors):
    """Whether the emulator answers, and which version of it."""

    def answer(self, emulator: Handling, caller: Caller, body: bytes, request_id: str) -> Reply:
        """``{"status": "ok", "version": ...}``."""
        del emulator, caller, body, request_id
        content = {"status": "ok", "version": _version()}
        return Reply(200, CONTENT_TYPE, to_json(content))


class Door:
    """Who is let in to the administration routes; ``token`` is for those who come from afar."""

    def __init__(self, token: str | None = None) -> None:
        self._token = None if token is None else token.encode()

    def let_in(self, peer: str, headers: Mapping[bytes, bytes]) -> None:
        """Refuse who is neither on this machine nor has the token; raises :class:`Refusal`."""
        kind, _, given = headers.get(b"authorization", b"").partition(b" ")
        if self._token is not None and kind.lower() == b"bearer":
            if not hmac.compare_digest(given.strip(), self._token):
                raise _forbidden("This is not the admin token that the server was given.")
            return
        if not is_loopback(peer) or any(name.startswith(_FORWARDED) for name in headers):
            raise _forbidden(
                "From another machine this needs the admin token: `kmspec serve --admin-token` "
                "there, and the environment variable KMSPEC_ADMIN_TOKEN here."
            )
        if not _is_local_name(headers.get(b"host", b"").decode("latin-1")):
            raise _forbidden("Ask for localhost or an address, or give the admin token.")


_FORWARDED: Final = (b"forwarded", b"x-forwarded-", b"x-real-ip", b"via", b"cf-connecting-ip")
"""How headers of a proxy begin, behind which anybody may be."""


def is_loopback(address: str) -> bool:
    """Whether an address leads to this machine only."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (mapped or found).is_loopback


def _is_local_name(host: str) -> bool:
    """Whether a Host is an address, or a name that no DNS is asked for."""
    name = host.rpartition(":")[0] if re.search(r":[0-9]*\Z", host) else host
    if name.lower() == "localhost" or name.lower().endswith(".localhost"):
        return True
    try:
        ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def admin_route(
    method: str, path: str, headers: Mapping[bytes, bytes], peer: str, door: Door
) -> AdminErrors:
    """The route of a path under the prefix; raises :class:`Refusal`."""
    if b"origin" in headers or headers.get(b"sec-fetch-site", b"none") != b"none":
        raise _forbidden("This request comes from a page in a browser; use the kmspec command.")
    if path == _HEALTH:
        take_only("GET", method, "Ask for the health with GET.")
        return HealthRoute()
    door.let_in(peer, headers)
    found = _PATH.fullmatch(path)
    if found is None:
        raise Refusal(
            EdgeCode.NOT_FOUND,
            "There are /_kmspec/health, /_kmspec/operator/<Operation> and "
            "/_kmspec/clock/<Operation>.",
            HTTPStatus.NOT_FOUND,
        )
    take_only("POST", method, "Operations of the operator and the clock take POST.")
    media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media_type != CONTENT_TYPE:
        raise Refusal(EdgeCode.BAD_REQUEST, "Content-Type must be application/json.")
    return AdminRoute(Service(found[1]), found[2])


def _forbidden(message: str) -> Refusal:
    return Refusal(EdgeCode.FORBIDDEN, message, HTTPStatus.FORBIDDEN)


def _version() -> str:
    try:
        return metadata.version("kmspec")
    except metadata.PackageNotFoundError:
        return "unknown"  # run from a source tree that was never installed
