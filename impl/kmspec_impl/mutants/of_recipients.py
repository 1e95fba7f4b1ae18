"""Mutants in what is answered to a recipient with an attestation document."""

from typing import Final

from kmspec.names import Service
from kmspec_impl.kms import crypto, recipients
from kmspec_impl.kms.operations import HANDLERS
from kmspec_impl.mutants.mutant import Mutant, Patch, nothing
from kmspec_impl.realm import Handler, Parameters, Realm, Response


def _in_the_clear(operation: str, member: str) -> Handler:
    """Something in the clear beside what is encrypted for a recipient."""

    def answer(realm: Realm, parameters: Parameters, now: float) -> Response:
        response = HANDLERS[operation](realm, parameters, now)
        return {**response, member: b"secret"} if "Recipient" in parameters else response

    return answer


def _cut(realm: Realm, parameters: Parameters, now: float) -> Response:
    answer = crypto.decrypt(realm, parameters, now)
    return {**answer, "Plaintext": answer["Plaintext"][:-1]}


def _sealing_another(realm: Realm, parameters: Parameters, now: float) -> Response:
    handler = _sealing_cut if "Recipient" in parameters else HANDLERS["Decrypt"]
    return handler(realm, parameters, now)


_sealing_cut = recipients.sealing("Decrypt", _cut)

MUTANTS: Final = (
    *(
        Mutant(
            f"in-the-clear-{operation}",
            f"effect/{operation}/recipient",
            f"{operation} answers a recipient in the clear too.",
            handlers=((Service.KMS, operation, _in_the_clear(operation, member)),),
        )
        for operation, member in (
            ("Decrypt", "Plaintext"),
            ("GenerateDataKey", "Plaintext"),
            ("GenerateDataKeyPair", "PrivateKeyPlaintext"),
            ("GenerateRandom", "Plaintext"),
            ("DeriveSharedSecret", "SharedSecret"),
        )
    ),
    Mutant(
        "seals-another-plaintext",
        "effect/Decrypt/recipient",
        "What Decrypt encrypts for a recipient is not the plaintext.",
        handlers=((Service.KMS, "Decrypt", _sealing_another),),
    ),
    Mutant(
        "takes-forged-documents",
        "recipient/document-signed",
        "An attestation document is taken that is not signed by its certificate.",
        (Patch("kmspec_impl.kms.attestation", "_verify", nothing),),
    ),
)
