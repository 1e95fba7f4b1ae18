"""Answers: the only place that finds where an answer of HTTP ends, whoever sends it."""

import re
from typing import Final, NamedTuple

END_OF_HEAD: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_CLOSE: Final = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_LAST_CHUNK: Final = b"0\r\n\r\n"


class Answer(NamedTuple):
    """A whole answer; ``closes`` when the server closes the connection after it."""

    status: int
    body: bytes
    closes: bool


def whole(received: bytes) -> Answer | None:
    """The answer, if it has come whole.

    :raises ValueError: it says neither how long it is nor that it comes in chunks.
    """
    head_ends = received.find(END_OF_HEAD)
    if head_ends < 0:
        return None
    found = _LENGTH.search(received, 0, head_ends)
    begins = head_ends + len(END_OF_HEAD)
    if found is not None:
        if len(received) < begins + int(found[1]):
            return None
        body = received[begins:]
    elif _CHUNKED.search(received, 0, head_ends):
        if not received.endswith(_LAST_CHUNK):
            return None
        body = _joined(received[begins:])
    else:
        raise ValueError(f"an answer without a length: {received!r}")
    closes = _CLOSE.search(received, 0, head_ends) is not None or received.startswith(b"HTTP/1.0")
    return Answer(int(received[9:12]), body, closes)


def _joined(chunks: bytes) -> bytes:
    body = b""
    while chunks:
        size, _, rest = chunks.partition(b"\r\n")
        length = int(size, 16)
        body += rest[:length]
        chunks = rest[length + 2 :]
    return body
