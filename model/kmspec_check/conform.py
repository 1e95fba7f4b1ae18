"""Conformance: the one call. It holds a target against the model and says what it found."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import botocore

from kmspec.names import Service
from kmspec.tables import Spec, load
from kmspec_check import expected as expectations
from kmspec_check import plan as plans
from kmspec_check import profile as profiles
from kmspec_check.campaign.campaign import Campaign, do_seeds, refuse_crowd
from kmspec_check.campaign.seeds import PHASES as SEEDED
from kmspec_check.campaign.seeds import TOTALS
from kmspec_check.cells import Status
from kmspec_check.endpoint import Endpoint
from kmspec_check.events import Listener, silent
from kmspec_check.matrix import PHASE as MATRIX
from kmspec_check.matrix import matrix
from kmspec_check.phases import timed
from kmspec_check.profile import Profile
from kmspec_check.result import Counted, Coverage, Identity, PhaseDone, Result
from kmspec_check.run import LEVELS, OutOfTimeError, Run
from kmspec_check.smoke import PHASE as SMOKE
from kmspec_check.smoke import account_of, smoke, time_of
from kmspec_check.stopwatch import MONOTONIC
from kmspec_check.target import Clock, Target, Trouble
from kmspec_check.tour import PHASE as TOUR
from kmspec_check.tour import Toured, tour
from kmspec_model import Model, Timing

PHASES = (SMOKE, MATRIX, TOUR, *SEEDED)


class UsageError(ValueError):
    """The checker was called wrongly; the text is one line with the remedy."""


class Options(NamedTuple):
    """What a check is asked for."""

    only: frozenset[str]
    rules: frozenset[str]
    level: str
    expect: Mapping[str, str]
    seed: int
    budget: float | None
    command: str
    version: str
    now: datetime | None
    listener: Listener
    clock: Clock
    campaign: Campaign | None


def areas(spec: Spec) -> tuple[str, ...]:
    """The words that ``only`` takes: areas and phases."""
    resources = {operation.resource for operation in spec.operations.values()}
    outside = {row.outside for row in spec.conditions if row.outside is not None}
    return (*sorted(resources | outside), *PHASES)


def conform(  # noqa: PLR0913 - the options of the command, all with defaults
    target: Target,
    *,
    profile: Profile | str | None = None,
    only: Iterable[str] = (),
    level: str = "should",
    expect: Path | None = None,
    seed: int = 0,
    budget: float | None = None,
    command: str = "",
    version: str = "",
    now: datetime | None = None,
    listener: Listener | None = None,
    rules: Iterable[str] = (),
    model: Model | None = None,
    explored: plans.Explored | None = None,
    clock: Clock = MONOTONIC,
    campaign: Campaign | None = None,
) -> Result:
    """Hold a target against the model.

    ``only`` names areas and phases; ``level`` ``must`` leaves aside what is only inferred;
    ``expect`` is a file of rules known to be violated; ``budget`` is in seconds; ``now`` goes
    into the report and keeps runs against the same endpoint apart; ``version`` is the target's,
    asked for if left out; ``model`` is another than that of the tables, for trying an edit.

    ``rules`` are rule ids: only what they say something of is tried, what they decide first, and
    the check ends as soon as each of them is found violated. ``explored`` is a model whose scopes
    are explored already, which saves that time where many targets are checked by one process.
    ``campaign`` is to do many seeds, ``seed`` and those after it, and by whom: what is found is
    what a check with each of them finds, together.

    :raises UsageError: an option is wrong.
    :raises kmspec_check.profile.ProfileError: the profile is none.
    :raises kmspec_check.expected.ExpectationError: the file of expected violations is wrong.
    """
    if explored is not None:
        model = explored.oracle.model
    elif model is not None:
        explored = plans.Explored(model)
    spec = model.spec if model is not None else load()
    options = Options(
        only=frozenset(only),
        rules=frozenset(rules),
        level=level,
        expect=expectations.read(expect, spec.rules) if expect is not None else {},
        seed=seed,
        budget=budget,
        command=command,
        version=version,
        now=now,
        listener=listener or silent,
        clock=clock,
        campaign=campaign,
    )
    _refuse_unknown(spec, options)
    return _Check(target, _profile_of(target, profile), spec, explored, options).result()


def _refuse_unknown(spec: Spec, options: Options) -> None:
    """Refuse words that mean nothing.

    :raises UsageError: there are such.
    """
    known = areas(spec)
    for word in sorted(options.only - set(known)):
        raise UsageError(f"there is no area {word!r}; choose one of {', '.join(known)}")
    for rule in sorted(options.rules - spec.rules.keys()):
        raise UsageError(f"there is no rule {rule!r}")
    if options.level not in LEVELS[1:]:
        raise UsageError(f"{options.level!r} is no level; give must or should")


def _profile_of(target: Target, profile: Profile | str | None) -> Profile:
    if isinstance(profile, Profile):
        return profile
    if profile is not None:
        return profiles.load(profile)
    return target.profile if isinstance(target, Endpoint) else profiles.load("embedded")


class _Check:
    """One check being made."""

    def __init__(
        self,
        target: Target,
        profile: Profile,
        spec: Spec,
        explored: plans.Explored | None,
        options: Options,
    ) -> None:
        self._target, self._profile, self._spec = target, profile, spec
        self._explored, self._options = explored, options
        self._began = options.clock()
        self._phases: list[PhaseDone] = []
        self._toured: Toured | None = None
        self._seeds = 1
        self._version = ""

    def result(self) -> Result:
        """Run the phases and sum up."""
        try:
            run, plan = self._prepared()
        except Trouble as found:
            return self._could_not_run(str(found))
        trouble = ""
        for name in self._asked_phases():
            if self._options.campaign is not None and name in SEEDED:
                continue
            try:
                self._phase(run, plan, name)
            except Trouble as found:
                trouble = str(found)
                break
        if self._options.campaign is not None and not trouble:
            trouble = self._campaign(run, plan, self._options.campaign)
        passes = self._unexpected_passes(run, plan)
        return Result(
            identity=self._identity(),
            phases=tuple(self._phases),
            cells=run.board.all(),
            violations=tuple(run.violations),
            expected=tuple(self._options.expect.items()),
            unexpected_passes=passes,
            coverage=self._coverage(run, plan),
            steps=run.steps,
            seconds=self._options.clock() - self._began,
            trouble=trouble,
        )

    def _prepared(self) -> tuple[Run, plans.Plan]:
        options, profile = self._options, self._profile
        if isinstance(self._target, Endpoint) and not options.version:
            self._version = self._target.version()
        time = time_of(self._target, profile)
        timing = profile.timing
        low, high = timing.low, timing.high
        if time.flowing and timing.flowing_low is not None and timing.flowing_high is not None:
            low, high = timing.flowing_low, timing.flowing_high
        explored = self._explored = self._explored or plans.Explored(
            Model(self._spec, Timing(low, high, timing.deletion_slack))
        )
        chosen = frozenset(options.only - set(PHASES))
        budget = options.budget
        run = Run(
            target=self._target,
            profile=profile,
            oracle=explored.oracle,
            spec=self._spec,
            clock=options.clock,
            level=options.level,
            seed=options.seed,
            said=self._said(),
            flowing=time.flowing,
            deadline=None if budget is None else self._began + budget,
            listener=options.listener,
            region=self._target.region if isinstance(self._target, Endpoint) else "us-east-1",
            expected=frozenset(options.expect),
            areas=chosen,
            rules=options.rules,
        )
        if not time.movable:
            run.unsupported.add((Service.CLOCK, "Advance"))
        if time.flowing:
            run.unsupported.add((Service.LOAD, "Burst"))
        if not run.isolated:
            run.account = account_of(run)
        if options.campaign is not None:
            refuse_crowd(run, options.campaign, movable=time.movable)
        return run, plans.Plan(explored)

    def _said(self) -> str:
        """What tells this run from earlier ones: of a target of its own there are none."""
        options = self._options
        if options.campaign is not None and not options.campaign.shared:
            return ""
        return f"{options.seed} {options.now.isoformat() if options.now else ''}"

    def _asked_phases(self) -> tuple[str, ...]:
        """Smoke goes first whatever is asked for: it finds what is unsupported."""
        asked = self._options.only & set(PHASES)
        return tuple(name for name in PHASES if not asked or name in asked or name == SMOKE)

    def _phase(self, run: Run, plan: plans.Plan, name: str) -> None:
        work: dict[str, Callable[[], object]] = {
            SMOKE: lambda: smoke(run),
            MATRIX: lambda: matrix(run, plan),
            TOUR: lambda: self._tour(run, plan),
        }
        work.update({name: partial(phase, run, plan) for name, phase in SEEDED.items()})
        self._phases.append(timed(run, name, work[name], self._size(run, plan, name)))

    def _campaign(self, run: Run, plan: plans.Plan, asked: Campaign) -> str:
        """Have the seeds done, where anything that follows from them is asked for."""
        phases = tuple(name for name in self._asked_phases() if name in SEEDED)
        try:
            found = do_seeds(run, plan, asked, phases) if phases else None
        except Trouble as trouble:
            return str(trouble)
        if found is None:
            return ""
        self._seeds = found.seeds
        self._phases += found.phases
        return found.trouble

    def _size(self, run: Run, plan: plans.Plan, name: str) -> int | None:
        if name == SMOKE:
            return len(self._spec.operations)
        if name == MATRIX:
            return sum(len(entries) for entries in plans.matrix_cells(run, plan, name).values())
        return {TOUR: plan.transitions(run), **TOTALS}.get(name)

    def _tour(self, run: Run, plan: plans.Plan) -> None:
        self._toured = tour(run, plan)
        if self._toured.out_of_time:
            raise OutOfTimeError

    def _unexpected_passes(self, run: Run, plan: plans.Plan) -> tuple[str, ...]:
        """Rules that were expected to be violated, were held against the target, and are kept.

        Nothing is said of a rule while some of what it decides was not asked for or not reached.
        """
        open_ = set(run.violated_rules)
        if self._options.expect and run.areas:
            open_ |= plans.rules_of(plan, lambda probe: not run.asks(probe.command))
        cells = run.board.all()
        held = {rule for one in cells if one.status is Status.PASS for rule in one.rules} - open_
        cut_short = any(phase.stopped for phase in self._phases)
        kept = tuple(rule for rule in self._options.expect if rule in held and not cut_short)
        for decided in cells:
            for rule in kept:
                if decided.status is Status.PASS and rule in decided.rules:
                    run.decide(decided.cell, Status.UNEXPECTED_PASS, f"{rule} is kept", (rule,))
        return kept

    def _coverage(self, run: Run, plan: plans.Plan) -> Coverage:
        rules = {rule for rule in self._spec.rules if self._spec.in_scope(rule)}
        if run.areas:
            rules &= plans.rules_of(plan, lambda probe: run.asks(probe.command))
        met = (run.reached.rules | {violation.rule for violation in run.violations}) & rules
        situations = plans.situations(run, plan)
        been = run.reached.situations & situations
        taken = self._toured.taken if self._toured else 0
        missed = self._toured.missed if self._toured else ()
        return Coverage(
            rules=Counted(len(met), len(rules), tuple(sorted(rules - met))),
            situations=Counted(len(been), len(situations), tuple(sorted(situations - been))),
            transitions=Counted(taken, plan.transitions(run), ()),
            missed_transitions=missed,
            unsupported_transitions=self._toured.unsupported if self._toured else 0,
            silent=tuple(sorted(rule for rule in met if self._open(rule))),
        )

    def _open(self, rule: str) -> bool:
        """Whether the rule accepts more than one answer."""
        return len(getattr(self._spec.rules[rule], "answers", ())) > 1

    def _identity(self) -> Identity:
        options = self._options
        endpoint = self._target if isinstance(self._target, Endpoint) else None
        return Identity(
            subject=endpoint.url if endpoint else self._profile.title,
            endpoint_kind="http" if endpoint else "embedded",
            profile=self._profile.name,
            version=options.version or self._version,
            kmspec=metadata.version("kmspec"),
            botocore=botocore.__version__,
            spec=self._explored.edition if self._explored else plans.edition(self._spec),
            seed=options.seed,
            seeds=self._seeds,
            level=options.level,
            date=options.now.isoformat() if options.now else "",
            command=options.command,
        )

    def _could_not_run(self, why: str) -> Result:
        nothing = Counted(0, 0, ())
        return Result(
            identity=self._identity(),
            phases=(),
            cells=(),
            violations=(),
            expected=tuple(self._options.expect.items()),
            unexpected_passes=(),
            coverage=Coverage(nothing, nothing, nothing, (), 0, ()),
            steps=0,
            seconds=self._options.clock() - self._began,
            trouble=why,
        )
