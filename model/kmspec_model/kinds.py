"""Kinds of key: the only place of the model that asks the table of key specs.

What a key spec and a usage let a KMS key do, what a request asks of it, and when a message, a
digest and what was made over them belong together.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from kmspec.names import KeySpec, KeyUsage
from kmspec.rules import KindOfKey
from kmspec.tables import load
from kmspec_model.case import Case
from kmspec_model.command import Ref
from kmspec_model.world import Key

SYMMETRIC = KeySpec.SYMMETRIC_DEFAULT.value
MU_BYTES = 64
"""The message of EXTERNAL_MU [API:Sign]."""
DIGESTS: Mapping[str, int] = {"sha256": 32, "sha384": 48, "sha512": 64}
"""The forms of ``message#n`` and ``digest`` bytes of each."""
CURVES: Mapping[str, str] = {
    "p256": "ECC_NIST_P256",
    "p384": "ECC_NIST_P384",
    "p521": "ECC_NIST_P521",
}
"""The forms of ``public#n``, and the key spec of the curve of each."""
METADATA: Mapping[KeyUsage, str] = {
    KeyUsage.ENCRYPT_DECRYPT: "EncryptionAlgorithms",
    KeyUsage.SIGN_VERIFY: "SigningAlgorithms",
    KeyUsage.GENERATE_VERIFY_MAC: "MacAlgorithms",
    KeyUsage.KEY_AGREEMENT: "KeyAgreementAlgorithms",
    KeyUsage.ENCAPSULATE_DECAPSULATE: "EncapsulationAlgorithms",
}
"""The member of KeyMetadata that lists the algorithms of a usage."""
_MIRRORED = ("symmetric", "rsa", "ecc", "hmac", "sm2")
_NEWER = KeySpec.ECC_NIST_EDWARDS25519


def kind_of(spec: str) -> KindOfKey:
    """The row of a key spec."""
    return load().key_specs[spec]


@cache
def kinds() -> tuple[tuple[str, str], ...]:
    """Every key spec and usage that a KMS key can have outside China Regions."""
    return tuple(
        (kind.name, usage.value)
        for kind in load().key_specs.values()
        if kind.only_in is None
        for usage in kind.usages
    )


def is_symmetric(key: Key) -> bool:
    """Whether the key is a symmetric encryption key."""
    return key.spec == SYMMETRIC


def algorithms(key: Key) -> tuple[str, ...]:
    """The algorithms of the key."""
    return kind_of(key.spec).usages[KeyUsage(key.usage)]


def is_in_older_enum(spec: str) -> bool:
    """Whether CustomerMasterKeySpec, to which AWS adds nothing more, has the key spec."""
    return kind_of(spec).family in _MIRRORED and spec != _NEWER


def type_of(key: Key) -> str:
    """What the keys of one alias have in common: symmetric, asymmetric or HMAC, and the usage."""
    kind = kind_of(key.spec)
    return f"{'asymmetric' if kind.asymmetric else kind.family} {key.usage}"


def asked_spec(case: Case) -> str:
    """The key spec that a request asks for."""
    asked = case.arguments
    named = asked.get("KeyPairSpec") or asked.get("KeySpec") or asked.get("CustomerMasterKeySpec")
    return str(named or SYMMETRIC)


def algorithm(case: Case) -> str:
    """The algorithm of a request with one KMS key, or with which ReEncrypt encrypts."""
    return str(case.arguments.get(case.operation.algorithm or "", SYMMETRIC))


def algorithms_asked(case: Case, key: Key) -> tuple[str, ...]:
    """The algorithms that a request wants to use the key with."""
    if case.operation.source is None:
        return (algorithm(case),)
    destination = case.key is not None and key.index == case.key.index
    found = (algorithm(case),) if destination else ()
    if not destination or opened_key(case) == key.index:
        found = (source_algorithm(case), *found)
    return found


def source_algorithm(case: Case) -> str:
    """The algorithm of the ciphertext, as a request has it."""
    if case.operation.source is None:
        return algorithm(case)
    return str(case.arguments.get("SourceEncryptionAlgorithm", SYMMETRIC))


def is_opaque(case: Case) -> bool:
    """Whether the ciphertext of a request is, or is said to be, one of an asymmetric key.

    Such a ciphertext says nothing of its key.
    """
    held = case.ciphertext
    return source_algorithm(case) != SYMMETRIC or (held is not None and held.algorithm != SYMMETRIC)


def opened_key(case: Case) -> int | None:
    """The index of the key that the ciphertext of a request is to be decrypted with, if said.

    The ciphertext of a symmetric encryption key says it itself.
    """
    named = named_source(case)
    if named is None and case.ciphertext is not None and case.ciphertext.algorithm == SYMMETRIC:
        return case.ciphertext.key
    return named


def named_source(case: Case) -> int | None:
    """The index of the KMS key that a request says its ciphertext to be of."""
    named = case.arguments.get(case.operation.source or case.operation.key or "")
    if not isinstance(named, Ref):
        return None
    if named.kind == "alias":
        alias = case.world.alias(named.index)
        return alias.key if alias is not None else None
    if named.kind == "service":
        return case.key.index if case.key is not None else None
    return named.index


def fits(case: Case, key: Key) -> bool:
    """Whether usage and algorithms of a request are those of the key."""
    usage = case.operation.usage
    return key.usage == usage and set(algorithms_asked(case, key)) <= set(algorithms(key))


def digest(case: Case) -> int:
    """The bytes of a digest for the signing algorithm of a request."""
    return load().signing_algorithms[algorithm(case)].digest


def refuses_message(case: Case) -> bool:
    """Whether the signing algorithm of a request does not take its message type."""
    refused = load().signing_algorithms[algorithm(case)].refuses
    return case.arguments.get("MessageType", "RAW") in refused


def size(value: object) -> int:
    """The bytes of a message, a digest or a plaintext of a request, as far as they matter."""
    if isinstance(value, bytes):
        return len(value)
    return DIGESTS.get(value.form, 0) if isinstance(value, Ref) else 0


def over(arguments: Mapping[str, Any]) -> tuple[str, str]:
    """What a signature or an HMAC is over: a message and its digest are the same [API:Verify]."""
    message, kind = arguments["Message"], arguments.get("MessageType", "RAW")
    if kind == "DIGEST" and isinstance(message, Ref):
        message = message._replace(form="")
    return ("mu" if kind == "EXTERNAL_MU" else "message", str(message))


def words(case: Case, key: Key | None) -> Mapping[str, str]:
    """What stands in a message for the words in braces that are about kinds of key."""
    found = {
        "{operation}": case.operation.called,
        "{spec}": asked_spec(case),
        "{usage}": str(case.arguments.get("KeyUsage", KeyUsage.ENCRYPT_DECRYPT)),
    }
    if key is None:
        return found
    asked = algorithms_asked(case, key)
    unfit = [name for name in asked if name not in algorithms(key)]
    name = (unfit or list(asked))[0]
    return {
        **found,
        "{key.spec}": key.spec,
        "{key.usage}": key.usage,
        "{algorithm}": name,
        "{plaintext}": str(kind_of(key.spec).plaintext.get(name)),
    }
