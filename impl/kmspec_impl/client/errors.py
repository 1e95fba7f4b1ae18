"""Wrong use: the only place that says how the command line is told of a user's mistake."""

from collections.abc import Mapping
from typing import Any, Final


class UseError(Exception):
    """Something the user can mend: ``what`` is wrong and the ``remedy``, one line together."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what: Final = what
        self.remedy: Final = remedy

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}"

    @classmethod
    def read(cls, line: str, remedy: str = "see `kmspec --help`") -> "UseError":
        """What somebody else complained of: ``what; remedy``, or only what."""
        what, _, told = " ".join(line.split()).partition("; ")
        return cls(what.rstrip("."), told or remedy)


class RefusedError(Exception):
    """A service refused an operation: its HTTP ``status``, error ``code`` and ``message``."""

    def __init__(self, operation: str, status: int, code: str, message: str) -> None:
        super().__init__(operation, status, code, message)
        self.operation: Final = operation
        self.status: Final = status
        self.code: Final = code
        self.message: Final = message

    def __str__(self) -> str:
        text = " ".join(self.message.split())
        return f"{self.operation} was refused: {self.code} (HTTP {self.status}) {text}".rstrip()

    @classmethod
    def of(cls, operation: str, status: int, body: Mapping[str, Any]) -> "RefusedError":
        """The refusal an answer carries; AWS spells the text ``message`` or ``Message``."""
        code = str(body.get("__type", "")).rpartition("#")[2] or "no error code"
        message = body.get("message") or body.get("Message") or ""
        return cls(operation, status, code, str(message))
