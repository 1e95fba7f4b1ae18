"""Fitting: the only place that holds an answer against the pattern of a permitted outcome."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from kmspec_check import attestations
from kmspec_check.binding import Binding
from kmspec_check.target import Answer
from kmspec_model.command import DATA_KEY_PLAINTEXTS, Ref, written
from kmspec_model.outcome import (
    Bind,
    Items,
    Mark,
    Members,
    OneOf,
    Pattern,
    Refusal,
    Sealed,
    Sized,
    Success,
    Text,
    Values,
)

_REPEATABLE = frozenset({"wrapping"})
"""Kinds of which two may be the same: nobody says that each wrapping key is a new one."""


_PLAIN = frozenset({str, bytes, bool, int, float})
"""Types of what a member is compared with as it is."""


class Chosen(NamedTuple):
    """A step of a path: the item of a list that is identified by a member."""

    by: str
    value: object
    """The pattern of the member, or what was observed."""

    def __str__(self) -> str:
        return f"[{self.by}={describe(self.value)}]"


Path = tuple[str | Chosen, ...]
"""Where in an answer."""


class Mismatch(NamedTuple):
    """One place where an answer is not as it must be."""

    path: Path
    expected: object
    """The pattern there."""
    observed: object
    """The value there; :data:`kmspec_model.outcome.Mark.ABSENT` when there is none."""
    soft: bool = False
    """Whether it is only a message text or an HTTP status."""

    @property
    def where(self) -> str:
        """The path as people read it."""
        return path_text(self.path)


class Fit(NamedTuple):
    """How an answer fits an outcome."""

    new: Mapping[Ref, Any]
    """What the answer binds."""
    paths: Mapping[Ref, Path]
    """Where in the answer that is."""
    mismatches: tuple[Mismatch, ...]

    @property
    def hard(self) -> bool:
        """Whether it does not fit, message and status aside."""
        return any(not mismatch.soft for mismatch in self.mismatches)


def path_text(path: Path) -> str:
    """A path such as ``Clusters[ClusterId=cluster#0].State``."""
    text = ""
    for part in path:
        text += str(part) if isinstance(part, Chosen) or not text else f".{part}"
    return text


def fit(
    outcome: Success | Refusal, answer: Answer, binding: Binding, *, shared: bool = False
) -> Fit:
    """Hold an answer against a permitted outcome.

    ``shared`` says that other things may be listed in the account.
    """
    if isinstance(outcome, Refusal):
        return Fit({}, {}, tuple(_refusal(outcome, answer, binding)))
    if answer.refused:
        wrong = Mismatch(("error code",), "none", answer.code or f"HTTP {answer.status}")
        return Fit({}, {}, (wrong,))
    fitting = _Fitting(binding, shared=shared)
    fitting.members(outcome.response, answer.body, ())
    fitting.finish()
    return Fit(fitting.new, fitting.paths, tuple(fitting.mismatches))


def _refusal(outcome: Refusal, answer: Answer, binding: Binding) -> Iterator[Mismatch]:
    if not answer.refused:
        yield Mismatch(("error code",), outcome.code, "none")
        return
    if answer.code != outcome.code:
        yield Mismatch(("error code",), outcome.code, answer.code or f"HTTP {answer.status}")
        return
    if answer.status != outcome.status:
        yield Mismatch(("HTTP status",), outcome.status, answer.status, soft=True)
    if outcome.message is not None:
        expected = binding.text(outcome.message)
        if (answer.message or "") != expected:
            yield Mismatch(("message",), expected, answer.message, soft=True)


class _Fitting:
    """One response being held against one pattern, collecting what it binds."""

    def __init__(self, binding: Binding, *, shared: bool) -> None:
        self._binding = binding
        self._shared = shared
        self.new: dict[Ref, Any] = {}
        self.paths: dict[Ref, Path] = {}
        self.mismatches: list[Mismatch] = []
        self._later: list[tuple[Ref, object, Path]] = []

    def finish(self) -> None:
        """Compare the references that this same response had to bind first.

        One that it did not is bound here: the first answer that names a thing names it.
        """
        for ref, value, path in self._later:
            binding = self._binding.extended(self.new)
            if not ref.form and not binding.known(ref):
                self._bind(Bind(ref), value, path)
            elif binding.value(ref) != value:
                self.mismatches.append(Mismatch(path, ref, value))

    def members(self, pattern: Members, value: object, path: Path) -> None:
        """Hold a structure against its members."""
        if not isinstance(value, Mapping):
            self.mismatches.append(Mismatch(path, pattern, value))
            return
        for name, inner in pattern.fields:
            observed = value.get(name, Mark.ABSENT)
            form = type(inner)
            if form in _PLAIN and form is type(observed) and inner == observed:
                continue
            if observed is None:
                observed = Mark.ABSENT
            self.pattern(inner, observed, (*path, name))

    def pattern(  # noqa: C901 - one branch for each form of pattern
        self, pattern: Pattern, value: object, path: Path
    ) -> None:
        """Hold any value against any pattern."""
        if isinstance(pattern, Mark):
            if (value is Mark.ABSENT) != (pattern is Mark.ABSENT):
                self.mismatches.append(Mismatch(path, pattern, value))
        elif isinstance(pattern, OneOf):
            self._one_of(pattern, value, path)
        elif value is Mark.ABSENT:
            if not (isinstance(pattern, Items) and not pattern.entries):
                self.mismatches.append(Mismatch(path, pattern, value))
        elif isinstance(pattern, Ref):
            self._reference(pattern, value, path)
        elif isinstance(pattern, Bind):
            self._bind(pattern, value, path)
        elif isinstance(pattern, Members):
            self.members(pattern, value, path)
        elif isinstance(pattern, Items):
            self._items(pattern, value, path)
        elif isinstance(pattern, Sealed):
            self._sealed(pattern, value, path)
        elif not _equals(pattern, value):
            self.mismatches.append(Mismatch(path, pattern, value))

    def _reference(self, ref: Ref, value: object, path: Path) -> None:
        plain = ref.plain
        if self._binding.known(plain) or _is_chosen(ref):
            if not _same(ref, self._binding.value(ref), value):
                self.mismatches.append(Mismatch(path, ref, value))
        else:
            self._later.append((ref, value, path))

    def _bind(self, pattern: Bind, value: object, path: Path) -> None:
        ref = pattern.ref
        if self._binding.known(ref):
            self._reference(ref, value, path)
            return
        fresh = ref.kind in _REPEATABLE or (
            not self._binding.taken(ref.kind, value)
            and value not in [held for other, held in self.new.items() if other.kind == ref.kind]
        )
        if not isinstance(value, str | bytes | int) or value in ("", b""):
            fresh = False
        if not fresh or (pattern.begins and not str(value).startswith(pattern.begins)):
            self.mismatches.append(Mismatch(path, pattern, value))
            return
        plain = ref.plain
        self.new[plain] = value
        self.paths[plain] = path

    def _one_of(self, pattern: OneOf, value: object, path: Path) -> None:
        for option in pattern.options:
            if option == value or self._try(option, value, path):
                return
        self.mismatches.append(Mismatch(path, pattern, value))

    def _try(self, pattern: Pattern, value: object, path: Path) -> bool:
        """Fit and keep what that binds; on a mismatch leave everything as it was."""
        trial = _Fitting(self._binding.extended(self.new), shared=self._shared)
        trial.pattern(pattern, value, path)
        if not trial.mismatches:
            trial.finish()
        if trial.mismatches:
            return False
        self.new.update(trial.new)
        self.paths.update(trial.paths)
        return True

    def _sealed(self, pattern: Sealed, value: object, path: Path) -> None:
        """Open a message; what it binds is nowhere in the answer itself."""
        if not attestations.can_be_read(value):
            return
        content, paths = attestations.opened(value), dict(self.paths)
        if content is None or not self._try(pattern.content, content, path):
            self.mismatches.append(Mismatch(path, pattern, value))
        self.paths = paths

    def _items(self, pattern: Items, value: object, path: Path) -> None:
        if not isinstance(value, list):
            self.mismatches.append(Mismatch(path, pattern, value))
            return
        if len(value) < pattern.least or _falls(pattern.rising, value):
            self.mismatches.append(Mismatch(path, pattern, value))
        left = list(value)
        named: list[tuple[Members, Pattern, object]] = []
        unnamed: list[tuple[Members, Pattern, object]] = []
        for entry in pattern.entries:
            identity = dict(entry.fields)[pattern.by]
            known = self._identity(identity)
            (unnamed if known is None else named).append((entry, identity, known))
        for entry, identity, known in named:
            step = (*path, Chosen(pattern.by, identity))
            found = next((item for item in left if _member(item, pattern.by) == known), None)
            if found is None:
                self.mismatches.append(Mismatch(step, Mark.PRESENT, Mark.ABSENT))
            else:
                left.remove(found)
                self.pattern(entry, found, step)
        for entry, identity, _ in unnamed:
            self._claim(pattern, entry, left, (*path, Chosen(pattern.by, identity)))
        if not (pattern.free or self._shared):
            for item in left:
                if any(self._try(entry, item, path) for entry in pattern.also):
                    continue
                seen = _member(item, pattern.by)
                step = (*path, Chosen(pattern.by, self._binding.reference(seen) or seen))
                self.mismatches.append(Mismatch(step, Mark.ABSENT, item))

    def _identity(self, identity: Pattern) -> object:
        """The value that identifies an item, or ``None`` when the item is yet to be named."""
        if isinstance(identity, Bind):
            identity = identity.ref
        if not isinstance(identity, Ref):
            return identity
        plain = identity.plain
        binding = self._binding
        if plain in self.new:
            binding = binding.extended(self.new)
        if binding.known(plain) or _is_chosen(identity):
            return binding.value(identity)
        return None

    def _claim(self, pattern: Items, entry: Members, left: list[Any], path: Path) -> None:
        """Give the entry the first item that fits it."""
        named = tuple(
            (name, Bind(inner) if name == pattern.by and isinstance(inner, Ref) else inner)
            for name, inner in entry.fields
        )
        for item in left:
            if self._try(Members(named), item, path):
                left.remove(item)
                return
        if len(left) == 1 and not self._shared:
            self.pattern(Members(named), left.pop(), path)
        else:
            self.mismatches.append(Mismatch(path, Mark.PRESENT, Mark.ABSENT))


def _is_chosen(ref: Ref) -> bool:
    if ref.kind == "plaintext":
        return ref.index < DATA_KEY_PLAINTEXTS
    return ref.kind in (
        "alias",
        "name",
        "ca",
        "context",
        "subnet",
        "zone",
        "region",
        "service",
        "policy",
    )


def _equals(pattern: Pattern, value: object) -> bool:
    """Whether a value is the one that a pattern without parts means."""
    if isinstance(pattern, Values):
        return isinstance(value, list) and sorted(value) == sorted(pattern.values)
    if isinstance(pattern, Sized):
        return isinstance(value, bytes) and len(value) == pattern.length
    if isinstance(pattern, Text):
        return isinstance(value, str) and re.fullmatch(pattern.expression, value) is not None
    return pattern == value and isinstance(pattern, bool) == isinstance(value, bool)


def _same(ref: Ref, known: object, value: object) -> bool:
    """Whether two values are the same; of a key policy its meaning counts, not its spelling."""
    if known == value or ref.kind != "policy" or not isinstance(value, str):
        return known == value
    try:
        return bool(json.loads(str(known)) == json.loads(value))
    except ValueError:
        return False


def _falls(name: str, items: list[Any]) -> bool:
    """Whether a member is less in an item than in the one before it."""
    values: list[Any] = [_member(item, name) for item in items] if name else []
    known = [value for value in values if value is not None]
    return any(one > other for one, other in pairwise(known))


def _member(item: object, name: str) -> object:
    return item.get(name) if isinstance(item, Mapping) else None


def describe(  # noqa: C901, PLR0911 - one for each form of pattern
    pattern: object,
) -> str:
    """A pattern, or an observed value, as people read it."""
    match pattern:
        case Mark():
            return pattern.value
        case Bind():
            begins = f" that begins with {pattern.begins}" if pattern.begins else ""
            return f"a new {pattern.ref.kind} ({pattern.ref}){begins}"
        case OneOf():
            return " or ".join(describe(option) for option in pattern.options)
        case Members():
            inner = ", ".join(f"{name}: {describe(value)}" for name, value in pattern.fields)
            return "{" + inner + "}"
        case Items():
            inner = ", ".join(describe(dict(entry.fields)[pattern.by]) for entry in pattern.entries)
            order = f", sorted by {pattern.rising}" if pattern.rising else ""
            least = f", {pattern.least} or more" if pattern.least else ""
            return f"[{inner}]{order}{least}"
        case Values():
            return f"[{', '.join(pattern.values)}]"
        case Sized():
            return f"{pattern.length} bytes"
        case Text():
            return f"a text like {pattern.expression}"
        case Sealed():
            return f"{describe(pattern.content)}, encrypted for {pattern.to}"
        case Ref():
            return str(pattern)
        case bytes():
            return f"<{len(pattern)} bytes>"
        case str() | int() | float():
            return written(pattern)
    return str(pattern)


def binds(pattern: Pattern) -> Iterator[Ref]:
    """The symbols that an answer of this pattern would bind."""
    match pattern:
        case Bind():
            yield pattern.ref
        case Members():
            for _, inner in pattern.fields:
                yield from binds(inner)
        case Items():
            for entry in pattern.entries:
                yield from binds(entry)
        case OneOf():
            for option in pattern.options:
                yield from binds(option)
        case Sealed():
            yield from binds(pattern.content)
