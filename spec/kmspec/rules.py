"""The shapes of the rules: the only place that says what a row of a table is once it is read.

Everything is frozen. A rule has an id of words, a level, one sentence and its sources:

- ``must``: documented;
- ``should``: inferred from what is documented, observed, or our default where AWS is silent;
- ``may``: a freedom that the documents leave.
"""

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from kmspec.names import KeyUsage, Service

Level: TypeAlias = Literal["must", "should", "may"]
Stage: TypeAlias = Literal["syntax", "input", "lookup", "beside", "state", "last"]


class Row(BaseModel):
    """What every row is: frozen, and without members that no table knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(Row):
    """Where facts come from: a document's title and address."""

    title: str
    where: str


class Rule(Row):
    """One rule. ``id`` is path-like and made of words, as in ``key-state/Encrypt/Disabled``."""

    id: str
    level: Level = "must"
    sentence: str
    sources: tuple[str, ...]


class Answer(Row):
    """One answer that rules name: success (``code`` is ``None``) or an error.

    ``message`` is AWS's text, with references in braces, where it is known.
    """

    name: str
    code: str | None = None
    message: str | None = None
    status: int = 400
    says: str

    @property
    def ok(self) -> bool:
        """Whether this answer is a success."""
        return self.name == "ok"


class Cell(Rule):
    """What ``operation`` answers in one state of a machine; the first answer is our emulator's.

    ``answers`` is empty where the combination cannot occur; ``reached`` is false where no sequence
    of operations leads there.
    """

    table: str
    row: str
    operation: str
    machine: str
    state: str
    answers: tuple[Answer, ...]
    reached: bool = True

    @property
    def permits(self) -> bool:
        """Whether success is among the answers."""
        return any(answer.ok for answer in self.answers)


class Condition(Rule):
    """What operations need beside the state of their resource.

    ``when`` names the predicate that holds when the condition is not met, ``of`` what it looks at,
    ``answers`` what is answered then. ``decided_by`` names what decides instead: such a row only
    explains. ``outside`` names the area that the requests make up of which the row says that they
    are not specified here: no target is asked for what is in it.
    """

    operations: tuple[str, ...]
    stage: Stage = "state"
    of: Literal["request", "key", "store-key", "store"] = "request"
    when: str | None = None
    answers: tuple[Answer, ...] = ()
    decided_by: str | None = None
    outside: str | None = None
    remedy: str | None = None


class Effect(Rule):
    """What a success of ``operation`` answers or changes beside the state of its resource."""

    operation: str


class Together(Rule):
    """What holds of requests that several clients make at once.

    ``asked_of``: the consistency that a target must claim before it is held to it.
    """

    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", "-"))

    asked_of: Literal["strong"]


class ConnectFailure(Rule):
    """Why a connect fails asynchronously: the code, its cause, and the remedy."""

    code: str
    when: str
    cause: str
    remedy: str


class State(Row):
    """One state of a machine.

    ``kinds`` are the origins of the KMS keys that can have it (key states only); ``reached`` is
    false for a state that AWS names and that nothing in scope leads to.
    """

    name: str
    meaning: str
    kinds: tuple[str, ...] = ()
    reached: bool = True
    sources: tuple[str, ...]


class Transition(Rule):
    """One move of a machine.

    ``to`` may be ``gone`` (the resource ends) or ``resumed`` (the remembered state is taken up);
    ``resumes`` is the state to remember; ``also`` are states that may be shown instead; ``when``
    is a condition of the resource; ``after`` is ``delay`` for what takes time by itself.
    """

    machine: str
    trigger: str
    origin: str
    to: str
    also: tuple[str, ...] = ()
    resumes: str | None = None
    when: str | None = None
    after: Literal["delay"] | None = None


class Machine(Row):
    """One state machine: its states, the initial ones, and every transition."""

    name: str
    initial: tuple[str, ...]
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]


class Operation(Row):
    """One operation: who answers, what it is about, and which members name its resources.

    ``name`` is AWS's, with the service before it (``cloudhsm:TagResource``) where another service
    has an operation of the same name.
    """

    name: str
    service: Service
    resource: str
    kind: Literal["cryptographic", "manage", "view"]
    usage: KeyUsage | None = None
    """The key usage that it takes (cryptographic operations only)."""
    algorithm: str | None = None
    """The member that names the algorithm; without one it takes symmetric encryption keys only."""
    key: str | None = None
    source: str | None = None
    ciphertext: str | None = None
    alias: str | None = None
    store: str | None = None
    cluster: str | None = None
    hsm: str | None = None
    backup: str | None = None
    region: str | None = None
    of_related: bool = False
    """Whether the state of the related key in that Region counts too."""

    @property
    def called(self) -> str:
        """The name by which its service knows it."""
        return self.name.rpartition(":")[2]


class KindOfKey(Row):
    """One key spec: its usages with their algorithms.

    ``data_key_pair``: pairs of it are made; ``only_in``: the one partition that has it;
    ``ciphertext``: the bytes of an encapsulated secret; ``plaintext``: the most bytes encrypted,
    by algorithm.
    """

    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", "-"))

    name: str
    family: Literal["symmetric", "rsa", "ecc", "sm2", "hmac", "ml-dsa", "ml-kem"]
    usages: dict[KeyUsage, tuple[str, ...]]
    data_key_pair: bool = False
    only_in: str | None = None
    ciphertext: int | None = None
    plaintext: dict[str, int] = {}
    sources: tuple[str, ...]

    @property
    def asymmetric(self) -> bool:
        """Whether it has a public key."""
        return self.family not in ("symmetric", "hmac")


class SigningAlgorithm(Row):
    """One signing algorithm: the bytes of a digest it takes, and the message types it refuses."""

    name: str
    digest: int
    refuses: tuple[str, ...] = Field(default=(), alias="not")
    sources: tuple[str, ...]


class Error(Row):
    """One error: who gives it, with which HTTP status, and when."""

    name: str
    service: Service
    status: int
    when: str
    sources: tuple[str, ...]


class Quota(Row):
    """One request quota of an account in a Region.

    ``specs``: only requests count whose KMS key, or whose new data key pair, has one of these
    key specs.
    """

    name: str
    rate: float
    operations: tuple[str, ...]
    specs: tuple[str, ...] = ()
    regions: dict[str, float] = {}
    sources: tuple[str, ...]
