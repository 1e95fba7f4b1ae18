"""Proving: the only place that lets be computed what can be computed here as well.

With a key of each kind whose public key tells something, and with keys of imported key material,
of which all can be told.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kmspec.names import KeySpec, KeyUsage
from kmspec_check import proofs
from kmspec_check.cells import Cell
from kmspec_check.matrix import is_harmless, note, reach, tried
from kmspec_check.oracle import Node
from kmspec_check.plan import Plan
from kmspec_check.run import Run
from kmspec_model import Command, Ref, Success, kinds
from kmspec_model.command import command
from kmspec_model.explore import OutOfReachError, first_world
from kmspec_model.materials import first_of, usual_algorithm
from kmspec_model.setup import external_key, import_material, import_parameters

if TYPE_CHECKING:
    from kmspec_check.session import Session

_KEY = Ref("key", 0)
_TELLING = (KeyUsage.SIGN_VERIFY, KeyUsage.KEY_AGREEMENT)
"""Usages of which a public key is enough to tell."""
_IMPORTED = (
    (KeySpec.RSA_2048, KeyUsage.SIGN_VERIFY),
    (KeySpec.RSA_2048, KeyUsage.ENCRYPT_DECRYPT),
    (KeySpec.ECC_NIST_P256, KeyUsage.KEY_AGREEMENT),
    (KeySpec.HMAC_256, KeyUsage.GENERATE_VERIFY_MAC),
)
_SLOW = (KeySpec.RSA_3072, KeySpec.RSA_4096)
"""Data key pairs that take long to make, and are not tried again."""


def prove(run: Run, plan: Plan, phase: str) -> None:
    """Try each operation of each of these keys, and hold its answer against our computation.

    :raises kmspec_check.run.OutOfTimeError: the budget is used up.
    """
    run.proving = True
    try:
        for way in _ways():
            _prove(run, plan, phase, way)
    finally:
        run.proving = False


def _prove(run: Run, plan: Plan, phase: str, way: tuple[Command, ...]) -> None:
    try:
        node = plan.oracle.node(first_world(plan.oracle.model, way))
    except OutOfReachError:  # as edited tables may have it
        return
    wanted = [probe for probe in node.probes if _is_provable(node, probe.command)]
    session: Session | None = None
    for probe in wanted:
        run.check_time()
        if not (run.asks(probe.command) and run.wants(node, probe.command)):
            continue
        if session is None:
            session, result = reach(run, plan, way)
            if not result.fits:
                return
        before = session.node
        result = tried(session, probe.command)
        cell = Cell(phase, str(before.situation), f"{probe.label}/proof")
        note(run, plan, cell, result, [*way, probe.command], before)
        goes_on = result.fits or is_harmless(run, session, probe.command, result)
        session = session if goes_on else None


def _ways() -> Iterator[tuple[Command, ...]]:
    """From nothing to each of these keys, its public key told."""
    told = command("kms", "GetPublicKey", KeyId=_KEY)
    yield (command("kms", "CreateKey"),)
    for spec, usage in kinds.kinds():
        if usage in _TELLING:
            yield command("kms", "CreateKey", KeySpec=spec, KeyUsage=usage), told
    for spec, usage in _IMPORTED:
        made = (
            external_key(KeySpec=spec.value, KeyUsage=usage.value),
            import_parameters(0, usual_algorithm(spec)),
            import_material(first_of(spec)),
        )
        yield made if usage is KeyUsage.GENERATE_VERIFY_MAC else (*made, told)


def _is_provable(node: Node, asked: Command) -> bool:
    """Whether an operation succeeds of which something can be proved in what it answers."""
    succeeds = isinstance(node.permitted(asked)[0].outcome, Success)
    slow = asked.get("KeyPairSpec") in _SLOW
    sealed = asked.get("Recipient") is not None
    return succeeds and asked.operation in proofs.OPERATIONS and not (slow or sealed)
