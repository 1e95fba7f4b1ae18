"""The checker as the judge of a mutant: the only place that puts a mutated module in force.

A process that has explored the model forks for each mutant. The child imports the emulator anew
with the one module exchanged, and holds it against the model until the first difference. What
never executes the statement that is mutated cannot tell the mutant, and is not tried: no world,
and in a world that is reached without it no command.
"""

import random
import signal
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import FrameType
from typing import Any, Final, NamedTuple, TypeAlias
from unittest.mock import patch

from kmspec_check.cells import Cell, Status
from kmspec_check.conform import conform
from kmspec_check.events import CellDecided, Event, Listener, PhaseStarted, ViolationFound
from kmspec_check.plan import Explored, Plan, Stop
from kmspec_check.result import Result
from kmspec_check.session import Result as Taken
from kmspec_check.session import Session
from kmspec_check.smoke import PHASE as SMOKE
from kmspec_check.target import Target
from kmspec_model import Command
from kmspec_model.probes import Probe
from tests.power.sites import GUARDS, Site, named

FIRST: Final = 30
"""So many worlds are tried before all that there are."""
_STANDING_STILL: Final = 400
"""Seconds of computing after which a mutant hangs."""


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


class Tries(NamedTuple):
    """What a part is played for."""

    part: Part
    commands: frozenset[Command] | None
    """In a world those that execute the statement; none: what leads there does, or all that is."""


class Reached:
    """Which lines of the guards are executed by which parts, and in a world by which commands."""

    def __init__(self, explored: Explored) -> None:
        self.parts = (
            *(Part("matrix", stop) for stop in sorted({stop for stop, _ in explored.cells()})),
            _OF_VALUES,
            *(Part("tour", Stop(scope, 0)) for scope in explored.graphs),
        )
        self._guards = {named(module) for module in GUARDS}
        self.lacking: set[Cell] = set()
        """What cannot be tried of any target; nothing else may be."""
        self._by: Command | None = None
        self._lines: defaultdict[Command | None, set[Line]] = defaultdict(set)
        sys.settrace(self._enter)
        try:
            embedded()
        finally:
            sys.settrace(None)
        self._always = self._lines[None]
        self._of = {part: self._played(explored, part) for part in self.parts}

    def _played(self, explored: Explored, part: Part) -> dict[Line, frozenset[Command] | None]:
        self._lines.clear()
        with patch.object(Session, "step", self._stepping(Session.step)):
            try:
                _played(explored, (Tries(part, None),), self._note)
            finally:
                sys.settrace(None)
        way: set[Command | None] = {None, *Plan(explored).way_to(part.stop)}
        found: dict[Line, set[Command | None]] = defaultdict(set)
        for command, lines in self._lines.items():
            for line in lines:
                found[line].add(command)
        whole = part.phase != "matrix"
        return {line: None if whole or by & way else _alone(by) for line, by in found.items()}

    def _stepping(self, step: Callable[..., Taken]) -> Callable[..., Taken]:
        """A step that says what is asked; a view may show what any command did."""

        def stepping(session: Session, command: Command, *, view: bool = False) -> Taken:
            before, self._by = self._by, None if view else command
            try:
                return step(session, command, view=view)
            finally:
                self._by = before

        return stepping

    def by(self, site: Site) -> tuple[Tries, ...]:
        """The parts that execute what is mutated: all, if that is done before anything is asked."""
        lines = {(named(site.module), line) for line in site.lines()}
        if not lines or lines & self._always:
            return tuple(Tries(part, None) for part in self.parts)
        found = []
        for part in self.parts:
            by = [self._of[part][line] for line in lines & self._of[part].keys()]
            if by:
                whole = None in by
                commands = frozenset(one for some in by for one in some or ())
                found.append(Tries(part, None if whole else commands))
        return tuple(found)

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
        self._lines[self._by].add((frame.f_globals["__name__"], frame.f_lineno))
        return self._line


@cache
def _frozen(commands: frozenset[Command]) -> frozenset[Command]:
    """The same set, held once: most lines of a function are executed by the same commands."""
    return commands


def _alone(by: set[Command | None]) -> frozenset[Command]:
    return _frozen(frozenset(one for one in by if one is not None))


class _Chosen(Explored):
    """A part of an explored model: some scopes, of their worlds some, and what is tried there."""

    def __init__(self, explored: Explored, tries: Iterable[Tries]) -> None:
        vars(self).update(vars(explored))
        self._tries = {one.part.stop: one.commands for one in tries}
        scopes = {stop.scope for stop in self._tries}
        self.graphs = {name: graph for name, graph in explored.graphs.items() if name in scopes}

    def cells(self) -> tuple[tuple[Stop, Probe], ...]:
        return tuple(cell for cell in super().cells() if self._is_tried(*cell))

    def _is_tried(self, stop: Stop, probe: Probe) -> bool:
        if stop not in self._tries:
            return False
        commands = self._tries[stop]
        return commands is None or probe.command in commands


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
    tries = reached.by(site)
    worlds = [one for one in tries if one.part.phase == "matrix"]
    first = random.Random(seed).sample(worlds, min(FIRST, len(worlds)))
    soon = True
    hold = partial(_hold, explored, listener=partial(_stop_at_first, reached.lacking))
    try:
        _exchange(site)
        hold(first)
        soon = False
        hold([one for one in worlds if one not in first])
        for one in tries:
            if one not in worlds:
                hold((one,))
    except _Found as found:
        return Judged(site, found.verdict, found.by, soon)
    return Judged(site, "survived", "" if tries else "never executed", first=False)


def _exchange(site: Site) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "kmspec_impl"]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Instead(named(site.module), site.source()))
    signal.signal(signal.SIGPROF, _hangs)
    signal.setitimer(signal.ITIMER_PROF, _STANDING_STILL)
    try:
        embedded()
    except Exception as error:
        raise _Found("import", repr(error)) from error


def _hangs(*_: object) -> None:
    raise _Found("hang", "")


def _hold(explored: Explored, tries: Sequence[Tries], listener: Listener) -> None:
    if not tries:
        return
    try:
        result = _played(explored, tries, listener)
    except _Found:
        raise
    except Exception as error:
        raise _Found("error", repr(error)) from error
    if result.trouble:
        raise _Found("error", result.trouble)


def _played(explored: Explored, tries: Sequence[Tries], listener: Listener) -> Result:
    """What came of parts of one phase."""
    chosen, phases = _Chosen(explored, tries), {one.part.phase for one in tries}
    return conform(embedded(), profile="embedded", only=phases, explored=chosen, listener=listener)


def _stop_at_first(lacking: set[Cell], event: Event) -> None:
    match event:
        case ViolationFound(violation=violation):
            raise _Found("violation", violation.rule)
        case CellDecided(status=Status.ERROR):
            raise _Found("error", str(event.cell))
        case CellDecided(status=Status.UNSUPPORTED) if event.cell not in lacking:
            raise _Found("unsupported", str(event.cell))
