"""Mutants in what requests may hold."""

from collections.abc import Mapping
from typing import Final

from kmspec.names import ErrorCode, Service
from kmspec_impl.gateway import validation
from kmspec_impl.kms import ciphertext, crypto
from kmspec_impl.mutants.mutant import Mutant, Patch
from kmspec_impl.realm import Parameters, Realm, Response


def _refused_with(service: Service, code: ErrorCode) -> tuple[Patch, ...]:
    """What breaks a constraint of one service is refused with this code."""
    codes = {
        Service.KMS: ErrorCode.VALIDATION,
        Service.CLOUDHSM: ErrorCode.CLOUDHSM_INVALID_REQUEST,
    }
    return (Patch(validation, "_INVALID", {**codes, service: code}),)


def _in_this_order(associated: bytes, context: Mapping[str, str] | None) -> bytes:
    written = "".join(f"{name}={value};" for name, value in (context or {}).items())
    return associated + written.encode()


def _one_byte_less(realm: Realm, parameters: Parameters, now: float) -> Response:
    answer = crypto.generate_random(realm, parameters, now)
    return {**answer, "Plaintext": answer["Plaintext"][1:]}


def _of_32_bytes(realm: Realm, parameters: Parameters, now: float) -> Response:
    kept = {name: value for name, value in parameters.items() if name != "NumberOfBytes"}
    return crypto.generate_data_key(realm, {**kept, "KeySpec": "AES_256"}, now)


MUTANTS: Final = (
    Mutant(
        "constraint-is-serialization",
        "request/constraint",
        "A request that breaks a constraint is refused with SerializationException.",
        _refused_with(Service.KMS, ErrorCode.SERIALIZATION),
    ),
    Mutant(
        "constraint-is-service-error",
        "request/constraint-of-cloudhsm",
        "A request to CloudHSM that breaks a constraint is refused with CloudHsmServiceException.",
        _refused_with(Service.CLOUDHSM, ErrorCode.CLOUDHSM_SERVICE),
    ),
    Mutant(
        "context-in-order",
        "key-state/Decrypt/Enabled",
        "The pairs of an encryption context must come in the order of the encryption.",
        (Patch(ciphertext, "with_context", _in_this_order),),
    ),
    Mutant(
        "random-is-short",
        "effect/GenerateRandom/answer",
        "GenerateRandom answers a byte less than is asked for.",
        handlers=((Service.KMS, "GenerateRandom", _one_byte_less),),
    ),
    Mutant(
        "data-key-of-32-bytes",
        "effect/GenerateDataKey/answer",
        "GenerateDataKey answers 32 bytes whatever is asked for.",
        handlers=((Service.KMS, "GenerateDataKey", _of_32_bytes),),
    ),
)
