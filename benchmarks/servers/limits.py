"""The limits: what the HTTP stack alone can do, and what it can with JSON and AES-GCM.

``constant`` is an ASGI application that answers every request with the same bytes, as long as
``KMSPEC_BENCH_LENGTH`` says; it is served by uvicorn, by others in ``stacks.py``, and, as a
script, by our own server and its shortcut. So is ``Sealing``, which does nothing but what an
Encrypt cannot do without.
"""

import base64
import json
import os
import sys
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.servers.server import HOST, tool
from kmspec_impl.gateway.exchange import WholeAnswer
from kmspec_impl.gateway.server import Server, listen

LENGTH: Final = "KMSPEC_BENCH_LENGTH"
ANSWER: Final = b"x" * int(os.environ.get(LENGTH, "333"))
HEADERS: Final = [
    (b"content-type", b"application/x-amz-json-1.1"),
    (b"content-length", b"%d" % len(ANSWER)),
    (b"x-amzn-requestid", b"6b6d7370-6563-4000-8000-000000000000"),
]
LINES: Final = b"".join(b"%b: %b\r\n" % header for header in HEADERS)
_CONTEXT: Final = b"as long as what is authenticated with a ciphertext usually is: about so long"

_MODULE: Final = "benchmarks.servers.limits"

Message = dict[str, Any]


async def constant(_: Message, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
    """Read the request, and send constant bytes."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})


async def rsgi(_: Any, protocol: Any) -> None:  # noqa: ANN401 - granian's own interface
    """The same for RSGI."""
    await protocol()
    headers = [(name.decode(), value.decode()) for name, value in HEADERS]
    protocol.response_bytes(200, headers, ANSWER)


class Constant:
    """Constant bytes by the shortcut."""

    __call__ = staticmethod(constant)

    def answer_whole(self, scope: Message, body: bytes) -> WholeAnswer:
        """The same answer to every request."""
        del scope, body
        return 200, LINES, ANSWER


class Sealing(Constant):
    """JSON and AES-GCM by the shortcut."""

    def __init__(self) -> None:
        self._key = AESGCM(AESGCM.generate_key(256))

    def answer_whole(self, scope: Message, body: bytes) -> WholeAnswer:
        """The Plaintext encrypted, in JSON."""
        del scope
        plaintext = base64.b64decode(json.loads(body)["Plaintext"])
        nonce = os.urandom(12)
        sealed = nonce + self._key.encrypt(nonce, plaintext, _CONTEXT)
        answer = json.dumps({"CiphertextBlob": base64.b64encode(sealed).decode()}).encode()
        lines = b"content-type: application/x-amz-json-1.1\r\ncontent-length: %d\r\n" % len(answer)
        return 200, lines, answer


def uvicorn(port: int) -> list[str]:
    """The command that serves ``constant`` by uvicorn with uvloop and httptools, and no more."""
    options = "--loop uvloop --http httptools --ws none --lifespan off --no-access-log"
    where = ["--host", HOST, "--port", str(port), "--no-server-header", "--no-proxy-headers"]
    return [tool("uvicorn"), *options.split(), *where, f"{_MODULE}:constant"]


def constant_by_shortcut(port: int) -> list[str]:
    """The command that serves :class:`Constant`."""
    return [sys.executable, "-m", _MODULE, "constant", str(port)]


def sealing_by_shortcut(port: int) -> list[str]:
    """The command that serves :class:`Sealing`."""
    return [sys.executable, "-m", _MODULE, "sealing", str(port)]


if __name__ == "__main__":
    application = {"constant": Constant, "sealing": Sealing}[sys.argv[1]]()
    Server(application, lambda: None).run([listen(HOST, int(sys.argv[2]))])
