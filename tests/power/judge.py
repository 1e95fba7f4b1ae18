"""The checker as the judge of a mutant: the only place that puts a mutated module in force.

A process that has explored the model forks for each mutant. The child imports the emulator anew
with the one module exchanged, and holds it against the model until the first difference. What
never executes the function that is mutated cannot tell the mutant, and is not tried.
"""

import random
import signal
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import FrameType
from typing import Any, Final, NamedTuple

from kmspec_check.cells import Status
from kmspec_check.conform import conform
from kmspec_check.events import CellDecided, Event, ViolationFound
from kmspec_check.oracle import Node
from kmspec_check.plan import Explored, Stop
from kmspec_check.target import Target
from kmspec_model.probes import Probe
from tests.power.sites import Site, named

PHASES: Final = ("matrix", "tour", "values")
FIRST: Final = 30
"""So many worlds are tried before all that there are."""
_VALUES: Final = "keys"
"""The scope that the phase values needs."""
_STANDING_STILL: Final = 400
"""Seconds after which a mutant hangs."""


class Judged(NamedTuple):
    """What came of a mutant."""

    site: Site
    verdict: str
    """survived, violation, error, import, hang."""
    by: str
    """The rule that is violated, or what went wrong."""
    first: bool
    """Whether the first worlds were enough."""


class _Found(Exception):
    """The first difference."""

    def __init__(self, verdict: str, by: str) -> None:
        super().__init__(by)
        self.verdict, self.by = verdict, by


class Reached:
    """Which functions of the emulator are executed at which stops."""

    def __init__(self, explored: Explored) -> None:
        self._at: dict[tuple[str, str], set[Stop]] = defaultdict(set)
        watched = _Watched(explored)
        target = _Traced(embedded(), watched, self._at)
        conform(target, profile="embedded", only=PHASES, explored=watched)

    def by(self, site: Site) -> frozenset[Stop] | None:
        """The stops that execute what is mutated; none is known of what stands in no function."""
        return frozenset(self._at[named(site.module), site.within]) if site.within else None


class _Watched(Explored):
    """The same explored model, which notes the stop that is dealt with."""

    def __init__(self, explored: Explored) -> None:
        vars(self).update(vars(explored))
        self.now = Stop("", 0)

    def node(self, stop: Stop) -> Node:
        self.now = stop
        return super().node(stop)


class _Traced:
    """The emulator, noting what it executes."""

    def __init__(
        self, target: Target, watched: _Watched, at: Mapping[tuple[str, str], set[Stop]]
    ) -> None:
        self._target, self._watched, self._at = target, watched, at

    def _note(self, frame: FrameType, event: str, _: object) -> None:
        module = frame.f_globals.get("__name__", "")
        if event == "call" and module.startswith("kmspec_impl."):
            within = frame.f_code.co_qualname.partition(".<locals>")[0]
            self._at[module, within].add(self._watched.now)

    def call(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        account: str = "000000000000",
        region: str = "us-east-1",
    ) -> tuple[int, dict[str, Any]]:
        sys.setprofile(self._note)
        try:
            return self._target.call(service, operation, parameters, account=account, region=region)
        finally:
            sys.setprofile(None)

    def advance(self, seconds: float) -> None:
        sys.setprofile(self._note)
        try:
            self._target.advance(seconds)  # type: ignore[attr-defined]
        finally:
            sys.setprofile(None)


class _Part(Explored):
    """A part of an explored model."""

    def __init__(self, explored: Explored, stops: Iterable[Stop]) -> None:
        vars(self).update(vars(explored))
        self._stops = frozenset(stops)
        scopes = {stop.scope for stop in self._stops} | {_VALUES}
        self.graphs = {name: graph for name, graph in explored.graphs.items() if name in scopes}

    def cells(self) -> tuple[tuple[Stop, Probe], ...]:
        return tuple(cell for cell in super().cells() if cell[0] in self._stops)


class _Instead(MetaPathFinder, InspectLoader):
    """Another source for one module."""

    def __init__(self, name: str, source: str) -> None:
        self._name, self._source = name, source

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        return spec_from_loader(fullname, self) if fullname == self._name else None

    def get_source(self, fullname: str) -> str:
        del fullname
        return self._source


def embedded() -> Target:
    """An emulator of the modules as they are imported now."""
    from kmspec_impl.embedded import Embedded  # noqa: PLC0415 - perhaps with a module exchanged

    return Embedded()


def judge(site: Site, explored: Explored, reached: Reached | None, seed: int) -> Judged:
    """Hold the mutant against the model; for a forked process, which it leaves unusable."""
    worlds = sorted({stop for stop, _ in explored.cells()})
    known = reached.by(site) if reached else None
    stops = worlds if known is None else [stop for stop in worlds if stop in known]
    first = random.Random(seed).sample(stops, min(FIRST, len(stops)))
    soon = True
    try:
        _exchange(site)
        _hold(_Part(explored, first), ("matrix", "values"))
        soon = False
        if stops:
            _hold(_Part(explored, stops), PHASES)
    except _Found as found:
        return Judged(site, found.verdict, found.by, soon)
    return Judged(site, "survived", "" if stops else "never executed", first=False)


def _exchange(site: Site) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "kmspec_impl"]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Instead(named(site.module), site.source()))
    signal.signal(signal.SIGALRM, _hangs)
    signal.alarm(_STANDING_STILL)
    try:
        embedded()
    except Exception as error:
        raise _Found("import", repr(error)) from error


def _hangs(*_: object) -> None:
    raise _Found("hang", "")


def _hold(part: Explored, phases: Iterable[str]) -> None:
    try:
        result = conform(
            embedded(), profile="embedded", only=phases, explored=part, listener=_stop_at_first
        )
    except _Found:
        raise
    except Exception as error:
        raise _Found("error", repr(error)) from error
    if result.trouble:
        raise _Found("error", result.trouble)


def _stop_at_first(event: Event) -> None:
    match event:
        case ViolationFound(violation=violation):
            raise _Found("violation", violation.rule)
        case CellDecided(status=Status.ERROR):
            raise _Found("error", str(event.cell))
