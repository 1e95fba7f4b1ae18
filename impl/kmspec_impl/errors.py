"""Refusals: the only place that says how a service refuses a request.

A handler raises :class:`ServiceError`; whoever answers the caller (the gateway over HTTP, the
embedded target in process) turns it into a status and a body. Status is 400 except for what
the service models mark as faults (wire.md, section 4 and open question 1).
"""

from typing import Final

from kmspec.names import ErrorCode, Service

CLIENT_ERROR: Final = 400

_FAULTS: Final = {
    ErrorCode.KMS_INTERNAL: 500,
    ErrorCode.DEPENDENCY_TIMEOUT: 503,
    ErrorCode.CLOUDHSM_INTERNAL_FAILURE: 500,
}


class ServiceError(Exception):
    """A request that is refused; the emulator's state is as it was before the request.

    ``message`` is the text for the caller, or ``None`` where AWS sends none. ``status`` is the
    HTTP status; left out, it is the one that belongs to the code.
    """

    def __init__(
        self, code: ErrorCode, message: str | None = None, status: int | None = None
    ) -> None:
        super().__init__(code, message)
        self.code: Final = code
        self.message: Final = message
        self.status: Final = _FAULTS.get(code, CLIENT_ERROR) if status is None else status

    def __str__(self) -> str:
        return self.code if self.message is None else f"{self.code}: {self.message}"


def lost(service: str) -> ServiceError:
    """That a request of a service could not be kept, as that service says it."""
    cloudhsm = service == Service.CLOUDHSM
    code = ErrorCode.CLOUDHSM_INTERNAL_FAILURE if cloudhsm else ErrorCode.KMS_INTERNAL
    return ServiceError(code, _LOST)


_LOST: Final = "kmspec could not keep what this request changed, and has undone it."
