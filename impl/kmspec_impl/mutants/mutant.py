"""What a mutant is, and the emulator that is one."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

from kmspec.names import ErrorCode, Service
from kmspec_impl.caller import DEFAULT_CALLER, Caller
from kmspec_impl.emulator import Emulator, Settings
from kmspec_impl.errors import ServiceError
from kmspec_impl.realm import Handler, Parameters, Response
from kmspec_impl.storage.tables import Answer, Storage


class Patch(NamedTuple):
    """Another value for an attribute of a module or class of this package.

    A module that is loaded only when it is needed is given by its name.
    """

    owner: Any
    attribute: str
    value: Any


def nothing(*arguments: object, **options: object) -> None:
    """What stands in for a check that is left out."""
    del arguments, options


class Unseen(NamedTuple):
    """A refusal that is not given: of which operation, its code, and a part of its message."""

    operation: str
    code: ErrorCode
    part: str

    def is_it(self, operation: str, error: ServiceError) -> bool:
        """Whether an operation is refused with it."""
        same = (operation, error.code) == (self.operation, self.code)
        return same and self.part in (error.message or "")


class Mutant(NamedTuple):
    """One way to be wrong: the rule it breaks, and what it does instead, in one sentence."""

    name: str
    rule: str
    sentence: str
    patches: tuple[Patch, ...] = ()
    handlers: tuple[tuple[Service, str, Handler], ...] = ()
    """Operations that are answered differently."""
    unseen: tuple[Unseen, ...] = ()
    """Refusals in whose place there is a success that does nothing."""
    mute: frozenset[str] = frozenset()
    """Operations that answer nothing."""
    idle: frozenset[str] = frozenset()
    """Operations that do nothing, and answer nothing."""
    patience: float = 0.0
    """Seconds until those of ``handlers`` are answered, where there is an event loop."""
    hasty: float = 0.0
    """Seconds by which an answer comes before what it tells of is on its way to the disk."""
    found_by: str = ""
    """The phase of the checker that alone finds it, or ``crash``, where it takes a crash; empty
    where matrix, tour or values do."""

    def told(self) -> dict[str, str]:
        """What anybody is told of it, by the names of the members."""
        told = ("name", "rule", "found_by", "sentence")
        return {word: getattr(self, word) for word in told}


class MutatedEmulator(Emulator):
    """An emulator that is wrong in one way."""

    def __init__(self, settings: Settings, mutant: Mutant, storage: Storage | None = None) -> None:
        super().__init__(settings, storage)
        self._mutant = mutant
        self._patches = tuple(
            patch._replace(owner=import_module(patch.owner)) if type(patch.owner) is str else patch
            for patch in mutant.patches
        )
        for service, operation, handler in mutant.handlers:
            self._handlers[service.value, operation] = handler
        self._patience = 0.0
        """Of the request that is being answered."""

    def handle(
        self,
        service: str,
        operation: str,
        parameters: Parameters,
        caller: Caller = DEFAULT_CALLER,
    ) -> Response:
        """Answer one request, wrongly where the mutant says so.

        :raises ServiceError: the request is refused.
        """
        mutant = self._mutant
        late = any(operation == name for _, name, _ in mutant.handlers)
        self._patience = mutant.patience if late else 0.0
        if operation in mutant.idle:
            return {}
        with _in_force(self._patches):
            try:
                response = super().handle(service, operation, parameters, caller)
            except ServiceError as error:
                if any(one.is_it(operation, error) for one in mutant.unseen):
                    return {}
                raise
        return {} if operation in mutant.mute else response

    def when_safe(self, answer: Answer) -> None:
        """Let the running event loop call ``answer``, in its own time."""
        if self._mutant.hasty:
            loop = asyncio.get_running_loop()
            loop.call_soon(answer, True)  # noqa: FBT003 - its only argument
            loop.call_later(self._mutant.hasty, super().when_safe, nothing)
        else:
            after(self._patience, partial(super().when_safe, answer))


def after(seconds: float, action: Callable[[], object]) -> None:
    """Do something later; at once where there is no event loop, or no time to pass."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        seconds = 0.0
    if seconds:
        loop.call_later(seconds, action)
    else:
        action()


@contextmanager
def _in_force(patches: tuple[Patch, ...]) -> Iterator[None]:
    kept = [Patch(owner, name, getattr(owner, name)) for owner, name, _ in patches]
    try:
        for owner, name, value in patches:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in kept:
            setattr(owner, name, value)
