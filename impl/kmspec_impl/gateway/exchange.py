"""Exchanges: the only place that says what passes between the HTTP application and a protocol.

The application chooses a :class:`Route` for a request; the route answers it, or says in its own
protocol why it is refused.
"""

from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from kmspec.names import ErrorCode
from kmspec_impl.caller import Caller
from kmspec_impl.storage.tables import Answer, Ask

BODY_LIMIT: Final = 1024 * 1024
"""Bytes of a request's body. The largest request AWS documents has well under half of it."""

NESTING_LIMIT: Final = 64
"""How deep lists and maps of a body may nest. No request AWS documents goes beyond 4."""


class EdgeCode(StrEnum):
    """Error codes of the edge itself; those of AWS's services are in the vocabulary."""

    INTERNAL_FAILURE = "InternalFailure"
    INVALID_ACTION = "InvalidAction"
    MISSING_ACTION = "MissingAction"
    FORBIDDEN = "ForbiddenException"
    NOT_FOUND = "PageNotFoundException"
    METHOD_NOT_ALLOWED = "MethodNotAllowedException"
    TOO_LARGE = "RequestEntityTooLargeException"
    HEADERS_TOO_LARGE = "RequestHeaderFieldsTooLargeException"
    BAD_REQUEST = "BadRequestException"
    REQUEST_TIMEOUT = "RequestTimeoutException"
    # Of signatures, in JSON and CBOR
    MISSING_AUTHENTICATION_TOKEN = "MissingAuthenticationTokenException"  # noqa: S105 - a name
    INCOMPLETE_SIGNATURE = "IncompleteSignatureException"
    UNRECOGNIZED_CLIENT = "UnrecognizedClientException"
    INVALID_SIGNATURE = "InvalidSignatureException"
    # The same in the query protocol
    QUERY_MISSING_AUTHENTICATION_TOKEN = "MissingAuthenticationToken"  # noqa: S105 - a name
    QUERY_INCOMPLETE_SIGNATURE = "IncompleteSignature"
    QUERY_INVALID_CLIENT_TOKEN_ID = "InvalidClientTokenId"  # noqa: S105 - a name
    QUERY_SIGNATURE_DOES_NOT_MATCH = "SignatureDoesNotMatch"


class Refusal(Exception):
    """A request the edge refuses before any service sees it.

    ``message`` names the remedy; ``allow``, of a refused method, the method that is taken.
    """

    def __init__(
        self,
        code: EdgeCode,
        message: str,
        status: int = HTTPStatus.BAD_REQUEST,
        allow: str | None = None,
    ) -> None:
        super().__init__(code, message)
        self.code: Final = code
        self.message: Final = message
        self.status: Final = status
        self.allow: Final = allow


class Reply(NamedTuple):
    """One answer. ``headers`` come besides content type, content length and request id."""

    status: int
    content_type: bytes
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


WholeAnswer: TypeAlias = tuple[int, bytes, bytes]
"""Status, lines of the head but the first, each with its line end, and body."""


class Handling(Protocol):
    """The emulator, as the edge knows it."""

    def handle(
        self, service: str, operation: str, parameters: dict[str, Any], caller: Caller
    ) -> dict[str, Any]:
        """Perform one operation; refuse it by raising ServiceError."""
        ...

    def when_current(self, ask: Ask) -> None:
        """Call ``ask`` once everything is known that anybody was answered, perhaps by the loop.

        It may be called a second time, when :meth:`handle` found that it changes something.
        """
        ...

    def when_safe(self, answer: Answer) -> None:
        """Let the running event loop call ``answer`` once nothing done so far can be lost."""
        ...


class Route(Protocol):
    """One operation in one protocol."""

    def answer(self, emulator: Handling, caller: Caller, body: bytes, request_id: str) -> Reply:
        """Decode, perform and encode; raises ServiceError or :class:`Refusal`."""
        ...

    def refuse(
        self, code: ErrorCode | EdgeCode, message: str | None, status: int, request_id: str
    ) -> Reply:
        """Say the refusal as this protocol does."""
        ...


def take_only(wanted: str, method: str, message: str) -> None:
    """Refuse every method but the one that is ``wanted``."""
    if method != wanted:
        status = HTTPStatus.METHOD_NOT_ALLOWED
        raise Refusal(EdgeCode.METHOD_NOT_ALLOWED, message, status, allow=wanted)
