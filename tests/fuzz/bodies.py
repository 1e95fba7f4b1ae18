"""Bodies by chance: bytes that were a valid request before something happened to them.

JSON and CBOR, in one process with the emulator, so that a run of one seed is the same each time
and half a million take minutes. What is answered is judged as that of `run`.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any, Final, NamedTuple

import cbor2

from kmspec_impl.clock import VirtualClock
from kmspec_impl.emulator import Emulator, Settings
from kmspec_impl.gateway.app import Application
from tests.fuzz.account import BROKEN, CHOICES, Fault
from tests.fuzz.exchange import TARGETS, Reply, encoded, travelling
from tests.fuzz.judge import ALLOWED, EDGE, judged
from tests.fuzz.values import Pool, Values, operation

PER_EMULATOR: Final = 5_000
"""So many inputs are given to one emulator; then everything is begun anew."""
SLOW: Final = 5.0
"""Seconds after which an answer is held to hang; none takes a tenth of that."""
VALID: Final = 0.1
"""How much is left as it was, so that there is something to ask about."""
TOKENS: Final = (
    *(b"null", b"true", b"{}", b"[]", b'""', b"0", b"-1", b"-0", b"1e999", b"1e-999", b"NaN"),
    *(
        b"Infinity",
        b"99999999999999999999",
        b"9" * 400,
        b"1.7976931348623157e308",
        b'"\\ud800"',
        b'"\\u0000"',
    ),
    *(
        b'"' + b"a" * 5000 + b'"',
        b"[" * 70,
        b'{"a":' * 70,
        b'"=="',
        b'"AAAA"',
        b"\xff",
        b"\xc0\x80",
    ),
    *(
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xef\xbb\xbf",
        b"/**/",
        b",",
        b":",
        b"'",
        b"\\",
        b"\x00",
    ),
)
ITEMS: Final = (
    *(
        b"\xf6",
        b"\xf7",
        b"\xf4",
        b"\xa0",
        b"\x80",
        b"\x60",
        b"\x40",
        b"\x00",
        b"\x20",
        b"\xf9\x7e\x00",
    ),
    *(b"\xfb\x7f\xf0" + b"\x00" * 6, b"\x1b" + b"\xff" * 8, b"\x3b" + b"\xff" * 8, b"\xbf\xff"),
    *(
        b"\x9f\xff",
        b"\x7f\xff",
        b"\x5f\xff",
        b"\xff",
        b"\xbf",
        b"\x9f",
        b"\x7f",
        b"\xc1\xfb" + b"\x7f" * 8,
    ),
    *(
        b"\xc2\x48" + b"\xff" * 8,
        b"\xd8\x1c\xa0",
        b"\xd8\x1d\x00",
        b"\xdb" + b"\xff" * 8,
        b"\x81" * 70,
    ),
    *(
        b"\x9b\x7f" + b"\xff" * 7,
        b"\xbb\x00\x00\x00\xff" + b"\xff" * 4,
        b"\x5b\x00\xff" + b"\xff" * 6,
    ),
    *(
        b"\xf8\x18",
        b"\xf8\x00",
        b"\x1c",
        b"\xfc",
        b"\xd9\x01\x02\x80",
        b"\xc0\x64abcd",
        b"\xc4\x82\x01\x02",
    ),
)
"""Items of CBOR, whole and broken: extremes, odd tags, lengths that are lies."""


class Found(NamedTuple):
    """What came of a run."""

    inputs: int
    seconds: float
    answers: Counter[str]
    slowest: float
    faults: tuple[Fault, ...]

    def lines(self) -> Iterator[str]:
        """The figures, for people."""
        yield f"{self.inputs} bodies in {self.seconds:.1f} s; the slowest took {self.slowest:.3f} s"
        yield ", ".join(f"{count} {code}" for code, count in self.answers.most_common())
        yield f"{len(self.faults)} answers that must not be"
        for fault in self.faults[:10]:
            yield f"  {fault.why}: {fault.asked[:600]} -> {fault.answered[:300]}"


class Bodies:
    """Valid bodies of one account, and what becomes of them."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._pool = Pool()
        self._values = Values(chance, self._pool)
        self._before = b"{}"
        self.learn = self._pool.learn

    def drawn(self, service: str, name: str, *, in_cbor: bool) -> bytes:
        """A body for an operation."""
        chance = self._chance
        sent = travelling(self._values.request(operation(service, name).input_shape))
        if sent.get("KeySpec", "").startswith("RSA") or "RSA" in sent.get("KeyPairSpec", ""):
            sent["KeySpec"] = "SYMMETRIC_DEFAULT"  # to make an RSA key takes longer than 100 others
            sent.pop("KeyPairSpec", None)
        body = cbor2.dumps(sent) if in_cbor else encoded(sent)
        if chance.random() < VALID:
            return body
        if chance.random() < 0.02:
            return chance.choice(BROKEN)
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            body = chance.choice(CHANGES)(self, body, ITEMS if in_cbor else TOKENS)
        self._before = body[:2000]
        return body

    def flip(self, body: bytes, _: tuple[bytes, ...]) -> bytes:
        """One bit."""
        if not body:
            return b"\x00"
        at = self._chance.randrange(len(body))
        return body[:at] + bytes([body[at] ^ 1 << self._chance.randrange(8)]) + body[at + 1 :]

    def cut(self, body: bytes, _: tuple[bytes, ...]) -> bytes:
        """Nothing from somewhere on."""
        return body[: self._chance.randrange(len(body) + 1)]

    def drop(self, body: bytes, _: tuple[bytes, ...]) -> bytes:
        """A piece less."""
        at, end = self._span(body)
        return body[:at] + body[end:]

    def double(self, body: bytes, _: tuple[bytes, ...]) -> bytes:
        """A piece twice."""
        at, end = self._span(body)
        return body[:end] + body[at:]

    def put(self, body: bytes, tokens: tuple[bytes, ...]) -> bytes:
        """A token in the place of a piece."""
        at, end = self._span(body)
        return body[:at] + self._chance.choice(tokens) + body[end:]

    def value(self, body: bytes, tokens: tuple[bytes, ...]) -> bytes:
        """A token in the place of a value, where there is one."""
        marks = [at for at, byte in enumerate(body) if byte == ord(":")]
        if not marks:
            return self.put(body, tokens)
        at = self._chance.choice(marks) + 1
        ends = [end for end in (body.find(b", ", at), body.rfind(b"}")) if end >= at]
        return body[:at] + self._chance.choice(tokens) + body[min(ends, default=len(body)) :]

    def splice(self, body: bytes, _: tuple[bytes, ...]) -> bytes:
        """The beginning of one and the end of another."""
        before = self._before
        return body[: self._chance.randrange(len(body) + 1)] + before[len(before) // 2 :]

    def noise(self, body: bytes, _: tuple[bytes, ...]) -> bytes:
        """A few random bytes."""
        at, end = self._span(body)
        return body[:at] + self._chance.randbytes(self._chance.randrange(1, 9)) + body[end:]

    def _span(self, body: bytes) -> tuple[int, int]:
        at = self._chance.randrange(len(body) + 1)
        return at, min(len(body), at + self._chance.choice((0, 1, 1, 2, 4, 16)))


CHANGES: Final[tuple[Callable[[Bodies, bytes, tuple[bytes, ...]], bytes], ...]] = (
    *(Bodies.flip, Bodies.cut, Bodies.drop, Bodies.double, Bodies.put, Bodies.value, Bodies.value),
    *(Bodies.splice, Bodies.noise),
)


def fuzz(inputs: int, seed: int = 0) -> Found:
    """Give so many bodies to emulators, one after the other."""
    chance, began = random.Random(f"bodies {seed}"), perf_counter()
    answers: Counter[str] = Counter()
    faults: list[Fault] = []
    slowest, done = 0.0, 0
    while done < inputs:
        application = Application(Emulator(Settings(clock=VirtualClock())))
        bodies = Bodies(chance)
        for _ in range(min(PER_EMULATOR, inputs - done)):
            slowest = max(slowest, _asked(application, bodies, chance, answers, faults))
            done += 1
    return Found(done, perf_counter() - began, answers, slowest, tuple(faults))


def _asked(
    application: Application,
    bodies: Bodies,
    chance: random.Random,
    answers: Counter[str],
    faults: list[Fault],
) -> float:
    """One body given, its answer judged; the seconds it took."""
    service, name = chance.choice(CHOICES)
    in_cbor = service == "cloudhsm" and chance.random() < 0.7
    body = bodies.drawn(service, name, in_cbor=in_cbor)
    began = perf_counter()
    status, head, answer = application.answer_whole(_scope(service, name, in_cbor=in_cbor), body)
    took = perf_counter() - began
    code, found, why = judged(Reply(status, head, answer), ALLOWED[service, name] | EDGE)
    if took > SLOW:
        why = why or f"it took {took:.1f} s"
    if why:
        faults.append(Fault(f"{service} {name}: {why}", repr(body), repr(answer)))
    answers[code or "success"] += 1
    if not code:
        bodies.learn(found)
    return took


def _scope(service: str, name: str, *, in_cbor: bool) -> dict[str, Any]:
    headers = [(b"host", b"localhost")]
    path = f"/service/BaldrApiService/operation/{name}" if in_cbor else "/"
    if in_cbor:
        headers += [(b"smithy-protocol", b"rpc-v2-cbor"), (b"content-type", b"application/cbor")]
    else:
        headers += [
            (b"content-type", b"application/x-amz-json-1.1"),
            (b"x-amz-target", f"{TARGETS[service]}.{name}".encode()),
        ]
    return {
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
    }
