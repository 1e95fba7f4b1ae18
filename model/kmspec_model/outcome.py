"""Outcomes: the only place that says how what a target may answer is described.

An outcome is a success whose response must fit a pattern, or a refusal with an error code.
Patterns are open: members that a pattern does not name may have any value.
"""

from enum import Enum
from typing import NamedTuple, TypeAlias, Union

from kmspec_model.command import Ref


class Mark(Enum):
    """Patterns that need no value of their own."""

    ABSENT = "absent"
    """The member must not be there."""
    PRESENT = "present"
    """The member must be there, with any value but null."""


class Bind(NamedTuple):
    """Any value; from here on ``ref`` stands for it.

    It must differ from every value that another reference of the same kind is bound to, and
    begin with ``begins``.
    """

    ref: Ref
    begins: str = ""


class OneOf(NamedTuple):
    """Any of these."""

    options: tuple["Pattern", ...]


class Members(NamedTuple):
    """A structure with these members; others are free."""

    fields: tuple[tuple[str, "Pattern"], ...]


class Items(NamedTuple):
    """A list of structures, in any order, one for each entry.

    ``by`` names the member that identifies an item. An entry whose ``by`` is a :class:`Bind`
    takes the last item, in the order of the list, that no other entry claims and that fits;
    where the reference is bound already, its own item.
    In an account that the checker has to itself nothing else may be listed; ``free`` entries
    of this kind of list may come on top anywhere.
    """

    by: str
    entries: tuple[Members, ...]
    free: bool = False
    also: tuple[Members, ...] = ()
    """What may be listed on top: any number of items that fit one of these."""
    rising: str = ""
    """A member by which the list is sorted, if it is: from one item to the next it never falls."""
    least: int = 0
    """So many items there are at least, where some of them have no entry."""


class Values(NamedTuple):
    """A list of exactly these values, in any order."""

    values: tuple[str, ...]


class Text(NamedTuple):
    """A text that a regular expression fits as a whole."""

    expression: str


class Sized(NamedTuple):
    """So many bytes."""

    length: int


class Sealed(NamedTuple):
    """What only the enclave of the attestation document ``to`` can open; inside is ``content``."""

    to: Ref
    content: "Pattern"


Pattern: TypeAlias = Union[
    str,
    int,
    float,
    bool,
    bytes,
    Ref,
    Mark,
    Bind,
    OneOf,
    "Members",
    "Items",
    Values,
    Text,
    Sized,
    Sealed,
]


def members(**fields: Pattern) -> Members:
    """A structure pattern from keyword arguments."""
    return Members(tuple(fields.items()))


class Success(NamedTuple):
    """The operation is answered with HTTP status 200 and a response of this pattern."""

    response: Members = Members(())


class Refusal(NamedTuple):
    """The operation is refused with this error code, and changes nothing.

    ``message`` is the documented text with references in braces (``{key#0.arn} is disabled.``),
    or ``None`` where the text is not known and must not be compared. ``status`` is the HTTP
    status. Code and the fact of refusal have the level of the rule; message and status are
    always level ``should``.
    """

    code: str
    message: str | None = None
    status: int = 400


Outcome: TypeAlias = Success | Refusal
