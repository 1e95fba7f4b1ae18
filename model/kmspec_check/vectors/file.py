"""The file of vectors: the only place that says how vectors are kept and read.

It is JSON, versioned, with a schema, ``schemas/vectors-1.json``; what it says is in
``docs/vectors.md``. Requests and expectations, most of which many steps share, stand once.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import botocore

from kmspec.tables import Spec
from kmspec_check.trace import TraceError, decoded, encoded, outcome_from_json, outcome_to_json
from kmspec_check.vectors.fixtures import fixtures
from kmspec_check.vectors.making import Made, Vector
from kmspec_check.vectors.walk import Accepted, VectorStep
from kmspec_model import Command

if TYPE_CHECKING:
    from kmspec_model.command import Value

FORMAT = "kmspec-vectors"
VERSION = 1
_REF = re.compile(r"\b[a-z]+#[0-9]+(?:\.[a-z0-9]+)?")
_REMEDY = "give a file that `kmspec vectors export` wrote"
_DAMAGES = (LookupError, TypeError, ValueError, AttributeError)
_NEEDS = {
    "certificates": re.compile(r'"certificate#'),
    "clock": re.compile(r'"service": ?"clock"|"moment#'),
    "enclave": re.compile(r'"attestation#|"\$sealed"'),
    "load": re.compile(r'"service": ?"load"'),
    "operator": re.compile(r'"service": ?"operator"|"handle#'),
    "regions": re.compile(r'"region": ?[1-9]'),
    "wrapping": re.compile(r'"material#'),
}
"""What not every runner or target can do, by what shows it."""


class Header(NamedTuple):
    """What of vectors is not in them."""

    edition: str
    only: tuple[str, ...]
    spec: Spec


class _Shared:
    """Requests or expectations, each said once."""

    def __init__(self, say: Callable[[VectorStep], object]) -> None:
        self.lines: dict[str, int] = {}
        self._say = say
        self._known: dict[object, int] = {}

    def number(self, key: object, step: VectorStep) -> int:
        """The position of what a step says; ``key`` is the same for steps that say the same."""
        known = self._known.get(key)
        if known is None:
            line = json.dumps(self._say(step))
            known = self._known[key] = self.lines.setdefault(line, len(self.lines))
        return known


def text(made: Made, header: Header) -> Iterator[str]:
    """The file in pieces: a request, an expectation or a vector a line."""
    requests, expectations = _Shared(_request), _Shared(_expectation)
    vectors = [
        (
            one,
            [
                [
                    requests.number((step.command, step.view), step),
                    expectations.number(id(step.accepted), step),
                ]
                for step in one.steps
            ],
        )
        for one in made.vectors
    ]
    needs = [_needs(requests.lines), _needs(expectations.lines)]
    told = [json.dumps(_vector(one, steps, needs)) for one, steps in vectors]
    both = (*requests.lines, *expectations.lines)
    refs = {ref for line in both for ref in _REF.findall(line)}
    steps = (step for one in made.vectors for step in one.steps)
    said = {
        rule
        for accepted in {id(s.accepted): s.accepted for s in steps}.values()
        for one in accepted
        for rule in one.rules
    }
    yield from _head(made, header)
    yield f' "fixtures": {_object(fixtures(refs))},\n'
    yield f' "rules": {_object(_rules(header.spec, said))},\n'
    yield f' "requests": {_list(requests.lines)},\n'
    yield f' "expectations": {_list(expectations.lines)},\n'
    yield f' "vectors": {_list(told)}}}\n'


def _head(made: Made, header: Header) -> Iterator[str]:
    head = {
        "format": FORMAT,
        "version": VERSION,
        "kmspec": metadata.version("kmspec"),
        "edition": header.edition,
        "botocore": botocore.__version__,
        "only": list(header.only),
        "counts": counts(made),
    }
    for name, value in head.items():
        yield f"{'{' if name == 'format' else ' '}{json.dumps(name)}: {json.dumps(value)},\n"


def counts(made: Made) -> dict[str, Any]:
    """How much there is, and how much is left out, by the reason."""
    return {
        "vectors": len(made.vectors),
        "steps": sum(len(one.steps) for one in made.vectors),
        "cells": made.cells,
        "transitions": made.transitions,
        "leftOut": dict(made.left_out),
    }


def _rules(spec: Spec, said: Collection[str]) -> dict[str, object]:
    return {
        name: {"level": rule.level, "sentence": rule.sentence}
        for name, rule in sorted(spec.rules.items())
        if name in said
    }


def _object(value: Mapping[str, object]) -> str:
    inner = ",\n".join(f"  {json.dumps(name)}: {json.dumps(one)}" for name, one in value.items())
    return f"{{\n{inner}}}"


def _list(lines: Iterable[str]) -> str:
    return "[\n" + ",\n".join(f"  {line}" for line in lines) + "]"


def _vector(
    vector: Vector, steps: list[list[int]], needs: Sequence[Sequence[frozenset[str]]]
) -> dict[str, object]:
    words = {
        word
        for step in set(map(tuple, steps))
        for of, one in zip(needs, step, strict=True)
        for word in of[one]
    }
    return {
        "id": vector.name,
        "situation": vector.situation,
        "rules": list(vector.rules),
        "needs": sorted(words),
        "steps": steps,
    }


def _needs(lines: Iterable[str]) -> list[frozenset[str]]:
    """What each line shows to be needed."""
    return [
        frozenset(word for word, shows in _NEEDS.items() if shows.search(line)) for line in lines
    ]


def _request(step: VectorStep) -> object:
    command = step.command
    return {
        "service": command.service,
        "operation": command.operation,
        "arguments": {name: encoded(value) for name, value in command.arguments},
        "region": command.region,
        "view": step.view,
    }


def _expectation(step: VectorStep) -> object:
    return [
        {**outcome_to_json(one.outcome), "rules": list(one.rules), "ends": one.ends}
        for one in step.accepted
    ]


def read(raw: Mapping[str, Any]) -> "Vectors":
    """What a file holds whose format is ours.

    :raises kmspec_check.trace.TraceError: it is of a version we do not know, or damaged.
    """
    if raw.get("version") != VERSION:
        told = f"version {raw.get('version')!r} of vectors is not known, only {VERSION}"
        raise TraceError(f"{told}; {_REMEDY}")
    try:
        return Vectors(raw, tuple(str(one["id"]) for one in raw["vectors"]))
    except _DAMAGES as fault:
        raise TraceError(f"the vectors are damaged at {fault}; {_REMEDY}") from fault


class Vectors(NamedTuple):
    """A file of vectors that was read; a vector is decoded when it is asked for."""

    raw: Mapping[str, Any]
    names: tuple[str, ...]
    """Of all vectors, in their order."""

    def vector(self, index: int) -> Vector:
        """One of them.

        :raises kmspec_check.trace.TraceError: it is damaged.
        """
        raw = self.raw["vectors"][index]
        try:
            steps = tuple(self._step(*pair) for pair in raw["steps"])
            return Vector(raw["id"], raw["situation"], tuple(raw["rules"]), steps)
        except _DAMAGES as fault:
            name = self.names[index]
            raise TraceError(f"vector {name} is damaged at {fault}; {_REMEDY}") from fault

    def _step(self, request: int, expectation: int) -> VectorStep:
        said = self.raw["requests"][request]
        arguments = tuple((name, decoded(value)) for name, value in said["arguments"].items())
        command = Command(
            said["service"],
            said["operation"],
            cast("tuple[tuple[str, Value], ...]", arguments),
            region=said["region"],
        )
        accepted = tuple(
            Accepted(outcome_from_json(one), tuple(one["rules"]), one["ends"])
            for one in self.raw["expectations"][expectation]
        )
        return VectorStep(command, said["view"], accepted)
