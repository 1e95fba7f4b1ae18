"""The boto3 script: the only place that writes a trace as a Python program.

The program needs boto3 and the standard library, and ``cryptography`` only where a certificate is
to be signed. It ends with exit status 1 when the fault shows, 0 when it does not, and 2 when
the steps to it cannot be taken. It may be run any number of times on one server.
"""

import re
from collections.abc import Iterator

from kmspec.names import Service
from kmspec_check import attestations, proofs, script_proofs, wrapping
from kmspec_check.binding import Binding, Place
from kmspec_check.patterns import Chosen, Path
from kmspec_check.snippets import (
    AT_ONCE,
    CHECKS,
    HEAD,
    OPENING,
    PROVING,
    SIGNING,
    VERDICT,
    WRAPPING,
)
from kmspec_check.target import succeeded
from kmspec_check.trace import AtOnce, Order, Trace, TraceStep
from kmspec_check.violation import describe_outcome
from kmspec_model import Command, Ref, Success
from kmspec_model.command import Pairs
from kmspec_model.materials import read
from kmspec_model.outcome import Bind, Items, Mark, Members, OneOf, Sealed, Sized, Text, Values

ACCOUNT = "str(100_000_000_000 + secrets.randbelow(900_000_000_000))"
"""The account of a script, drawn in each run, where the target keeps accounts apart."""
_RUN = "@run@"
"""Stands in chosen names for what each run draws."""
_BLOBS = ("ciphertext", "signature", "mac", "plaintext", "public", "secret")
_RESOURCE = ("key", "store", "cluster", "hsm", "backup", "keymaterial", "grant")
_HELD = (*_RESOURCE, *_BLOBS, "wrapping", "token", "granttoken")
_RESOURCES = {
    "alias": ("kms", ""),
    "service": ("kms", ""),
    "key": ("kms", "key/"),
    "backup": ("cloudhsm", "backup/"),
    "cluster": ("cloudhsm", "cluster/"),
}
"""The service and the folder of what has an ARN."""
_LONG = 80
_ARN = re.compile(r"arn([0-9]*)")
_CLIENTS = {Service.KMS: "kms", Service.CLOUDHSM: "cloudhsm", Service.STS: "sts"}


def script(trace: Trace) -> str:
    """The program that shows the violation of a trace."""
    program = _Script(trace) if trace.at_once is None else _AtOnce(trace, trace.at_once)
    return "\n".join(program.lines()) + "\n"


class _Script:
    """One program being written."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._binding = Binding(Place("000000000000", trace.region, _RUN))
        self._named: set[Ref] = set()

    def lines(self) -> Iterator[str]:
        """The program, line by line."""
        yield from self._head()
        last = self._trace.steps[-1]
        if any(isinstance(_pattern_at(last, path), Sealed) for path in last.paths):
            yield OPENING.format(private_key=attestations.private_key())
        if any(difference.expected in proofs.WORDS for difference in last.differences):
            yield PROVING
        for number, step in enumerate(self._trace.steps, start=1):
            yield from self._step(number, step, last=step is last)
        yield from self._verdict(last)

    def _head(self) -> Iterator[str]:
        """What every program begins with."""
        trace = self._trace
        yield f'"""{trace.rule}'
        yield ""
        yield trace.sentence
        yield '"""'
        yield ""
        used = {ref.kind for step in trace.steps for ref in step.command.references()}
        account = ACCOUNT if trace.isolated else '"kmspec"'
        yield HEAD.format(account=account, region=trace.region)
        if used & {"ca", "certificate"}:
            yield SIGNING
        if used & {"material", "moment"}:
            yield WRAPPING

    def _step(self, number: int, step: TraceStep, *, last: bool) -> Iterator[str]:
        command = step.command
        self._binding = self._binding.within(command.region)
        yield f"step = {number}  # {command}"
        call = self._call(command)
        refused = not any(isinstance(outcome, Success) for outcome in step.expected)
        if last or refused or not succeeded(step.recorded.status):
            yield f"answer = attempt(lambda: {call})"
        else:
            yield f"answer = {call}"
        if not last:
            yield from self._names(step)
        if command.operation == "CreateCluster" and not (last or command.region):
            yield "zones.update({subnet: zone for zone, subnet in"
            yield '             answer["Cluster"].get("SubnetMapping", {}).items()})'
        if not last:
            yield ""

    def _names(self, step: TraceStep) -> Iterator[str]:
        for ref, path in step.names:
            if ref.kind in _HELD:
                yield f"{_variable(ref)} = {self._at(path)}"
                self._named.add(ref)
                if ref.kind in _RESOURCE:
                    yield f"known.add({_variable(ref)})"

    def _at(self, path: Path) -> str:
        return f"at(answer, {', '.join(self._part(part) for part in path)})"

    def _part(self, part: str | Chosen) -> str:
        if isinstance(part, str):
            return repr(part)
        value = part.value.ref if isinstance(part.value, Bind) else part.value
        if isinstance(value, Ref) and value.kind in _HELD and value.plain not in self._named:
            return f"New({part.by!r})"
        return f"({part.by!r}, {self._value(value)})"

    def _call(self, command: Command) -> str:
        arguments = {name: self._value(value, command) for name, value in command.arguments}
        if command.service in (Service.OPERATOR, Service.CLOCK):
            inner = ", ".join(f"{name!r}: {value}" for name, value in arguments.items())
            return f"post({command.service + '/' + command.operation!r}, {{{inner}}})"
        if command.service == Service.LOAD:
            return f"burst({arguments['KeyId']}, {arguments['Count']})"
        client = _CLIENTS[Service(command.service)]
        if command.region:
            client = f"elsewhere({client}, {self._binding.region(command.region)!r})"
        inner = "".join(f", {name}={value}" for name, value in arguments.items())
        return f"call({client}, {command.operation!r}{inner})"

    def _value(self, value: object, command: Command | None = None) -> str:
        if isinstance(value, Ref):
            return self._reference(value, command)
        if isinstance(value, Pairs):
            inner = ", ".join(
                f"{name!r}: {self._value(held, command)}" for name, held in value.items
            )
            return f"{{{inner}}}"
        if isinstance(value, tuple):
            return f"[{', '.join(self._value(held, command) for held in value)}]"
        return _repeated(str(value) if isinstance(value, str) else value)

    def _reference(  # noqa: C901, PLR0911 - one for each kind
        self, ref: Ref, command: Command | None
    ) -> str:
        plain = ref.plain
        if ref.kind == "ca":
            return f"anchor({ref.index})"
        if ref.kind == "moment":
            return f"moment({ref.index})"
        if ref.kind == "material":
            said = read(ref)
            public_key = self._reference(Ref("wrapping", said.parameters), None)
            content = wrapping.material(said.material)
            return f"wrapped({public_key}, {str(said.algorithm)!r}, {content!r}, {said.corrupt})"
        if ref.kind == "certificate":
            cluster = self._reference(Ref("cluster", ref.index), None)
            return f"certificate({cluster}, {int(ref.form or '0')})"
        if ref.kind == "handle":
            where = command.get("ClusterId") if command else None
            return f"handle({self._value(where)}, {self._reference(Ref('key', ref.index), None)})"
        if ref.kind == "zone" and not self._binding.asked:
            subnet = repr(self._binding.value(Ref("subnet", ref.index)))
            return f"zones.get({subnet}, {self._binding.value(ref)!r})"
        if ref.kind == "policy":
            text = repr(self._binding.value(ref))
            return f"{text}.replace({self._binding.place.account!r}, account())"
        found = _ARN.fullmatch(ref.form)
        if found is not None and ref.kind in _RESOURCES:
            service, folder = _RESOURCES[ref.kind]
            index = int(found[1] or self._binding.asked)
            where = f", {self._binding.region(index)!r}" if index else ""
            if plain in self._named:
                return f"arn({service!r}, {folder!r} + {_variable(ref)}{where})"
            return f"arn({service!r}, {_literal(folder + self._binding.value(plain))}{where})"
        if plain in self._named:
            return _formed(ref)
        return _literal(self._binding.value(ref))

    def _verdict(self, last: TraceStep) -> Iterator[str]:
        """The lines that compare, tell, and end the program."""
        codes = tuple(o.code for o in last.expected if not isinstance(o, Success))
        success = any(isinstance(outcome, Success) for outcome in last.expected)
        yield f"codes = {codes!r}"
        yield f"success = {success}"
        yield "checks = ["
        soft = {"HTTP status", "message"}
        for difference, path in zip(last.differences, last.paths, strict=False):
            if difference.where == "error code":
                continue
            if difference.where in soft:
                yield f"    {self._soft_check(last, difference.where)},"
                continue
            if difference.expected in proofs.WORDS:
                holds = script_proofs.holds(self._trace, self._value)
                yield f"    ({difference.where!r}, {self._getter(path)}, {holds}),"
                continue
            pattern, items = _pattern_at(last, path), _pattern_at(last, path[:-1])
            look, holds = self._getter(path), self._test(pattern)
            nameless = isinstance(path[-1], Chosen) and not isinstance(path[-1].value, Ref)
            if pattern is Mark.ABSENT and nameless and isinstance(items, Items) and not items.also:
                # What has no symbol has another name in each run: there is one too many.
                look = f"lambda: len({self._at(path[:-1])} or [])"
                holds = f"lambda seen: seen <= {len(items.entries)}"
            yield f"    ({difference.where!r}, {look}, {holds}),"
        yield "]"
        expected = " or ".join(dict.fromkeys(describe_outcome(o, ("",)) for o in last.expected))
        if last.differences and last.differences[0].where != "error code":
            expected = "; ".join(f"{d.where}: {d.expected}" for d in last.differences)
        yield CHECKS.format(expected=expected)

    def _getter(self, path: Path) -> str:
        return f"lambda: {self._at(path)}"

    def _soft_check(self, last: TraceStep, where: str) -> str:
        refusal = next(o for o in last.expected if not isinstance(o, Success))
        if where == "HTTP status":
            return f"({where!r}, lambda: answer['status'], lambda seen: seen == {refusal.status})"
        parts, rest = [], refusal.message or ""
        while "{" in rest:
            before, _, after = rest.partition("{")
            name, _, rest = after.partition("}")
            parts += [repr(before), f"str({self._value(Ref.parse(name))})"]
        text = " + ".join([*parts, repr(rest)])
        return f"({where!r}, lambda: answer['message'], lambda seen: seen == {text})"

    def _test(self, pattern: object) -> str:
        """A predicate on one observed value, which is ``None`` when absent."""
        return f"lambda seen: {self._condition(pattern)}"

    def _condition(  # noqa: C901, PLR0911 - one for each form
        self, pattern: object
    ) -> str:
        match pattern:
            case Bind(ref) if ref in self._named:
                return f"seen == {_variable(ref)}"
            case Values():
                return f"sorted(seen or []) == {sorted(pattern.values)!r}"
            case Sized():
                return f"len(seen or b'') == {pattern.length}"
            case Text():
                return f"re.fullmatch({pattern.expression!r}, seen or '')"
            case Ref("policy"):
                return f"json.loads(seen or '0') == json.loads({self._value(pattern)})"
            case Mark.ABSENT:
                return "seen is None"
            case Items(rising=rising, least=least) if rising:
                in_order = f"seen == sorted(seen, key=lambda one: one[{rising!r}])"
                return f"len(seen or []) >= {least} and {in_order}"
            case Mark.PRESENT | Members() | Items() | Bind():
                return "seen is not None"
            case Sealed():
                return f"(lambda seen: {self._condition(pattern.content)})(opened(seen))"
            case OneOf(options) if all(isinstance(option, Items) for option in options):
                most = max(len(option.entries) for option in options if isinstance(option, Items))
                return f"len(seen or []) <= {most}"
            case OneOf():
                inner = " or ".join(self._condition(option) for option in pattern.options)
                return f"({inner})"
        return f"seen == {self._value(pattern)}"


class _AtOnce(_Script):
    """One program in which several clients ask at once, tried again until it shows."""

    def __init__(self, trace: Trace, at_once: AtOnce) -> None:
        super().__init__(trace)
        self._orders = at_once.orders

    def lines(self) -> Iterator[str]:
        """The program, line by line."""
        yield from self._head()
        account = ACCOUNT if self._trace.isolated else '"kmspec"'
        yield AT_ONCE.format(account=account)
        clients: dict[int, list[tuple[int, TraceStep]]] = {}
        looks: list[tuple[int, TraceStep]] = []
        for number, step in enumerate(self._trace.steps, start=1):
            if step.client:
                clients.setdefault(step.client, []).append((number, step))
            elif clients:
                looks.append((number, step))
            else:
                yield from (f"    {line}" for line in self._step(number, step, last=False))
        for client, steps in clients.items():
            yield from self._client(client, steps)
        yield f"    at_once({', '.join(f'client_{client}' for client in clients)})"
        yield from (f"    {line}" for number, step in looks for line in self._asked(number, step))
        yield "    orders = ["
        yield from dict.fromkeys(f"        [{self._order(order)}]," for order in self._orders)
        yield "    ]"
        yield VERDICT

    def _client(self, client: int, steps: list[tuple[int, TraceStep]]) -> Iterator[str]:
        names = {_variable(ref): None for _, step in steps for ref, _ in step.names}
        yield f"    def client_{client}():"
        if names:
            yield f"        global {', '.join(names)}"
        for number, step in steps:
            yield from (f"        {line}" for line in self._asked(number, step))
        yield ""

    def _asked(self, number: int, step: TraceStep) -> Iterator[str]:
        self._binding = self._binding.within(step.command.region)
        yield f"# step {number}: {step.command}"
        yield f"answers[{number}] = answer = attempt(lambda: {self._call(step.command)})"
        yield from self._names(step)

    def _order(self, order: Order) -> str:
        """Whether the answers are those that an order asks for."""
        found = []
        for place, answer, paths in zip(order.steps, order.answers, order.paths, strict=False):
            self._binding = self._binding.within(self._trace.steps[place].command.region)
            number = place + 1
            if not isinstance(answer, Success):
                found.append(f"lambda: code({number}) == {answer.code!r}")
                continue
            found.append(f"lambda: code({number}) is None")
            for path in paths:
                seen = f"at(answers[{number}], {', '.join(self._part(part) for part in path)})"
                pattern = _descend(answer.response, path)
                found.append(f"lambda: (lambda seen: {self._expected(path, pattern)})({seen})")
        return ", ".join(found)

    def _expected(self, path: Path, pattern: object) -> str:
        """What an order asks for at a place, where another may ask for something else."""
        if pattern is None:
            return "seen is None" if path and isinstance(path[-1], Chosen) else "True"
        return self._condition(pattern)


def _repeated(value: object) -> str:
    """A value as Python writes it; a long run of one character or byte as such."""
    if isinstance(value, str | bytes) and len(value) > _LONG and len(set(value)) == 1:
        return f"{value[:1]!r} * {len(value)}"
    return repr(value)


def _literal(value: object) -> str:
    """A value as Python writes it, with what the run draws in its place."""
    text = repr(value)
    return "f" + text.replace(_RUN, "{RUN}") if _RUN in text else text


def _variable(ref: Ref) -> str:
    return f"{ref.kind}_{ref.index}"


def _formed(ref: Ref) -> str:
    name = _variable(ref)
    match ref.kind, ref.form:
        case _, "":
            return name
        case _, "corrupt":
            return f"{name}[:-1] + bytes([{name}[-1] ^ 1])"
        case _, "short":
            return f"{name}[:len({name}) // 2]"
    return name


def _pattern_at(step: TraceStep, path: Path) -> object:
    """The pattern that the nearest expected success has at a path."""
    for outcome in step.expected:
        if isinstance(outcome, Success):
            found = _descend(outcome.response, path)
            if found is not None:
                return found
    return Mark.ABSENT if path and isinstance(path[-1], Chosen) else Mark.PRESENT


def _descend(pattern: object, path: Path) -> object:
    for part in path:
        if isinstance(part, str) and isinstance(pattern, Members):
            pattern = dict(pattern.fields).get(part)
        elif isinstance(part, Chosen) and isinstance(pattern, Items):
            pattern = next(
                (e for e in pattern.entries if dict(e.fields)[pattern.by] == part.value), None
            )
        else:
            return None
    return pattern
