"""Guards: the only place where the tables decide whether an operation is refused.

For each operation the cells and conditions that concern it are put in order once. A command is
refused when one of them, at least, does not accept it; which answers are permitted then follows
from the rows alone.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeAlias, TypeVar, get_args

from kmspec.names import KeySpec, Origin
from kmspec.rules import Answer, Cell, Condition, Stage
from kmspec.tables import Spec
from kmspec_model.case import Case, case_of
from kmspec_model.constraints import broken, lower_camel
from kmspec_model.predicates import (
    OF_CASE,
    OF_KEY,
    OF_STORE,
    OfCase,
    OfKey,
    OfStore,
    material_missing,
)
from kmspec_model.states import is_disconnected
from kmspec_model.world import NONE, Key


class Finding(NamedTuple):
    """What one rule says of a case: the answers it accepts, and the KMS key it is about."""

    rule: str
    answers: tuple[Answer, ...]
    key: int = NONE
    region: int | None = None
    """Where that key is, if the rule says which of related keys it is about."""

    @property
    def accepts(self) -> bool:
        """Whether success is among the answers."""
        return any(answer.ok for answer in self.answers)


class Verdict(NamedTuple):
    """What the rules together say of a case.

    ``allowed``: success is permitted. ``refusals``: each permitted refusal, in the order of the
    rules. ``rules``: the rules that a success follows, those of states first. ``concerned``:
    every rule that had something to say, in the order in which they are looked at.
    """

    allowed: bool
    refusals: tuple[tuple[Answer, Finding], ...]
    rules: tuple[str, ...]
    concerned: tuple[str, ...]


_BY_ALIAS = "named-by-alias"
"""The look-up that fails where a KMS key is there, and an alias is no name of it."""

P = TypeVar("P", OfCase, OfKey, OfStore)
Guard: TypeAlias = Callable[[Case], Iterator[Finding]]
Applies: TypeAlias = Callable[[Case], bool]


class Guards(NamedTuple):
    """The guards of one operation, by stage.

    ``beside``: those of ``state`` that count though a look-up failed, since they look at something
    else that the request says, or are asked of each key or store that was found. ``by_id``: whether
    an alias is no name of the key, so that a key named by one is not found.
    """

    syntax: tuple[Guard, ...]
    input: tuple[Guard, ...]
    lookup: tuple[Guard, ...]
    cells: tuple[Guard, ...]
    state: tuple[Guard, ...]
    last: tuple[Guard, ...]
    beside: tuple[Guard, ...]
    by_id: bool

    def judge(self, case: Case) -> Verdict:
        """Hold a case against every guard.

        A failed look-up hides what was not found, and what else the request names is held
        against its own guards: the documents do not say which is looked at first. Nor do they of a
        request that is not well formed, of whose other members the same holds. Of several guards
        that fail, any may be the one that answers.
        """
        malformed = [finding for guard in self.syntax for finding in guard(case)]
        missing = [finding for guard in self.lookup for finding in guard(case)]
        found = malformed or [finding for guard in self.input for finding in guard(case)]
        found += missing
        state, seen = self.state, _well_formed(case) if malformed else case
        if any(not finding.accepts for finding in (*malformed, *missing)):
            state, seen = self.beside, self._found(seen)
        found += [finding for guard in (*self.cells, *state) for finding in guard(seen)]
        failing = [finding for finding in found if not finding.accepts]
        if not failing:
            last = [finding for guard in self.last for finding in guard(case)]
            found += last
            failing = [finding for finding in last if not finding.accepts]
        refusals = tuple(
            (answer, finding)
            for finding in (*failing, *(finding for finding in found if finding.accepts))
            for answer in finding.answers
            if not answer.ok
        )
        rules = tuple(finding.rule for finding in found if finding.accepts)
        return Verdict(not failing, refusals, rules, tuple(finding.rule for finding in found))

    def _found(self, case: Case) -> Case:
        """The case without the key that only an alias names, where an alias is no name."""
        if self.by_id and OF_CASE[_BY_ALIAS](case):
            return case._replace(keys=(), key=None, related=None)
        return case


def _well_formed(case: Case) -> Case:
    """The case without the members that break a constraint."""
    bad = {one.path.partition(".")[0] for one in broken(case.command)}
    kept = tuple(one for one in case.command.arguments if lower_camel(one[0]) not in bad)
    return case_of(case.world, case.command._replace(arguments=kept), case.operation)


def compile_guards(spec: Spec) -> Mapping[str, Guards]:
    """The guards of every operation, by its name."""
    return {name: _guards_of(spec, name) for name in spec.operations}


def _guards_of(spec: Spec, operation: str) -> Guards:
    stages: dict[str, list[Guard]] = {stage: [] for stage in get_args(Stage)}
    beside: list[Guard] = []
    by_id = False
    for condition in spec.conditions:
        if operation in condition.operations and condition.when is not None:
            guard = _of_condition(condition)
            by_id |= condition.stage == "lookup" and condition.when == _BY_ALIAS
            counts = condition.stage == "beside"
            stages["state" if counts else condition.stage].append(guard)
            if counts or (condition.stage == "state" and condition.of != "request"):
                beside.append(guard)
    rows: dict[str, list[Cell]] = {}
    for cell in spec.cells:
        if cell.operation == operation:
            rows.setdefault(f"{cell.table}/{cell.row}", []).append(cell)
    kinds = _by_kind(operation, {cells[0].row for cells in rows.values()})
    cells = tuple(_of_cells(tuple(row), kinds) for row in rows.values())
    return Guards(
        tuple(stages["syntax"]),
        tuple(stages["input"]),
        tuple(stages["lookup"]),
        cells,
        tuple(stages["state"]),
        tuple(stages["last"]),
        tuple(beside),
        by_id,
    )


# ---- Conditions -----------------------------------------------------------------------------


def _of_condition(condition: Condition) -> Guard:
    when = condition.when or ""
    if condition.of == "key":
        return _of_keys_used(condition, _known(OF_KEY, when, condition))
    if condition.of == "store-key":
        return _of_store_keys(condition, when)
    if condition.of == "store":
        return _of_stores(condition, _known(OF_STORE, when, condition))
    holds = _known(OF_CASE, when, condition)
    finding = Finding(condition.id, condition.answers)

    def guard(case: Case) -> Iterator[Finding]:
        if holds(case):
            yield finding

    return guard


def _of_keys_used(condition: Condition, holds: OfKey) -> Guard:
    """A condition that is looked at for each KMS key of the request."""

    def guard(case: Case) -> Iterator[Finding]:
        for key in case.keys:
            if holds(case, key):
                yield Finding(condition.id, condition.answers, key.index)

    return guard


def _of_store_keys(condition: Condition, when: str) -> Guard:
    """A condition that is looked at for each KMS key of a key store in the request."""
    of_key = when == "material-missing"
    of_store: OfStore | None = None if of_key else _known(OF_STORE, when, condition)

    def guard(case: Case) -> Iterator[Finding]:
        for key in case.keys:
            store = case.world.store(key.store) if key.store != NONE else None
            if store is None:
                continue
            cluster = case.world.cluster(store.cluster)
            failed = (
                material_missing(cluster, key)
                if of_store is None
                else of_store(case.world, store, cluster)
            )
            if failed:
                yield Finding(condition.id, condition.answers, key.index)

    return guard


def _of_stores(condition: Condition, holds: OfStore) -> Guard:
    """A condition that is looked at once for each key store that serves the request."""
    finding = Finding(condition.id, condition.answers)

    def guard(case: Case) -> Iterator[Finding]:
        named = {key.store for key in case.keys if key.store != NONE}
        if case.store is not None:
            named.add(case.store.index)
        for index in sorted(named):
            store = case.world.store(index)
            if store is not None and holds(case.world, store, case.world.cluster(store.cluster)):
                yield finding

    return guard


def _known(table: Mapping[str, P], when: str, condition: Condition) -> P:
    if when not in table:
        message = f"conditions.toml, row {condition.id}: the model has no predicate {when!r}"
        raise LookupError(message)
    return table[when]


# ---- Cells ----------------------------------------------------------------------------------


def _of_cells(cells: tuple[Cell, ...], kinds: Mapping[str, Applies]) -> Guard:
    """The row of one operation in one table of states."""
    findings = {cell.state: Finding(cell.id, cell.answers) for cell in cells}
    states = _STATES[cells[0].machine]
    row = cells[0].row
    applies = _ROWS.get(f"{cells[0].table}/{row}", _ROWS.get(row, kinds.get(row)))

    def guard(case: Case) -> Iterator[Finding]:
        if applies is not None and not applies(case):
            return
        for key, state in states(case):
            finding = findings[state]
            yield (finding if key is None else finding._replace(key=key.index, region=key.region))

    return guard


def _of_keys(case: Case) -> Iterator[tuple[Key | None, str]]:
    for key in case.keys:
        yield key, key.state


def _of_resource(name: str) -> Callable[[Case], Iterator[tuple[Key | None, str]]]:
    def states(case: Case) -> Iterator[tuple[Key | None, str]]:
        resource = getattr(case, name)
        if resource is not None:
            yield None, resource.state

    return states


_STATES = {
    "key": _of_keys,
    "connection": _of_resource("store"),
    "cluster": _of_resource("cluster"),
    "hsm": _of_resource("hsm"),
    "backup": _of_resource("backup"),
}

_KINDS: Mapping[str, Callable[[Key], bool]] = {
    "AWS_CLOUDHSM": lambda key: key.origin == Origin.AWS_CLOUDHSM,
    "EXTERNAL": lambda key: key.origin == Origin.EXTERNAL,
    "no-symmetric-key": lambda key: key.spec != KeySpec.SYMMETRIC_DEFAULT,
    "AWS_KMS": lambda key: key.origin == Origin.AWS_KMS,
}
"""The kinds of keys for which an operation may have a row of its own, what counts first first."""


def _by_kind(operation: str, rows: set[str]) -> Mapping[str, Applies]:
    """To which requests each row applies, of an operation that has rows for kinds of keys."""
    own = {kind: f"{operation}-of-{kind}" for kind in _KINDS if f"{operation}-of-{kind}" in rows}
    if not own:
        return {}

    def row_of(case: Case) -> str:
        key = case.key
        found = (row for kind, row in own.items() if key is not None and _KINDS[kind](key))
        return next(found, operation)

    def applies_to(row: str) -> Applies:
        return lambda case: row_of(case) == row

    return {row: applies_to(row) for row in (operation, *own.values())}


_UPDATES = ("KeyStorePassword", "CloudHsmClusterId")


def _is_update(case: Case) -> bool:
    return any(member in case.arguments for member in _UPDATES)


def _is_rename(case: Case) -> bool:
    return "NewCustomKeyStoreName" in case.arguments and not _is_update(case)


def _names_cluster(case: Case) -> bool:
    return "CloudHsmClusterId" in case.arguments


def _begins_to_connect(case: Case) -> bool:
    """Only a connect that begins looks at the cluster."""
    return case.store is not None and is_disconnected(case.store)


def _has(member: str) -> Callable[[Case], bool]:
    return lambda case: member in case.arguments


_ROWS: Mapping[str, Callable[[Case], bool]] = {
    "Rename": _is_rename,
    "Update": _is_update,
    "UpdateCustomKeyStore": _names_cluster,
    "cluster/ConnectCustomKeyStore": _begins_to_connect,
    "ModifyRetention": _has("BackupRetentionPolicy"),
    "ModifyHsmType": _has("HsmType"),
}
"""The rows that concern only some requests of their operation, and which.

The name of its table stands before a row of which another table has one as well.
"""
