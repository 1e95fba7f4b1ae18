"""What the operations of KMS have in common: pages and refusals of parameters."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from kmspec.names import ErrorCode
from kmspec_impl import pages
from kmspec_impl.errors import ServiceError
from kmspec_impl.realm import Parameters, Response

RowT = TypeVar("RowT")
_DRY_RUN: Final = "The request would have succeeded, but the DryRun option is set."
"""[DryRun]"""


def invalid(message: str) -> ServiceError:
    """ValidationException: a parameter that is wrong by itself or beside another."""
    return ServiceError(ErrorCode.VALIDATION, message)


def out_of_range(member: str, value: int, bounds: range) -> ServiceError:
    """ValidationException in the framework's words, for a bound narrower than the model's."""
    low, high = bounds[0], bounds[-1]
    demand = f"less than or equal to {high}" if value > high else f"greater than or equal to {low}"
    return invalid(
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy "
        f"constraint: Member must have value {demand}"
    )


def not_offered(what: str) -> ServiceError:
    """UnsupportedOperationException: AWS has it, this emulator has not."""
    return ServiceError(ErrorCode.UNSUPPORTED_OPERATION, f"kmspec does not offer {what} yet.")


def not_in_this_region(what: str) -> ServiceError:
    """UnsupportedOperationException: AWS has it in China Regions, none of which is emulated."""
    message = f"{what} is available in China Regions only."
    return ServiceError(ErrorCode.UNSUPPORTED_OPERATION, message)


def stop_dry_run(parameters: Mapping[str, object]) -> None:
    """End a request that would have succeeded and is only to say so.

    :raises ServiceError: DryRunOperationException.
    """
    if parameters.get("DryRun"):
        raise ServiceError(ErrorCode.DRY_RUN, _DRY_RUN)


def page(
    parameters: Parameters,
    member: str,
    rows: Iterable[RowT],
    place: Callable[[RowT], str],
    shape: Callable[[RowT], dict[str, Any]],
    default: int,
    most: int,
) -> Response:
    """The page a request asks for by Limit and Marker, as the response of a list operation.

    What is a long list at times is in order already: see :func:`page_after`.

    :raises ServiceError: those of that.
    """
    after = pages.in_order(rows, place)
    return page_after(parameters, member, after, place, shape, default, most)


def page_after(
    parameters: Parameters,
    member: str,
    after: pages.After[RowT],
    place: Callable[[RowT], str],
    shape: Callable[[RowT], dict[str, Any]],
    default: int,
    most: int,
) -> Response:
    """The same of rows that need not all be looked at.

    :raises ServiceError: InvalidMarkerException; ValidationException for a Limit above the
        documented ``most``, which is below the model's (wire.md, section 6).
    """
    limit = parameters.get("Limit") or default
    if limit > most:
        raise out_of_range("limit", limit, range(1, most + 1))
    try:
        chosen, marker = pages.page(after, place, limit, parameters.get("Marker"), member)
    except pages.TokenError as cause:
        message = "Marker is not one that this operation returned."
        raise ServiceError(ErrorCode.INVALID_MARKER, message) from cause
    response: Response = {member: [shape(row) for row in chosen], "Truncated": marker is not None}
    return response if marker is None else {**response, "NextMarker": marker}
