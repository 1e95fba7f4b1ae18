"""AWS's service models as plain facts: the only place that reads, writes and compares them so.

A fact is a name and what is said of it: ``member KeyMetadata.KeyId`` is ``KeyIdType required``.
"""

import re
import textwrap
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from botocore.loaders import Loader

from tests.helpers.source import text, tracked

Facts: TypeAlias = dict[str, str]

HERE: Final = Path(__file__).parent
MODELS: Final = {"kms": "kms", "cloudhsm": "cloudhsmv2"}
"""Our name of each service, and botocore's."""
LISTED: Final = "listed"
"""What is said of a value of an enum and of an error of an operation."""
_HEADING: Final = """\
# What kmspec was written for, of the service model of {service} in botocore; written by
# `KMSPEC_SNAPSHOTS=write .venv/bin/pytest tests/unit/spec/api`, after the rows about what is new.
"""
_BOUNDED: Final = ("string", "integer", "blob", "list", "map")


def installed(service: str) -> Facts:
    """The facts of the installed botocore."""
    model = Loader().load_service_model(MODELS[service], "service-2")
    facts: Facts = {}
    for name, operation in model["operations"].items():
        given, answered = (operation.get(end, {}).get("shape") for end in ("input", "output"))
        facts[f"operation {name}"] = f"{given or 'nothing'} -> {answered or 'nothing'}"
        for error in operation.get("errors", ()):
            facts[f"error {name}.{error['shape']}"] = LISTED
    for name, shape in model["shapes"].items():
        facts |= _of_shape(name, shape)
    return facts


def known(service: str) -> Facts:
    """The facts that kmspec was written for."""
    facts: Facts = {}
    for kind, rows in tomllib.loads(_file(service).read_text("utf-8")).items():
        for name, said in rows.items():
            match said:
                case str():
                    facts[f"{kind} {name}"] = said
                case list():
                    facts |= {f"{kind} {name}.{word}": LISTED for word in said}
                case dict():
                    facts |= {f"{kind} {name}.{word}": one for word, one in said.items()}
    return facts


def write(service: str) -> None:
    """Write the file of a service anew, from the installed botocore."""
    kinds: dict[str, dict[str, list[tuple[str, str]]]] = {}
    for fact, said in sorted(installed(service).items()):
        kind, _, name = fact.partition(" ")
        owner, _, word = name.partition(".")
        kinds.setdefault(kind, {}).setdefault(owner, []).append((word, said))
    lines = [_HEADING.format(service=service)]
    for kind, owners in kinds.items():
        lines += [] if kind == "member" else [f"\n[{kind}]\n"]
        for owner, rows in owners.items():
            lines += _written(kind, owner, rows)
    _file(service).write_text("".join(lines), "utf-8")


def _written(kind: str, owner: str, rows: list[tuple[str, str]]) -> Iterator[str]:
    if kind == "member":
        yield f"\n[member.{owner}]\n"
        yield from (f"{word} = {_quoted(said)}\n" for word, said in rows)
    elif rows[0][1] == LISTED:
        words = ", ".join(f'"{word}"' for word, _ in rows)
        yield f"{owner} = [\n{textwrap.indent(textwrap.fill(words, 96), '    ')}\n]\n"
    else:
        yield f"{owner} = {_quoted(rows[0][1])}\n"


def errors_of(facts: Facts, operation: str) -> frozenset[str]:
    """The errors that the model lists for an operation."""
    start = f"error {operation}."
    return frozenset(fact.removeprefix(start) for fact in facts if fact.startswith(start))


class Difference(NamedTuple):
    """One fact that is not as it was."""

    fact: str
    before: str | None
    now: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"added: {self.fact}: {self.now}"
        if self.now is None:
            return f"removed: {self.fact}, was {self.before}"
        return f"changed: {self.fact}: was {self.before}, is {self.now}"


def differences(before: Facts, now: Facts) -> Iterator[Difference]:
    """What was added, removed or changed, in the order of the names."""
    for fact in sorted(before.keys() | now.keys()):
        if before.get(fact) != now.get(fact):
            yield Difference(fact, before.get(fact), now.get(fact))


def look_at(difference: Difference, facts: Facts) -> str:
    """Where our rows about a fact stand, as far as there are any."""
    kind, _, name = difference.fact.partition(" ")
    subject = name.partition(".")[0]
    names = {subject} if kind in ("operation", "error") else _operations_with(subject, facts)
    files = [
        file
        for file in _tables()
        if any(re.search(rf"\b{one}\b[\].]", text(file)) for one in names)
    ]
    if kind == "enum":
        files += [file for file in tracked() if file.endswith("kmspec/names.py")]
    return ", ".join(dict.fromkeys(files)) or "no row yet: tables/operations/ and what follows"


def _tables() -> list[str]:
    return [file for file in tracked() if "/tables/" in file and file.endswith(".toml")]


def _operations_with(shape: str, facts: Facts) -> set[str]:
    """The operations whose input or output has a shape at any depth, by their own names."""
    holders: dict[str, set[str]] = {}
    for fact, said in facts.items():
        kind, _, name = fact.partition(" ")
        if kind in ("member", "shape", "operation"):
            for word in said.replace(",", " ").split():
                holders.setdefault(word, set()).add(name.partition(".")[0])
    found, open_ = {shape}, [shape]
    while open_:
        new = holders.get(open_.pop(), set()) - found
        found |= new
        open_ += new
    return {name for name in found if f"operation {name}" in facts}


def _of_shape(name: str, shape: Mapping[str, Any]) -> Facts:
    kind, facts = shape["type"], {}
    if kind == "structure" and not shape.get("exception"):
        required = shape.get("required", ())
        for member, found in shape.get("members", {}).items():
            needed = " required" if member in required else ""
            facts[f"member {name}.{member}"] = found["shape"] + needed
    elif "enum" in shape:
        facts |= {f"enum {name}.{value}": LISTED for value in shape["enum"]}
    elif kind in _BOUNDED:
        facts[f"shape {name}"] = " ".join(_words(shape))
    return facts


def _words(shape: Mapping[str, Any]) -> Iterable[str]:
    """The type of a simple shape, of what it consists, and its bounds."""
    yield shape["type"]
    inner = [shape[part]["shape"] for part in ("key", "value", "member") if part in shape]
    yield from ([f"of {', '.join(inner)}"] if inner else [])
    if "min" in shape or "max" in shape:
        yield f"{shape.get('min', '')}..{shape.get('max', '')}"
    yield from (word for word in ("sensitive",) if shape.get(word))
    yield from ([shape["pattern"]] if "pattern" in shape else [])


def _quoted(said: str) -> str:
    return f"'{said}'" if "\\" in said else f'"{said}"'


def _file(service: str) -> Path:
    return HERE / f"{service}.toml"
