"""Mutants that take another documented answer than the emulator does, and are wrong after that.

Where a row of the tables accepts another state than ours, only a target that shows it comes to what
follows from there.
"""

from dataclasses import replace
from typing import Final

from kmspec.names import KeyState, Service
from kmspec_impl.kms import imports, keys
from kmspec_impl.kms.identifiers import find_key_without_alias
from kmspec_impl.kms.key_state import key_state
from kmspec_impl.mutants.mutant import Mutant
from kmspec_impl.realm import Handler, Parameters, Realm, Response


def _cancel(realm: Realm, parameters: Parameters, now: float) -> Response:
    response = keys.cancel_key_deletion(realm, parameters, now)
    key = find_key_without_alias(realm, parameters["KeyId"])
    if key_state(realm, key) is KeyState.PENDING_IMPORT:
        realm.keys.put(replace(key, overlay=KeyState.DISABLED))
    return response


def _ending(handler: Handler) -> Handler:
    """What ends that a key shows Disabled without its key material."""

    def answered(realm: Realm, parameters: Parameters, now: float) -> Response:
        response = handler(realm, parameters, now)
        key = find_key_without_alias(realm, parameters["KeyId"])
        if key.overlay is KeyState.DISABLED:
            realm.keys.put(replace(key, overlay=None))
        return response

    return answered


MUTANTS: Final = (
    Mutant(
        "disabled-without-material",
        "transition/key/EnableKey/Disabled/material-missing",
        "A key is Disabled when its deletion is cancelled without its key material, and EnableKey "
        "changes nothing.",
        handlers=(
            (Service.KMS, "CancelKeyDeletion", _cancel),
            *(
                (Service.KMS, operation, _ending(handler))
                for operation, handler in (
                    ("ImportKeyMaterial", imports.import_key_material),
                    ("DeleteImportedKeyMaterial", imports.delete_imported_key_material),
                )
            ),
        ),
        found_by="walks",
    ),
)
