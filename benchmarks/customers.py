"""Customers: the only place that makes keys and stores at a server, and requests as boto3 does."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, Self

import boto3
from botocore.config import Config

from benchmarks.servers.emulators import SECRET
from benchmarks.servers.server import Server
from kmspec_check.endpoint import Endpoint
from kmspec_impl.client import keystore

REGION: Final = "us-east-1"
PLAINTEXT: Final = bytes(range(32))
CONTEXT: Final = {"purpose": "benchmark"}


@cache
def _session() -> boto3.Session:
    return boto3.Session(region_name=REGION)


class Customer:
    """An account at a server, with a key there, of its own key store if it has one."""

    def __init__(
        self, server: Server, account: str = "000000000000", *, store: bool = False
    ) -> None:
        self.client = _session().client(
            "kms",
            endpoint_url=server.url,
            aws_access_key_id=account,
            aws_secret_access_key=SECRET,
            config=Config(retries={"total_max_attempts": 1}, tcp_keepalive=True),
        )
        self._host = f"{server.host}:{server.port}"
        self.origin: dict[str, str] = {}
        """What CreateKey is told, so that the key is made where this customer has its keys."""
        if store:
            with Endpoint(server.url) as endpoint:
                made = keystore.up(_Account(endpoint, account), "benchmark", lambda: None)
            self.origin = {"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": made.store_id}
        self.key: Final[str] = self.client.create_key(**self.origin)["KeyMetadata"]["KeyId"]
        self.sealed: Final[bytes] = self.client.encrypt(
            KeyId=self.key, Plaintext=PLAINTEXT, EncryptionContext=CONTEXT
        )["CiphertextBlob"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def request(self, operation: str, parameters: Mapping[str, Any]) -> bytes:
        """The bytes that boto3 sends for it; it is done once.

        :raises botocore.exceptions.ClientError: it is refused.
        """
        sent: list[bytes] = []

        def keep(request: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
            head = "".join(f"{name}: {_text(value)}\r\n" for name, value in request.headers.items())
            start = f"POST / HTTP/1.1\r\nHost: {self._host}\r\n{head}\r\n"
            sent.append(start.encode() + request.body)

        events, name = self.client.meta.events, f"before-send.kms.{operation}"
        events.register(name, keep)
        self.done(operation, parameters)
        events.unregister(name, keep)
        return sent[0]

    def done(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Do an operation, by AWS's name of it.

        :raises botocore.exceptions.ClientError: it is refused.
        """
        ask = self.client._make_api_call  # noqa: SLF001 - its methods have names of their own
        made: dict[str, Any] = ask(operation, dict(parameters))
        return made

    def decrypt(self, sealed: bytes) -> bytes:
        """What is in a ciphertext of this customer.

        :raises botocore.exceptions.ClientError: it is none.
        """
        opened = self.client.decrypt(CiphertextBlob=sealed, EncryptionContext=CONTEXT)
        return bytes(opened["Plaintext"])


class _Account:
    """An account at our own server, for `kmspec keystore up`."""

    def __init__(self, endpoint: Endpoint, account: str) -> None:
        self._endpoint, self._account = endpoint, account

    def call(
        self, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        return self._endpoint.call(service, operation, parameters, account=self._account)


def _text(value: str | bytes) -> str:
    """A header's value; botocore keeps some as bytes."""
    return value if isinstance(value, str) else value.decode("latin-1")
