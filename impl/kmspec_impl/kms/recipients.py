"""Answers for an attested recipient: the only place that knows the request member ``Recipient``.

An operation that takes it answers as ever, but what would be in the clear is encrypted under the
public key of the attestation document, whatever the operation and the kind of key [API:Decrypt].
What it takes to read a document and to write the answer is loaded when the first one comes.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from kmspec_impl.kms import requests
from kmspec_impl.realm import Handler, Parameters, Realm, Response

SECRETS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Decrypt": "Plaintext",
        "DeriveSharedSecret": "SharedSecret",
        "GenerateDataKey": "Plaintext",
        "GenerateDataKeyPair": "PrivateKeyPlaintext",
        "GenerateRandom": "Plaintext",
    }
)
"""The operations that take a recipient, and the member of each that is in the clear otherwise."""
_WITHOUT_MATERIAL_ID: Final = frozenset({"Decrypt", "GenerateDataKey"})
"""Whose answer then omits KeyMaterialId; that of GenerateDataKeyPair has it [API]."""


def sealing(operation: str, handler: Handler) -> Handler:
    """A handler that answers for the recipient, if a request names one.

    A document that is not valid is refused before anything else is looked at.
    """
    secret, without_id = SECRETS[operation], operation in _WITHOUT_MATERIAL_ID

    def handle(realm: Realm, parameters: Parameters, now: float) -> Response:
        recipient = parameters.get("Recipient")
        if recipient is None:
            return handler(realm, parameters, now)
        from kmspec_impl.kms import attestation, enveloped_data  # noqa: PLC0415 - see above

        public_key = attestation.public_key(_document(recipient), now)
        response = handler(realm, parameters, now)
        sealed = enveloped_data.sealed(public_key, response.pop(secret))
        if without_id:
            response.pop("KeyMaterialId", None)
        return {**response, "CiphertextForRecipient": sealed}

    return handle


def _document(recipient: Mapping[str, Any]) -> bytes:
    """The attestation document; the algorithm has one value, which the gateway has checked."""
    for member in ("AttestationDocument", "KeyEncryptionAlgorithm"):
        if recipient.get(member) is None:
            raise requests.invalid(f"Recipient: {member} is required.")
    document: bytes = recipient["AttestationDocument"]
    return document
