"""External key stores: the only place that knows them, and all it does is to refuse them."""

from kmspec.names import Origin
from kmspec_impl.errors import ServiceError
from kmspec_impl.kms import requests
from kmspec_impl.realm import Parameters


def refuse_store(parameters: Parameters) -> None:
    """Refuse to create an external key store, or to update a store as if it were one.

    :raises ServiceError: UnsupportedOperationException.
    """
    external = parameters.get("CustomKeyStoreType") == Origin.EXTERNAL_KEY_STORE
    if external or any(
        name.startswith("Xks") and parameters[name] is not None for name in parameters
    ):
        raise _not_offered()


def refuse_key(parameters: Parameters) -> None:
    """Refuse a KMS key of an external key store.

    :raises ServiceError: UnsupportedOperationException; ValidationException for XksKeyId with
        another Origin, with which AWS does not take it either.
    """
    origin = parameters.get("Origin") or Origin.AWS_KMS
    if origin == Origin.EXTERNAL_KEY_STORE:
        raise _not_offered()
    if parameters.get("XksKeyId") is not None:
        raise requests.invalid(f"XksKeyId is not valid for Origin {origin}.")


def _not_offered() -> ServiceError:
    return requests.not_offered("external key stores")
