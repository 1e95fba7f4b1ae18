"""Explanations: the only place that says in words what must happen somewhere, and why.

The answer is put together from the rules alone, so it changes when a row does.
"""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import NamedTuple

from kmspec.rules import Cell, Condition, Rule, Source, Transition
from kmspec.tables import Spec
from kmspec_model.states import key_state_under, key_states_under

_FEW = 11
"""As many names as one line can hold."""
SUCCESS = "success"


class Unknown(ValueError):
    """A name that the tables do not have; the text suggests near ones."""


class Explained(NamedTuple):
    """One rule that concerns the question, with its sources and, where known, a remedy."""

    rule: Rule
    part: str
    sources: tuple[Source, ...]
    remedy: str | None


class Question(NamedTuple):
    """An operation, and the states it is asked about; a state that is ``None`` may be any."""

    operation: str
    key_state: str | None = None
    connection_state: str | None = None
    cluster_state: str | None = None
    hsm_state: str | None = None
    backup_state: str | None = None

    def state_of(self, machine: str) -> str | None:
        """The state that is asked about of one machine."""
        asked = {
            "key": self.key_state,
            "connection": self.connection_state,
            "cluster": self.cluster_state,
            "hsm": self.hsm_state,
            "backup": self.backup_state,
        }
        return asked[machine]


def explain(spec: Spec, question: Question) -> tuple[Explained, ...]:
    """Every rule of the operation that applies, in the order in which it is looked at.

    :raises Unknown: an operation or state that the tables do not know.
    """
    question = _understood(spec, question)
    found: list[tuple[str, Rule]] = []
    found += [("states", cell) for cell in _cells(spec, question)]
    found += [
        ("conditions", condition)
        for condition in spec.conditions
        if question.operation in condition.operations
    ]
    answers = permitted_answers(spec, question)
    if not answers or SUCCESS in answers:
        found += _of_success(spec, question)
    return tuple(
        Explained(
            rule,
            part,
            tuple(spec.sources[tag] for tag in rule.sources),
            getattr(rule, "remedy", None),
        )
        for part, rule in found
    )


def _of_success(spec: Spec, question: Question) -> Iterator[tuple[str, Rule]]:
    """What a success leads to."""
    for move in _moves(spec, question):
        yield "success", move
    for effect in spec.effects:
        if effect.operation == question.operation:
            yield "success", effect
    if question.operation == "ConnectCustomKeyStore":
        for row in spec.connection_errors:
            yield "failures of the connect", row
    for rule in spec.together:
        yield "several clients at once", rule


def permitted_answers(spec: Spec, question: Question) -> tuple[str, ...]:
    """What the cells that are asked about permit: ``success`` and error codes, ours first.

    Empty where a state of the question is open.
    """
    question = _understood(spec, question)
    cells = list(_cells(spec, question))
    asked = {machine for machine in spec.machines if question.state_of(machine) is not None}
    if not cells or {cell.machine for cell in cells} - asked:
        return ()
    refusing = [cell for cell in cells if not any(answer.ok for answer in cell.answers)]
    answers = [answer for cell in refusing or cells for answer in cell.answers]
    return tuple(dict.fromkeys(answer.code or SUCCESS for answer in answers))


def _understood(spec: Spec, question: Question) -> Question:
    """The question with states that the tables have.

    The connection state of a store shows as the state of its keys: what depends on the one is
    told by the other.
    """
    question = question._replace(operation=_named(spec, question.operation))
    depends = {cell.machine for cell in spec.cells if cell.operation == question.operation}
    if question.connection_state is not None and "key" in depends - {"connection"}:
        known = [state.name for state in spec.machines["connection"].states]
        _known("connection state", question.connection_state, known)
        _possible(spec, question.key_state, question.connection_state)
        if "connection" not in depends:
            shown = question.key_state or key_state_under(question.connection_state)
            question = question._replace(key_state=shown, connection_state=None)
    _check(spec, question)
    return question


def _named(spec: Spec, word: str) -> str:
    """The operation as the tables call it; the service may be said, as for `kmspec call`."""
    service, _, name = word.replace("cloudhsmv2:", "cloudhsm:").rpartition(":")
    row = spec.operations.get(f"{service}:{name}" if service else name, spec.operations.get(name))
    return row.name if row is not None and service in ("", row.service) else word


def _possible(spec: Spec, key_state: str | None, connection_state: str) -> None:
    """Make sure that a key of a store can be in this state at all."""
    shown = key_states_under(connection_state)
    if key_state is not None and key_state not in shown:
        _known("key state", key_state, [state.name for state in spec.machines["key"].states])
        message = f"no key of a key store that is {connection_state} is {key_state}"
        raise Unknown(f"{message}: try {', '.join(shown)}")


def _check(spec: Spec, question: Question) -> None:
    _known("operation", question.operation, spec.operations)
    for machine in spec.machines.values():
        state = question.state_of(machine.name)
        if state is not None:
            known = [one.name for one in machine.states]
            _known(f"{machine.name} state", state, known)
            if not any(
                cell.operation == question.operation and cell.machine == machine.name
                for cell in spec.cells
            ):
                message = f"{question.operation} does not depend on a {machine.name} state"
                raise Unknown(f"{message}: leave it out")


def _known(what: str, name: str, known: Iterable[str]) -> None:
    names = list(known)
    if name in names:
        return
    folded = {one.casefold(): one for one in names}
    near = get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)
    few = [folded[one] for one in near] or (names if len(names) <= _FEW else [])
    hint = f"try {', '.join(few)}" if few else "see docs/states.md for those there are"
    message = f"no {what} is called {name!r}: {hint}"
    raise Unknown(message)


def _cells(spec: Spec, question: Question) -> Iterator[Cell]:
    for cell in spec.cells:
        if cell.operation != question.operation:
            continue
        state = question.state_of(cell.machine)
        if state is None or state == cell.state:
            yield cell


def _moves(spec: Spec, question: Question) -> Iterator[Transition]:
    for machine in spec.machines.values():
        state = question.state_of(machine.name)
        for move in spec.permitted_moves(machine.name):
            if move.trigger == question.operation and state in (None, move.origin):
                yield move


def four_conditions(spec: Spec) -> tuple[Condition, ...]:
    """The four conditions of a cryptographic operation in a key store, in documented order."""
    names = ("crypto/key-enabled", "crypto/store-connected", "crypto/active-hsm")
    by_id = {condition.id: condition for condition in spec.conditions}
    return tuple(by_id[name] for name in (*names, "crypto/key-material"))
