"""Traces: the only place that says how a recorded sequence of steps is kept and read.

A trace is symbolic: it holds no id that a target made, so it runs anywhere. The JSON form is
versioned and has a schema, ``schemas/trace-2.json``; version 1 had no Regions but the first. One
in which several clients ask at once is of version 3, ``schemas/trace-3.json``.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from kmspec_check.patterns import Chosen, Path
from kmspec_model import Command, Ref, Success
from kmspec_model.command import Pairs, Value
from kmspec_model.outcome import (
    Bind,
    Items,
    Mark,
    Members,
    OneOf,
    Outcome,
    Pattern,
    Refusal,
    Sealed,
    Sized,
    Text,
    Values,
)

FORMAT = "kmspec-trace"
VERSION, AT_ONCE = 2, 3
_READABLE = (1, VERSION, AT_ONCE)


_MAKE_ONE = "give a file that `kmspec conform --report json=FILE` wrote"


class TraceError(ValueError):
    """A file is no trace that can be run; the text is one line with the remedy."""


class Difference(NamedTuple):
    """Where an answer was not as expected, in words and symbols."""

    where: str
    expected: str
    observed: str


class Recorded(NamedTuple):
    """What was answered: ids replaced by symbols, blobs by their length."""

    status: int
    body: Mapping[str, Any]


class TraceStep(NamedTuple):
    """One step of a trace."""

    command: Command
    expected: tuple[Outcome, ...]
    """Any of these."""
    rules: tuple[str, ...]
    recorded: Recorded
    differences: tuple[Difference, ...]
    """From the nearest of the expected outcomes."""
    state: str
    """The situation after the step, as the model has it."""
    view: bool
    """Whether the step only looks."""
    names: tuple[tuple[Ref, Path], ...]
    """What the answer names, and where in it."""
    paths: tuple[Path, ...] = ()
    """The places of the differences; not kept in a file."""
    client: int = 0
    """Which of several clients asks, from 1; 0 where nobody else does."""
    during: tuple[int, int] = (0, 0)
    """Of a client's step, when it was asked and answered, on a scale that all of them share."""


class Order(NamedTuple):
    """An order of the steps of several clients, and what each then had to be answered."""

    steps: tuple[int, ...]
    """Positions among the steps of the trace, from 0; looks come last."""
    answers: tuple[Outcome, ...]
    paths: tuple[tuple[Path, ...], ...] = ()
    """For each the places where it is told from other orders; not kept in a file."""


class AtOnce(NamedTuple):
    """That it takes several clients, how often it was seen, and what would have been right."""

    seen: int
    tries: int
    orders: tuple[Order, ...]
    complete: bool
    """Whether these are all the orders there are."""


class Trace(NamedTuple):
    """A recorded sequence of steps; the last one deviates.

    Where several clients ask ``at_once``, no order of their steps explains the answers.
    """

    rule: str
    level: str
    sentence: str
    cell: str
    profile: str
    isolated: bool
    """Whether it was recorded in an account of its own."""
    region: str
    steps: tuple[TraceStep, ...]
    at_once: AtOnce | None = None


def dumps(trace: Trace) -> str:
    """The JSON form of a trace."""
    return json.dumps(to_json(trace), indent=2) + "\n"


def to_json(trace: Trace) -> dict[str, Any]:
    """The JSON form of a trace, as data."""
    own = ("steps", "at_once")
    data = {
        "format": FORMAT,
        "version": VERSION if trace.at_once is None else AT_ONCE,
        **{name: value for name, value in trace._asdict().items() if name not in own},
        "steps": [_step_to_json(step) for step in trace.steps],
    }
    if trace.at_once is not None:
        data["at_once"] = _at_once_to_json(trace.at_once)
    return data


def _at_once_to_json(at_once: AtOnce) -> dict[str, Any]:
    orders = [
        {"steps": list(one.steps), "answers": [outcome_to_json(answer) for answer in one.answers]}
        for one in at_once.orders
    ]
    return {**at_once._asdict(), "orders": orders}


def _step_to_json(step: TraceStep) -> dict[str, Any]:
    of_client = {"client": step.client, "during": list(step.during)} if step.client else {}
    return {
        **of_client,
        "service": step.command.service,
        "operation": step.command.operation,
        "arguments": {name: encoded(value) for name, value in step.command.arguments},
        "keep": step.command.keep,
        "region": step.command.region,
        "view": step.view,
        "rules": list(step.rules),
        "expected": [outcome_to_json(outcome) for outcome in step.expected],
        "recorded": {"status": step.recorded.status, "body": dict(step.recorded.body)},
        "differences": [difference._asdict() for difference in step.differences],
        "state": step.state,
        "names": {str(ref): [_part_to_json(part) for part in path] for ref, path in step.names},
    }


def _part_to_json(part: str | Chosen) -> object:
    return part if isinstance(part, str) else {"by": part.by, "value": encoded(part.value)}


def outcome_to_json(outcome: Outcome) -> dict[str, Any]:
    """The JSON form of an outcome."""
    if isinstance(outcome, Refusal):
        return {"refusal": outcome.code, "message": outcome.message, "status": outcome.status}
    return {"success": encoded(outcome.response)}


def encoded(  # noqa: C901, PLR0911, PLR0912 - one for each form
    value: object,
) -> object:
    """An argument or a pattern; what JSON has no word for is an object with one ``$`` member."""
    match value:
        case Ref():
            return {"$ref": str(value)}
        case bytes():
            return {"$bytes": base64.b64encode(value).decode()}
        case Pairs():
            return {"$map": {name: encoded(inner) for name, inner in value.items}}
        case Mark():
            return {"$mark": value.value}
        case Bind():
            return _encoded_bind(value)
        case OneOf():
            return {"$oneOf": [encoded(option) for option in value.options]}
        case Members():
            return {"$members": {name: encoded(inner) for name, inner in value.fields}}
        case Items():
            entries = [encoded(entry) for entry in value.entries]
            also = [encoded(entry) for entry in value.also]
            more = {"also": also} if also else {}
            return {"$items": {"by": value.by, "entries": entries, "free": value.free, **more}}
        case Values():
            return {"$values": list(value.values)}
        case Text():
            return {"$text": value.expression}
        case Sealed():
            return {"$sealed": {"to": str(value.to), "content": encoded(value.content)}}
        case Sized():
            return {"$bytesLong": value.length}
        case tuple():
            return [encoded(inner) for inner in value]
    return value


def _encoded_bind(bind: Bind) -> object:
    if bind.begins:
        return {"$new": {"ref": str(bind.ref), "begins": bind.begins}}
    return {"$bind": str(bind.ref)}


def loads(text: str) -> Trace:
    """Read the JSON form.

    :raises TraceError: it is not one, or of a version we do not know.
    """
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise TraceError(f"this is no JSON: {fault}; record it again") from fault
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise TraceError(f'this is no trace: it has no "format": "{FORMAT}"; {_MAKE_ONE}')
    if raw.get("version") not in _READABLE:
        told = f"trace version {raw.get('version')!r} is not known"
        raise TraceError(f"{told}, only {' and '.join(map(str, _READABLE))}; {_MAKE_ONE}")
    try:
        return _from_json(raw)
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise TraceError(f"the trace is damaged at {fault}; record it again") from fault


def _from_json(raw: Mapping[str, Any]) -> Trace:
    if not raw["steps"]:
        raise ValueError("steps: there is none")
    return Trace(
        rule=raw["rule"],
        level=raw["level"],
        sentence=raw["sentence"],
        cell=raw["cell"],
        profile=raw["profile"],
        isolated=raw["isolated"],
        region=raw["region"],
        steps=tuple(_step_from_json(step) for step in raw["steps"]),
        at_once=_at_once_from_json(raw["at_once"]) if raw["version"] == AT_ONCE else None,
    )


def _at_once_from_json(raw: Mapping[str, Any]) -> AtOnce:
    orders = tuple(
        Order(tuple(one["steps"]), tuple(outcome_from_json(answer) for answer in one["answers"]))
        for one in raw["orders"]
    )
    return AtOnce(raw["seen"], raw["tries"], orders, raw["complete"])


def _step_from_json(raw: Mapping[str, Any]) -> TraceStep:
    arguments = tuple((name, decoded(value)) for name, value in raw["arguments"].items())
    return TraceStep(
        command=Command(
            raw["service"],
            raw["operation"],
            cast("tuple[tuple[str, Value], ...]", arguments),
            keep=raw["keep"],
            region=raw.get("region", 0),
        ),
        expected=tuple(outcome_from_json(outcome) for outcome in raw["expected"]),
        rules=tuple(raw["rules"]),
        recorded=Recorded(raw["recorded"]["status"], raw["recorded"]["body"]),
        differences=tuple(Difference(**difference) for difference in raw["differences"]),
        state=raw["state"],
        view=raw["view"],
        names=tuple(
            (Ref.parse(name), tuple(_part_from_json(part) for part in path))
            for name, path in raw["names"].items()
        ),
        client=raw.get("client", 0),
        during=tuple(raw.get("during", (0, 0))),
    )


def _part_from_json(raw: object) -> str | Chosen:
    if isinstance(raw, Mapping):
        return Chosen(raw["by"], decoded(raw["value"]))
    return str(raw)


def outcome_from_json(raw: Mapping[str, Any]) -> Outcome:
    """Read what :func:`outcome_to_json` wrote."""
    if "refusal" in raw:
        return Refusal(raw["refusal"], raw["message"], raw["status"])
    return Success(cast("Members", decoded(raw["success"])))


def decoded(raw: object) -> object:
    """Read what :func:`encoded` wrote."""
    if isinstance(raw, list):
        return tuple(decoded(inner) for inner in raw)
    if not isinstance(raw, Mapping):
        return raw
    ((word, value),) = raw.items()
    return _DECODERS[word](value)


def _decoded_items(raw: Mapping[str, Any]) -> Items:
    entries = tuple(cast("Members", decoded(entry)) for entry in raw["entries"])
    also = tuple(cast("Members", decoded(entry)) for entry in raw.get("also", ()))
    return Items(raw["by"], entries, raw["free"], also)


def _decoded_pairs(raw: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((name, decoded(inner)) for name, inner in raw.items())


_DECODERS: dict[str, Any] = {
    "$ref": Ref.parse,
    "$bytes": base64.b64decode,
    "$map": lambda raw: Pairs(_decoded_pairs(raw)),
    "$mark": Mark,
    "$bind": lambda raw: Bind(Ref.parse(raw)),
    "$new": lambda raw: Bind(Ref.parse(raw["ref"]), raw["begins"]),
    "$oneOf": lambda raw: OneOf(tuple(cast("Pattern", decoded(option)) for option in raw)),
    "$members": lambda raw: Members(_decoded_pairs(raw)),
    "$items": _decoded_items,
    "$values": lambda raw: Values(tuple(raw)),
    "$text": Text,
    "$sealed": lambda raw: Sealed(Ref.parse(raw["to"]), cast("Pattern", decoded(raw["content"]))),
    "$bytesLong": Sized,
}
