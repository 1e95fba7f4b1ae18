"""The emulator: the one funnel through which every request goes, whoever makes it.

In this order: is there such an operation; is the request well formed; what became due since the
last one; is there a quota for it; then the handler. A handler that refuses has changed nothing.
An emulator is not safe for threads: one event loop calls it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final

from kmspec.names import ErrorCode, Service
from kmspec_impl import operator, sts
from kmspec_impl.caller import DEFAULT_CALLER, Caller
from kmspec_impl.clock import CLOCKS, Clock, RealClock, after
from kmspec_impl.cloudhsm import operations as cloudhsm_operations
from kmspec_impl.errors import ServiceError
from kmspec_impl.gateway.validation import validate
from kmspec_impl.hsm.backend import Backend, MaskingKey, NewDevice, maker
from kmspec_impl.hsm.interface import DeviceError
from kmspec_impl.kms import operations as kms_operations
from kmspec_impl.kms.key_material import unserved
from kmspec_impl.operator_input import Arguments, refused
from kmspec_impl.quotas import Bucket, Enforced, Quotas
from kmspec_impl.realm import OF_REALMS, Handler, Parameters, Response, Shared
from kmspec_impl.storage.faults import DataError
from kmspec_impl.storage.tables import Answer, Ask, Memory, Row, Storage

MOST_SECONDS: Final = 100 * 365.25 * 86_400
"""How far a clock may be moved at once."""

END: Final = 32_503_680_000.0
"""How far it may be moved at all, to 3000-01-01T00:00:00Z: a key that rotates every 90 days has
4000 key materials by then, and AWS's clients know no year after 9999."""


_CLOCK: Final = "clock"


@dataclass(frozen=True, slots=True)
class Ahead:
    """By how many seconds a clock of that kind was moved by hand."""

    id: str
    kind: str
    seconds: float


_KINDS: Final[tuple[type[Row], ...]] = (Ahead, Bucket, *OF_REALMS)
KINDS: Final[Mapping[str, type[Row]]] = {kind.__name__: kind for kind in _KINDS}
"""Every kind of row there is, by the name it has on disk."""


@dataclass(frozen=True)
class Settings:
    """How an emulator behaves.

    ``delay`` is how long asynchronous transitions take, in seconds of ``clock``; ``quotas`` is
    ``none``, ``store`` or ``all``; ``seed`` determines all ids. Without a clock it is
    that of what is kept, or a real one. ``hsm`` is what the HSMs of clusters are: ``software``
    or ``pkcs11``; without it what those that are kept are, or ``software``.

    :raises ValueError: a setting is out of bounds; the text says what it may be.
    """

    delay: float = 0.2
    quotas: str = Enforced.STORE.value
    seed: int = 0
    clock: Clock | None = None
    hsm: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.delay <= MOST_SECONDS:
            raise ValueError(f"delay is {self.delay}; give seconds, 0 or more")
        if self.quotas not in list(Enforced):
            raise ValueError(f"quotas is {self.quotas!r}; use one of {', '.join(Enforced)}")
        if self.hsm is not None and self.hsm not in list(Backend):
            raise ValueError(f"hsm is {self.hsm!r}; use one of {', '.join(Backend)}")


class Emulator:
    """AWS KMS, AWS CloudHSM v2 and a little STS, for all accounts and Regions.

    ``storage`` keeps its state; by default it is lost with the process.

    :raises DataError: what is kept there does not fit the settings.
    :raises BackendError: this machine has no such HSMs.
    """

    def __init__(self, settings: Settings | None = None, storage: Storage | None = None) -> None:
        self.settings: Final = Settings() if settings is None else settings
        self._storage = Memory() if storage is None else storage
        clock = self.settings.clock
        self._ahead = 0.0 if clock is None else clock.ahead
        """What a clock is ahead of which nothing is kept."""
        self._remember()
        self._storage.when_lost, self._storage.when_followed = self._remember, self._find_realms
        self._handlers: Final = {
            (service.value, operation): handler
            for service, handlers in _HANDLERS.items()
            for operation, handler in handlers.items()
        }
        self._own: Final[dict[str, Callable[[str, Parameters], Response]]] = {
            Service.OPERATOR.value: self._operate,
            Service.CLOCK.value: self._tell_time,
        }
        self._storage.commit()

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
        try:
            return handler(realm, parameters, now)
        except DeviceError as error:
            raise unserved(operation, error) from error

    def when_current(self, ask: Ask) -> None:
        """Call ``ask`` once everything is known that anybody was answered, perhaps by the loop.

        It may be called a second time, when :meth:`handle` found that it changes something.
        """
        self._storage.when_current(ask)

    def when_safe(self, answer: Answer) -> None:
        """Let the running event loop call ``answer`` once nothing done so far can be lost."""
        self._storage.when_safe(answer)

    def begin(self) -> None:
        """Return when everything is known that anybody was answered; for a caller without a loop.

        Nobody else changes it until :meth:`commit`.

        :raises LostError: it cannot be found out.
        """
        self._storage.begin()

    def commit(self) -> None:
        """Return when nothing done so far can be lost; for a caller without an event loop.

        :raises LostError: it could not be kept, and is undone.
        """
        self._storage.commit()

    def close(self) -> None:
        """Keep what is to be kept. Nothing may be asked after that."""
        self._storage.close()

    def _remember(self) -> None:
        """Have all that storage keeps; what it does not keep is as at the beginning."""
        settings, storage = self.settings, self._storage
        self._quotas = Quotas(Enforced(settings.quotas), storage.passing(Bucket, "quotas"))
        self._time = storage.table(Ahead, _CLOCK)
        self._shared = Shared(
            settings.delay, settings.seed, self._quotas, storage, self._new_device()
        )
        self._clock = self._going_on()
        self._time.watch(partial(_follow, self._clock))
        if self._clock.kind == RealClock.kind:
            self._shared.seconds_behind = self._storage.seconds_behind

    def _new_device(self) -> NewDevice:
        """What makes HSMs, which must be of the kind that those that are kept are of."""
        kept = self._storage.table(MaskingKey, "hsm")
        other = Backend.PKCS11 if Backend.PKCS11 in kept else Backend.SOFTWARE
        backend = other if self.settings.hsm is None else Backend(self.settings.hsm)
        if self._time.get(_CLOCK) is not None and other is not backend:
            what = f"what is kept there was made by --hsm {other}"
            raise DataError(what, f"use --hsm {other}, or name another place")
        return maker(backend, kept)

    def _going_on(self) -> Clock:
        """A clock on which time goes on where it was; on another kind it could go back.

        It goes back where it was moved and that could not be kept: nothing has been answered since.
        """
        kept, clock = self._time.get(_CLOCK), self.settings.clock
        if clock is None:
            clock = RealClock() if kept is None else CLOCKS[kept.kind]()
        if kept is None:
            kept = self._time.put(Ahead(_CLOCK, clock.kind, self._ahead))
        if kept.kind != clock.kind:
            what = f"what is kept there was made by --clock {kept.kind}"
            raise DataError(what, f"use --clock {kept.kind}, or name another place")
        return clock

    def _find_realms(self) -> None:
        self._shared.find_realms()

    def advance(self, seconds: float) -> float:
        """Move time; the new moment. What becomes due by it happens when it is asked for.

        :raises ServiceError: OperatorInvalidRequest, when time would go back or out of sight.
        """
        if not 0 <= seconds <= MOST_SECONDS:
            raise refused(f"Seconds must be 0 to {MOST_SECONDS:.0f}")
        if self._clock.now() + seconds > END:
            raise refused("The clock goes to the year 3000; start kmspec anew for an earlier time")
        self._time.put(Ahead(_CLOCK, self._clock.kind, after(self._clock.ahead, seconds)))
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


def _follow(clock: Clock, before: Ahead | None, now: Ahead | None) -> None:
    """Be as far ahead as is kept, whoever moved it."""
    del before
    if now is not None:
        clock.advance(after(now.seconds, -clock.ahead))


_HANDLERS: Final[Mapping[Service, Mapping[str, Handler]]] = {
    Service.KMS: kms_operations.HANDLERS,
    Service.CLOUDHSM: cloudhsm_operations.HANDLERS,
    Service.STS: MappingProxyType({"GetCallerIdentity": sts.get_caller_identity}),
}


def _unknown(service: str, operation: str) -> ServiceError:
    message = f"kmspec does not offer {operation} of {service}."
    return ServiceError(ErrorCode.UNKNOWN_OPERATION, message)
