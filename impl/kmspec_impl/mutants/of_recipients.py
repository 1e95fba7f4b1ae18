"""Mutants in what is answered to a recipient with an attestation document."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa

from kmspec.names import Service
from kmspec_impl.kms import attestation, crypto, enveloped_data
from kmspec_impl.kms.operations import HANDLERS
from kmspec_impl.mutants.mutant import Mutant, Patch, nothing
from kmspec_impl.realm import Parameters, Realm, Response


def _with_plaintext(realm: Realm, parameters: Parameters, now: float) -> Response:
    answer = crypto.decrypt(realm, parameters, now)
    return {**HANDLERS["Decrypt"](realm, parameters, now), "Plaintext": answer["Plaintext"]}


def _with_material_id(realm: Realm, parameters: Parameters, now: float) -> Response:
    answer = crypto.generate_data_key(realm, parameters, now)
    sealed = HANDLERS["GenerateDataKey"](realm, parameters, now)
    return {**sealed, "KeyMaterialId": answer.get("KeyMaterialId")}


def _cut(public_key: rsa.RSAPublicKey, content: bytes) -> bytes:
    return _sealed(public_key, content[:-1])


_sealed = enveloped_data.sealed

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
        "What is encrypted for a recipient is not what was to be answered.",
        (Patch(enveloped_data, "sealed", _cut),),
    ),
    Mutant(
        "material-id-for-recipient",
        "effect/GenerateDataKey/recipient",
        "GenerateDataKey tells a recipient the id of the key material.",
        handlers=((Service.KMS, "GenerateDataKey", _with_material_id),),
    ),
    Mutant(
        "takes-forged-documents",
        "recipient/document-signed",
        "An attestation document is taken that is not signed by its certificate.",
        (Patch(attestation, "_verify", nothing),),
    ),
)
