"""The loader: the only place where the tables are read, checked and put together.

A wrong row is an error that names the file and the row: a state, operation, error or member that
AWS's service model does not know, a missing source, an answer that is not defined, a state for
which a row decides nothing.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import chain
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError

from kmspec.faults import TableError
from kmspec.model_of_aws import check_against_service_models, check_kinds_of_key
from kmspec.rules import (
    Answer,
    Cell,
    Condition,
    ConnectFailure,
    Effect,
    Error,
    KindOfKey,
    Machine,
    Operation,
    Quota,
    Rule,
    SigningAlgorithm,
    Source,
    State,
    Together,
    Transition,
)

MACHINES = ("key", "connection", "cluster", "hsm", "backup")
CELL_TABLES = (
    "key_states",
    "connection_states",
    "cluster_states",
    "hsm_states",
    "backup_states",
)
"""Files, or folders of files, whose rows decide cells."""

Table: TypeAlias = dict[str, Any]
R = TypeVar("R", bound=BaseModel)


class Spec(NamedTuple):
    """All that the tables say, put together."""

    sources: Mapping[str, Source]
    answers: Mapping[str, Answer]
    machines: Mapping[str, Machine]
    operations: Mapping[str, Operation]
    cells: tuple[Cell, ...]
    conditions: tuple[Condition, ...]
    effects: tuple[Effect, ...]
    connection_errors: tuple[ConnectFailure, ...]
    together: tuple[Together, ...]
    errors: Mapping[str, Error]
    quotas: tuple[Quota, ...]
    key_specs: Mapping[str, KindOfKey]
    signing_algorithms: Mapping[str, SigningAlgorithm]
    rules: Mapping[str, Rule]

    def operation(self, service: str, called: str) -> Operation:
        """The operation that a service knows by a name.

        :raises KeyError: no table has it.
        """
        qualified = self.operations.get(f"{service}:{called}")
        return qualified if qualified is not None else self.operations[called]

    def in_scope(self, rule: str) -> bool:
        """Whether anything in scope leads to where a rule applies.

        Some states are named by AWS and reached only by what is not specified here yet; and some
        conditions only explain what other rows decide, or say what is not specified here.
        """
        row = self.rules[rule]
        if isinstance(row, Condition):
            return row.when is not None and row.outside is None
        if not isinstance(row, Cell):
            return True
        state = next(one for one in self.machines[row.machine].states if one.name == row.state)
        return row.reached and state.reached and (row.machine != "key" or bool(state.kinds))

    def permitted_moves(self, machine: str) -> tuple[Transition, ...]:
        """The transitions of a machine, without those of an operation that its cell refuses."""
        cells = [cell for cell in self.cells if cell.machine == machine]
        decided = {(cell.operation, cell.state) for cell in cells}
        refused = decided - {(cell.operation, cell.state) for cell in cells if cell.permits}
        moves = self.machines[machine].transitions
        return tuple(move for move in moves if (move.trigger, move.origin) not in refused)

    def with_cell(self, rule: str, *answers: str) -> "Spec":
        """The same tables with other answers in one cell, as an edit of its row would give.

        :raises KeyError: there is no such cell, or no such answer.
        """
        cell = self.rules[rule]
        if not isinstance(cell, Cell):
            raise KeyError(rule)
        changed = cell.model_copy(update={"answers": tuple(self.answers[name] for name in answers)})
        cells = tuple(changed if old is cell else old for old in self.cells)
        rules = MappingProxyType({**self.rules, rule: changed})
        return self._replace(cells=cells, rules=rules)


@cache
def load() -> Spec:
    """The tables of this package, read and checked once.

    :raises TableError: a row is wrong.
    """
    return assemble(read_all())


def read_all() -> dict[str, Table]:
    """Every table file as TOML gives it, by its path below `tables` without its ending."""
    return dict(_files(resources.files("kmspec").joinpath("tables"), ""))


def _files(folder: Traversable, place: str) -> Iterator[tuple[str, Table]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _files(entry, f"{place}{entry.name}/")
        elif entry.name.endswith(".toml"):
            name = entry.name.removesuffix(".toml")
            yield f"{place}{name}", tomllib.loads(entry.read_text("utf-8"))


def _parts(tables: Mapping[str, Table], name: str) -> Iterator[tuple[str, Table]]:
    """The file of a table, or each file of its folder, by the name it has in messages."""
    for file, table in tables.items():
        if file == name or file.startswith(f"{name}/"):
            yield file, table


def assemble(tables: Mapping[str, Table]) -> Spec:
    """Put the tables together and check every row.

    :raises TableError: a row is wrong.
    """
    answers = {name: _row(Answer, "answers", name, row) for name, row in tables["answers"].items()}
    machines = {name: _machine(name, tables[name]) for name in MACHINES}
    operations = _operations(tables)
    cells = tuple(
        cell
        for name in CELL_TABLES
        for file, table in _parts(tables, name)
        for cell in _cells(file, table, machines, answers)
    )
    conditions = tuple(
        condition
        for file, table in _parts(tables, "conditions")
        for condition in _conditions(file, table, answers, operations)
    )
    effects = tuple(
        effect for file, table in _parts(tables, "effects") for effect in _effects(file, table)
    )
    failures = tuple(_connection_errors(tables["connection_errors"]))
    together = tuple(_together(tables["concurrency"]))
    moves = chain.from_iterable(machine.transitions for machine in machines.values())
    spec = Spec(
        sources={
            name: _row(Source, "sources", None, row) for name, row in tables["sources"].items()
        },
        answers=answers,
        machines=machines,
        operations=operations,
        cells=cells,
        conditions=conditions,
        effects=effects,
        connection_errors=failures,
        together=together,
        errors={name: _row(Error, "errors", name, row) for name, row in tables["errors"].items()},
        quotas=tuple(_row(Quota, "quotas", None, row) for row in tables["quotas"]["quota"]),
        key_specs=_named(KindOfKey, "key_specs", tables["key_specs"]["spec"]),
        signing_algorithms=_named(SigningAlgorithm, "key_specs", tables["key_specs"]["algorithm"]),
        rules=_by_id(chain(cells, conditions, effects, failures, moves, together)),
    )
    _check_words(spec)
    try:
        check_against_service_models(spec.operations.values(), spec.errors.values(), spec.machines)
        check_kinds_of_key(spec.key_specs, spec.signing_algorithms)
    except ValueError as error:
        raise TableError(str(error)) from error
    return spec


def _row(shape: type[R], file: str, name: str | None, row: Table) -> R:
    """One row, checked; ``name`` becomes its member ``name`` where the shape has one."""
    given = {"name": name, **row} if name is not None else row
    try:
        return shape.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        label = name or row.get("id") or row.get("name") or row.get("title")
        message = f"tables/{file}.toml, row {label}: {where}: {first['msg']}"
        raise TableError(message) from error


def _named(shape: type[R], file: str, table: Table) -> Mapping[str, R]:
    return MappingProxyType({name: _row(shape, file, name, row) for name, row in table.items()})


def _machine(name: str, table: Table) -> Machine:
    transitions = []
    for row in table["transition"]:
        condition = f"/{row['when']}" if "when" in row else ""
        trigger = row["trigger"].replace(" ", "-")
        given = {
            **{key: value for key, value in row.items() if key != "from"},
            "id": f"transition/{name}/{trigger}/{row['from']}{condition}",
            "machine": name,
            "origin": row["from"],
        }
        transitions.append(_row(Transition, name, None, given))
    states = tuple(_row(State, name, None, row) for row in table["state"])
    initial = tuple(table["initial"])
    return Machine(name=name, initial=initial, states=states, transitions=tuple(transitions))


def _operations(tables: Mapping[str, Table]) -> Mapping[str, Operation]:
    found: dict[str, Operation] = {}
    for file, table in _parts(tables, "operations"):
        for name, row in table.items():
            if name in found:
                message = f"tables/{file}.toml, row {name}: another file has this operation too"
                raise TableError(message)
            given = {("kind" if key == "class" else key): value for key, value in row.items()}
            found[name] = _row(Operation, file, name, given)
    return found


def _cells(
    file: str, table: Table, machines: Mapping[str, Machine], answers: Mapping[str, Answer]
) -> Iterator[Cell]:
    machine = machines[table["machine"]]
    for row, given in table["row"].items():
        states = [state.name for state in machine.states]
        missing = sorted(set(states) ^ set(given["cell"]))
        if missing:
            message = f"tables/{file}.toml, row {row}: decide exactly the states of {machine.name}"
            raise TableError(f"{message}; look at {', '.join(missing)}")
        unknown = sorted(set(given.get("unreached", ())) - set(states))
        if unknown:
            message = f"tables/{file}.toml, row {row}: unreached: no such state: {unknown}"
            raise TableError(message)
        for state in states:
            cell = given["cell"][state]
            own = cell if isinstance(cell, dict) else {"answers": cell}
            found = _answers(own["answers"], answers, file, row)
            identity = f"{table['table']}/{row}/{state}"
            says = _said(answer.says for answer in found)
            subject = given.get("subject", given["operation"])
            sentence = own.get("sentence", f"{subject} {table['resource']} {state} {says}.")
            yield _row(
                Cell,
                file,
                None,
                {
                    "id": identity,
                    "level": own.get("level", given.get("level", "must")),
                    "sentence": sentence,
                    "sources": own.get("sources", given["sources"]),
                    "table": table["table"],
                    "row": row,
                    "operation": given["operation"],
                    "machine": machine.name,
                    "state": state,
                    "answers": tuple(answer for answer in found if answer.name != "never"),
                    "reached": state not in given.get("unreached", ()),
                },
            )


def _said(answers: Iterable[str]) -> str:
    """Answers as one predicate: "fails with A or B", if nothing more is said of a failure."""
    says, fails = list(answers), "fails with "
    if any(", " in one for one in says):
        return " or ".join(says)
    first = next((number for number, one in enumerate(says) if one.startswith(fails)), 0)
    return " or ".join(
        (*says[: first + 1], *(one.removeprefix(fails) for one in says[first + 1 :]))
    )


def _answers(text: str, answers: Mapping[str, Answer], file: str, row: str) -> tuple[Answer, ...]:
    names = [name.strip() for name in text.split("|")]
    for name in names:
        if name not in answers:
            message = f"tables/{file}.toml, row {row}: answer {name!r} is not in answers.toml"
            raise TableError(message)
    return tuple(answers[name] for name in names)


def _conditions(
    file: str,
    table: Table,
    answers: Mapping[str, Answer],
    operations: Mapping[str, Operation],
) -> Iterator[Condition]:
    for group, rows in table.items():
        for word, row in rows.items():
            identity = f"{group}/{word}"
            found = _answers(row["answers"], answers, file, identity) if "answers" in row else ()
            if bool(found) == ("decided_by" in row) or bool(found) != ("when" in row):
                message = f"tables/{file}.toml, row {identity}: give `when` with `answers`"
                raise TableError(f"{message}, or `decided_by` alone")
            named = tuple(_expanded(row["operations"], operations))
            given = {**row, "id": identity, "answers": found, "operations": named}
            yield _row(Condition, file, None, given)


def _expanded(names: Iterable[str], operations: Mapping[str, Operation]) -> Iterator[str]:
    """The operations that a row names; ``kms:*`` are all of that service."""
    for name in names:
        service, _, rest = name.partition(":")
        if rest == "*":
            yield from (one for one, row in operations.items() if row.service == service)
        else:
            yield name


def _effects(file: str, table: Table) -> Iterator[Effect]:
    for operation, rows in table.items():
        for word, row in rows.items():
            identity = f"effect/{operation}/{word}"
            yield _row(Effect, file, None, {**row, "id": identity, "operation": operation})


def _connection_errors(table: Table) -> Iterator[ConnectFailure]:
    for code, row in table.items():
        sentence = f"A connect fails with {code}: {row['cause']}"
        given = {**row, "id": f"connect/{code}", "code": code, "sentence": sentence}
        yield _row(ConnectFailure, "connection_errors", None, given)


def _together(table: Table) -> Iterator[Together]:
    for group, rows in table.items():
        for word, row in rows.items():
            yield _row(Together, "concurrency", None, {**row, "id": f"{group}/{word}"})


def _by_id(rules: Iterable[Rule]) -> Mapping[str, Rule]:
    found: dict[str, Rule] = {}
    for rule in rules:
        if rule.id in found:
            message = f"two rows make the rule {rule.id}: give one of them another name"
            raise TableError(message)
        found[rule.id] = rule
    return MappingProxyType(found)


def _check_words(spec: Spec) -> None:
    """Every source, state and operation that a row names must be defined."""
    for rule in spec.rules.values():
        unknown = [tag for tag in rule.sources if tag not in spec.sources]
        if unknown or not rule.sources:
            message = f"rule {rule.id}: name sources of tables/sources.toml; {unknown} are not"
            raise TableError(message)
    rows: tuple[KindOfKey | SigningAlgorithm, ...] = (
        *spec.key_specs.values(),
        *spec.signing_algorithms.values(),
    )
    for row in rows:
        unknown = [tag for tag in row.sources if tag not in spec.sources]
        if unknown or not row.sources:
            message = f"tables/key_specs.toml, row {row.name}: no sources, or not known: {unknown}"
            raise TableError(message)
    for machine in spec.machines.values():
        states = {state.name for state in machine.states}
        for move in machine.transitions:
            named = {move.origin, move.to, *move.also, *((move.resumes,) if move.resumes else ())}
            unknown = sorted(named - states - {"gone", "resumed"})
            if unknown:
                message = f"tables/{machine.name}.toml, {move.id}: no such state: {unknown}"
                raise TableError(message)
    named_operations = [(cell.id, cell.operation) for cell in spec.cells]
    named_operations += [(effect.id, effect.operation) for effect in spec.effects]
    named_operations += [(row.id, name) for row in spec.conditions for name in row.operations]
    for identity, operation in named_operations:
        if operation not in spec.operations:
            message = f"rule {identity}: {operation} is not in tables/operations/"
            raise TableError(message)
    _check_total(spec)


def _check_total(spec: Spec) -> None:
    """Every operation has an effect, and every one that names a KMS key a row of key states."""
    with_effect = {effect.operation for effect in spec.effects}
    with_states = {cell.operation for cell in spec.cells if cell.table == "key-state"}
    for name, operation in spec.operations.items():
        if name not in with_effect:
            message = f"tables/effects/: {name} has no row; say what it answers"
            raise TableError(message)
        if operation.key is not None and name not in with_states:
            message = f"tables/key_states/: {name} has no row; decide its eight cells"
            raise TableError(message)
    for answer in spec.answers.values():
        if answer.code is not None and answer.code not in spec.errors:
            message = f"tables/answers.toml, row {answer.name}: {answer.code} is not in errors.toml"
            raise TableError(message)
