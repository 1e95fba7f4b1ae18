"""The operator: the only place that says to an endpoint what `kmspec hsm` was told."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kmspec.names import HSM_FAULTS, Fault, Service
from kmspec_impl.client.endpoint import Endpoint, accepted
from kmspec_impl.client.errors import RefusedError, UseError


def operate(url: str | None, operation: str, **parameters: object) -> dict[str, Any]:
    """Perform one operation of the operator, whom only a kmspec endpoint knows.

    :raises UseError: there is no such endpoint, or it refused.
    """
    if url is None:
        message = "no endpoint to operate on"
        raise UseError(message, "add --endpoint-url URL, or set AWS_ENDPOINT_URL")
    endpoint = Endpoint(url)
    endpoint.require_kmspec()
    try:
        return accepted(operation, endpoint.call(Service.OPERATOR, operation, parameters))
    except RefusedError as error:
        raise UseError.read(error.message, "see `kmspec hsm --help`") from error


def fault_parameters(name: str, hsm_id: str | None) -> dict[str, str]:
    """The members of SetFault and ClearFault that name a fault.

    :raises UseError: there is no such fault, or it is not one of what was named.
    """
    if name not in set(Fault):
        message = f"there is no fault {name!r}"
        raise UseError(message, f"choose one of {', '.join(Fault)}")
    if name in HSM_FAULTS and hsm_id is None:
        message = f"{name} is a fault of one HSM"
        raise UseError(message, "add --hsm HSM")
    if name not in HSM_FAULTS and hsm_id is not None:
        message = f"{name} is a fault of the whole cluster"
        raise UseError(message, "leave --hsm out")
    return {"Name": name} if hsm_id is None else {"Name": name, "HsmId": hsm_id}


def load_rate(rate: float) -> float:
    """A rate as SetLoad takes it.

    :raises UseError: it is not finite.
    """
    if not math.isfinite(rate):
        message = f"{rate} is no rate"
        raise UseError(message, "give operations per second as a number, such as 3600; 0 ends it")
    return rate


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[str]:
    """Rows as lines of aligned columns; `none` if there are no rows."""
    if not rows:
        yield "none"
        return
    cells = [[str(row.get(column, "")) for column in columns] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    for line in cells:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield "  ".join(padded).rstrip()


def listed(
    member: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool
) -> str:
    """What was listed under a member: JSON, or a table."""
    return json.dumps({member: rows}, indent=2) if as_json else "\n".join(table(rows, columns))
