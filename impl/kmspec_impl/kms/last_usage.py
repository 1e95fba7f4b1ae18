"""Last usage: the only place that notes what a key was last used for, and tells it.

What is noted is the operation and the moment, by the ARN of the key, once an operation has
succeeded. There is no CloudTrail here: the ids that AWS shows beside them are made up when
somebody asks, the same each time.
"""

from typing import Final
from uuid import NAMESPACE_URL, uuid5

from kmspec.names import ErrorCode
from kmspec_impl.kms.identifiers import find_key_without_alias
from kmspec_impl.realm import Handler, Parameters, Realm, Response

TRACKED: Final = frozenset(
    {
        "Decapsulate",
        "Decrypt",
        "DeriveSharedSecret",
        "Encapsulate",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateMac",
        "ReEncrypt",
        "Sign",
        "Verify",
        "VerifyMac",
    }
)
"""KeyLastUsageTrackingOperation [API]."""


def noting(operation: str, handler: Handler) -> Handler:
    """A handler that also notes what the keys of its answer were used for."""
    if operation == "ReEncrypt":

        def noted_twice(realm: Realm, parameters: Parameters, now: float) -> Response:
            response = handler(realm, parameters, now)
            realm.note_use(response["SourceKeyId"], operation, now)
            realm.note_use(response["KeyId"], operation, now)
            return response

        return noted_twice

    def noted(realm: Realm, parameters: Parameters, now: float) -> Response:
        response = handler(realm, parameters, now)
        realm.note_use(response["KeyId"], operation, now)
        return response

    return noted


def get_key_last_usage(realm: Realm, parameters: Parameters, now: float) -> Response:
    """GetKeyLastUsage. Every key is followed from its creation on."""
    del now
    key = find_key_without_alias(realm, parameters["KeyId"], ErrorCode.INVALID_ARN)
    used = realm.uses.get(key.arn)
    shown = {}
    if used is not None:
        told = f"{key.arn} {used.operation} {used.moment}"
        shown = {
            "Operation": used.operation,
            "Timestamp": round(used.moment, 3),
            "CloudTrailEventId": str(uuid5(NAMESPACE_URL, f"event {told}")),
            "KmsRequestId": str(uuid5(NAMESPACE_URL, f"request {told}")),
        }
    created = round(key.created, 3)
    return {
        "KeyId": key.arn,
        "KeyLastUsage": shown,
        "TrackingStartDate": created,
        "KeyCreationDate": created,
    }
