"""Endpoints: the only place where a client of ours speaks HTTP, through botocore.

:class:`Endpoint` answers ``call`` as the embedded emulator does, so whatever is written against
one works on the other. It makes one attempt, within time limits, and never hangs.
"""

import contextlib
import json
import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from botocore import UNSIGNED, xform_name
from botocore.awsrequest import AWSRequest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    ParamValidationError,
)
from botocore.exceptions import ConnectionError as BrokenConnectionError
from botocore.httpsession import URLLib3Session
from botocore.model import OperationModel
from botocore.parsers import ResponseParserError
from botocore.session import Session
from botocore.utils import is_valid_endpoint_url, is_valid_ipv6_endpoint_url

from kmspec.names import Service
from kmspec_impl.client.answers import is_answer
from kmspec_impl.client.errors import RefusedError, UseError
from kmspec_impl.client.polling import moment

DEFAULT_REGION: Final = "us-east-1"
CONNECT_SECONDS: Final = 3
READ_SECONDS: Final = 30
ADMIN_SECONDS: Final = 10
OK: Final = 200
ADMIN_TOKEN: Final = "KMSPEC_ADMIN_TOKEN"  # noqa: S105 - the name of a variable
"""The environment variable with what lets other machines use the administration routes."""

BOTOCORE_NAMES: Final = {Service.KMS: "kms", Service.CLOUDHSM: "cloudhsmv2", Service.STS: "sts"}
"""How botocore calls the services."""

_SPOKEN: Final = {"kms": "KMS", "cloudhsmv2": "CloudHSM", "sts": "STS"}
_ODD: Final = (ResponseParserError, AttributeError, KeyError, TypeError, ValueError)
"""What botocore raises on a body that is JSON or XML, but of another shape than the model's."""
_NO_ANSWER: Final = (HTTPClientError, BrokenConnectionError)
_ROLES_OF_MACHINES: Final = ("container-role", "iam-role")


class Endpoint:
    """One URL, asked in the name of the user's credentials, or unsigned when there are none."""

    def __init__(self, url: str) -> None:
        host = _host(url)
        self.url: Final = url.rstrip("/")
        self._session: Final = Session()
        if not host.endswith((".amazonaws.com", ".api.aws")):
            resolver = self._session.get_component("credential_provider")
            for provider in _ROLES_OF_MACHINES:
                resolver.remove(provider)
        self.region: Final = str(self._session.get_config_variable("region") or DEFAULT_REGION)
        self.signed: Final = self._session.get_credentials() is not None
        self._clients: Final[dict[str, BaseClient]] = {}
        self._http: Final = URLLib3Session(timeout=ADMIN_SECONDS)
        self._virtual: bool | None = None

    def call(
        self, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        """HTTP status and body; blobs are bytes, timestamps are seconds since the epoch.

        :raises UseError: nothing answers at the URL, or what answers is no such service.
        """
        if service in BOTOCORE_NAMES:
            return self._aws_call(BOTOCORE_NAMES[Service(service)], operation, parameters)
        return self._admin("POST", f"/_kmspec/{service}/{operation}", parameters)

    def require_kmspec(self) -> None:
        """Make sure that kmspec answers here: only it has the operator's routes.

        :raises UseError: it is something else.
        """
        status, health = self._admin("GET", "/_kmspec/health", {})
        if status != OK or health.get("status") != "ok":
            raise self._no_kmspec()

    def pause(self) -> None:
        """Let time pass at a kmspec endpoint: a second of a virtual clock, or a real moment.

        A clock that has not moved during a real moment is a virtual one.
        """
        if not self._virtual:
            before = self._now() if self._virtual is None else 0.0
            moment()
            if self._virtual is None:
                self._virtual = self._now() == before
        if self._virtual:
            accepted("Advance", self.call(Service.CLOCK, "Advance", {"Seconds": 1.0}))

    def _now(self) -> float:
        return float(accepted("Now", self.call(Service.CLOCK, "Now", {}))["Now"])

    def aws_options(self) -> str:
        """The options with which the AWS CLI reaches this endpoint in the same name."""
        region = "" if self._session.get_config_variable("region") else f" --region {self.region}"
        return f"--endpoint-url {self.url}{region}{'' if self.signed else ' --no-sign-request'}"

    def _aws_call(
        self, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        method = getattr(self._client(service), xform_name(operation))
        try:
            answer: dict[str, Any] = method(**parameters)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            found = error.response.get("Error", {})
            return status, {
                "__type": found.get("Code", ""),
                "message": found.get("Message", ""),
            }
        except ParamValidationError as error:
            raise UseError(_one_line(error), f"see the parameters of {operation}") from error
        except _NO_ANSWER as error:
            raise self._unreachable(error) from error
        except BotoCoreError as error:
            what = f"{self.url} did not answer as {service} does: {_one_line(error)}"
            raise UseError(what, "check --endpoint-url") from error
        except _ODD as error:
            raise self._no_service(service) from error
        status = answer.pop("ResponseMetadata")["HTTPStatusCode"]
        return status, {name: _plain(value) for name, value in answer.items()}

    def _client(self, service: str) -> BaseClient:
        if service not in self._clients:
            config = Config(
                signature_version=None if self.signed else UNSIGNED,
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"total_max_attempts": 1},
            )
            client: BaseClient = self._session.create_client(
                service, region_name=self.region, endpoint_url=self.url, config=config
            )
            client.meta.events.register("before-parse", self._look_at)
            self._clients[service] = client
        return self._clients[service]

    def _look_at(
        self, operation_model: OperationModel, response_dict: Mapping[str, Any], **_: object
    ) -> None:
        """Stop before botocore parses what is no answer."""
        status, body = response_dict["status_code"], response_dict["body"]
        if not is_answer(operation_model, status, body):
            raise self._no_service(str(operation_model.service_model.service_name))

    def _admin(
        self, method: str, path: str, parameters: Mapping[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        body = json.dumps(parameters) if method == "POST" else ""
        headers = {"Content-Type": "application/json"}
        token = os.environ.get(ADMIN_TOKEN)
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = AWSRequest(method, self.url + path, headers=headers, data=body)
        try:
            answer = self._http.send(request.prepare())
        except _NO_ANSWER as error:
            raise self._unreachable(error) from error
        try:
            parsed = json.loads(answer.content)
        except (ValueError, RecursionError):
            parsed = None
        if not isinstance(parsed, dict):
            raise self._no_kmspec()
        return answer.status_code, parsed

    def _no_service(self, service: str) -> UseError:
        what = f"{self.url} is no {_SPOKEN[service]} endpoint"
        return UseError(what, "start one with `kmspec serve`, or check --endpoint-url")

    def _no_kmspec(self) -> UseError:
        what = f"{self.url} is not a kmspec endpoint"
        return UseError(what, "this needs `kmspec serve`; AWS has no API for it")

    def _unreachable(self, error: Exception) -> UseError:
        return UseError(
            f"{self.url} does not answer ({type(error).__name__})",
            "start one with `kmspec serve`, or check --endpoint-url",
        )


def accepted(operation: str, answer: tuple[int, dict[str, Any]]) -> dict[str, Any]:
    """The body of an answer that is not a refusal.

    :raises RefusedError: it is one.
    """
    status, body = answer
    if status != OK:
        raise RefusedError.of(operation, status, body)
    return body


def _host(url: str) -> str:
    """The host in a URL, if botocore can go there.

    :raises UseError: it is no URL of a host.
    """
    with contextlib.suppress(ValueError):  # a port that is none, half an IPv6 address
        parts = urlsplit(url)
        if "@" in parts.netloc:  # what is said of it does not show it
            what = "the URL of the endpoint has a user or a password in it"
            raise UseError(what, "leave them out: requests are signed")
        known = is_valid_endpoint_url(url) or is_valid_ipv6_endpoint_url(url)
        if parts.scheme in {"http", "https"} and known and parts.port != 0:
            return parts.hostname or ""
    message = f"{url!r} is not a URL"
    raise UseError(message, "write it as http://127.0.0.1:4599")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of a JSON body
    """The same value with timestamps as seconds since the epoch."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value
