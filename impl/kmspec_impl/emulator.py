"""The emulator: the one funnel through which every request goes, whoever makes it.

In this order: is there such an operation; is the request well formed; what became due since the
last one; is there a quota for it; then the handler. A handler that refuses has changed nothing.
An emulator is not safe for threads: one event loop calls it.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from kmspec.names import ErrorCode, Service
from kmspec_impl import operator, sts
from kmspec_impl.caller import DEFAULT_CALLER, Caller
from kmspec_impl.clock import Clock, RealClock
from kmspec_impl.cloudhsm import operations as cloudhsm_operations
from kmspec_impl.errors import ServiceError
from kmspec_impl.gateway.validation import validate
from kmspec_impl.kms import operations as kms_operations
from kmspec_impl.operator_input import Arguments, refused
from kmspec_impl.quotas import Enforced, Quotas
from kmspec_impl.realm import Handler, Parameters, Response, Shared

MOST_SECONDS: Final = 100 * 365.25 * 86_400
"""How far a clock may be moved at once."""

END: Final = 32_503_680_000.0
"""How far it may be moved at all, to 3000-01-01T00:00:00Z: a key that rotates every 90 days has
4000 key materials by then, and AWS's clients know no year after 9999."""


@dataclass(frozen=True)
class Settings:
    """How an emulator behaves.

    ``delay`` is how long asynchronous transitions take, in seconds of ``clock``; ``quotas`` is
    ``none``, ``store`` or ``all``; ``seed`` determines all ids.

    :raises ValueError: a setting is out of bounds; the text says what it may be.
    """

    delay: float = 0.2
    quotas: str = Enforced.STORE.value
    seed: int = 0
    clock: Clock = field(default_factory=RealClock)

    def __post_init__(self) -> None:
        if not 0 <= self.delay <= MOST_SECONDS:
            raise ValueError(f"delay is {self.delay}; give seconds, 0 or more")
        if self.quotas not in list(Enforced):
            raise ValueError(f"quotas is {self.quotas!r}; use one of {', '.join(Enforced)}")


class Emulator:
    """AWS KMS, AWS CloudHSM v2 and a little STS, for all accounts and Regions."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings: Final = Settings() if settings is None else settings
        self._clock = self.settings.clock
        self._quotas = Quotas(Enforced(self.settings.quotas))
        self._shared = Shared(self.settings.delay, self.settings.seed, self._quotas)
        self._handlers: Final = {
            (service.value, operation): handler
            for service, handlers in _HANDLERS.items()
            for operation, handler in handlers.items()
        }
        self._own: Final[dict[str, Callable[[str, Parameters], Response]]] = {
            Service.OPERATOR.value: self._operate,
            Service.CLOCK.value: self._tell_time,
        }

    def handle(
        self,
        service: str,
        operation: str,
        parameters: Parameters,
        caller: Caller = DEFAULT_CALLER,
    ) -> Response:
        """Answer one request: blobs are bytes, timestamps epoch seconds, in and out.

        :raises ServiceError: the request is refused, and changed nothing.
        """
        handler = self._handlers.get((service, operation))
        if handler is None:
            if service not in self._own:
                raise _unknown(service, operation)
            return self._own[service](operation, parameters)
        if service != Service.STS:
            validate(service, operation, parameters)
        now = self._clock.now()
        realm = self._shared.realm(caller, now)
        if self._quotas.counts_operations and service == Service.KMS:
            self._quotas.charge_operation(caller, operation, now)
        return handler(realm, parameters, now)

    def when_safe(self, answer: Callable[[], None]) -> None:
        """Let the running event loop call ``answer`` once nothing done so far can be lost."""
        asyncio.get_running_loop().call_soon(answer)

    def advance(self, seconds: float) -> float:
        """Move time; the new moment. What becomes due by it happens when it is asked for.

        :raises ServiceError: OperatorInvalidRequest, when time would go back or out of sight.
        """
        if not 0 <= seconds <= MOST_SECONDS:
            raise refused(f"Seconds must be 0 to {MOST_SECONDS:.0f}")
        if self._clock.now() + seconds > END:
            raise refused("The clock goes to the year 3000; start kmspec anew for an earlier time")
        self._clock.advance(seconds)
        return self._clock.now()

    def _operate(self, operation: str, parameters: Parameters) -> Response:
        return operator.operate(self._shared, operation, parameters, self._clock.now())

    def _tell_time(self, operation: str, parameters: Parameters) -> Response:
        if operation == "Advance":
            seconds = Arguments(operation, parameters, ("Seconds",)).number("Seconds")
            return {"Now": self.advance(seconds)}
        if operation == "Now":
            Arguments(operation, parameters, ())
            return {"Now": self._clock.now()}
        raise _unknown(Service.CLOCK, operation)


_HANDLERS: Final[Mapping[Service, Mapping[str, Handler]]] = {
    Service.KMS: kms_operations.HANDLERS,
    Service.CLOUDHSM: cloudhsm_operations.HANDLERS,
    Service.STS: MappingProxyType({"GetCallerIdentity": sts.get_caller_identity}),
}


def _unknown(service: str, operation: str) -> ServiceError:
    message = f"kmspec does not offer {operation} of {service}."
    return ServiceError(ErrorCode.UNKNOWN_OPERATION, message)
