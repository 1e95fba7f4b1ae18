"""Load: the only place that sends many requests at one moment."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from kmspec.names import ErrorCode, Service
from kmspec_check.target import Answer

Asking = Callable[[str, str, Mapping[str, Any]], Answer]

PLAINTEXT = b"kmspec"


def burst(parameters: Mapping[str, Any], asking: Asking) -> Answer:
    """Send ``Count`` Encrypt requests under ``KeyId``, without moving the clock between them.

    The answer says ``Throttled``: ``none``, or ``some`` as soon as one was. Any other refusal is
    the answer itself.
    """
    request = {"KeyId": parameters["KeyId"], "Plaintext": PLAINTEXT}
    throttled = 0
    for _ in range(int(parameters["Count"])):
        answer = asking(Service.KMS, "Encrypt", request)
        if answer.refused and answer.code != ErrorCode.THROTTLING:
            return answer
        throttled += answer.refused
    return Answer(HTTPStatus.OK, {"Throttled": "some" if throttled else "none"})
