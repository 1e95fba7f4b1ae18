"""Mutants in what is answered to a recipient with an attestation document."""

from typing import Final

from kmspec.names import Service
from kmspec_impl.kms import crypto, recipients
from kmspec_impl.kms.operations import HANDLERS
from kmspec_impl.mutants.mutant import Mutant, Patch, nothing
from kmspec_impl.realm import Parameters, Realm, Response


def _with_plaintext(realm: Realm, parameters: Parameters, now: float) -> Response:
    answer = crypto.decrypt(realm, parameters, now)
    return {**HANDLERS["Decrypt"](realm, parameters, now), "Plaintext": answer["Plaintext"]}


def _cut(realm: Realm, parameters: Parameters, now: float) -> Response:
    answer = crypto.decrypt(realm, parameters, now)
    return {**answer, "Plaintext": answer["Plaintext"][:-1]}


def _sealing_another(realm: Realm, parameters: Parameters, now: float) -> Response:
    handler = _sealing_cut if "Recipient" in parameters else HANDLERS["Decrypt"]
    return handler(realm, parameters, now)


_sealing_cut = recipients.sealing("Decrypt", _cut)

MUTANTS: Final = (
    Mutant(
        "plaintext-beside-sealed",
        "effect/Decrypt/recipient",
        "Decrypt answers the plaintext to a recipient in the clear too.",
        handlers=((Service.KMS, "Decrypt", _with_plaintext),),
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
