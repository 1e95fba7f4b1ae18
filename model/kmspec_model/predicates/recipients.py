"""Predicates of the attestation document with which a request names its recipient."""

from collections.abc import Mapping

from kmspec_model.case import Case
from kmspec_model.command import Pairs, Ref, Value
from kmspec_model.predicates.kinds import OfCase

_MEMBERS = ("AttestationDocument", "KeyEncryptionAlgorithm")


def _recipient(case: Case) -> Mapping[str, Value] | None:
    asked = case.arguments.get("Recipient")
    return dict(asked.items) if isinstance(asked, Pairs) else None


def _incomplete(case: Case) -> bool:
    recipient = _recipient(case)
    return recipient is not None and not set(_MEMBERS) <= set(recipient)


def _document_is(*forms: str) -> OfCase:
    """The attestation document is of one of these forms."""

    def holds(case: Case) -> bool:
        document = (_recipient(case) or {}).get("AttestationDocument")
        return isinstance(document, Ref) and document.form in forms

    return holds


OF_CASE: Mapping[str, OfCase] = {
    "recipient-incomplete": _incomplete,
    "attestation-malformed": _document_is("malformed"),
    "attestation-badly-signed": _document_is("forged"),
    "attestation-without-rsa-key": _document_is("keyless", "curve"),
}
"""By the word the tables use."""
