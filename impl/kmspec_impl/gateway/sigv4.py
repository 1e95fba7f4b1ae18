"""Signature Version 4: the only place that verifies signatures.

AWS's order, as observed of a JSON service: whether there is a signature, whether it is complete,
its date, what it must cover, its scope, the access key, and then the signature itself. Codes,
statuses and texts are those observed where they are known; docs/security.md says which are ours.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import quote, unquote_to_bytes

from kmspec.names import Service
from kmspec_impl.caller import Caller
from kmspec_impl.gateway.credentials import Credentials
from kmspec_impl.gateway.exchange import EdgeCode, Refusal
from kmspec_impl.regions import partition_of

MINUTES: Final[Mapping[Service, int]] = {Service.KMS: 5, Service.CLOUDHSM: 5, Service.STS: 15}
"""How far the date of a signature may be from now, either way: what AWS's refusals name."""
LONGEST: Final = 604_800
"""Seconds of X-Amz-Expires: 7 days."""

_ALGORITHM: Final = b"AWS4-HMAC-SHA256"
_TERMINATOR: Final = "aws4_request"
_BASIC_FORMAT: Final = re.compile(rb"[0-9]{8}T[0-9]{6}Z")
_WRITTEN: Final = "%Y%m%dT%H%M%SZ"
_NAMES: Final[Mapping[Service, str]] = {
    Service.KMS: "kms",
    Service.CLOUDHSM: "cloudhsm",
    Service.STS: "sts",
}
"""What a scope calls the services."""
_PARTS_OF_SCOPE: Final = 5
_READ: Final = (b"content-type", b"host")
"""What else of the headers is read, besides those of AWS."""
_SHOWN: Final = re.compile(r"[ -~]{0,64}")
_MISMATCH: Final = (
    "The request signature we calculated does not match the signature you provided. Check your "
    "AWS Secret Access Key and signing method. Consult the service documentation for details."
)
_UNKNOWN: Final = "The security token included in the request is invalid."


class Request(NamedTuple):
    """What of a request can be signed; the names of ``headers`` are in lower case."""

    method: str
    path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes


class _Words(NamedTuple):
    """The codes with which a protocol refuses a signature, and the status of all but one."""

    missing: EdgeCode
    incomplete: EdgeCode
    unknown: EdgeCode
    invalid: EdgeCode
    status: int


_JSON: Final = _Words(
    EdgeCode.MISSING_AUTHENTICATION_TOKEN,
    EdgeCode.INCOMPLETE_SIGNATURE,
    EdgeCode.UNRECOGNIZED_CLIENT,
    EdgeCode.INVALID_SIGNATURE,
    HTTPStatus.BAD_REQUEST,
)
_QUERY: Final = _Words(
    EdgeCode.QUERY_MISSING_AUTHENTICATION_TOKEN,
    EdgeCode.QUERY_INCOMPLETE_SIGNATURE,
    EdgeCode.QUERY_INVALID_CLIENT_TOKEN_ID,
    EdgeCode.QUERY_SIGNATURE_DOES_NOT_MATCH,
    HTTPStatus.FORBIDDEN,
)


class _Claim(NamedTuple):
    """What a request says of its signature, in its header or, presigned, in its query."""

    algorithm: bytes
    credential: bytes
    signed_headers: bytes
    signature: bytes
    date: bytes
    token: bytes | None
    query: bytes
    """The query, without the signature."""
    lifetime: int | None
    """Seconds for which it was presigned."""


class Verifier:
    """Says whose a request is, if its signature is right; ``now`` is the wall clock."""

    def __init__(self, credentials: Credentials, now: Callable[[], float]) -> None:
        self._credentials = credentials
        self._now = now
        self._key = lru_cache(maxsize=1024)(_derived)

    def caller(self, request: Request, service: Service) -> Caller:
        """The account of the access key, and the Region of the scope.

        :raises Refusal: the signature is missing, wrong, or out of date.
        """
        return _Verification(_QUERY if service is Service.STS else _JSON, service, request).caller(
            self._credentials, self._now(), self._key
        )


class _Verification:
    """The verification of one request."""

    def __init__(self, words: _Words, service: Service, request: Request) -> None:
        self._words, self._service, self._request = words, service, request
        values: dict[bytes, list[bytes]] = {}
        for name, value in request.headers:
            values.setdefault(name, []).append(b" ".join(value.split()))
        self._headers = {name: b",".join(several) for name, several in values.items()}
        self._twice = [name for name, several in values.items() if len(several) > 1]

    def caller(
        self, credentials: Credentials, now: float, key_of: Callable[[str, str], bytes]
    ) -> Caller:
        claim = self._claim()
        date = self._dated(claim, now)
        self._covers_enough(claim)
        access_key, scope, region = self._scope(claim, date)
        known = credentials.find(access_key)
        if known is None:
            raise self._unknown()
        expected = self._signature(key_of(known.secret, scope), scope, claim, date)
        if not hmac.compare_digest(expected, claim.signature):
            raise self._invalid(_MISMATCH)
        token = (known.token or "").encode()
        if not hmac.compare_digest(token, claim.token or b""):
            raise self._unknown()
        return Caller(known.account, region)

    def _claim(self) -> _Claim:
        """What the request says of its signature."""
        header, query = self._headers.get(b"authorization"), self._request.query
        if header is not None and header.startswith(b"AWS4-"):
            return self._claim_of_header(header)
        if header is None and b"X-Amz-" in query:
            return self._claim_of_query(query)
        raise Refusal(self._words.missing, "Missing Authentication Token", self._words.status)

    def _claim_of_header(self, header: bytes) -> _Claim:
        algorithm, _, rest = header.partition(b" ")
        given = _pairs(part.strip() for part in rest.split(b","))
        date = self._headers.get(b"x-amz-date") or self._headers.get(b"date")
        missing = [
            f"Authorization header requires '{name}' parameter."
            for name in ("Credential", "Signature", "SignedHeaders")
            if not given.get(name.encode())
        ]
        if date is None:
            missing.append(
                "Authorization header requires existence of either a 'X-Amz-Date' or a "
                "'Date' header."
            )
        if missing or date is None:
            raise self._incomplete(" ".join(missing))
        return _Claim(
            algorithm,
            given[b"Credential"],
            given[b"SignedHeaders"],
            given[b"Signature"],
            date,
            self._headers.get(b"x-amz-security-token"),
            self._request.query,
            None,
        )

    def _claim_of_query(self, query: bytes) -> _Claim:
        given = _pairs(query.split(b"&"))
        names = ("Algorithm", "Credential", "Signature", "SignedHeaders", "Date", "Expires")
        missing = [name for name in names if not given.get(b"X-Amz-" + name.encode())]
        if missing:
            raise self._incomplete(
                " ".join(
                    f"AWS query-string parameters must include 'X-Amz-{name}'." for name in missing
                )
            )
        algorithm, credential, signature, signed, date, expires = (
            unquote_to_bytes(given[b"X-Amz-" + name.encode()]) for name in names
        )
        token = given.get(b"X-Amz-Security-Token")
        if not (expires.isdigit() and len(expires) <= len(str(LONGEST))):
            raise self._incomplete("X-Amz-Expires must be a number.")
        if not 1 <= int(expires) <= LONGEST:
            raise self._incomplete(f"X-Amz-Expires must be 1 to {LONGEST} seconds.")
        unsigned = b"&".join(
            part for part in query.split(b"&") if part.partition(b"=")[0] != b"X-Amz-Signature"
        )
        plain = None if token is None else unquote_to_bytes(token)
        return _Claim(algorithm, credential, signed, signature, date, plain, unsigned, int(expires))

    def _dated(self, claim: _Claim, now: float) -> str:
        """The date of the signature, in the basic format, if it is near enough."""
        moment = _moment(claim.date)
        if moment is None:
            raise self._incomplete(
                f"Date must be in ISO-8601 'basic format'. Got '{_shown(claim.date)}'. "
                "See http://en.wikipedia.org/wiki/ISO_8601"
            )
        minutes = MINUTES[self._service]
        seconds = minutes * 60
        # STS takes a presigned request for 15 minutes, whatever it was presigned for.
        whole = claim.lifetime if claim.lifetime and self._service is not Service.STS else seconds
        if moment < now - whole:
            bound = f"{_written(now - whole)} ({_written(now)} - {whole // 60 or whole} "
            unit = "min.)" if whole >= 60 else "sec.)"  # noqa: PLR2004 - seconds of a minute
            written = _written(moment)
            raise self._invalid(f"Signature expired: {written} is now earlier than {bound}{unit}")
        if moment > now + seconds:
            bound = f"{_written(now + seconds)} ({_written(now)} + {minutes} min.)"
            written = _written(moment)
            raise self._invalid(f"Signature not yet current: {written} is still later than {bound}")
        return _written(moment)

    def _covers_enough(self, claim: _Claim) -> None:
        """See that the host and all headers of AWS are signed, and the algorithm is known."""
        signed = set(claim.signed_headers.split(b";"))
        if b"host" not in signed:
            raise self._invalid(
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
            )
        for name in self._headers:
            if name.startswith(b"x-amz-") and name not in signed:
                shown = _shown(name)
                raise self._invalid(f"'{shown}' must be a 'SignedHeader' in the AWS Authorization.")
        for name in self._twice:
            if name in _READ or name.startswith(b"x-amz-"):
                # What was signed as one value with a comma could be read as the last of two.
                raise self._invalid(f"'{_shown(name)}' is there more than once.")
        if claim.algorithm != _ALGORITHM:
            shown = _shown(claim.algorithm)
            raise self._incomplete(
                f"Unsupported AWS 'algorithm': '{shown}' (only AWS4-HMAC-SHA256 for now). "
            )

    def _scope(self, claim: _Claim, date: str) -> tuple[str, str, str]:
        """The access key, the scope it is used in, and the Region of that."""
        parts = claim.credential.decode("latin-1").split("/")
        if len(parts) != _PARTS_OF_SCOPE:
            raise self._incomplete(
                "Credential must have exactly 5 slash-delimited elements, "
                f"e.g. keyid/date/region/service/term, got '{_shown(claim.credential)}'"
            )
        access_key, day, region, service, terminator = parts
        wrong = []
        if not partition_of(region):
            wrong.append("Credential should be scoped to a valid region. ")
        if service != _NAMES[self._service]:
            name = _NAMES[self._service]
            wrong.append(f"Credential should be scoped to correct service: '{name}'. ")
        if terminator != _TERMINATOR:
            wrong.append(f"Credential should be scoped with a valid terminator: '{_TERMINATOR}'. ")
        if day != date[:8]:
            wrong.append(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
                f"from HTTP: '{_shown(day.encode())}' != '{date[:8]}', from '{date}'. "
            )
        if wrong:
            raise self._invalid("".join(wrong))
        return access_key, "/".join(parts[1:]), region

    def _signature(self, key: bytes, scope: str, claim: _Claim, date: str) -> bytes:
        """The signature that the request should have, in hex."""
        request, headers = self._request, self._headers
        signed = claim.signed_headers
        canonical = b"\n".join(
            (
                request.method.encode(),
                b"/" if request.path == b"/" else quote(request.path, safe="/~").encode(),
                _canonical_query(claim.query),
                *(b"%b:%b" % (name, headers.get(name, b"")) for name in signed.split(b";")),
                b"",
                signed,
                hashlib.sha256(request.body).hexdigest().encode(),
            )
        )
        digest = hashlib.sha256(canonical).hexdigest()
        to_sign = f"{_ALGORITHM.decode()}\n{date}\n{scope}\n{digest}"
        return _hmac(key, to_sign).hex().encode()

    def _incomplete(self, message: str) -> Refusal:
        return Refusal(self._words.incomplete, message)

    def _invalid(self, message: str) -> Refusal:
        return Refusal(self._words.invalid, message, self._words.status)

    def _unknown(self) -> Refusal:
        return Refusal(self._words.unknown, _UNKNOWN, self._words.status)


def _pairs(parts: Iterable[bytes]) -> dict[bytes, bytes]:
    """Names and values; what is named twice is named wrongly, and has no value."""
    found: dict[bytes, bytes] = {}
    for part in parts:
        name, _, value = part.partition(b"=")
        found[name] = b"" if name in found else value
    return found


def _canonical_query(query: bytes) -> bytes:
    """The parameters in order, written as the client wrote them: nothing is read two ways."""
    if not query:
        return b""
    pairs = sorted(part.partition(b"=")[::2] for part in query.split(b"&"))
    return b"&".join(b"%b=%b" % pair for pair in pairs)


def _derived(secret: str, scope: str) -> bytes:
    """The signing key of a secret access key for a scope: date, Region, service, terminator."""
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode("latin-1"), "sha256")


def _moment(date: bytes) -> float | None:
    """Epoch seconds of a date in the basic format, or in that of HTTP; of others ``None``."""
    text = date.decode("latin-1")
    try:
        if _BASIC_FORMAT.fullmatch(date):
            return _moment_of_basic(text)
        found = parsedate_to_datetime(text)
        moment = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        _written(moment)  # by its zone it may be in a year that there is not
    except (ValueError, TypeError, OverflowError):
        return None
    return moment


@lru_cache(maxsize=256)
def _moment_of_basic(text: str) -> float:
    """The same of the basic format: a second has many requests."""
    return datetime.strptime(text, _WRITTEN).replace(tzinfo=UTC).timestamp()


@lru_cache(maxsize=256)
def _written(moment: float) -> str:
    date = datetime.fromtimestamp(moment, UTC)
    return f"{date.year:04}{date:%m%dT%H%M%SZ}"


def _shown(value: bytes) -> str:
    """A value of a client, where it is short and plain enough to be sent back."""
    text = value.decode("latin-1")
    return text if _SHOWN.fullmatch(text) else "..."
