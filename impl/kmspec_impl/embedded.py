"""The emulator in process: the only place that answers a caller without HTTP.

Time stands still between calls, and :meth:`Embedded.advance` moves it, unless there is a storage
in which time goes on.
"""

from collections.abc import Mapping
from typing import Any, Final

from kmspec.names import Service
from kmspec_impl.caller import DEFAULT_CALLER, Caller
from kmspec_impl.clock import Clock, VirtualClock
from kmspec_impl.emulator import Settings
from kmspec_impl.errors import ServiceError, lost
from kmspec_impl.mutants.catalogue import emulator
from kmspec_impl.storage.faults import LostError
from kmspec_impl.storage.tables import Storage

_OK: Final = 200


class Embedded:
    """An emulator on a virtual clock, with the settings of :class:`Settings`.

    One with a ``storage`` and no ``clock`` has that of what is kept there, or a real one.

    ``mutant`` names one of the catalogue, for an emulator that is wrong in that way.

    :raises ValueError: a setting is out of bounds, or there is no such mutant.
    """

    def __init__(
        self,
        delay: float = 0.2,
        quotas: str = "store",
        seed: int = 0,
        mutant: str | None = None,
        storage: Storage | None = None,
        clock: Clock | None = None,
        hsm: str | None = None,
    ) -> None:
        if clock is None and storage is None:
            clock = VirtualClock()
        settings = Settings(delay=delay, quotas=quotas, seed=seed, clock=clock, hsm=hsm)
        self._emulator: Final = emulator(settings, mutant, storage)

    def call(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        account: str = DEFAULT_CALLER.account,
        region: str = DEFAULT_CALLER.region,
    ) -> tuple[int, dict[str, Any]]:
        """HTTP status and body of one request: blobs are bytes, timestamps epoch seconds.

        The body of an error has ``__type``, and the text, if there is one, under the name the
        service gives it.
        """
        caller = Caller(account, region)
        try:
            self._emulator.begin()
            try:
                return _OK, self._emulator.handle(service, operation, dict(parameters), caller)
            finally:
                self._emulator.commit()
        except LostError:
            return self._refused(service, lost(service))
        except ServiceError as error:
            return self._refused(service, error)

    def close(self) -> None:
        """Keep what is to be kept. Nothing may be asked after that."""
        self._emulator.close()

    def advance(self, seconds: float) -> None:
        """Move time; ``seconds`` is not negative."""
        self._emulator.begin()
        try:
            self._emulator.advance(seconds)
        finally:
            self._emulator.commit()

    @staticmethod
    def _refused(service: str, error: ServiceError) -> tuple[int, dict[str, Any]]:
        body = {"__type": error.code.value}
        if error.message is not None:
            body["Message" if service == Service.CLOUDHSM else "message"] = error.message
        return error.status, body
