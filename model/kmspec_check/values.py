"""Values: the only place that tries what the members of requests may hold, and what they may not.

One KMS key with an alias and a ciphertext is enough for it. What the service models forbid is
tried of every operation. Of what is allowed, plaintexts and encryption contexts of many sizes and
spellings go through Encrypt and Decrypt, and come back as they were or, with another context, not.
"""

import random
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from kmspec.names import Service
from kmspec_check.cells import Cell, Status
from kmspec_check.events import Progressed
from kmspec_check.malformed import malformed
from kmspec_check.matrix import Stopped, note, reach, tried
from kmspec_check.plan import Entry, Plan, Stop
from kmspec_check.proving import prove
from kmspec_check.run import Run
from kmspec_check.smoke import harmless
from kmspec_model import Command, Ref
from kmspec_model.command import Pairs, Value, command
from kmspec_model.probes import Probe
from kmspec_model.setup import encrypt
from kmspec_model.states import is_enabled

PHASE = "values"
_SCOPE = "keys"
_SERVICES = (Service.KMS, Service.CLOUDHSM)
_KEY = Ref("key", 0)
_SIZES = (1, 2, 15, 16, 17, 32, 255, 1024, 4095, 4096)
"""Bytes; 4096 is the most that a symmetric encryption key takes [API:Encrypt]."""
_LENGTHS = (1, 24, 1024)
"""Bytes of what KMS makes; 1024 is the most [API:GenerateRandom]."""


def values(run: Run, plan: Plan) -> None:
    """Try them.

    :raises kmspec_check.run.OutOfTimeError: the budget is used up.
    :raises kmspec_check.run.EnoughError: every rule that was asked for is violated.
    """
    stop = _stop(plan)
    if stop is None:
        reason = "no world has an enabled KMS key with an alias and a ciphertext"
        run.decide(Cell(PHASE, "-", "requests"), Status.SKIP, reason)
        return
    done = 0
    for entries in _batches(run, plan, stop):
        run.check_time()
        Stopped(run, plan, stop).decide(entries)
        done += len(entries)
        run.tell(Progressed(PHASE, done))
    _round_trips(run, plan, stop)
    prove(run, plan, PHASE)


def _stop(plan: Plan) -> Stop | None:
    """The first world that has an enabled key, an alias of it, and a ciphertext."""
    for stop in plan.stops():
        if stop.scope == _SCOPE:
            world = plan.node(stop).world
            if world.aliases and world.ciphertexts and is_enabled(world.keys[0]):
                return stop
    return None


def _batches(run: Run, plan: Plan, stop: Stop) -> Iterator[list[Entry]]:
    """What is asked for of each operation."""
    node = plan.node(stop)
    for name, operation in sorted(run.spec.operations.items()):
        if operation.service not in _SERVICES:
            continue
        service, called = Service(operation.service), operation.called
        probes = [
            Probe(f"{name}/{one.label}", one.command)
            for one in malformed(service, called, well_formed(service, called))
        ]
        probes += _ALLOWED.get(called, ())
        yield [
            Entry(Cell(PHASE, str(node.situation), probe.label), probe)
            for probe in probes
            if run.asks(probe.command) and run.wants(node, probe.command)
        ]


def well_formed(service: Service, operation: str) -> dict[str, Value]:
    """Required members in which nothing is wrong: what is broken is then all that is."""
    return {**harmless(service, operation), **_INSTEAD.get(operation, {})}


_INSTEAD: Mapping[str, Mapping[str, Value]] = {"CreateCluster": {"SubnetIds": (Ref("subnet", 0),)}}
"""What does no harm because it is not well formed, and is refused here for something else."""


def _sized(operation: str, **more: Value) -> tuple[Probe, ...]:
    return tuple(
        Probe(
            f"{operation}/{length} bytes",
            command("kms", operation, **more, NumberOfBytes=length),
        )
        for length in _LENGTHS
    )


_ALLOWED: Mapping[str, tuple[Probe, ...]] = {
    "GenerateRandom": _sized("GenerateRandom"),
    "GenerateDataKey": (
        *_sized("GenerateDataKey", KeyId=_KEY),
        *(
            Probe(
                f"GenerateDataKey/{spec}",
                command("kms", "GenerateDataKey", KeyId=_KEY, KeySpec=spec),
            )
            for spec in ("AES_128", "AES_256")
        ),
    ),
}
"""What answers as many bytes as are asked for."""


class _Sample(NamedTuple):
    """A plaintext, the context it is encrypted with, and the one it is decrypted with."""

    label: str
    plaintext: bytes
    context: Value | None = None
    again: Value | None = None


def _round_trips(run: Run, plan: Plan, stop: Stop) -> None:
    """Encrypt and decrypt each sample."""
    way = list(plan.way_to(stop))
    session = None
    for sample in _samples(random.Random(run.seed)):  # noqa: S311 - drawn to be repeated
        run.check_time()
        if session is None:
            way = list(plan.way_to(stop))
            session, result = reach(run, plan, way)
            if not result.fits:
                return
        for step, label in (
            (_encrypt(sample), f"Encrypt/{sample.label}"),
            (_decrypt(sample, session.node.world.made.ciphertexts), f"Decrypt/{sample.label}"),
            *_again(sample, session.node.world.made.ciphertexts),
        ):
            before = session.node
            if not run.asks(step):
                break
            cell = Cell(PHASE, str(before.situation), label)
            way.append(step)
            result = tried(session, step)
            note(run, plan, cell, result, way, before)
            if not result.fits:
                session = None
                break


def _encrypt(sample: _Sample) -> Command:
    plain = encrypt(0)._replace(arguments=())
    return _with(plain, KeyId=_KEY, Plaintext=sample.plaintext, EncryptionContext=sample.context)


def _decrypt(sample: _Sample, index: int) -> Command:
    blob = Ref("ciphertext", index)
    return _with(command("kms", "Decrypt"), CiphertextBlob=blob, EncryptionContext=sample.again)


def _again(sample: _Sample, index: int) -> Iterator[tuple[Command, str]]:
    """The same encrypted anew, and what comes out of that, where there is no context."""
    if sample.context is None and sample.again is None:
        blob = Ref("ciphertext", index)
        anew = command("kms", "ReEncrypt", CiphertextBlob=blob, DestinationKeyId=_KEY)
        yield anew._replace(keep=True), f"ReEncrypt/{sample.label}"
        yield _decrypt(sample, index + 1), f"Decrypt/{sample.label}, encrypted anew"


def _with(plain: Command, **arguments: Value | None) -> Command:
    given = tuple((name, value) for name, value in arguments.items() if value is not None)
    return plain._replace(arguments=given)


def _samples(drawn: random.Random) -> Iterator[_Sample]:
    """Sizes and bytes first, then contexts, then contexts that are not the same."""
    for size in _SIZES:
        yield _Sample(f"{size} bytes", drawn.randbytes(size))
    yield _Sample("zeros", bytes(64))
    some = drawn.randbytes(32)
    for label, pairs in _CONTEXTS.items():
        context = Pairs(tuple(pairs.items()))
        yield _Sample(label, some, context, context)
        turned = Pairs(tuple(reversed(context.items)))
        if turned != context:
            yield _Sample(f"{label}, in another order", some, context, turned)
    usual = Pairs((("tenant", "One"), ("purpose", "test")))
    for label, other in {
        "another case": (("tenant", "one"), ("purpose", "test")),
        "a pair less": (("tenant", "One"),),
        "a pair more": (*usual.items, ("more", "x")),
        "values exchanged": (("tenant", "test"), ("purpose", "One")),
        "a space more": (("tenant", "One "), ("purpose", "test")),
    }.items():
        yield _Sample(f"context with {label}", some, usual, Pairs(other))
    yield _Sample("empty context", some, Pairs(()))
    yield _Sample("context left out", some, usual)
    yield _Sample("context added", some, None, usual)


_CONTEXTS: Mapping[str, Mapping[str, str]] = {
    "one pair": {"tenant": "1"},
    "many pairs": {f"name {number}": f"value {number}" for number in range(12)},
    "letters of many scripts": {"Größe": "straße", "名前": "値", "имя": "значение"},
    "signs": {"a=b&c": '"quoted", {braced}; <tag> \\ / \' | %41'},
    "a long value": {"text": "x" * 1500},
}
