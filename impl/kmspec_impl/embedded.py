"""The emulator in process: the only place that answers a caller without HTTP.

Time stands still between calls; :meth:`Embedded.advance` moves it.
"""

from collections.abc import Mapping
from typing import Any, Final

from kmspec.names import Service
from kmspec_impl.caller import DEFAULT_CALLER, Caller
from kmspec_impl.clock import VirtualClock
from kmspec_impl.emulator import Settings
from kmspec_impl.errors import ServiceError
from kmspec_impl.mutants.catalogue import emulator

_OK: Final = 200


class Embedded:
    """An emulator on a virtual clock, with the settings of :class:`Settings`.

    ``mutant`` names one of the catalogue, for an emulator that is wrong in that way.

    :raises ValueError: a setting is out of bounds, or there is no such mutant.
    """

    def __init__(
        self,
        delay: float = 0.2,
        quotas: str = "store",
        seed: int = 0,
        mutant: str | None = None,
    ) -> None:
        settings = Settings(delay=delay, quotas=quotas, seed=seed, clock=VirtualClock())
        self._emulator: Final = emulator(settings, mutant)

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
            return _OK, self._emulator.handle(service, operation, dict(parameters), caller)
        except ServiceError as error:
            body = {"__type": error.code.value}
            if error.message is not None:
                body["Message" if service == Service.CLOUDHSM else "message"] = error.message
            return error.status, body

    def advance(self, seconds: float) -> None:
        """Move time; ``seconds`` is not negative."""
        self._emulator.advance(seconds)
