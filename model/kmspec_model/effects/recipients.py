"""Effects of requests that name their recipient: what is secret is answered only encrypted."""

from collections.abc import Callable, Mapping

from kmspec_model.case import Case
from kmspec_model.command import Pairs, Ref
from kmspec_model.moves import Change, Moves
from kmspec_model.outcome import Mark, Members, OneOf, Pattern, Sealed

_Effect = Callable[[Moves, Case], tuple[Change, ...]]
_SECRETS: Mapping[str, str] = {
    "Decrypt": "Plaintext",
    "DeriveSharedSecret": "SharedSecret",
    "GenerateDataKey": "Plaintext",
    "GenerateDataKeyPair": "PrivateKeyPlaintext",
    "GenerateRandom": "Plaintext",
}
"""The member that is null or empty for a recipient [API]."""
_WITHOUT_MATERIAL_ID = ("Decrypt", "GenerateDataKey")
_NULL_OR_EMPTY = OneOf((Mark.ABSENT, b""))


def sealing(effects: Mapping[str, _Effect]) -> Mapping[str, _Effect]:
    """The effects of those operations that take a recipient, with what they answer to one."""
    return {operation: _sealing(effects[operation]) for operation in _SECRETS}


def _sealing(effect: _Effect) -> _Effect:
    def sealed(moves: Moves, case: Case) -> tuple[Change, ...]:
        changes = effect(moves, case)
        recipient = case.arguments.get("Recipient")
        if not isinstance(recipient, Pairs):
            return changes
        document = dict(recipient.items).get("AttestationDocument")
        operation = case.operation.name
        return tuple(
            change._replace(
                response=_for(document, operation, change.response),
                answer=f"effect/{operation}/recipient",
            )
            for change in changes
            if isinstance(document, Ref)
        )

    return sealed


def _for(document: Ref, operation: str, response: Members) -> Members:
    secret = _SECRETS[operation]
    fields: dict[str, Pattern] = dict(response.fields)
    fields["CiphertextForRecipient"] = Sealed(document, fields[secret])
    fields[secret] = _NULL_OR_EMPTY
    if operation in _WITHOUT_MATERIAL_ID:
        fields["KeyMaterialId"] = Mark.ABSENT
    return Members(tuple(fields.items()))
