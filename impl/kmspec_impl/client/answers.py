"""Answers: the only place that judges whether what came back over HTTP answers an operation.

botocore's parsers take a web page for success and fail in their own ways on other odd bodies,
so a body is looked at before they see it.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from botocore.model import OperationModel

ERRORS: Final = 300
"""The first status that is no success."""


def is_answer(operation: OperationModel, status: int, body: bytes) -> bool:
    """Whether a service may answer so: by the protocol of its model, JSON or XML."""
    if operation.service_model.resolved_protocol == "query":
        root = "ErrorResponse" if status >= ERRORS else f"{operation.name}Response"
        return f"<{root}".encode() in body
    if not body:
        return status < ERRORS and not getattr(operation.output_shape, "members", None)
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(parsed, dict) and (status < ERRORS or _is_refusal(parsed))


def _is_refusal(body: Mapping[str, Any]) -> bool:
    """Whether the code and the message of a refusal are text, or left out."""
    return all(isinstance(body.get(name, ""), str) for name in ("__type", "message", "Message"))
