"""The checker as the judge of a mutant: the only place that puts a mutated module in force.

A process that has explored the model forks for each mutant. The child imports the emulator anew
with the one module exchanged, and holds it against the model until the first difference. What
never executes the statement that is mutated cannot tell the mutant, and is not tried.
"""

import random
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import FrameType
from typing import Any, Final, NamedTuple, TypeAlias

from kmspec_check.cells import Cell, Status
from kmspec_check.conform import conform
from kmspec_check.events import CellDecided, Event, Listener, PhaseStarted, ViolationFound
from kmspec_check.plan import Explored, Stop
from kmspec_check.result import Result
from kmspec_check.smoke import PHASE as SMOKE
from kmspec_check.target import Target
from kmspec_model.probes import Probe
from tests.power.sites import GUARDS, Site, named

FIRST: Final = 30
"""So many worlds are tried before all that there are."""
_STANDING_STILL: Final = 400
"""Seconds after which a mutant hangs."""


Line: TypeAlias = tuple[str, int]
"""A module by its dotted name, and the number of a line."""
TraceFunction: TypeAlias = Callable[[FrameType, str, Any], Any]


class Judged(NamedTuple):
    """What came of a mutant."""

    site: Site
    verdict: str
    """survived, violation, error, import, hang; unsupported: an operation is said to be lacking."""
    by: str
    """The rule that is violated, or what went wrong."""
    first: bool
    """Whether the first worlds were enough."""


class _Found(Exception):
    """The first difference."""

    def __init__(self, verdict: str, by: str) -> None:
        super().__init__(by)
        self.verdict, self.by = verdict, by


class Part(NamedTuple):
    """What is played by itself: a world of the matrix, the tour of a scope, or the values."""

    phase: str
    stop: Stop
    """The world; of a tour the first of its scope."""


_OF_VALUES: Final = Part("values", Stop("keys", 0))


class Reached:
    """Which lines of the guards are executed by which parts."""

    def __init__(self, explored: Explored) -> None:
        self.parts = (
            *(Part("matrix", stop) for stop in sorted({stop for stop, _ in explored.cells()})),
            _OF_VALUES,
            *(Part("tour", Stop(scope, 0)) for scope in explored.graphs),
        )
        self._guards = {named(module) for module in GUARDS}
        self.lacking: set[Cell] = set()
        """What cannot be tried of any target; nothing else may be."""
        self._lines: set[Line] = set()
        sys.settrace(self._enter)
        try:
            embedded()
        finally:
            sys.settrace(None)
        self._always = self._lines
        self._of = {part: self._played(explored, part) for part in self.parts}

    def _played(self, explored: Explored, part: Part) -> set[Line]:
        self._lines = set()
        try:
            _played(explored, (part,), self._note)
        finally:
            sys.settrace(None)
        return self._lines

    def by(self, site: Site) -> tuple[Part, ...]:
        """The parts that execute what is mutated: all, if that is done before anything is asked."""
        lines = {(named(site.module), line) for line in site.statement()}
        if not site.within or lines & self._always:
            return self.parts
        return tuple(part for part in self.parts if lines & self._of[part])

    def _note(self, event: Event) -> None:
        """Trace from the end of the smoke test on, which says nothing of a mutant."""
        if isinstance(event, PhaseStarted) and event.phase != SMOKE:
            sys.settrace(self._enter)
        if isinstance(event, CellDecided) and event.status is Status.UNSUPPORTED:
            self.lacking.add(event.cell)

    def _enter(self, frame: FrameType, event: str, _: object) -> TraceFunction | None:
        if event != "call" or frame.f_globals.get("__name__") not in self._guards:
            return None
        return self._line(frame, event, None)

    def _line(self, frame: FrameType, event: str, _: object) -> TraceFunction:
        del event
        self._lines.add((frame.f_globals["__name__"], frame.f_lineno))
        return self._line


class _Chosen(Explored):
    """A part of an explored model: some scopes, and of their worlds some."""

    def __init__(self, explored: Explored, parts: Iterable[Part]) -> None:
        vars(self).update(vars(explored))
        self._stops = frozenset(part.stop for part in parts)
        scopes = {stop.scope for stop in self._stops}
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


def judge(site: Site, explored: Explored, reached: Reached, seed: int) -> Judged:
    """Hold the mutant against the model; for a forked process, which it leaves unusable."""
    parts = reached.by(site)
    worlds = [part for part in parts if part.phase == "matrix"]
    first = random.Random(seed).sample(worlds, min(FIRST, len(worlds)))
    soon = True
    hold = partial(_hold, explored, listener=partial(_stop_at_first, reached.lacking))
    try:
        _exchange(site)
        hold(first)
        soon = False
        hold([part for part in worlds if part not in first])
        for part in parts:
            if part not in worlds:
                hold((part,))
    except _Found as found:
        return Judged(site, found.verdict, found.by, soon)
    return Judged(site, "survived", "" if parts else "never executed", first=False)


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


def _hold(explored: Explored, parts: Sequence[Part], listener: Listener) -> None:
    if not parts:
        return
    try:
        result = _played(explored, parts, listener)
    except _Found:
        raise
    except Exception as error:
        raise _Found("error", repr(error)) from error
    if result.trouble:
        raise _Found("error", result.trouble)


def _played(explored: Explored, parts: Sequence[Part], listener: Listener) -> Result:
    """What came of parts of one phase."""
    chosen, phases = _Chosen(explored, parts), {part.phase for part in parts}
    return conform(embedded(), profile="embedded", only=phases, explored=chosen, listener=listener)


def _stop_at_first(lacking: set[Cell], event: Event) -> None:
    match event:
        case ViolationFound(violation=violation):
            raise _Found("violation", violation.rule)
        case CellDecided(status=Status.ERROR):
            raise _Found("error", str(event.cell))
        case CellDecided(status=Status.UNSUPPORTED) if event.cell not in lacking:
            raise _Found("unsupported", str(event.cell))
