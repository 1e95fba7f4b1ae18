"""Effects of operations that only some kinds of key take, and what is kept of them."""

from collections.abc import Callable, Mapping

from kmspec_model.case import Case
from kmspec_model.command import BY_KEY, Ref
from kmspec_model.effects.cryptography import (
    current_material,
    kept,
    material_id,
    new_plaintext,
    revealed,
)
from kmspec_model.effects.keys import described
from kmspec_model.kinds import algorithm, over
from kmspec_model.moves import Change, Moves
from kmspec_model.outcome import Bind, Mark, Pattern, members
from kmspec_model.world import Key, Signed, World


def _arn(key: Key) -> Ref:
    return Ref("key", key.index, "arn")


def _signed(case: Case, key: Key, kind: str) -> tuple[World, Pattern]:
    """The world that remembers a signature or HMAC, if the command asks for it, and its pattern.

    One that is the same each time is the one that was kept.
    """
    world, used = case.world, algorithm(case)
    made = Signed(world.made.signed, key.index, over(case.arguments), used)
    for known in world.signed:
        if known[1:] == made[1:] and used.startswith(_REPEATED):
            return world, Ref(kind, known.index)
    if not case.command.keep:
        return world, Mark.PRESENT
    remembered = world._replace(
        signed=(*world.signed, made), made=world.made._replace(signed=made.index + 1)
    )
    return remembered, Bind(Ref(kind, made.index))


_REPEATED = ("HMAC_", "RSASSA_PKCS1_V1_5_", "ED25519_")
"""Algorithms without randomness (RFC 2104, 8017, 8032)."""


def sign(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """A signature over the message."""
    if case.key is None:
        return ()
    world, signature = _signed(case, case.key, "signature")
    answer = members(KeyId=_arn(case.key), Signature=signature, SigningAlgorithm=algorithm(case))
    return (Change(world, answer),)


def generate_mac(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The HMAC of the message."""
    if case.key is None:
        return ()
    world, mac = _signed(case, case.key, "mac")
    answer = members(KeyId=_arn(case.key), Mac=mac, MacAlgorithm=algorithm(case))
    return (Change(world, answer),)


def _verified(valid: str, named: str) -> Callable[[Moves, Case], tuple[Change, ...]]:
    """That it is valid; a guard refuses what is not."""

    def effect(_moves: Moves, case: Case) -> tuple[Change, ...]:
        if case.key is None:
            return ()
        told: dict[str, Pattern] = {valid: True, named: algorithm(case)}
        return (Change(case.world, members(KeyId=_arn(case.key), **told)),)

    return effect


def derive_shared_secret(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The secret that the key and a public key share."""
    named = case.arguments["PublicKey"]
    if case.key is None or not isinstance(named, Ref):
        return ()
    answer = members(
        KeyId=_arn(case.key),
        SharedSecret=Bind(Ref("secret", BY_KEY * (1 + case.key.index) + named.index)),
        KeyAgreementAlgorithm=algorithm(case),
        KeyOrigin=case.key.origin,
    )
    return (Change(case.world, answer),)


def encapsulate(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """A shared secret, and the ciphertext that holds it."""
    if case.key is None:
        return ()
    used, made = algorithm(case), new_plaintext(case)
    world, blob = kept(case, case.key.index, made, None, used)
    answer = members(
        KeyId=_arn(case.key),
        SharedSecret=Bind(made) if case.command.keep else Mark.PRESENT,
        SharedSecretCiphertextBlob=blob,
        EncapsulationAlgorithm=used,
    )
    return (Change(world, answer),)


def decapsulate(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The shared secret; of a ciphertext that is altered or another key's some other bytes."""
    if case.key is None:
        return ()
    held, blob = case.ciphertext, case.arguments["SharedSecretCiphertextBlob"]
    secret: Pattern = Mark.PRESENT
    if isinstance(blob, Ref) and held is not None and held.key == case.key.index:
        # Implicit rejection is repeatable, and tells nothing of the secret.
        rejected = Ref("plaintext", 2 * BY_KEY + held.index)
        secret = Bind(rejected) if blob.form else revealed(held)
    answer = members(
        KeyId=_arn(case.key), SharedSecret=secret, EncapsulationAlgorithm=algorithm(case)
    )
    return (Change(case.world, answer),)


def get_public_key(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The public key, always the same."""
    if case.key is None:
        return ()
    public = Bind(Ref("public", BY_KEY + case.key.index))
    answer = members(KeyId=_arn(case.key), PublicKey=public, **described(case.key))
    return (Change(case.world, answer),)


def _key_pair(*, plaintext: bool) -> Callable[[Moves, Case], tuple[Change, ...]]:
    def effect(_moves: Moves, case: Case) -> tuple[Change, ...]:
        if case.key is None:
            return ()
        made, context = new_plaintext(case), case.arguments.get("EncryptionContext")
        world, blob = kept(case, case.key.index, made, context)
        shown: Pattern = Mark.ABSENT
        if plaintext:
            shown = Bind(made) if case.command.keep else Mark.PRESENT
        answer = members(
            PrivateKeyCiphertextBlob=blob,
            PrivateKeyPlaintext=shown,
            PublicKey=Mark.PRESENT,
            KeyId=_arn(case.key),
            KeyPairSpec=str(case.arguments["KeyPairSpec"]),
            **material_id("KeyMaterialId", current_material(case.key)),
        )
        return (Change(world, answer),)

    return effect


EFFECTS: Mapping[str, Callable[[Moves, Case], tuple[Change, ...]]] = {
    "Sign": sign,
    "Verify": _verified("SignatureValid", "SigningAlgorithm"),
    "GenerateMac": generate_mac,
    "VerifyMac": _verified("MacValid", "MacAlgorithm"),
    "DeriveSharedSecret": derive_shared_secret,
    "Encapsulate": encapsulate,
    "Decapsulate": decapsulate,
    "GetPublicKey": get_public_key,
    "GenerateDataKeyPair": _key_pair(plaintext=True),
    "GenerateDataKeyPairWithoutPlaintext": _key_pair(plaintext=False),
}
