"""Smoke: the only place that asks whether the target is there and which operations it knows.

Each operation is asked once, in a way that does no harm: about things that do not exist. Trouble
here is ``error`` and never a violation; an operation that the target does not know is
``unsupported`` from here on.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from kmspec.names import Service
from kmspec.rules import Operation
from kmspec_check import wire
from kmspec_check.binding import Binding
from kmspec_check.cells import Cell, Status
from kmspec_check.events import Progressed
from kmspec_check.profile import Profile
from kmspec_check.run import Run, saying
from kmspec_check.target import (
    ANOTHER_URL,
    Answer,
    Garbled,
    Target,
    Trouble,
    Unreachable,
    ask,
    untyped,
)
from kmspec_model import Ref
from kmspec_model.command import Pairs

PHASE = "smoke"

_NOWHERE: Mapping[str, Any] = {
    "KeyId": Ref("key", 0),
    "DestinationKeyId": Ref("key", 0),
    "TargetKeyId": Ref("key", 0),
    "AliasName": Ref("alias", 0),
    "CiphertextBlob": Ref("ciphertext", 0),
    "Plaintext": Ref("plaintext", 0),
    "CustomKeyStoreId": Ref("store", 0),
    "CustomKeyStoreName": Ref("name", 0),
    "ClusterId": Ref("cluster", 0),
    "BackupId": Ref("backup", 0),
    "ResourceId": Ref("cluster", 0),
    "NeverExpires": True,
    "DestinationRegion": Ref("region", 1),
    "TagList": (Pairs((("Key", "kmspec"), ("Value", ""))),),
    "TagKeyList": ("kmspec",),
    "AvailabilityZone": Ref("zone", 0),
    "SignedCert": Ref("ca", 0),
    "TrustAnchor": Ref("ca", 0),
    "HsmType": "hsm1.medium",
    "SubnetIds": ("subnet-none",),
    "Description": "kmspec",
    "Message": Ref("message", 0),
    "SigningAlgorithm": "RSASSA_PSS_SHA_256",
    "Signature": Ref("signature", 0),
    "MacAlgorithm": "HMAC_SHA_256",
    "Mac": Ref("mac", 0),
    "KeyAgreementAlgorithm": "ECDH",
    "PublicKey": Ref("public", 0, "p256"),
    "EncapsulationAlgorithm": "ML_KEM",
    "SharedSecretCiphertextBlob": Ref("ciphertext", 0),
    "KeyPairSpec": "ECC_NIST_P256",
    "Operations": ("Encrypt",),
    "GrantId": Ref("grant", 0),
    "Policy": Ref("policy", 0),
    "Tags": (Pairs((("TagKey", "kmspec"), ("TagValue", ""))),),
    "TagKeys": ("kmspec",),
    "WrappingAlgorithm": "RSAES_OAEP_SHA_256",
    "WrappingKeySpec": "RSA_2048",
    "ImportToken": Ref("token", 0),
    "EncryptedKeyMaterial": Ref("token", 0),
    "ReplicaRegion": Ref("region", 1),
    "PrimaryRegion": Ref("region", 1),
}
"""Values for required members: well-formed names of nothing."""
_ACCOUNT_OF_ARN = 4
_NO_OPERATION = "AskNothing"
"""What no service has."""
_HARMLESS: Mapping[str, Mapping[str, Any]] = {
    "CreateKey": {"Origin": "AWS_CLOUDHSM"},
    "GenerateRandom": {"NumberOfBytes": 1},
    "Decrypt": {"CiphertextBlob": Ref("ciphertext", 0)},
    "Advance": {"Seconds": 0.0},
    "ImportKeyMaterial": {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"},
}
"""What else an operation needs so as to do no harm, or to get as far as being known."""


class Time(NamedTuple):
    """What is known of a target's time."""

    movable: bool
    flowing: bool
    """Whether it passes by itself."""


def time_of(target: Target, profile: Profile) -> Time:
    """Ask for the target's time twice.

    :raises Trouble: the profile says that there is a clock, and it does not answer, or not to a
        move by no time at all, though it knows what that is.
    """
    if not profile.reaches(Service.CLOCK):
        return Time(movable=False, flowing=True)
    seen = [_clock(target, "Now", {}) for _ in range(2)]
    if any(answer.refused for answer in seen):
        return Time(movable=False, flowing=True)
    moved = _clock(target, "Advance", {"Seconds": 0.0})
    if moved.refused and not profile.does_not_know(moved):
        told = moved.message or moved.code or f"HTTP {moved.status}"
        raise Trouble(f"the clock of the target did not move: {told}", "see its profile")
    first, second = (answer.body.get("Now") for answer in seen)
    return Time(movable=not moved.refused, flowing=first != second)


def _clock(target: Target, operation: str, parameters: Mapping[str, Any]) -> Answer:
    account, region = "000000000000", "us-east-1"
    return ask(target, Service.CLOCK, operation, parameters, account=account, region=region)


def smoke(run: Run) -> None:
    """Ask each operation once.

    :raises Trouble: nothing answers, or nothing as AWS would, so that going on has no sense.
    """
    binding = run.fresh()
    _ask_nonsense(run, binding)
    for done, (name, operation) in enumerate(sorted(run.spec.operations.items()), start=1):
        cell = Cell(PHASE, "-", name)
        if operation.service == Service.LOAD:
            continue
        if not run.profile.reaches(operation.service) or not run.profile.allows(operation.called):
            run.unsupported.add((operation.service, operation.called))
            run.decide(cell, Status.UNSUPPORTED, f"profile {run.profile.name} has no way to it")
            continue
        try:
            answer = _asked(run, binding, operation.service, operation.called)
        except Unreachable:
            raise
        except Trouble as trouble:
            run.unanswered(trouble)
            run.decide(cell, Status.ERROR, str(trouble))
            continue
        run.answered()
        run.steps += 1
        _classify(run, cell, operation, answer)
        run.tell(Progressed(PHASE, done))
    if not run.known:
        cells = sorted(run.board.all(), key=lambda decided: -decided.status)
        first = cells[0].reason.removesuffix(f"; {ANOTHER_URL}")
        raise Garbled(f"no operation was answered as AWS would: {first}", ANOTHER_URL)


def _ask_nonsense(run: Run, binding: Binding) -> None:
    """Learn how the target refuses an operation that nobody has."""
    account, region, _ = binding.place
    for service in (Service.KMS, Service.CLOUDHSM):
        if not run.profile.allows(_NO_OPERATION):
            continue
        try:
            answer = ask(run.target, service, _NO_OPERATION, {}, account=account, region=region)
        except Trouble:
            continue
        if answer.refused:
            run.nonsense[service] = saying(answer, _NO_OPERATION)


def _classify(run: Run, cell: Cell, operation: Operation, answer: Answer) -> None:
    asked = (operation.service, operation.called)
    if run.does_not_know(*asked, answer):
        run.unsupported.add(asked)
        run.decide(cell, Status.UNSUPPORTED, f"answered {answer.code or answer.status}")
    elif answer.refused and not answer.code:
        run.decide(cell, Status.ERROR, f"{cell.probe} was answered {untyped(answer)}")
    else:
        run.known.add(asked)
        run.decide(cell, Status.PASS)


def _asked(run: Run, binding: Binding, service: str, operation: str) -> Answer:
    account, region, _ = binding.place
    parameters = harmless(service, operation)
    resolved = {name: binding.resolved(value) for name, value in parameters.items()}
    return ask(run.target, service, operation, resolved, account=account, region=region)


def harmless(service: str, operation: str) -> dict[str, Any]:
    """Harmless parameters, symbols among them, that get past the checks of required members."""
    known = dict(_HARMLESS.get(operation, {}))
    if service == Service.OPERATOR:
        return {"ClusterId": _NOWHERE["ClusterId"]}
    if service == Service.CLOCK:
        return known
    shape = wire.service_model(service).operation_model(operation).input_shape
    required = shape.required_members if shape else ()
    return {**{name: _NOWHERE[name] for name in required if name in _NOWHERE}, **known}


def account_of(run: Run) -> str:
    """The account in which everything happens, if the target can say it.

    What has no STS says it in the ARN of a key, which is made for that and deleted.
    """
    if not run.profile.allows("CreateKey"):
        return run.account
    try:
        told = _asked(run, run.fresh(), Service.STS, "GetCallerIdentity").body.get("Account")
    except Trouble:
        told = None
    return str(told or _account_of_key(run) or run.account)


def _account_of_key(run: Run) -> str:
    account, region, _ = run.fresh().place
    try:
        made = ask(run.target, Service.KMS, "CreateKey", {}, account=account, region=region)
        key = made.body["KeyMetadata"]
        deleted = {"KeyId": key["KeyId"], "PendingWindowInDays": 7}
        name = "ScheduleKeyDeletion"
        ask(run.target, Service.KMS, name, deleted, account=account, region=region)
        return str(key["Arn"]).split(":")[_ACCOUNT_OF_ARN]
    except (Trouble, LookupError, TypeError):
        return ""
