"""Signatures as botocore makes them are taken; with one bit of what is signed changed, none is."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPMessage
from typing import Any, Final
from urllib.parse import urlsplit

import cbor2
import pytest
from botocore import auth
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Signing
from hypothesis import given, settings
from hypothesis import strategies as st

from kmspec_impl.caller import Caller
from kmspec_impl.gateway.app import Application
from kmspec_impl.gateway.credentials import Credential, Credentials
from kmspec_impl.gateway.sigv4 import LONGEST, Verifier
from tests.unit.gateway.support import CannedEmulator, Response, Running, exchange, running

NOW: Final = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
SECRET: Final = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN: Final = "session-token+/="
KEYS: Final = Credentials(
    {
        "AKIDEXAMPLE": Credential("111122223333", SECRET),
        "ASIAEXAMPLE": Credential("222233334444", SECRET, TOKEN),
    },
    of_accounts="of all",
)
JSON: Final = "application/x-amz-json-1.1"
FORM: Final = "application/x-www-form-urlencoded; charset=utf-8"
CBOR: Final = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
ME: Final = Signing("AKIDEXAMPLE", SECRET)
CODE: Final = re.compile(rb'(?:"__type":"|<Code>)(\w+)')
INVALID: Final = "InvalidSignatureException"
REFUSALS: Final = {
    *(INVALID, "IncompleteSignatureException", "UnrecognizedClientException"),
    *("MissingAuthenticationTokenException", "IncompleteSignature", "InvalidClientTokenId"),
    *("MissingAuthenticationToken", "SignatureDoesNotMatch"),
    # HTTP that cannot be read, or is of another length than it says
    *("BadRequestException", "RequestTimeoutException"),
}
COVERS: Final = "SignedHeaders=host;x-amz-date;x-amz-target, Signature=0"
IDENTITY: Final = {"Arn": "", "UserId": "", "Account": ""}
HOST: Final = "kms.localhost"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(CannedEmulator(), Verifier(KEYS, NOW.timestamp)) as started:
        yield started


@pytest.fixture(autouse=True, scope="module")
def _frozen() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auth, "get_current_datetime", lambda: NOW)
        yield


def kms(body: str = "{}") -> AWSRequest:
    headers = {"Content-Type": JSON, "X-Amz-Target": "TrentService.ListKeys"}
    return AWSRequest("POST", f"http://{HOST}/", headers=headers, data=body)


def cloudhsm() -> AWSRequest:
    path = "/service/BaldrApiService/operation/DescribeClusters"
    return AWSRequest("POST", f"http://{HOST}{path}", headers=CBOR, data=b"\xa0")


def sts() -> AWSRequest:
    body = "Action=GetCallerIdentity&Version=2011-06-15"
    return AWSRequest("POST", f"http://{HOST}/", headers={"Content-Type": FORM}, data=body)


def sts_by_get() -> AWSRequest:
    query = "Version=2011-06-15&Action=GetCallerIdentity"
    return AWSRequest("GET", f"http://{HOST}/?{query}")


KINDS: Final = {
    "kms": (kms, "kms"),
    "cloudhsm": (cloudhsm, "cloudhsm"),
    "sts": (sts, "sts"),
    "sts-get": (sts_by_get, "sts"),
}


def signed(
    kind: str = "kms", credentials: Signing = ME, region: str = "eu-west-1", name: str = ""
) -> AWSRequest:
    make, service = KINDS[kind]
    request = make()
    SigV4Auth(credentials, name or service, region).add_auth(request)
    return request


def presigned(seconds: int = 60, kind: str = "sts-get", credentials: Signing = ME) -> AWSRequest:
    make, service = KINDS[kind]
    request = make()
    SigV4QueryAuth(credentials, service, "eu-west-1", expires=seconds).add_auth(request)
    return request


def parts(request: AWSRequest) -> tuple[list[bytes], bytes]:
    """The lines of the head and the body, as they travel."""
    url = urlsplit(str(request.url))
    body = request.body or b""
    sent = body if isinstance(body, bytes) else body.encode()
    target = str(url.path) + (f"?{url.query}" if url.query else "")
    first = f"{request.method} {target} HTTP/1.1"
    headers = {"Host": HOST, **dict(request.headers.items()), "Content-Length": str(len(sent))}
    return [line.encode() for line in (first, *map(": ".join, headers.items()))], sent


def asked(server: Running, request: AWSRequest) -> Response:
    lines, body = parts(request)
    return exchange(server, b"\r\n".join([*lines, b"", b""]) + body)


def code(response: Response) -> str:
    if response.headers["content-type"] == "application/cbor":
        return str(cbor2.loads(response.body).get("__type", ""))
    found = CODE.search(response.body)
    return found[1].decode() if found else ""


def message(response: Response) -> str:
    return str(json.loads(response.body)["message"])


# ---- What is taken ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_what_botocore_signs_is_taken(server: Running, kind: str) -> None:
    server.emulator.answers["GetCallerIdentity"] = IDENTITY
    response = asked(server, signed(kind))
    assert response.status == 200, response.body
    assert server.emulator.calls[-1].caller == Caller("111122223333", "eu-west-1")


def test_a_presigned_request_is_taken(server: Running) -> None:
    assert asked(server, presigned()).status == 200
    temporary = Signing("ASIAEXAMPLE", SECRET, TOKEN)
    assert asked(server, presigned(credentials=temporary)).status == 200
    assert server.emulator.calls[-1].caller.account == "222233334444"


def test_an_account_by_its_number(server: Running) -> None:
    assert asked(server, signed(credentials=Signing("333344445555", "of all"))).status == 200
    assert server.emulator.calls[-1].caller.account == "333344445555"
    assert code(asked(server, signed(credentials=Signing("333344445555", "other")))) == INVALID


@settings(deadline=None, max_examples=100)
@given(
    body=st.text(max_size=50),
    region=st.sampled_from(("us-east-1", "eu-central-1", "us-gov-west-1")),
    headers=st.dictionaries(
        st.from_regex(r"x-[a-z]{1,10}", fullmatch=True),
        st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20),
        max_size=3,
    ),
)
def test_any_body_and_headers(
    server: Running, body: str, region: str, headers: dict[str, str]
) -> None:
    request = kms(body)
    for name, value in headers.items():
        request.headers[name] = f" {value}  {value} "
    SigV4Auth(ME, "kms", region).add_auth(request)
    assert code(asked(server, request)) in ("", "SerializationException")


# ---- What is not -----------------------------------------------------------------------------


@settings(deadline=None, max_examples=300)
@given(data=st.data(), kind=st.sampled_from((*KINDS, "presigned")))
def test_one_bit_of_what_is_signed(server: Running, data: st.DataObject, kind: str) -> None:
    """Of method, path, query, each signed header, the signature and its scope, and the body."""
    lines, body = parts(presigned() if kind == "presigned" else signed(kind))
    pieces = [*lines[:-1], body] if body else lines[:-1]  # Content-Length frames the body
    first = len(lines[0]) - len(b" HTTP/1.1")
    which = data.draw(st.integers(0, len(pieces) - 1))
    piece = bytearray(pieces[which])
    of_body = bool(body) and which == len(pieces) - 1
    low = 0 if which == 0 or of_body else piece.index(b":") + 2  # a name is of no case
    at = data.draw(st.integers(low, first - 1 if which == 0 else len(piece) - 1))
    piece[at] ^= 1 << data.draw(st.integers(0, 7))
    pieces[which] = bytes(piece)
    head = pieces[: len(lines) - 1]
    changed = b"\r\n".join([*head, lines[-1], b"", b""]) + (pieces[-1] if body else b"")
    before = len(server.emulator.calls)
    response = exchange(server, changed)
    assert code(response) in REFUSALS, (bytes(piece), response)
    assert response.status in (400, 403)
    assert len(server.emulator.calls) == before


def scope_of(lines: list[bytes]) -> dict[str, Any]:
    """What the server makes of a head."""
    method, _, target = lines[0].removesuffix(b" HTTP/1.1").decode("latin-1").partition(" ")
    path, _, query = target.partition("?")
    pairs = (line.partition(b": ") for line in lines[1:])
    return {
        "method": method,
        "path": path,
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "headers": [(name.lower(), value) for name, _, value in pairs],
    }


@pytest.mark.parametrize("kind", [*KINDS, "presigned"])
def test_every_bit_of_what_is_signed(kind: str) -> None:
    """The same without HTTP, and therefore of each bit there is."""
    emulator = CannedEmulator(
        {"GetCallerIdentity": dict.fromkeys(("Arn", "UserId", "Account"), "")}
    )
    application = Application(emulator, Verifier(KEYS, NOW.timestamp))
    lines, body = parts(presigned() if kind == "presigned" else signed(kind))
    pieces = [*lines[:-1], body]
    assert application.answer_whole(scope_of(pieces[:-1]), body)[0] == 200
    tried, emulator.calls[:] = 0, []
    for which, piece in enumerate(pieces):
        is_header = 0 < which < len(lines) - 1
        first = piece.index(b": ") + 2 if is_header else 0
        last = len(piece) - len(b" HTTP/1.1") if which == 0 else len(piece)
        for at in range(first, last):
            for bit in range(8):
                changed = bytearray(piece)
                changed[at] ^= 1 << bit
                sent = [*pieces[:which], bytes(changed), *pieces[which + 1 :]]
                status, _, answer = application.answer_whole(scope_of(sent[:-1]), sent[-1])
                assert status in (400, 403), (bytes(changed), answer)
                tried += 1
    assert not emulator.calls
    assert tried > 1000


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("kms", (400, "MissingAuthenticationTokenException")),
        ("cloudhsm", (400, "MissingAuthenticationTokenException")),
        ("sts", (403, "MissingAuthenticationToken")),
        ("sts-get", (403, "MissingAuthenticationToken")),
    ],
)
def test_unsigned(server: Running, kind: str, expected: tuple[int, str]) -> None:
    response = asked(server, KINDS[kind][0]())
    assert (response.status, code(response)) == expected


def test_another_kind_of_authorization_is_none(server: Running) -> None:
    request = kms()
    request.headers["Authorization"] = "Basic YTpi"
    assert code(asked(server, request)) == "MissingAuthenticationTokenException"


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_access_key(server: Running, kind: str) -> None:
    response = asked(server, signed(kind, Signing("AKIDNOBODY", SECRET)))
    of_sts = kind.startswith("sts")
    expected = (403, "InvalidClientTokenId") if of_sts else (400, "UnrecognizedClientException")
    assert (response.status, code(response)) == expected
    assert b"The security token included in the request is invalid." in response.body


@pytest.mark.parametrize("kind", KINDS)
def test_another_secret(server: Running, kind: str) -> None:
    response = asked(server, signed(kind, Signing("AKIDEXAMPLE", "another")))
    of_sts = kind.startswith("sts")
    assert (response.status, code(response)) == (
        (403, "SignatureDoesNotMatch") if of_sts else (400, INVALID)
    )
    assert b"The request signature we calculated does not match" in response.body


@pytest.mark.parametrize("token", [None, "another", TOKEN + "x"])
def test_temporary_credentials_need_their_token(server: Running, token: str | None) -> None:
    response = asked(server, signed(credentials=Signing("ASIAEXAMPLE", SECRET, token)))
    assert code(response) == "UnrecognizedClientException"
    assert asked(server, signed(credentials=Signing("ASIAEXAMPLE", SECRET, TOKEN))).status == 200
    permanent = Signing("AKIDEXAMPLE", SECRET, TOKEN)
    assert code(asked(server, signed(credentials=permanent))) == "UnrecognizedClientException"


@pytest.mark.parametrize(
    ("minutes", "kind", "expected"),
    [
        *((5, "kms", ""), (-5, "kms", ""), (15, "sts", ""), (-15, "sts", "")),
        *((6, "kms", INVALID), (-6, "kms", INVALID), (6, "cloudhsm", INVALID)),
        *((16, "sts", "SignatureDoesNotMatch"), (-16, "sts", "SignatureDoesNotMatch")),
        (400 * 24 * 60, "kms", INVALID),
    ],
)
def test_the_window(server: Running, minutes: int, kind: str, expected: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auth, "get_current_datetime", lambda: NOW - timedelta(minutes=minutes))
        response = asked(server, signed(kind))
    assert code(response) == expected
    if (minutes, kind) == (6, "kms"):
        assert message(response) == (
            "Signature expired: 20261125T115400Z is now earlier than 20261125T115500Z "
            "(20261125T120000Z - 5 min.)"
        )
    if (minutes, kind) == (-6, "kms"):
        assert message(response) == (
            "Signature not yet current: 20261125T120600Z is still later than 20261125T120500Z "
            "(20261125T120000Z + 5 min.)"
        )


def test_what_was_presigned_is_taken_as_long_as_it_says_and_of_sts_15_minutes(
    server: Running,
) -> None:
    def code_after(minutes: int, seconds: int, kind: str) -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(auth, "get_current_datetime", lambda: NOW - timedelta(minutes=minutes))
            request = presigned(seconds, kind)
        return code(asked(server, request))

    assert code_after(14, 60, "sts-get") == ""
    assert code_after(16, LONGEST, "sts-get") == "SignatureDoesNotMatch"
    assert code_after(0, LONGEST + 1, "sts-get") == "IncompleteSignature"
    assert code_after(0, 0, "sts-get") == "IncompleteSignature"


@pytest.mark.parametrize(
    ("region", "name", "expected"),
    [
        ("eu-west-1", "s3", "Credential should be scoped to correct service: 'kms'. "),
        ("eu-west-1", "cloudhsm", "Credential should be scoped to correct service: 'kms'. "),
        ("moon-1", "kms", "Credential should be scoped to a valid region. "),
    ],
)
def test_the_scope(server: Running, region: str, name: str, expected: str) -> None:
    response = asked(server, signed("kms", region=region, name=name))
    assert (response.status, code(response)) == (400, INVALID)
    assert message(response) == expected


def test_the_day_of_the_scope_is_that_of_the_date(server: Running) -> None:
    request = signed()
    given = request.headers["Authorization"]
    request.headers.replace_header("Authorization", given.replace("/20261125/", "/20261124/"))
    response = asked(server, request)
    assert code(response) == INVALID
    assert "'20261124' != '20261125', from '20261125T120000Z'" in message(response)


@pytest.mark.parametrize("name", ["host", "x-amz-date", "x-amz-target"])
def test_what_must_be_signed(server: Running, name: str) -> None:
    """A request whose signature is right, but covers too little."""

    class Less(SigV4Auth):
        def headers_to_sign(self, request: AWSRequest) -> HTTPMessage:
            headers = super().headers_to_sign(request)
            del headers[name]
            return headers

    request = kms()
    Less(ME, "kms", "eu-west-1").add_auth(request)
    response = asked(server, request)
    assert code(response) == INVALID
    assert "must be a 'SignedHeader' in the AWS Authorization." in message(response)


def test_content_type_may_be_left_unsigned_as_by_the_sdk_of_php(server: Running) -> None:
    class Less(SigV4Auth):
        def headers_to_sign(self, request: AWSRequest) -> HTTPMessage:
            headers = super().headers_to_sign(request)
            del headers["content-type"]
            return headers

    request = kms()
    Less(ME, "kms", "eu-west-1").add_auth(request)
    assert asked(server, request).status == 200


@pytest.mark.parametrize(
    "added", [("X-Amz-Target", "TrentService.CreateKey"), ("X-Amz-Date", "x"), ("X-Amz-New", "1")]
)
def test_a_header_more(server: Running, added: tuple[str, str]) -> None:
    lines, body = parts(signed())
    lines.append(": ".join(added).encode())
    assert code(exchange(server, b"\r\n".join([*lines, b"", b""]) + body)) in REFUSALS


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        ("AWS4-HMAC-SHA256", "Authorization header requires 'Credential' parameter. "),
        (f"AWS4-HMAC-SHA256 Credential=a/b/c/d, {COVERS}", "Credential must have exactly 5 "),
        (
            f"AWS4-HMAC-SHA512 Credential=a/b/c/d/e, {COVERS}",
            "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512' (only AWS4-HMAC-SHA256 for now). ",
        ),
    ],
)
def test_incomplete(server: Running, authorization: str, expected: str) -> None:
    request = signed()
    request.headers.replace_header("Authorization", authorization)
    response = asked(server, request)
    assert (response.status, code(response)) == (400, "IncompleteSignatureException")
    assert message(response).startswith(expected)


@pytest.mark.parametrize("header", ["X-Amz-Target", "Host", "Content-Type"])
def test_a_header_is_not_read_as_the_last_of_two(server: Running, header: str) -> None:
    """What is signed is both with a comma between them, and so is one value with a comma in it."""
    request = kms()
    request.headers["Host"] = HOST
    del request.headers[header]
    request.headers[header] = "one,two"
    SigV4Auth(ME, "kms", "eu-west-1").add_auth(request)
    lines, body = parts(request)
    at = next(n for n, line in enumerate(lines) if line.lower().startswith(header.lower().encode()))
    lines[at : at + 1] = [f"{header}: {value}".encode() for value in ("one", "two")]
    response = exchange(server, b"\r\n".join([*lines, b"", b""]) + body)
    assert code(response) == INVALID
    assert message(response) == f"'{header.lower()}' is there more than once."


@pytest.mark.parametrize(
    "date",
    [
        *(None, "yesterday", "20261399T000000Z", "Wed, 99 Nov 2026 GMT"),
        "Fri, 31 Dec 9999 23:59:59 -2359",
    ],
)
def test_a_date_that_is_none(server: Running, date: str | None) -> None:
    request = signed()
    del request.headers["X-Amz-Date"]
    if date is not None:
        request.headers["X-Amz-Date"] = date
    assert code(asked(server, request)) == "IncompleteSignatureException"


def test_the_header_date(server: Running) -> None:
    request = kms()
    request.headers["Date"] = "now"
    SigV4Auth(ME, "kms", "eu-west-1").add_auth(request)
    assert asked(server, request).status == 200


@settings(deadline=None, max_examples=200)
@given(value=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60))
def test_whatever_stands_there_is_refused(server: Running, value: str) -> None:
    request = kms()
    request.headers["Authorization"] = f"AWS4-HMAC-SHA256 {value}"
    lines, body = parts(request)
    sent = b"\r\n".join([*(line.decode().encode("latin-1") for line in lines), b"", b""]) + body
    response = exchange(server, sent)
    assert code(response) in REFUSALS


def test_the_admin_routes_are_not_signed(server: Running) -> None:
    health = AWSRequest("GET", f"http://{HOST}/_kmspec/health")
    assert asked(server, health).status == 200


def test_bodies_that_come_later_are_verified_too(server: Running) -> None:
    request = kms(" " * 100_000 + "{}")
    SigV4Auth(ME, "kms", "eu-west-1").add_auth(request)
    assert asked(server, request).status == 200
    request.data = " " * 100_001 + "{}"
    assert code(asked(server, request)) == INVALID
