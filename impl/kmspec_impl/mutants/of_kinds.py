"""Mutants in what only some kinds of key do."""

from typing import Final

from kmspec.names import ErrorCode, KeySpec, KeyUsage, Service
from kmspec_impl.errors import ServiceError
from kmspec_impl.kms import (
    aliases,
    creation,
    crypto,
    key_pairs,
    keys,
    macs,
    public_keys,
    requests,
    sealing,
    shared_secrets,
    signing,
    usage,
)
from kmspec_impl.kms.identifiers import find_key
from kmspec_impl.kms.key_material import reach
from kmspec_impl.kms.state import Key
from kmspec_impl.mutants.mutant import Mutant, Patch, nothing
from kmspec_impl.realm import Parameters, Realm, Response


def _invalid(*arguments: object) -> None:
    """The wrong exception for what is to be refused."""
    try:
        _require_algorithm(*arguments)  # type: ignore[arg-type]  # passed on as they are
    except ServiceError as error:
        raise requests.invalid(str(error.message)) from error


def _usage_checked_as_invalid(key: Key, wanted: KeyUsage, operation: str) -> None:
    if key.usage is not wanted:
        raise requests.invalid(f"{operation} needs a key with the usage {wanted}.")


def _usage_by_default(realm: Realm, parameters: Parameters, now: float) -> Response:
    spec = KeySpec(parameters.get("KeySpec") or KeySpec.SYMMETRIC_DEFAULT)
    first = next(iter(usage.ALGORITHMS[spec])).value
    return creation.create_key(realm, {"KeyUsage": first, **parameters}, now)


def _usage_mended(realm: Realm, parameters: Parameters, now: float) -> Response:
    spec = KeySpec(parameters.get("KeySpec") or KeySpec.SYMMETRIC_DEFAULT)
    wanted = parameters.get("KeyUsage")
    if wanted is None or wanted in usage.ALGORITHMS[spec]:
        return creation.create_key(realm, parameters, now)
    first = next(iter(usage.ALGORITHMS[spec])).value
    return creation.create_key(realm, {**parameters, "KeyUsage": first}, now)


def _any_public_key(realm: Realm, parameters: Parameters, now: float) -> Response:
    key = find_key(realm, parameters["KeyId"])
    if usage.is_asymmetric(key.spec):
        return public_keys.get_public_key(realm, parameters, now)
    return {"KeyId": key.arn, "PublicKey": b"no public key"}


def _public_key_disabled(realm: Realm, parameters: Parameters, now: float) -> Response:
    key = find_key(realm, parameters["KeyId"])
    if usage.is_asymmetric(key.spec):
        reach(realm, key, key.current)
    return public_keys.get_public_key(realm, parameters, now)


def _without_usage(realm: Realm, parameters: Parameters, now: float) -> Response:
    answer = public_keys.get_public_key(realm, parameters, now)
    return {name: value for name, value in answer.items() if name != "KeyUsage"}


def _signature_not_valid(realm: Realm, parameters: Parameters, now: float) -> Response:
    try:
        return signing.verify(realm, parameters, now)
    except ServiceError as error:
        if error.code is not ErrorCode.KMS_INVALID_SIGNATURE:
            raise
        return {"SignatureValid": False, "SigningAlgorithm": parameters["SigningAlgorithm"]}


def _mac_not_valid(realm: Realm, parameters: Parameters, now: float) -> Response:
    try:
        return macs.verify_mac(realm, parameters, now)
    except ServiceError as error:
        if error.code is not ErrorCode.KMS_INVALID_MAC:
            raise
        return {"MacValid": False, "MacAlgorithm": parameters["MacAlgorithm"]}


def _digest_of_digest(realm: Realm, parameters: Parameters, now: float) -> Response:
    """Sign, where what is no digest is taken as a message."""
    try:
        return signing.sign(realm, parameters, now)
    except ServiceError as error:
        if error.code is not ErrorCode.VALIDATION:
            raise
        return signing.sign(realm, {**parameters, "MessageType": "RAW"}, now)


def _other_mac(realm: Realm, parameters: Parameters, now: float) -> Response:
    answer = macs.generate_mac(realm, parameters, now)
    return {**answer, "Mac": realm.fleet.random(len(answer["Mac"]))}


def _room_for_all(wanted: sealing.Sealing, plaintext: bytes) -> None:
    try:
        _check_room(wanted, plaintext)
    except ServiceError as error:
        raise ServiceError(ErrorCode.LIMIT_EXCEEDED, error.message) from error


def _any_length(realm: Realm, parameters: Parameters, now: float) -> Response:
    """Decapsulate, with implicit rejection of what has the wrong length too."""
    try:
        return shared_secrets.decapsulate(realm, parameters, now)
    except ServiceError as error:
        if error.code is not ErrorCode.INVALID_CIPHERTEXT:
            raise
        return {"SharedSecret": realm.fleet.random(32)}


def _other_secret(realm: Realm, parameters: Parameters, now: float) -> Response:
    answer = shared_secrets.decapsulate(realm, parameters, now)
    return {**answer, "SharedSecret": realm.fleet.random(32)}


def _without_origin(realm: Realm, parameters: Parameters, now: float) -> Response:
    answer = shared_secrets.derive_shared_secret(realm, parameters, now)
    return {name: value for name, value in answer.items() if name != "KeyOrigin"}


def _with_private_key(realm: Realm, parameters: Parameters, now: float) -> Response:
    return key_pairs.generate_data_key_pair(realm, parameters, now)


def _all_algorithms(realm: Realm, parameters: Parameters, now: float) -> Response:
    answer = keys.describe_key(realm, parameters, now)
    told = answer["KeyMetadata"]
    return {"KeyMetadata": {"EncryptionAlgorithms": [], "SigningAlgorithms": [], **told}}


_check_room = sealing.check_room
_require_algorithm = usage.require_algorithm

MUTANTS: Final = (
    Mutant(
        "other-usage-is-invalid",
        "usage/fits-operation",
        "A key of another usage is refused by the wrong exception.",
        (Patch(usage, "require_usage", _usage_checked_as_invalid),),
    ),
    Mutant(
        "other-algorithm-is-invalid",
        "usage/algorithm-fits",
        "An algorithm that the key does not have is refused by the wrong exception.",
        tuple(Patch(module, "require_algorithm", _invalid) for module in (signing, macs)),
    ),
    Mutant(
        "usage-by-default",
        "create-key/usage-given",
        "CreateKey chooses a usage where none is given.",
        handlers=((Service.KMS, "CreateKey", _usage_by_default),),
    ),
    Mutant(
        "usage-mended",
        "create-key/usage-fits-spec",
        "CreateKey takes a usage of the key spec in the place of one that it does not have.",
        handlers=((Service.KMS, "CreateKey", _usage_mended),),
    ),
    Mutant(
        "public-key-of-any-key",
        "public-key/asymmetric",
        "GetPublicKey answers something for a key that has no public key.",
        handlers=((Service.KMS, "GetPublicKey", _any_public_key),),
    ),
    Mutant(
        "no-public-key-of-disabled-key",
        "key-state/GetPublicKey/Disabled",
        "GetPublicKey refuses a disabled key.",
        handlers=((Service.KMS, "GetPublicKey", _public_key_disabled),),
    ),
    Mutant(
        "public-key-without-usage",
        "effect/GetPublicKey/answer",
        "GetPublicKey does not tell what the key is for.",
        handlers=((Service.KMS, "GetPublicKey", _without_usage),),
    ),
    Mutant(
        "signature-valid-false",
        "signature/valid",
        "Verify answers that a signature is not valid, and does not fail.",
        handlers=((Service.KMS, "Verify", _signature_not_valid),),
    ),
    Mutant(
        "mac-valid-false",
        "mac/valid",
        "VerifyMac answers that an HMAC is not valid, and does not fail.",
        handlers=((Service.KMS, "VerifyMac", _mac_not_valid),),
    ),
    Mutant(
        "signs-any-digest",
        "digest/length",
        "Sign takes a digest of any length.",
        handlers=((Service.KMS, "Sign", _digest_of_digest),),
    ),
    Mutant(
        "mac-changes",
        "effect/GenerateMac/answer",
        "GenerateMac answers another HMAC of the same message each time.",
        handlers=((Service.KMS, "GenerateMac", _other_mac),),
    ),
    Mutant(
        "rsa-limit-is-a-quota",
        "rsa/plaintext-size",
        "What is too long for RSA is refused by the wrong exception.",
        (Patch(crypto, "check_room", _room_for_all),),
    ),
    Mutant(
        "decapsulates-any-length",
        "kem/ciphertext-length",
        "Decapsulate answers a secret for a ciphertext of the wrong length.",
        handlers=((Service.KMS, "Decapsulate", _any_length),),
    ),
    Mutant(
        "decapsulates-something-else",
        "effect/Decapsulate/answer",
        "Decapsulate answers another secret than the one that was encapsulated.",
        handlers=((Service.KMS, "Decapsulate", _other_secret),),
    ),
    Mutant(
        "secret-without-origin",
        "effect/DeriveSharedSecret/answer",
        "DeriveSharedSecret does not tell the origin of the key.",
        handlers=((Service.KMS, "DeriveSharedSecret", _without_origin),),
    ),
    Mutant(
        "key-pairs-of-a-store",
        "key-pair/not-in-a-store",
        "Data key pairs are generated with a key of a key store.",
        (Patch(key_pairs, "_refuse_store", nothing),),
    ),
    Mutant(
        "shows-the-private-key",
        "effect/GenerateDataKeyPairWithoutPlaintext/answer",
        "GenerateDataKeyPairWithoutPlaintext answers the private key in plaintext too.",
        handlers=((Service.KMS, "GenerateDataKeyPairWithoutPlaintext", _with_private_key),),
    ),
    Mutant(
        "lists-other-algorithms",
        "effect/DescribeKey/answer",
        "DescribeKey has empty lists of algorithms of the usages that the key does not have.",
        handlers=((Service.KMS, "DescribeKey", _all_algorithms),),
    ),
    Mutant(
        "alias-of-any-kind",
        "alias/same-kind",
        "UpdateAlias points an alias to a key of another type.",
        (Patch(aliases, "_check_alike", nothing),),
    ),
)
