"""The errors of the tables against those that the service models list for each operation."""

from collections.abc import Iterator

from kmspec.rules import Operation
from kmspec.tables import Spec, load
from tests.unit.spec.api.facts import MODELS, errors_of, known

COMMON = frozenset(
    {
        "AccessDeniedException",
        "NotAuthorizedException",
        "ThrottlingException",
        "ValidationException",
    }
)
"""Errors that any operation of AWS KMS may give though no service model lists them."""

BESIDES = {
    **{
        (operation, "UnsupportedOperationException"): "a context of an asymmetric key: undocumented"
        for operation in ("Encrypt", "Decrypt", "ReEncrypt")
    },
    (
        "DescribeKey",
        "InvalidGrantTokenException",
    ): "it takes grant tokens, and nothing that is listed says that one is unknown",
    (
        "CreateCluster",
        "CloudHsmResourceLimitExceededException",
    ): "no error is listed for a quota; the name says it, so it is accepted",
    ("CreateHsm", "CloudHsmResourceLimitExceededException"): "the same",
    (
        "CreateCustomKeyStore",
        "UnsupportedOperationException",
    ): "kmspec's own: it does not offer external key stores",
    ("UpdateCustomKeyStore", "UnsupportedOperationException"): "the same",
}
"""Errors that a row accepts though the service model does not list them there, and why."""

NOWHERE = {
    "CloudHsmAccessDeniedException": "nobody is denied anything: there are no IAM policies",
    "CloudHsmInternalFailureException": "nothing stands for a failure inside AWS CloudHSM",
    "CloudHsmServiceException": "nothing stands for a failure inside AWS CloudHSM",
    "CloudHsmTagException": "malformed tags: tests of the emulator, the model has none",
    "DependencyTimeoutException": "nothing stands for a time-out inside AWS KMS",
    "InvalidArnException": "malformed ARNs: tests of the emulator, the model has none",
    "InvalidMarkerException": "the checker follows markers and makes none up",
    "KMSInternalException": "only faults of a cluster stand for one",
    "KeyUnavailableException": "nothing stands for a KMS key that is out of reach for a while",
    "LimitExceededException": "a quota too large to fill, or a policy too long: no world has it",
    "TagException": "malformed tags: tests of the emulator, the model has none",
    **{
        f"Xks{name}Exception": "external key stores are not offered"
        for name in (
            "KeyAlreadyInUse",
            "KeyInvalidConfiguration",
            "KeyNotFound",
            "ProxyIncorrectAuthenticationCredential",
            "ProxyInvalidConfiguration",
            "ProxyInvalidResponse",
            "ProxyUriEndpointInUse",
            "ProxyUriInUse",
            "ProxyUriUnreachable",
            "ProxyVpcEndpointServiceInUse",
            "ProxyVpcEndpointServiceInvalidConfiguration",
            "ProxyVpcEndpointServiceNotFound",
        )
    },
}
"""Errors that need not be answered by every operation that lists them, and why."""

NOT_THERE = {
    **{
        (operation, "KMSInvalidStateException"): "no key state refuses it"
        for operation in (
            *("GetKeyPolicy", "ListGrants", "ListKeyPolicies", "RetireGrant", "RevokeGrant"),
        )
    },
    ("ListRetirableGrants", "NotFoundException"): "it names nothing that could be missing",
    ("PutKeyPolicy", "UnsupportedOperationException"): "AWS says of no key that it refuses it",
    ("DeleteAlias", "KMSInvalidStateException"): "no key state refuses it",
    ("DescribeBackups", "CloudHsmResourceNotFoundException"): "a filter that nothing passes",
    ("GenerateRandom", "UnsupportedOperationException"): "for external key stores",
    ("GetKeyRotationStatus", "KMSInvalidStateException"): "no key state refuses it",
    ("ListKeyRotations", "KMSInvalidStateException"): "no key state refuses it",
}
"""Errors that one operation lists and no row of it answers, and why."""


def operations(spec: Spec) -> Iterator[Operation]:
    return (one for one in spec.operations.values() if one.service in MODELS)


def answered(spec: Spec, operation: Operation) -> set[str]:
    """Every error that a row accepts of an operation."""
    found = [cell.answers for cell in spec.cells if cell.operation == operation.name]
    found += [row.answers for row in spec.conditions if operation.name in row.operations]
    return {answer.code for answers in found for answer in answers if answer.code is not None}


def modelled(operation: Operation) -> frozenset[str]:
    return errors_of(known(operation.service), operation.called)


def test_what_the_tables_answer_is_what_the_service_models_list() -> None:
    spec = load()
    foreign = {
        (operation.name, code)
        for operation in operations(spec)
        for code in answered(spec, operation) - modelled(operation) - COMMON
    }
    assert foreign == set(BESIDES), (
        "a row of tables/key_states/ or tables/conditions/ accepts an error that botocore does not"
        " list for the operation: give it another answer, or say why in BESIDES; what is listed"
        " there and no longer accepted goes"
    )


def test_what_the_service_models_list_is_answered_or_there_is_a_reason() -> None:
    spec = load()
    unanswered = {
        (operation.name, code)
        for operation in operations(spec)
        for code in modelled(operation) - answered(spec, operation)
    }
    reasons = {pair for pair in unanswered if pair[1] in NOWHERE}
    expected = set(NOT_THERE)
    assert sorted(unanswered - reasons - expected) == [], (
        "no row answers these errors that botocore lists: write the row, or say in NOT_THERE why"
        " there is none"
    )
    assert sorted(expected - unanswered) == [], "these are answered now: take them off the list"
    stale = sorted(set(NOWHERE) - {code for _, code in unanswered})
    assert stale == [], "these are answered wherever they are listed: take them off NOWHERE"
