"""Who may use the administration routes: this machine, who has the token, and never a web page."""

import pytest

from kmspec_impl.gateway.admin import Door, is_loopback
from tests.unit.gateway.support import CannedEmulator, Response
from tests.unit.gateway.test_routes import ask, error

TOKEN = "0123456789abcdef"
PLAIN = {"content-type": "application/json"}
LETTERED = {**PLAIN, "authorization": f"Bearer {TOKEN}"}
REFUSED = (403, "ForbiddenException")


def operate(headers: dict[str, str], peer: str, door: Door | None = None) -> Response:
    """List the users of a cluster, from somewhere."""
    emulator = CannedEmulator()
    path = "/_kmspec/operator/ListUsers"
    response = ask(emulator, "POST", path, headers, b"{}", peer=peer, door=door)
    assert bool(emulator.calls) == (response.status == 200)
    return response


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost:4599", "127.0.0.1", "[::1]:1", "a.localhost", "[::1]"])
def test_this_machine_is_let_in(peer: str, host: str) -> None:
    assert operate({**PLAIN, "host": host}, peer).status == 200
    assert operate({**PLAIN, "host": host}, peer, Door(TOKEN)).status == 200


@pytest.mark.parametrize("peer", ["10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1", "fe80::1%eth0", ""])
def test_others_need_the_token(peer: str) -> None:
    assert error(operate(PLAIN, peer)) == REFUSED
    assert error(operate(PLAIN, peer, Door(TOKEN))) == REFUSED
    assert operate(LETTERED, peer, Door(TOKEN)).status == 200
    assert error(operate(LETTERED, peer)) == REFUSED


@pytest.mark.parametrize("given", ["", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper()])
def test_a_wrong_token_is_refused_from_anywhere(given: str) -> None:
    wrong = {**PLAIN, "authorization": f"Bearer {given}"}
    assert error(operate(wrong, "10.0.0.1", Door(TOKEN))) == REFUSED
    assert error(operate(wrong, "127.0.0.1", Door(TOKEN))) == REFUSED


@pytest.mark.parametrize(
    "name", ["x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via"]
)
def test_behind_a_proxy_nobody_is_of_this_machine(name: str) -> None:
    assert error(operate({**PLAIN, name: "10.0.0.1"}, "127.0.0.1")) == REFUSED
    assert operate({**LETTERED, name: "10.0.0.1"}, "127.0.0.1", Door(TOKEN)).status == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:4599", "localhost.evil.example"])
def test_a_name_that_was_made_to_lead_here(host: str) -> None:
    """DNS rebinding: the page's own name, and its requests are of the same origin."""
    assert error(operate({**PLAIN, "host": host}, "127.0.0.1")) == REFUSED
    assert operate({**LETTERED, "host": host}, "127.0.0.1", Door(TOKEN)).status == 200


@pytest.mark.parametrize(
    "sent",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "same-origin"},
    ],
    ids=str,
)
def test_no_page_of_a_browser(sent: dict[str, str]) -> None:
    for headers in (PLAIN, LETTERED):
        response = operate({**headers, **sent}, "127.0.0.1", Door(TOKEN))
        assert error(response) == REFUSED
    health = ask(CannedEmulator(), "GET", "/_kmspec/health", sent)
    assert error(health) == REFUSED


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_what_a_page_may_send_unasked_is_no_json(media_type: str) -> None:
    assert error(operate({"content-type": media_type}, "127.0.0.1"))[0] == 400


def test_a_browser_that_asks_first_is_told_nothing() -> None:
    asked = {"access-control-request-method": "POST"}
    for path in ("/_kmspec/operator/ListUsers", "/_kmspec/clock/Advance", "/"):
        response = ask(CannedEmulator(), "OPTIONS", path, asked)
        assert response.status == 405
        assert not [name for name in response.headers if name.startswith("access-control")]


def test_the_health_is_for_all() -> None:
    assert ask(CannedEmulator(), "GET", "/_kmspec/health", peer="10.0.0.1").status == 200


def test_what_is_no_address_is_not_this_machine() -> None:
    for name in ("", "localhost", "0.0.0.0", "::", "127.0.0.1.example"):  # noqa: S104 - no bind
        assert not is_loopback(name)
