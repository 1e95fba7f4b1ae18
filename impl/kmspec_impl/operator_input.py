"""What an operator says: the only place that checks the members of operator requests."""

import re
import sys
from collections.abc import Mapping
from typing import Any, Final

from kmspec.names import ErrorCode, Fault
from kmspec_impl.cloudhsm.users import PASSWORD_LENGTHS
from kmspec_impl.errors import ServiceError

_USER_NAME: Final = re.compile(r"[a-z0-9_]{1,31}")
"""[CHSM:cli-user-create]; upper case is shown lower."""


def refused(message: str) -> ServiceError:
    """OperatorInvalidRequest."""
    return ServiceError(ErrorCode.OPERATOR_INVALID_REQUEST, message)


def not_found(message: str) -> ServiceError:
    """OperatorNotFound."""
    return ServiceError(ErrorCode.OPERATOR_NOT_FOUND, message)


class Arguments:
    """The members of one request: all ``required`` ones are there, and no unknown one.

    Every method reads one member and raises OperatorInvalidRequest if it is of the wrong kind.
    """

    def __init__(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        required: tuple[str, ...],
        optional: tuple[str, ...] = (),
    ) -> None:
        self._members = {name: value for name, value in parameters.items() if value is not None}
        takes = f"{operation} takes {', '.join((*required, *optional)) or 'no members'}"
        for name in required:
            if name not in self._members:
                raise refused(f"{name} is missing; {takes}")
        for name in self._members:
            if name not in required and name not in optional:
                raise refused(f"{name} is unknown; {takes}")

    def text(self, name: str) -> str:
        """A string that is not empty."""
        value = self._members[name]
        if not isinstance(value, str) or not value:
            raise refused(f"{name} must be a string that is not empty")
        return value

    def optional_text(self, name: str) -> str | None:
        """A string that is not empty, or nothing."""
        return self.text(name) if name in self._members else None

    def password(self) -> str:
        """A password as HSMs take it."""
        value = self.text("Password")
        if len(value) not in PASSWORD_LENGTHS:
            first, last = PASSWORD_LENGTHS[0], PASSWORD_LENGTHS[-1]
            counted = f"{len(value)} character{'' if len(value) == 1 else 's'}"
            raise refused(f"Password has {counted}; give {first} to {last}")
        return value

    def number(self, name: str) -> float:
        """A number that is not negative."""
        value = self._members[name]
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not 0 <= value <= sys.float_info.max:
            raise refused(f"{name} must be a finite number, 0 or more")
        return float(value)

    def whole_number(self, name: str) -> int:
        """A whole number."""
        value = self._members[name]
        if not isinstance(value, int) or isinstance(value, bool):
            raise refused(f"{name} must be a whole number")
        return value

    def fault(self, name: str) -> Fault:
        """The name of a fault."""
        value = self.text(name)
        if value not in list(Fault):
            raise refused(f"there is no fault {value}; use one of {', '.join(Fault)}")
        return Fault(value)


def check_user_name(arguments: Arguments) -> str:
    """The name of a user to be created, in lower case."""
    name = arguments.text("UserName").lower()
    if not _USER_NAME.fullmatch(name):
        raise refused("UserName must have 1 to 31 letters, digits or underscores")
    return name
