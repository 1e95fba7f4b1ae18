"""The limits: what the HTTP stack alone can do, and what it can with JSON and AES-GCM.

``constant`` is an ASGI application that answers every request with constant bytes, as many as the
path says; it is served by uvicorn, by others in ``stacks.py``, and, as a script, by our own server
and its shortcut. So is ``Sealing``, which does nothing but what an Encrypt cannot do without.
"""

import base64
import json
import os
import sys
from functools import cache
from typing import Any, Final, NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.servers.server import HOST, tool
from kmspec_impl.gateway.exchange import WholeAnswer
from kmspec_impl.gateway.server import Server, listen

_USUAL: Final = 333
"""As long as the answer of Encrypt."""
_CONTEXT: Final = b"as long as what is authenticated with a ciphertext usually is: about so long"
_MODULE: Final = "benchmarks.servers.limits"

Message = dict[str, Any]


class Constant(NamedTuple):
    """A constant answer."""

    headers: list[tuple[bytes, bytes]]
    lines: bytes
    body: bytes


@cache
def answer(path: str) -> Constant:
    """The answer to a path such as ``/333``."""
    length = int(path[1:] or _USUAL)
    headers = [
        (b"content-type", b"application/x-amz-json-1.1"),
        (b"content-length", b"%d" % length),
        (b"x-amzn-requestid", b"6b6d7370-6563-4000-8000-000000000000"),
    ]
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    return Constant(headers, lines, b"x" * length)


def of_length(requests: tuple[bytes, ...], length: int) -> tuple[bytes, ...]:
    """The same requests, for constant answers of that length."""
    return tuple(one.replace(b"POST / ", b"POST /%d " % length, 1) for one in requests)


async def constant(scope: Message, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
    """Read the request, and send constant bytes."""
    await receive()
    headers, _, body = answer(scope["path"])
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def rsgi(scope: Any, protocol: Any) -> None:  # noqa: ANN401 - granian's own interface
    """The same for RSGI."""
    await protocol()
    headers, _, body = answer(scope.path)
    protocol.response_bytes(200, [(name.decode(), value.decode()) for name, value in headers], body)


class Sending:
    """Constant bytes by the shortcut."""

    __call__ = staticmethod(constant)

    def answer_whole(self, scope: Message, body: bytes) -> WholeAnswer:
        """The same answer to every request."""
        del body
        _, lines, sent = answer(scope["path"])
        return 200, lines, sent


class Sealing(Sending):
    """JSON and AES-GCM by the shortcut."""

    def __init__(self) -> None:
        self._key = AESGCM(AESGCM.generate_key(256))

    def answer_whole(self, scope: Message, body: bytes) -> WholeAnswer:
        """The Plaintext encrypted, in JSON."""
        del scope
        plaintext = base64.b64decode(json.loads(body)["Plaintext"])
        nonce = os.urandom(12)
        sealed = nonce + self._key.encrypt(nonce, plaintext, _CONTEXT)
        sent = json.dumps({"CiphertextBlob": base64.b64encode(sealed).decode()}).encode()
        lines = b"content-type: application/x-amz-json-1.1\r\ncontent-length: %d\r\n" % len(sent)
        return 200, lines, sent


def uvicorn(port: int) -> list[str]:
    """The command that serves ``constant`` by uvicorn with uvloop and httptools, and no more."""
    options = "--loop uvloop --http httptools --ws none --lifespan off --no-access-log"
    where = ["--host", HOST, "--port", str(port), "--no-server-header", "--no-proxy-headers"]
    return [tool("uvicorn"), *options.split(), *where, f"{_MODULE}:constant"]


def sending_by_shortcut(port: int) -> list[str]:
    """The command that serves :class:`Sending`."""
    return [sys.executable, "-m", _MODULE, "sending", str(port)]


def sealing_by_shortcut(port: int) -> list[str]:
    """The command that serves :class:`Sealing`."""
    return [sys.executable, "-m", _MODULE, "sealing", str(port)]


if __name__ == "__main__":
    application = {"sending": Sending, "sealing": Sealing}[sys.argv[1]]()
    Server(application, lambda: None).run([listen(HOST, int(sys.argv[2]))])
