"""Effects of cryptographic operations: what they answer, and the ciphertexts that are kept."""

from collections.abc import Callable, Mapping

from kmspec_model.case import Case
from kmspec_model.command import DATA_KEY_PLAINTEXTS, Ref, Value
from kmspec_model.kinds import SYMMETRIC, algorithm, is_symmetric, source_algorithm
from kmspec_model.moves import Change, Moves
from kmspec_model.outcome import Bind, Mark, Members, Pattern, Sized, members
from kmspec_model.world import NONE, Ciphertext, Key, World

_AES_BYTES = {"AES_128": 16, "AES_256": 32}
"""Of each DataKeySpec [API:GenerateDataKey]."""


def kept(
    case: Case, key: int, plaintext: Value, context: Value | None, algorithm: str = SYMMETRIC
) -> tuple[World, Pattern]:
    """The world that remembers a new ciphertext, if the command asks for it, and its pattern."""
    world = case.world
    if not case.command.keep:
        return world, Mark.PRESENT
    index = world.made.ciphertexts
    owner = world.key(key)
    material = NONE if owner is None else current_material(owner)
    ciphertext = Ciphertext(index, key, plaintext, context, material, algorithm)
    remembered = world._replace(
        ciphertexts=(*world.ciphertexts, ciphertext),
        made=world.made._replace(ciphertexts=index + 1),
    )
    return remembered, Bind(Ref("ciphertext", index))


def revealed(ciphertext: Ciphertext) -> Pattern:
    """The plaintext of a ciphertext, as an answer shows it."""
    plaintext = ciphertext.plaintext
    return plaintext if isinstance(plaintext, Ref | bytes) else Mark.PRESENT


def current_material(key: Key) -> int:
    """The key material that a key encrypts with, where it has an id."""
    return key.current.index if key.current is not None and is_symmetric(key) else NONE


def material_id(member: str, index: int) -> dict[str, Pattern]:
    """The id of a key material; that of a key of a store may be shown or not."""
    return {} if index == NONE else {member: Bind(Ref("keymaterial", index))}


def encrypt(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """A ciphertext of the plaintext."""
    if case.key is None:
        return ()
    arguments = case.arguments
    context, used = arguments.get("EncryptionContext"), algorithm(case)
    world, blob = kept(case, case.key.index, arguments["Plaintext"], context, used)
    answer = members(
        CiphertextBlob=blob,
        KeyId=Ref("key", case.key.index, "arn"),
        EncryptionAlgorithm=used,
    )
    return (Change(world, answer),)


def decrypt(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The plaintext of the ciphertext."""
    if case.ciphertext is None:
        return ()
    answer = members(
        Plaintext=revealed(case.ciphertext),
        KeyId=Ref("key", case.ciphertext.key, "arn"),
        EncryptionAlgorithm=algorithm(case),
        **material_id("KeyMaterialId", case.ciphertext.material),
    )
    return (Change(case.world, answer),)


def re_encrypt(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The plaintext of the ciphertext, encrypted under the destination key."""
    if case.ciphertext is None or case.key is None:
        return ()
    context = case.arguments.get("DestinationEncryptionContext")
    used = algorithm(case)
    world, blob = kept(case, case.key.index, case.ciphertext.plaintext, context, used)
    answer = members(
        CiphertextBlob=blob,
        SourceKeyId=Ref("key", case.ciphertext.key, "arn"),
        KeyId=Ref("key", case.key.index, "arn"),
        SourceEncryptionAlgorithm=source_algorithm(case),
        DestinationEncryptionAlgorithm=used,
        **material_id("SourceKeyMaterialId", case.ciphertext.material),
        **material_id("DestinationKeyMaterialId", current_material(case.key)),
    )
    return (Change(world, answer),)


def new_plaintext(case: Case) -> Ref:
    """The plaintext of the next ciphertext, which the target makes."""
    return Ref("plaintext", DATA_KEY_PLAINTEXTS + case.world.made.ciphertexts)


def _data_key(*, plaintext: bool) -> Callable[[Moves, Case], tuple[Change, ...]]:
    def effect(_moves: Moves, case: Case) -> tuple[Change, ...]:
        if case.key is None:
            return ()
        made = new_plaintext(case)
        context = case.arguments.get("EncryptionContext")
        world, blob = kept(case, case.key.index, made, context)
        shown: Pattern = Mark.ABSENT
        if plaintext:
            shown = Bind(made) if case.command.keep else _as_long_as_asked(case)
        key = Ref("key", case.key.index, "arn")
        answer = members(
            CiphertextBlob=blob,
            Plaintext=shown,
            KeyId=key,
            **material_id("KeyMaterialId", current_material(case.key)),
        )
        return (Change(world, answer),)

    return effect


def random(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """Random bytes."""
    return (Change(case.world, members(Plaintext=_as_long_as_asked(case))),)


def _as_long_as_asked(case: Case) -> Pattern:
    """The bytes that KMS makes: a number of them, or as an AES key has."""
    asked = case.arguments.get("NumberOfBytes")
    if isinstance(asked, int):
        return Sized(asked)
    spec = case.arguments.get("KeySpec")
    return Sized(_AES_BYTES[spec]) if isinstance(spec, str) and spec in _AES_BYTES else Mark.PRESENT


def identity(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """Who is asking."""
    answer: Members = members(Account=Mark.PRESENT, UserId=Mark.PRESENT, Arn=Mark.PRESENT)
    return (Change(case.world, answer),)


EFFECTS: Mapping[str, Callable[[Moves, Case], tuple[Change, ...]]] = {
    "Encrypt": encrypt,
    "Decrypt": decrypt,
    "ReEncrypt": re_encrypt,
    "GenerateDataKey": _data_key(plaintext=True),
    "GenerateDataKeyWithoutPlaintext": _data_key(plaintext=False),
    "GenerateRandom": random,
    "GetCallerIdentity": identity,
}
