"""What the operations of CloudHSM have in common: filters, pages, tags, and their refusals."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from kmspec.names import ErrorCode
from kmspec_impl import pages
from kmspec_impl.errors import ServiceError
from kmspec_impl.realm import Parameters

RowT = TypeVar("RowT")
Tags = tuple[tuple[str, str], ...]


def invalid(message: str) -> ServiceError:
    """CloudHsmInvalidRequestException: what AWS answers to nearly everything it refuses."""
    return ServiceError(ErrorCode.CLOUDHSM_INVALID_REQUEST, message)


def filters(
    parameters: Parameters, known: Mapping[str, Callable[[RowT], str | None]]
) -> dict[str, list[str]]:
    """The filters of a request: for each name the values that pass.

    :raises ServiceError: a filter of a name that is not ``known``.
    """
    wanted: dict[str, list[str]] = parameters.get("Filters") or {}
    for name in wanted:
        if name not in known:
            raise invalid(f"There is no filter {name}; use one of {', '.join(sorted(known))}.")
    return wanted


def passes(
    row: RowT,
    wanted: Mapping[str, list[str]],
    known: Mapping[str, Callable[[RowT], str | None]],
) -> bool:
    """Whether a row passes all filters, each by any of its values."""
    return all(known[name](row) in values for name, values in wanted.items())


def page(
    parameters: Parameters,
    rows: Iterable[RowT],
    place: Callable[[RowT], str],
    most: int,
    of: str,
) -> tuple[list[RowT], str | None]:
    """The page a request asks for by MaxResults and NextToken, and the token of the next."""
    limit = parameters.get("MaxResults") or most
    # An empty token is the same as none (wire.md, section 6).
    token = parameters.get("NextToken") or None
    try:
        return pages.page(pages.in_order(rows, place), place, limit, token, of)
    except pages.TokenError as cause:
        raise invalid("NextToken is not one that this operation returned.") from cause


def read_tags(tags: Iterable[Mapping[str, str]] | None) -> Tags:
    """The tags of a request.

    :raises ServiceError: CloudHsmTagException (cloudhsm.md, open question 14).
    """
    pairs = tuple((tag["Key"], tag["Value"]) for tag in tags or ())
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ServiceError(ErrorCode.CLOUDHSM_TAG, "Duplicate tag keys")
    if any(name.lower().startswith("aws:") for name in names):
        raise ServiceError(ErrorCode.CLOUDHSM_TAG, "Tags beginning with aws: are reserved")
    return pairs


def tag_list(tags: Tags) -> list[dict[str, str]]:
    """Tags as responses show them."""
    return [{"Key": name, "Value": value} for name, value in tags]
