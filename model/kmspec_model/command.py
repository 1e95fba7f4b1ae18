"""Commands: the only place that says how an operation and its arguments are written symbolically.

A command never holds a generated id. What a target makes (``key#0``, ``store#1``) and what a
caller chooses (``alias#0``, ``ca#0``) are references, bound to real values by whoever runs the
command. A reference may name another form of the same thing: ``key#0.arn``, ``alias#0.arn``.

Related multi-Region keys share one key id, so they are one reference: ``key#0`` in ``region#1`` is
the one of them that is there, and ``key#0.arn1`` its ARN from wherever that is said. Without a
number an ARN is of the Region in which the command is.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple, Self, TypeAlias, Union

MADE = (
    *("key", "store", "cluster", "hsm", "backup", "ciphertext", "handle"),
    *("signature", "mac", "secret", "keymaterial", "wrapping", "token", "grant", "granttoken"),
)
"""What a target makes. ``handle#0`` is the handle, in its cluster, of the material of ``key#0``;
``secret#0`` what a KMS key and a public key share; ``wrapping#0`` the public key that comes with
the import token ``token#0``.
"""
CHOSEN = (
    *("alias", "name", "ca", "certificate", "plaintext", "context", "zone", "subnet"),
    *("message", "public", "region", "material", "moment", "service", "policy", "attestation"),
)
"""What a caller chooses. ``name#0`` names a store; ``certificate#1.0`` is the certificate of
``cluster#1`` signed by ``ca#0``; ``zone#0`` is the Availability Zone of ``subnet#0``;
``region#0`` is where a session happens, unless a command says otherwise; ``service#0`` the alias of
a service's AWS managed key; ``policy#0`` a key policy; ``attestation#0`` the attestation document
of an enclave.
``message#0.sha256`` is the digest of ``message#0``; ``public#0.p256`` a public key on that curve.

``material#3.0`` is key material wrapped under ``wrapping#0`` (:mod:`kmspec_model.materials`), and
``moment#60`` the time in 60 seconds.

From ``plaintext#1000`` on it is the target that makes them, and from ``public#1000``; they are
bound by the responses that carry them.
"""

DATA_KEY_PLAINTEXTS = 1000
"""``plaintext#1000`` is the data key that came with ``ciphertext#0``, and so on: apart from the
plaintexts that a caller chooses."""
BY_KEY = 1000
"""``public#1000`` is the public key of ``key#0``, ``secret#1002`` what ``key#1`` and ``public#2``
share, and so on: each is always the same, whatever else happened."""

_SPELLING = re.compile(r"([a-z]+)#([0-9]+)(?:\.([a-z0-9-]+))?")


class Ref(NamedTuple):
    """A symbolic reference, written ``kind#index`` or ``kind#index.form``."""

    kind: str
    index: int  # type: ignore[assignment]  # hides tuple.index, of no use here
    form: str = ""

    def __str__(self) -> str:
        return f"{self.kind}#{self.index}" + (f".{self.form}" if self.form else "")

    @property
    def plain(self) -> "Ref":
        """The same in no particular form."""
        return Ref(self.kind, self.index)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what ``str`` wrote.

        :raises ValueError: ``text`` is no reference.
        """
        found = _SPELLING.fullmatch(text)
        if found is None or found[1] not in MADE + CHOSEN:
            message = f"{text!r} is no reference: write kind#index, such as key#0 or alias#0.arn"
            raise ValueError(message)
        return cls(found[1], int(found[2]), found[3] or "")


Value: TypeAlias = Union[str, int, float, bool, bytes, Ref, tuple["Value", ...], "Pairs"]


_LONG = 200
_SHOWN = 20
"""Characters of a long value that people are shown."""


class Pairs(NamedTuple):
    """A structure or map among the arguments: its members in the order given."""

    items: tuple[tuple[str, Value], ...]


class Command(NamedTuple):
    """One operation with symbolic arguments, members spelled as the service spells them.

    ``keep`` asks the model to remember what a cryptographic operation returned, so that later
    commands may refer to it as the next ``ciphertext#n``; without it the answer is only checked.
    """

    service: str
    operation: str
    arguments: tuple[tuple[str, Value], ...] = ()
    keep: bool = False
    region: int = 0
    """For which Region it is: the index of ``region#n``."""

    def in_region(self, region: int) -> Self:
        """The same command for another Region."""
        return self._replace(region=region)

    def get(self, member: str, default: Value | None = None) -> Value | None:
        """The argument of that name, or the default."""
        for name, value in self.arguments:
            if name == member:
                return value
        return default

    def references(self) -> Iterator[Ref]:
        """Every reference among the arguments, in their order."""
        for _, value in self.arguments:
            yield from references_in(value)

    def __str__(self) -> str:
        arguments = ", ".join(f"{name}={written(value)}" for name, value in self.arguments)
        where = f" in {Ref('region', self.region)}" if self.region else ""
        return f"{self.operation}({arguments}){where}"


def references_in(value: Value) -> Iterator[Ref]:
    """Every reference in one argument, in its order."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, Pairs):
        for _, inner in value.items:
            yield from references_in(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from references_in(inner)


def written(value: Value) -> str:
    """One argument as people read it: references bare, all else as Python writes it."""
    if isinstance(value, Ref):
        return str(value)
    if isinstance(value, Pairs):
        return "{" + ", ".join(f"{name}: {written(inner)}" for name, inner in value.items) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(written(inner) for inner in value) + "]"
    if isinstance(value, str | bytes) and len(value) > _LONG:
        unit = "bytes" if isinstance(value, bytes) else "characters"
        return f"{written(value[:_SHOWN])}... ({len(value)} {unit})"
    return repr(str(value)) if isinstance(value, str) else repr(value)


def command(service: str, operation: str, /, **arguments: Value) -> Command:
    """A command from keyword arguments, in the order given."""
    return Command(service, operation, tuple(arguments.items()))


def advance(seconds: float) -> Command:
    """The only command that moves time."""
    return Command("clock", "Advance", (("Seconds", seconds),))
