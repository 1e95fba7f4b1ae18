"""Bindings: the only place that turns symbols into real values, and real values into symbols.

What a target makes is bound by the answers that name it. What a caller chooses follows from the
number of the symbol and from the session's tag, so that a run repeats exactly.
"""

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple, Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kmspec_check import attestations, certificates, policies
from kmspec_model.command import MADE, Pairs, Ref, Value

REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2")
"""Of one partition, and such that every account may use them."""
_ARN = re.compile(r"arn([0-9]*)")
_ZONES = "abcdefghijklmnopqrstuvwxyz"
_BLOBS = ("ciphertext", "signature", "mac", "secret")
"""Kinds of symbol that stand for what cryptographic operations make."""
_UNKNOWN = {
    "key": "00000000-0000-4000-8000-{:012x}",
    "store": "cks-{:017x}",
    "cluster": "cluster-{}",
    "hsm": "hsm-{}",
    "backup": "backup-{}",
    "grant": "{:064x}",
    "granttoken": "bm9uZQ{:04d}",
}
"""Well-formed ids that no target has made, for symbols that are bound to nothing."""
_BASE32 = "234567abcdefghijklmnopqrstuvwxyz"
UNKNOWN_HANDLE = 0x3FFFFFFF
"""A handle that no key material has."""
_SERVICES = ("s3", "ebs", "rds")
"""Whose AWS managed keys are asked for."""
_SHORTEST = 5
"""A shorter value is too common to be looked for inside texts."""
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


class Unbound(LookupError):
    """A symbol that only a call can bind: a certificate, a handle, a moment, wrapped material."""

    def __init__(self, ref: Ref) -> None:
        super().__init__(f"{ref} is not bound")
        self.ref = ref


class Place(NamedTuple):
    """Where a session happens and how its chosen names are told from those of another."""

    account: str
    region: str
    tag: str


class Binding:
    """Symbols and their values. Immutable: :meth:`extended` makes another."""

    __slots__ = ("_reverse", "_values", "asked", "place")

    def __init__(
        self, place: Place, values: Mapping[Ref, Any] | None = None, asked: int = 0
    ) -> None:
        self.place = place
        self.asked = asked
        """The index of the Region in which what is bound is said."""
        self._values: dict[Ref, Any] = dict(values or {})
        self._reverse: dict[object, str] | None = None

    def extended(self, new: Mapping[Ref, Any]) -> Self:
        """This binding and more; itself when there is nothing to add."""
        return type(self)(self.place, {**self._values, **new}, self.asked) if new else self

    def within(self, region: int) -> "Binding":
        """The same, for what is said in another Region."""
        return self if region == self.asked else Binding(self.place, self._values, region)

    def region(self, index: int) -> str:
        """The Region of that index: the session's own first, then others."""
        own = self.place.region
        return (own, *(name for name in REGIONS if name != own))[index]

    def known(self, ref: Ref) -> bool:
        """Whether a value was observed for the symbol, in whatever form."""
        return ref.plain in self._values

    def taken(self, kind: str, value: object) -> bool:
        """Whether another symbol of the kind has this value."""
        return any(held == value for ref, held in self._values.items() if ref.kind == kind)

    def items(self) -> tuple[tuple[Ref, Any], ...]:
        """All that was observed."""
        return tuple(self._values.items())

    def value(self, ref: Ref) -> Any:  # noqa: ANN401 - symbols stand for values of any type
        """The value a symbol stands for.

        A made symbol that was never observed stands for a well-formed id of nothing.

        :raises Unbound: only a call can tell.
        """
        plain = ref.plain
        elsewhere = ref.kind == "zone" and self.asked  # observed is where zones of region#0 are
        if plain in self._values and not elsewhere:
            return self._formed(ref, self._values[plain])
        if ref.kind in MADE:
            return self._formed(ref, _unknown(ref))
        return self._chosen(ref)

    def resolved(self, value: Value) -> Any:  # noqa: ANN401 - arguments are of any type
        """An argument with all its symbols replaced."""
        if isinstance(value, Ref):
            return self.value(value)
        if isinstance(value, Pairs):
            return {name: self.resolved(inner) for name, inner in value.items}
        if isinstance(value, tuple):
            return [self.resolved(inner) for inner in value]
        return value

    def text(self, template: str) -> str:
        """A message with the references in its braces replaced."""
        return _PLACEHOLDER.sub(lambda found: str(self.value(Ref.parse(found[1]))), template)

    def _formed(self, ref: Ref, value: Any) -> Any:  # noqa: ANN401 - as above
        if not ref.form:
            return value
        if ref.kind in _BLOBS:
            return _damaged(value, ref.form)
        if ref.kind == "policy":
            return policies.written(ref.index, ref.form, self.place.account)
        form = _ARN.fullmatch(ref.form)
        if form is not None:
            account = self.place.account
            region = self.region(int(form[1] or self.asked))
            forms = {
                "key": f"arn:aws:kms:{region}:{account}:key/{value}",
                "alias": f"arn:aws:kms:{region}:{account}:{value}",
                "service": f"arn:aws:kms:{region}:{account}:{value}",
                "backup": f"arn:aws:cloudhsm:{region}:{account}:backup/{value}",
                "cluster": f"arn:aws:cloudhsm:{region}:{account}:cluster/{value}",
            }
            if ref.kind in forms:
                return forms[ref.kind]
        raise ValueError(f"{ref} has no form {ref.form!r}")

    def _chosen(self, ref: Ref) -> Any:  # noqa: ANN401, C901, PLR0911, PLR0912 - one a kind
        tag = self.place.tag
        match ref.kind:
            case "alias":
                return self._formed(ref, f"alias/kmspec-{tag}-{ref.index}")
            case "service":
                return self._formed(ref, f"alias/aws/{_SERVICES[ref.index]}")
            case "policy":
                return policies.written(ref.index, ref.form, self.place.account)
            case "name":
                return f"kmspec-{tag}-{ref.index}"
            case "ca":
                return certificates.authority(ref.index).pem
            case "message":
                return _digested(f"message {ref.index}".encode(), ref.form)
            case "public":
                return public_key(ref.index, ref.form)
            case "plaintext":
                digest = hashlib.sha256(f"plaintext {ref.index}".encode()).digest()
                return digest[: 1 + ref.index % 32]
            case "context":
                return {"kmspec": f"context {ref.index}"}
            case "attestation":
                return attestations.document(ref.form)
            case "subnet":
                return f"subnet-{ref.index + 1:08x}"
            case "zone":
                return self.region(self.asked) + _ZONES[ref.index % len(_ZONES)]
            case "region":
                return self.region(ref.index)
        raise Unbound(ref)

    def symbol(self, value: object) -> str | None:
        """The symbol that stands for a value, if one does."""
        if not isinstance(value, str | bytes | int) or isinstance(value, bool):
            return None
        return self._symbols().get(value)

    def reference(self, value: object) -> Ref | None:
        """The symbol that stands for a value that was observed, or for an alias that was chosen."""
        symbol = self.symbol(value)
        if symbol is not None:
            return Ref.parse(symbol)
        before, _, number = str(value).rpartition("-")
        if number.isdecimal() and before == f"alias/kmspec-{self.place.tag}":
            return Ref("alias", int(number))
        return None

    def symbolic(self, value: object) -> object:
        """A value with whatever has a symbol replaced by it, for people and for comparison."""
        if isinstance(value, dict):
            return {name: self.symbolic(inner) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.symbolic(inner) for inner in value]
        symbol = self.symbol(value)
        if symbol is not None:
            return symbol
        if isinstance(value, bytes):
            return f"<{len(value)} bytes>"
        if isinstance(value, str):
            for real, name in self._symbols().items():
                if isinstance(real, str) and len(real) > _SHORTEST and real in value:
                    value = value.replace(real, name)
        return value

    def _symbols(self) -> dict[object, str]:
        """Real values and the symbols they have; longer ones first, so that ARNs win over ids."""
        if self._reverse is None:
            found: dict[object, str] = {}
            for ref, value in self._values.items():
                if isinstance(value, str | bytes) or ref.kind == "handle":
                    found[value] = str(ref)
                if ref.kind in ("key", "backup"):
                    for region in range(len(REGIONS)):
                        form = "arn" if region == self.asked else f"arn{region}"
                        arn = Ref(ref.kind, ref.index, form)
                        found[self.value(arn)] = str(arn)
            ordered = sorted(found.items(), key=lambda pair: -len(str(pair[0])))
            self._reverse = dict(ordered)
        return self._reverse


def _unknown(ref: Ref) -> Any:  # noqa: ANN401 - ids, blobs and handles
    if ref.kind in _BLOBS:
        return hashlib.sha256(f"no {ref.kind} {ref.index}".encode()).digest() * 4
    if ref.kind == "handle":
        raise Unbound(ref)
    if ref.kind in ("keymaterial", "wrapping", "token"):
        digest = hashlib.sha256(f"no {ref.kind} {ref.index}".encode())
        return digest.hexdigest() if ref.kind == "keymaterial" else digest.digest()
    form = _UNKNOWN[ref.kind]
    if ref.kind in ("key", "store", "grant", "granttoken"):
        return form.format(ref.index)
    digits, number = "", ref.index
    for _ in range(11):
        number, digit = divmod(number, len(_BASE32))
        digits = _BASE32[digit] + digits
    return form.format(digits)


def _digested(message: bytes, form: str) -> bytes:
    """A message, or its digest.

    :raises ValueError: there is no such digest.
    """
    return hashlib.new(form, message).digest() if form else message


_CURVES: Mapping[str, ec.EllipticCurve] = {
    "p256": ec.SECP256R1(),
    "p384": ec.SECP384R1(),
    "p521": ec.SECP521R1(),
}


@cache
def public_key(number: int, form: str) -> bytes:
    """A public key as DER, always the same for a number and a curve.

    :raises ValueError: there is no such curve.
    """
    shape = serialization.PublicFormat.SubjectPublicKeyInfo
    return agreement_key(number, form).public_key().public_bytes(serialization.Encoding.DER, shape)


def agreement_key(number: int, form: str) -> ec.EllipticCurvePrivateKey:
    """The private key of a public key of ours.

    :raises ValueError: there is no such curve.
    """
    if form not in _CURVES:
        raise ValueError(f"a public key has no form {form!r}")
    return ec.derive_private_key(number + 2, _CURVES[form])


def _damaged(blob: bytes, form: str) -> bytes:
    """A blob that no service has made: one bit of its tag changed, or half of it gone.

    :raises ValueError: there is no such form of a ciphertext.
    """
    if form == "corrupt":
        return blob[:-1] + bytes([blob[-1] ^ 1])
    if form == "short":
        return blob[: len(blob) // 2]
    raise ValueError(f"a ciphertext has no form {form!r}")
