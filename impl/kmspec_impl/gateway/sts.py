"""The query protocol of STS: the only place that speaks it. GetCallerIdentity is all there is."""

import re
from typing import Final
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from kmspec.names import ErrorCode, Service
from kmspec_impl.caller import Caller
from kmspec_impl.gateway.exchange import EdgeCode, Handling, Refusal, Reply

CONTENT_TYPE: Final = b"text/xml"
FORM: Final = b"application/x-www-form-urlencoded"
"""Media type of a request. Clients of a query service send it, those of the others do not."""

_NAMESPACE: Final = "https://sts.amazonaws.com/doc/2011-06-15/"
_OPERATION: Final = "GetCallerIdentity"
_MEMBERS: Final = ("Arn", "UserId", "Account")
_NAME: Final = re.compile(r"[A-Za-z0-9]{1,64}")
_MOST_FIELDS: Final = 200


class StsRoute:
    """A request of the query protocol; the operation is a field of the form."""

    def answer(self, emulator: Handling, caller: Caller, body: bytes, request_id: str) -> Reply:
        """Say whose the access key is."""
        self._check_action(body)
        identity = emulator.handle(Service.STS, _OPERATION, {}, caller)
        members = "".join(f"<{name}>{escape(identity[name])}</{name}>" for name in _MEMBERS)
        return _xml(
            200,
            f'<{_OPERATION}Response xmlns="{_NAMESPACE}">'
            f"<{_OPERATION}Result>{members}</{_OPERATION}Result>"
            f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
            f"</{_OPERATION}Response>",
        )

    def refuse(
        self, code: ErrorCode | EdgeCode, message: str | None, status: int, request_id: str
    ) -> Reply:
        """An error's document; the sender is to blame unless the status says otherwise."""
        blamed = "Receiver" if status >= 500 else "Sender"  # noqa: PLR2004 - HTTP's own border
        return _xml(
            status,
            f'<ErrorResponse xmlns="{_NAMESPACE}">'
            f"<Error><Type>{blamed}</Type><Code>{code}</Code>"
            f"<Message>{escape(message or '')}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>",
        )

    def _check_action(self, body: bytes) -> None:
        try:
            fields = dict(parse_qsl(body.decode("utf-8"), max_num_fields=_MOST_FIELDS))
        except ValueError as error:
            raise Refusal(EdgeCode.BAD_REQUEST, "The body is not a form in UTF-8.") from error
        action = fields.get("Action")
        if action is None:
            raise Refusal(EdgeCode.MISSING_ACTION, "The form has no field Action.")
        if action != _OPERATION:
            # What is no name is not sent back: it may hold what XML cannot.
            name = action if _NAME.fullmatch(action) else "of that name"
            raise Refusal(
                EdgeCode.INVALID_ACTION,
                f"Could not find operation {name}; kmspec offers {_OPERATION} of STS.",
            )


def _xml(status: int, text: str) -> Reply:
    return Reply(status, CONTENT_TYPE, text.encode("utf-8"))
